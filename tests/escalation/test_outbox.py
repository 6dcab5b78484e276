"""Notices by person and channel: together in a storm, over the second channel in trouble, each thing once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from escalation.channels import Notice, PermanentFailure, Receipt, TemporaryFailure
from escalation.contact_point import ContactPoint
from escalation.outbox import QueuedNotice, adopt_strays, deliver_due, queue
from escalation.ticket import Ticket
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town


class Phone:
    """A channel to people's own telephones: at most one message a minute to each."""

    def __init__(self, name: str = "sms", pace: timedelta = timedelta(minutes=1)) -> None:
        self.name, self.pace = name, pace
        self.sent: list[Notice] = []
        self.fails: Exception | None = None

    def send(self, notice: Notice) -> Receipt:
        if self.fails is not None:
            raise self.fails
        self.sent.append(notice)
        return Receipt(self.name, f"{self.name}-{len(self.sent)}")


class Post:
    """The outbox of one district, and whoever is told."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database, self.clock = database, clock
        self.count = 0

    def point(self, channel: str = "sms", rank: int = 0, office: str = "puyan-judicial") -> ContactPoint:
        """An address of this office's duty desk."""
        point = ContactPoint(office=office, audience="office", channel=channel, rank=rank)
        self.database.vault.seal(point, "address", f"0571000001{rank}")
        with self.database.transaction() as db:
            db.add(point)
        return point

    def notice(self, point: ContactPoint | None, level: int = 4, **more: Any) -> QueuedNotice:
        """A notice that waits."""
        self.count += 1
        now = self.clock()
        values: dict[str, Any] = {
            "key": f"K-{self.count:04d}.{level}", "ticket_id": None, "level": level, "audience": "office",
            "office": "puyan-judicial", "contact_id": point.id if point else None,
            "channel": point.channel if point else "webhook", "round": 0, "code": f"K-{self.count:04d}",
            "level_word": "红色" if level == 5 else "橙色", "place": "浦沿街道",
            "respond_by": now + timedelta(hours=2), "link": "http://x.test/console/tickets/K",
            "text": "橙色工单", "queued_at": now, "due_at": now, "state": "waiting", "attempts": 0,
        }  # fmt: skip
        row = QueuedNotice(**{**values, **more})
        with self.database.transaction() as db:
            assert queue(db, row)
        return row

    def rows(self) -> dict[str, QueuedNotice]:
        with self.database.transaction() as db:
            return {row.key: row for row in db.query(QueuedNotice)}

    def sends(self, channel: Phone) -> int:
        """One dispatcher works until nothing more goes out."""
        done = 0
        while sent := deliver_due(self.database, channel, self.clock):
            done += sent
        return done


@pytest.fixture
def post(database: Database, clock: MovableClock) -> Post:
    return Post(database, clock)


def test_a_storm_rings_a_telephone_once_a_minute_and_says_how_many(post: Post) -> None:
    phone, desk = Phone(), post.point()
    post.notice(desk)
    assert post.sends(phone) == 1
    for _ in range(20):
        post.notice(desk)
    post.clock.advance(seconds=30)
    assert post.sends(phone) == 0
    post.clock.advance(seconds=31)
    assert post.sends(phone) == 20
    assert [notice.count for notice in phone.sent] == [1, 20]
    assert "20 件工单" in phone.sent[1].text
    assert phone.sent[1].link.endswith("/console/")
    assert {row.state for row in post.rows().values()} == {"delivered"}


def test_a_red_one_does_not_wait_for_the_minute_of_an_orange_one(post: Post) -> None:
    phone, desk = Phone(), post.point()
    post.notice(desk)
    post.sends(phone)
    post.clock.advance(seconds=5)
    post.notice(desk, level=5)
    assert post.sends(phone) == 1
    post.clock.advance(seconds=5)
    post.notice(desk, level=5)
    assert post.sends(phone) == 0, "the second red one within a minute goes with the next"


