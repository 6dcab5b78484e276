"""R06 for what several people do on one ticket: each request sent three times at once and once more is one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.faults.test_duplicates import Insistent, rows
from tests.journeys.test_joint_work import PartnerOffice
from tests.support.town import Officer, Town

WHY = "人已经搬到别的街道去住"
STREETS = {"puyan": "changhe", "changhe": "puyan"}
RED = {"mood": 3, "q9": 3, "asq": 1, "asq5": 1}
Story = Callable[[Town, "Desk"], None]


class Desk:
    """A street's people and the one ticket that they have in hand. `insists`: all of them press again and again."""

    def __init__(self, town: Town, street: str) -> None:
        self.street, self.other = street, STREETS[street]
        resident = town.resident(place=f"{street}-hall")
        resident.agrees()
        resident.completes(**RED)
        self.officer, self.colleague = town.officer(street), town.officer(street, name="何苗")
        self.neighbour = town.officer(self.other, name="林叶")
        self.lead = town.officer(street, "supervisor", "周平")
        self.desk = town.officer("desk", "duty_officer", "周平")
        self.partner = PartnerOffice(town, f"{street}-community")
        [self.code] = [t["code"] for t in self.officer.tickets() if t["holder"] is None]
        self.officer.acknowledges(self.code)
        self.officer.on(self.code, "calls", outcome="spoke")

    @property
    def everybody(self) -> list[Officer]:
        return [self.officer, self.colleague, self.neighbour, self.lead, self.desk, self.partner]


def transfers(town: Town, desk: Desk) -> None:
    desk.officer.on(desk.code, "transfer", to_office=f"{desk.other}-judicial", reason=WHY)
    desk.officer.on(desk.code, "transfer/withdraw")
    desk.officer.on(desk.code, "transfer", to_office=f"{desk.other}-judicial", reason=WHY)
    desk.neighbour.on(desk.code, "transfer/answer", answer="accept")


def bounces_and_is_decided(town: Town, desk: Desk) -> None:
    for _ in range(2):
        desk.officer.on(desk.code, "transfer", to_office=f"{desk.other}-judicial", reason=WHY)
        desk.neighbour.on(desk.code, "transfer/answer", answer="refuse", reason="这个地址不归我们管")
    desk.desk.on(desk.code, "decision", office=f"{desk.street}-judicial", reason="人还住在那里，由原街道办")


def changes_hands(town: Town, desk: Desk) -> None:
    seen = desk.officer.does("GET", f"/tickets/{desk.code}")
    (to,) = [c["id"] for c in seen["team"]["colleagues"] if c["name"] == "何苗"]
    desk.officer.on(desk.code, "hand-over", to_staff=to, reason="我明天开始请假")
    desk.colleague.on(desk.code, "transfer/answer", answer="accept")
    desk.officer.on(desk.code, "take-over", reason="他去了别的现场")
    desk.officer.on(desk.code, "to-district", reason="需要区里来协调")


def nobody_answers(town: Town, desk: Desk) -> None:
    for way in ("phone", "message", "door"):
        desk.officer.on(desk.code, "attempts", way=way, reached=False)


def goes_out(town: Town, desk: Desk) -> None:
    desk.officer.on(desk.code, "two-people", needed=True, reason="楼道里有人吵架")
    desk.officer.on(desk.code, "trip", minutes=30, companion="陈一")
    desk.officer.on(desk.code, "trip/arrived")
    desk.officer.on(desk.code, "trip/back", how="help")
    desk.officer.on(desk.code, "trip/back", how="safe")


def is_lowered(town: Town, desk: Desk) -> None:
    desk.officer.on(desk.code, "lowering", to_level="orange", reason="见过面了，女儿陪着")
    desk.colleague.on(desk.code, "lowering/answer", answer="confirm")


def asks_a_partner(town: Town, desk: Desk) -> None:
    due = (town.clock.now + timedelta(hours=6)).isoformat()
    body: dict[str, Any] = {"partner": f"{desk.street}-community", "what": "look_in", "due_at": due}
    for result in ("done", "cannot"):
        seen = desk.officer.on(desk.code, "sub-tasks", ask="请今天去看看人在不在", **body)
        task = seen["team"]["sub_tasks"][-1]["task"]
        desk.partner.on_task(task, "accept")
        desk.partner.on_task(task, result, result="敲了门，没有人应")
    seen = desk.officer.on(desk.code, "sub-tasks", ask="请明天再去看看人在不在", **body)
    desk.officer.on(desk.code, f"sub-tasks/{seen['team']['sub_tasks'][-1]['task']}/withdraw")


def is_closed_and_opened_again(town: Town, desk: Desk) -> None:
    desk.officer.on(desk.code, "visits", outcome="met", findings=["illness"], family_present=True)
    desk.officer.on(desk.code, "referrals", to="counsellor", agreed=True)
    desk.officer.on(desk.code, "follow-ups", after_hours=[24, 168])
    desk.officer.on(desk.code, "close", outcome="referred", new_level="blue")
    desk.officer.on(desk.code, "reopen", reason="家属来电话说又不好了")


STORIES: list[Story] = [
    transfers, bounces_and_is_decided, changes_hands, nobody_answers, goes_out, is_lowered, asks_a_partner,
    is_closed_and_opened_again,
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_pressed_again_and_again_it_is_done_once(town: Town, story: Story) -> None:
    """The same story once as people press, and once as a bad line repeats it: as many rows, as many notices."""
    added, sent = {}, {}
    for street in STREETS:
        desk = Desk(town, street)
        town.jobs()
        before, notices = rows(town), len(town.channel.sent)
        insistent = Insistent(town)
        if street == "changhe":
            for somebody in desk.everybody:
                somebody.town = insistent  # type: ignore[assignment]
        story(town, desk)
        town.jobs()
        added[street] = {name: count - before[name] for name, count in rows(town).items()}
        sent[street] = len(town.channel.sent) - notices
        assert insistent.differing == []
    assert added["puyan"] == added["changhe"]
    assert sent["puyan"] == sent["changhe"]
