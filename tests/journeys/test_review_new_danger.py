"""New danger on a ticket that somebody already has: it is an alarm like the first one."""

from datetime import timedelta

import pytest

from tests.support.town import Officer, Resident, Town

ON_THE_ROOF = "我现在就站在楼顶，要跳下去"


@pytest.fixture
def resident(town: Town) -> Resident:
    """Somebody who has said that they do not want to live."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    return resident


@pytest.fixture
def officer(town: Town, resident: Resident) -> Officer:
    """The officer who has spoken with them by telephone and found no need for a visit."""
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke", need="no_visit")
    town.jobs()
    return officer


def clocks(officer: Officer) -> dict[str, str]:
    code = officer.only_ticket()["code"]
    return {clock["name"]: clock["state"] for clock in officer.does("GET", f"/tickets/{code}")["clocks"]}


def told(town: Town, audience: str) -> int:
    return sum(f".{audience}." in notice.key for notice in town.channel.sent)


def test_orange_turns_red_after_the_call_and_nobody_takes_it_then_the_next_are_told(
    town: Town, resident: Resident, officer: Officer
) -> None:
    town.clock.advance(hours=3)
    resident.says(ON_THE_ROOF)

    ticket = officer.only_ticket()
    assert (ticket["level"], ticket["state"], ticket["holder"]) == ("red", "requested", None)
    assert {clocks(officer)[name] for name in ("acknowledge", "speak", "visit")} == {"running"}
    town.jobs()
    assert told(town, "office") == 2
    town.passes(minutes=16)
    assert told(town, "supervisor") == 1
    town.passes(minutes=15)
    assert told(town, "district_desk") == 1


def test_red_is_not_closed_with_a_visit_or_a_referral_of_before(
    town: Town, resident: Resident, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "visits", outcome="met")
    officer.on(code, "referrals", to="hospital", agreed=True)
    officer.on(code, "follow-ups", after_hours=[24])
    town.clock.advance(hours=3)
    resident.says(ON_THE_ROOF)
    officer.acknowledges(code)

    body = {"client_id": "00000000-0000-4000-8000-000000000001", "outcome": "supported"}
    assert officer.asks("POST", f"/tickets/{code}/close", body).status_code == 409
    before = (town.clock.now - timedelta(hours=1)).isoformat()
    officer.on(code, "visits", outcome="met", visited_at=before)
    assert officer.asks("POST", f"/tickets/{code}/close", body).status_code == 409
    assert clocks(officer)["visit"] == "running"
    officer.on(code, "visits", outcome="met")
    officer.on(code, "close", outcome="supported", new_level="blue")


def test_danger_is_said_again_after_the_visit_and_the_clocks_run_again(
    town: Town, resident: Resident, officer: Officer
) -> None:
    resident.says(ON_THE_ROOF)
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "visits", outcome="met")
    town.jobs()
    rung = town.channel.rang(code)
    town.clock.advance(hours=5)
    resident.says("药我又攒了一瓶，今晚就吃下去")
    town.jobs()

    assert town.channel.rang(code) == rung + 1, "the office hears of it"
    assert officer.only_ticket()["holder"] == "沈青"
    assert {clocks(officer)[name] for name in ("contact", "speak", "visit")} == {"running"}
    town.passes(minutes=16)
    assert officer.only_ticket()["holder"] is None, "who has it did not try to reach them"
    town.passes(minutes=16)
    assert told(town, "supervisor") == 1


def test_lateness_after_new_danger_is_told_although_it_was_told_before(
    town: Town, resident: Resident, officer: Officer
) -> None:
    resident.says(ON_THE_ROOF)
    code = officer.only_ticket()["code"]
    for _ in range(2):
        if officer.only_ticket()["holder"] is None:
            officer.acknowledges(code)
        officer.on(code, "calls", outcome="no_answer")
        town.passes(hours=1, minutes=2)
        officer.on(code, "visits", outcome="met")
        town.clock.advance(hours=1)
        resident.says("我今晚就跳下去")

    late = [n.key for n in town.channel.sent if ".supervisor." in n.key and ".late.speak." in n.key]
    assert len(late) == 2


def test_many_words_of_danger_do_not_ring_many_times(
    town: Town, resident: Resident, officer: Officer
) -> None:
    town.jobs()
    code = officer.only_ticket()["code"]
    rung = town.channel.rang(code)
    for _ in range(4):
        resident.says("我还是不想活了")
        town.clock.advance(minutes=1)
    town.jobs()

    assert town.channel.rang(code) == rung + 1


def test_a_worker_who_writes_in_the_chat_has_reached_them(
    town: Town, resident: Resident, officer: Officer
) -> None:
    resident.says(ON_THE_ROOF)
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    for _ in range(5):
        town.passes(minutes=5)
        resident.says("我今晚就跳下去")
        officer.on(code, "chat/messages", text="我在，您先坐下来。")

    assert officer.only_ticket()["holder"] == "沈青"