def test_two_telephones_do_not_wait_for_each_other(post: Post) -> None:
    phone = Phone()
    here, there = post.point(), post.point(rank=1, office="changhe-judicial")
    for desk in (here, there, here, there):
        post.notice(desk)
    assert post.sends(phone) == 4
    assert sorted(notice.count for notice in phone.sent) == [2, 2]
    assert {notice.to for notice in phone.sent} == {"05710000010", "05710000011"}


def test_what_one_channel_does_not_hand_over_goes_over_the_second(post: Post) -> None:
    first, second = Phone("wecom", timedelta(0)), Phone("sms")
    broken, _ = post.point("wecom", 0), post.point("sms", 1)
    first.fails = TemporaryFailure("silent")
    post.notice(broken)
    for _ in range(12):
        post.sends(first)
        post.sends(second)
        post.clock.advance(seconds=10)
    assert len(second.sent) == 1, "by the second channel within two minutes, and once"
    states = {key: row.state for key, row in post.rows().items()}
    assert states == {"K-0001.4": "superseded", "K-0001.4~1": "delivered"}


def test_a_refusal_for_good_takes_the_second_channel_at_once(post: Post) -> None:
    first, second = Phone("wecom", timedelta(0)), Phone("sms")
    broken, _ = post.point("wecom", 0), post.point("sms", 1)
    first.fails = PermanentFailure("no such robot")
    post.notice(broken)
    post.sends(first)
    assert post.sends(second) == 1


def test_a_channel_with_a_fault_of_ours_does_not_keep_the_notice(post: Post) -> None:
    first, second = Phone("wecom", timedelta(0)), Phone("sms")
    broken, _ = post.point("wecom", 0), post.point("sms", 1)
    first.fails = KeyError("05710000010")
    post.notice(broken)
    post.sends(first)
    assert post.rows()["K-0001.4"].last_failure == "KeyError"
    assert post.sends(second) == 1


def test_without_a_second_channel_the_first_is_tried_for_ever(post: Post) -> None:
    phone = Phone("wecom", timedelta(0))
    phone.fails = PermanentFailure("no such robot")
    post.notice(post.point("wecom"))
    for _ in range(30):
        post.sends(phone)
        post.clock.advance(seconds=61)
    assert [row.state for row in post.rows().values()] == ["waiting"]
    phone.fails = None
    assert post.sends(phone) == 1


def test_a_robot_that_asks_for_ten_minutes_of_silence_gets_them_and_the_second_channel_rings(
    post: Post,
) -> None:
    robot, phone = Phone("dingtalk", timedelta(seconds=3)), Phone("sms")
    group, _ = post.point("dingtalk", 0), post.point("sms", 1)
    robot.fails = TemporaryFailure("too fast", retry_after=600)
    post.notice(group)
    post.sends(robot)
    assert post.sends(phone) == 1
    robot.fails = None
    post.clock.advance(minutes=5)
    post.notice(group, level=5)
    assert post.sends(robot) == 0, "it would only be deaf for longer"
    post.clock.advance(minutes=6)
    assert post.sends(robot) == 1


def test_a_channel_that_was_taken_away_does_not_keep_its_notices(post: Post) -> None:
    gone, phone = post.point("wecom"), Phone("webhook", timedelta(0))
    post.notice(gone)
    with post.database.transaction() as db:
        assert adopt_strays(db, {"webhook"}, post.clock()) == 1
    assert post.sends(phone) == 1


def test_only_whoever_has_a_telephone_of_their_own_gets_a_code_to_answer_with(post: Post) -> None:
    desk = post.point()
    post.notice(desk)
    assert post.rows()["K-0001.4"].reply_code is None


def test_a_colleague_in_danger_is_not_replaced_by_a_later_word_on_the_ticket(post: Post, town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    with post.database.transaction() as db:
        ticket = db.scalars(select(Ticket)).one()
    same = {"ticket_id": ticket.id, "audience": "supervisor", "code": ticket.code}
    post.notice(None, key="trip", level=5, level_word="上门的同事没报平安", **same)
    post.notice(None, key="late", level=5, level_word="红色", **same)
    post.notice(None, key="later", level=5, level_word="红色", **same)
    states = {key: row.state for key, row in post.rows().items()}
    assert (states["trip"], states["late"], states["later"]) == ("waiting", "superseded", "waiting")
