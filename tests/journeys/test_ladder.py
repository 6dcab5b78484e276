"""The escalation ladder, fast-forwarded (R14): forty stories, each with the exact list of who is told what.

The stories are in `ladder.yml`, in words that an officer can read; its head says how. A message that is missing fails
its story, and so does one that nobody expected. The clock jumps from one due moment to the next.
"""

import difflib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
import pytest
import yaml
from sqlalchemy import select

from escalation.channels import Notice, Receipt
from escalation.contact_book import add_point
from escalation.duty import DutyChange, DutyShift
from escalation.errors import NotAllowed
from escalation.outbox import QueuedNotice, deliver_due
from escalation.personnel import Actor
from escalation.policy import FOLDER
from escalation.staff import Role, StaffAccount
from escalation.store import follow_ups_of
from escalation.ticket import Ticket
from escalation.triage import Level
from residents.session import ResidentSession, token_hash
from server.simulation.look import Eyes
from storage import edition
from storage.database import Database
from tests.support.channels import RecordingChannel
from tests.support.clock import MovableClock
from tests.support.postgres import Postgres
from tests.support.town import Resident, Town

ZONE = ZoneInfo("Asia/Shanghai")
STORIES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("ladder.yml").read_text("utf-8"))
OFFICES = {
    "浦沿": "puyan-judicial",
    "西兴": "xixing-judicial",
    "长河": "changhe-judicial",
    "区": "binjiang-desk",
}
CAST: dict[str, tuple[str, Role]] = {
    "沈青": ("浦沿", "judicial_officer"),
    "何苗": ("浦沿", "social_worker"),
    "陆远山": ("浦沿", "supervisor"),
    "俞晓": ("西兴", "judicial_officer"),
    "林一": ("长河", "judicial_officer"),
    "周平": ("区", "duty_officer"),
}
AUDIENCES = {"office": "值班", "supervisor": "负责人", "district_desk": "值班台"}
DUTIES = {"值班": "officer", "负责人": "lead"}
LEVELS = {"黄色": Level.YELLOW, "橙色": Level.ORANGE, "红色": Level.RED}
WHY = {
    "step": "等人签收", "jump": "直接转区", "again": "又说到危险", "late.speak": "通话超时", "late.visit": "走访超时",
    "late.reach": "找人超时", "late.follow_up": "随访超时", "late.close": "结案超时", "follow_up": "随访到期",
    "refused": "没有人接手", "transfer": "请接手", "trip": "", "beside": "住址在这里",
}  # fmt: skip
PROMISED = "SELECT coalesce(told_at, due_at) AS at FROM follow_up WHERE done_at IS NULL"
REASON = "住址看着是那边街道的。"


def moment(day: str, clock: str) -> datetime:
    """`11-23 09:00` as a moment, by the clock on the office's wall, in 2026."""
    return datetime.fromisoformat(f"2026-{day}T{clock}").replace(tzinfo=ZONE)


class Heard(NamedTuple):
    at: datetime
    notice: Notice


class TimedChannel(RecordingChannel):
    """Remembers when, too."""

    def __init__(self, clock: MovableClock) -> None:
        super().__init__()
        self.clock = clock
        self.heard: list[Heard] = []

    def send(self, notice: Notice) -> Receipt:
        receipt = super().send(notice)
        self.heard.append(Heard(self.clock.now, notice))
        return receipt


@dataclass
class Ladder:
    """One story: its people, its tickets, and what was heard of them."""

    town: Town
    channel: TimedChannel
    eyes: Eyes
    accounts: dict[str, StaffAccount]
    residents: dict[str, Resident]

    def tickets(self) -> dict[str, str]:
        """The codes of all tickets, by whose they are: 甲, or 甲的回电."""
        found = {}
        with self.town.database.transaction() as db:
            for name, resident in self.residents.items():
                whose = select(ResidentSession.resident_id).where(
                    ResidentSession.token_hash == token_hash(resident.token)
                )
                for ticket in db.scalars(select(Ticket).where(Ticket.resident_id.in_(whose))):
                    found[f"{name}的回电" if ticket.kind == "call_back" else name] = ticket.code
        return found

    def told(self) -> list[str]:
        """Everything that was sent, one line each, in order."""
        named = {code: whose for whose, code in self.tickets().items()}
        offices = {code: name for name, code in OFFICES.items()}
        people = {a.id: name for name, a in self.accounts.items()}
        with self.town.database.transaction() as db:
            rows = {row.key: row for row in db.scalars(select(QueuedNotice))}
        lines = []
        for at, notice in self.channel.heard:
            row = rows[notice.key]
            whom = offices[row.office] + AUDIENCES[row.audience]
            if row.staff_id is not None:
                whom += f"的{people[row.staff_id]}"
            what = "人员变动"
            if row.ticket_id is not None:
                occasion = ".".join(notice.key.split(".")[4:])
                why = next(word for begin, word in WHY.items() if occasion.startswith(begin))
                what = f"{named[row.code]} {row.level_word} {why}".rstrip()
            lines.append(f"{at.astimezone(ZONE):%m-%d %H:%M} {whom} {what}")
        return sorted(lines)

    def runs(self, story: dict[str, Any]) -> None:
        """From its beginning to its end: what people do, and between it every moment at which something falls due."""
        acts = [(moment(*line.split()[:2]), line.split()[2:]) for line in story["story"]]
        assert acts == sorted(acts, key=lambda act: act[0]), "a story is told in its order"
        end = moment(*story["until"].split())
        for at, (who, what, *rest) in acts:
            self._waits_until(at)
            self._does(who, what, *rest)
            self._work()
        self._waits_until(end)

    def _waits_until(self, at: datetime) -> None:
        while (due := self._next_due()) is not None and due <= at:
            self.town.clock.now = due
            self._work()
        self.town.clock.now = at

    def _work(self) -> None:
        """What is overdue, and then what is to be sent, as the clocks' process does it."""
        services = self.town.services
        services.watch.escalate_overdue()
        while deliver_due(services.database, self.channel, services.clock):
            pass

    def _next_due(self) -> datetime | None:
        """The next moment at which anything falls due."""
        sight = self.eyes.look()
        soon = [due[3] for due in sight.due() if due[0] != "unread"] + [at for at, _ in sight.sendable()]
        soon += [row.at for row in self.eyes.rows(PROMISED)]  # also those that are days off
        return min((at for at in soon if at > self.town.clock.now), default=None)

    def _does(self, who: str, what: str, *rest: str) -> None:
        refused = rest and rest[-1] == "（不行）"
        if refused:
            with pytest.raises(NotAllowed):
                self._act(who, what, *rest[:-1])
        elif who in self.accounts:
            self._act(who, what, *rest)
        else:
            self._comes(who, what, *rest)

    def _comes(self, who: str, what: str, *rest: str) -> None:
        if what == "来":
            self.residents[who] = self.town.resident(place=f"{_street(rest[0])}-hall")
            self.residents[who].agrees()
        elif what == "说":
            self.residents[who].says("".join(rest))
        elif what == "请回电":
            self.residents[who].chooses("call_me_back")
        else:
            raise KeyError(what)

    def _act(self, who: str, what: str, *rest: str) -> None:
        account, services = self.accounts[who], self.town.services
        casework, team = services.console.casework, services.teamwork
        if what == "离岗":
            services.people_desk.personnel.deactivate(Actor("管理员"), account.username)
            return
        code, one = self.tickets()[rest[0]], uuid.uuid4()
        args = rest[1:]
        acts: dict[str, Callable[[], Any]] = {
            "签收": lambda: casework.acknowledge(account, code),
            "打通电话": lambda: casework.record_call(account, code, one, "spoke"),
            "电话没人接": lambda: casework.record_call(account, code, one, "no_answer"),
            "打通电话，不用上门": lambda: casework.record_call(account, code, one, "spoke", need="no_visit"),
            "上门见到": lambda: casework.record_visit(account, code, one, "met"),
            "发消息有回音": lambda: team.reaching.record_attempt(account, code, one, "message", True),
            "上门没人应": lambda: casework.record_visit(account, code, one, "nobody_home"),
            "补记上门见到": lambda: casework.record_visit(
                account, code, one, "met", visited_at=moment(*args[:2])
            ),
            "安排随访": lambda: casework.plan_follow_ups(
                account, code, one, [int(a.removesuffix("小时后")) for a in args]
            ),
            "随访": lambda: self._follows_up(account, code, one, args[0]),
            "结案": lambda: casework.close(
                account, code, one, "supported", new_level=LEVELS[args[0]] if args else None
            ),
            "重新打开": lambda: casework.reopen(account, code, one, REASON),
            "请接手": lambda: team.transfers.ask(account, code, one, OFFICES[args[0]], REASON),
            "交给": lambda: team.transfers.hand_over(account, code, one, self.accounts[args[0]].id, REASON),
            "接手": lambda: team.transfers.answer(account, code, one, True),
            "不接": lambda: team.transfers.answer(account, code, one, False, REASON),
            "直接转区": lambda: team.transfers.to_district(account, code, one, REASON),
            "决定": lambda: team.transfers.decide(
                account, code, one, None if args[0] == "区" else OFFICES[args[0]], REASON
            ),
            "建议降为": lambda: team.lowerings.ask(account, code, one, LEVELS[args[0]], REASON),
            "同意降级": lambda: team.lowerings.answer(account, code, one, True),
            "出发": lambda: team.trips.set_out(account, code, one, None, int(args[0].removesuffix("分钟"))),
            "报平安": lambda: team.trips.back(account, code, one),
        }
        acts[what]()

    def _follows_up(self, account: StaffAccount, code: str, one: uuid.UUID, outcome: str) -> None:
        """Record what came of the first follow-up that is not done."""
        with self.town.database.transaction() as db:
            ticket = db.scalars(select(Ticket).where(Ticket.code == code)).one()
            first = next(f.id for f in follow_ups_of(db, [ticket.id]) if f.done_at is None)
        words = {"好一些": "better", "没联系上": "not_reached"}
        self.town.services.console.casework.record_follow_up(account, code, first, one, words[outcome])


def _street(office: str) -> str:
    return OFFICES[office].split("-")[0]


def _people(town: Town) -> dict[str, StaffAccount]:
    """The cast, who act without a password: nobody logs in here."""
    with town.database.transaction() as db:
        for name, (office, role) in CAST.items():
            db.add(
                StaffAccount(
                    id=uuid.uuid5(uuid.NAMESPACE_DNS, name), username=uuid.uuid4().hex, password_hash="none",
                    name=name, role=role, office=OFFICES[office], active=True, demo=True,
                )
            )  # fmt: skip
    with town.database.transaction() as db:
        return {a.name: a for a in db.scalars(select(StaffAccount))}


def _roster(town: Town, accounts: dict[str, StaffAccount], story: dict[str, Any]) -> None:
    """The duties and changes of a story. Where it says nothing of an office, somebody is there round the clock."""
    said = [line.split() for line in story.get("roster", ())]
    with town.database.transaction() as db:
        for name, office in OFFICES.items():
            for word, duty in DUTIES.items():
                if not any((o, d) == (name, word) for o, d, *_ in said):
                    db.add(DutyShift(office=office, duty=duty, days="1234567", starts="00:00", ends="24:00"))
        for name, word, person, *when in said:
            if person == "没有人":
                continue
            days, hours = when[:2]
            starts, ends = hours.split("-")
            whose = accounts[person].id if person in accounts else None
            db.add(
                DutyShift(
                    office=OFFICES[name], duty=DUTIES[word], staff_id=whose, days=days, starts=starts, ends=ends,
                    backup="备班" in when,
                )
            )  # fmt: skip
        named = {
            name for line in (*story.get("roster", ()), *story.get("changes", ())) for name in line.split()
        }
        for name in sorted(named & accounts.keys()):
            add_point(
                db, town.database.vault, office=accounts[name].office, staff_id=accounts[name].id,
                audience="office", channel="webhook", address=accounts[name].username,
            )  # fmt: skip
        for line in story.get("changes", ()):
            person, kind, day, begins, to_day, ends, *other = line.split()
            db.add(
                DutyChange(
                    office=accounts[person].office, kind={"请假": "leave", "换班": "swap"}[kind],
                    staff_id=accounts[person].id, from_at=moment(day, begins), to_at=moment(to_day, ends),
                    replaced_by=accounts[other[0]].id if other else None, made_by="陆远山", made_at=town.clock.now,
                )
            )  # fmt: skip


def _policy(town: Town, story: dict[str, Any]) -> None:
    if not story.get("two_acknowledgements"):
        return
    shipped = (FOLDER / "home_visit.yml").read_text("utf-8")
    wanted = shipped.replace("acknowledgements: 1   #", "acknowledgements: 2   #")
    assert wanted != shipped
    town.jobs()
    with town.database.transaction() as db:
        edition.save(db, "policy:home_visit", wanted, "周平", town.clock.now)
    town.jobs()


@pytest.fixture
def ladder(
    request: pytest.FixtureRequest, database: Database, postgres: Postgres, tmp_path: Path
) -> Iterator[Ladder]:
    """The district at the beginning of one story."""
    story = request.param
    clock = MovableClock(moment(*story["story"][0].split()[:2]))
    channel = TimedChannel(clock)
    town = Town(database, clock, tmp_path, roster=False, channel=channel)
    accounts = _people(town)
    _roster(town, accounts, story)
    _policy(town, story)
    url = postgres.admin_url(str(database.engine.url.database)).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        yield Ladder(town, channel, Eyes(connection, clock), accounts, {})
    town.close()


@pytest.mark.parametrize(
    ("ladder", "story"), [pytest.param(s, s, id=s["id"]) for s in STORIES], indirect=["ladder"]
)
def test_exactly_these_are_told(ladder: Ladder, story: dict[str, Any]) -> None:
    ladder.runs(story)
    expected, told = sorted(story["told"]), ladder.told()
    differs = [line for line in difflib.ndiff(expected, told) if not line.startswith("  ")]
    assert not differs, "\n".join([story["title"], *differs])


def test_there_are_forty_stories_and_each_is_its_own() -> None:
    assert len(STORIES) >= 40
    assert len({s["id"] for s in STORIES}) == len({s["title"] for s in STORIES}) == len(STORIES)
    for story in STORIES:
        times = [line[:11] for line in story["told"]]
        assert times == sorted(times), story["id"]
        assert times[-1] <= story["until"], story["id"]
