"""The weekly bell: whether a person reads what an alarm would send there, tried at every address once a week (H04)."""

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from escalation.bell import Bell, bell_policy, missed_at
from escalation.channels.webhook import WebhookChannel
from escalation.contact_book import add_point
from escalation.duty import DutyShift
from escalation.outbox import QueuedNotice
from escalation.replies import HELP
from escalation.ringing import ring_due
from escalation.staff import StaffAccount
from escalation.ticket import Ticket
from server.callers import StaffCookie
from server.health import oldest_notice
from server.jobs import bell_round, delivery_round
from storage.database import Database
from tests.support.channels import RecordingChannel
from tests.support.clock import MovableClock
from tests.support.gateway import Gateway
from tests.support.town import PASSWORD, Officer, Town

PHONE, OTHER, LINE = "13800000001", "13800000002", "13800000009"
HALF_PAST_NINE = datetime.fromisoformat("2026-11-23T09:30+08:00")


@pytest.fixture
def sms() -> RecordingChannel:
    return RecordingChannel("sms")


@pytest.fixture
def mail() -> RecordingChannel:
    return RecordingChannel("mail")


@pytest.fixture
def street(
    database: Database, clock: MovableClock, tmp_path: Path, sms: RecordingChannel, mail: RecordingChannel
) -> Iterator[Town]:
    """A district whose people are told by text message and mail; Monday, half past nine."""
    clock.now = HALF_PAST_NINE
    town = Town(database, clock, tmp_path, roster=False, channels={"sms": sms, "mail": mail})
    yield town
    town.close()


@pytest.fixture
def gateway(street: Town) -> Gateway:
    return Gateway(street)


def at_work(town: Town, officer: Officer, *addresses: tuple[str, str], **hours: Any) -> Officer:
    """On the roster, round the clock unless said otherwise, and reached there."""
    with town.database.transaction() as db:
        account = db.scalars(select(StaffAccount).where(StaffAccount.username == officer.username)).one()
        times = {"days": "1234567", "starts": "00:00", "ends": "24:00", **hours}
        duty = "lead" if account.role == "supervisor" else "officer"
        db.add(DutyShift(office=officer.office, duty=duty, staff_id=account.id, **times))
        for rank, (channel, address) in enumerate(addresses):
            add_point(
                db, town.database.vault, office=officer.office, staff_id=account.id, audience="office",
                channel=channel, address=address, rank=rank,
            )  # fmt: skip
    return officer


@pytest.fixture
def officer(street: Town) -> Officer:
    return at_work(street, street.officer("puyan"), ("sms", PHONE))


def rings(town: Town) -> None:
    """One round of the bells, and of everything that is sent."""
    bell_round(town.services)
    town.jobs()


def bells(town: Town) -> list[Bell]:
    with town.database.transaction() as db:
        return list(db.scalars(select(Bell).order_by(Bell.rung_at, Bell.id)))


def gaps(officer: Officer) -> Any:
    """What the duty page is told; days may have gone by, so they log in again."""
    said = {"username": officer.username, "password": PASSWORD}
    answer = officer.town.ask("POST", "/api/staff/login", json=said)
    officer.cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"
    return officer.does("GET", "/duty/gaps")


def link_of(town: Town, sms: RecordingChannel) -> str:
    """The path of the link in the last message."""
    return sms.sent[-1].link.removeprefix(town.services.settings.public_url)


def alarm(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")


def test_every_address_of_whoever_is_at_work_rings_once_a_week(
    street: Town, sms: RecordingChannel, mail: RecordingChannel, clock: MovableClock
) -> None:
    at_work(street, street.officer("puyan"), ("sms", PHONE), ("mail", "shen@example.cn"))
    street.officer("xixing")  # no address, no bell
    clock.now = HALF_PAST_NINE - timedelta(minutes=1)
    rings(street)
    assert not sms.sent, "too early in the day"
    for _ in range(3):
        clock.advance(minutes=1)
        rings(street)
    clock.advance(days=4)
    rings(street)
    assert [(n.to, n.count) for n in sms.sent] == [(PHONE, 1)]
    assert [n.to for n in mail.sent] == ["shen@example.cn"], "the second address has a bell of its own"
    clock.advance(days=3)
    rings(street)
    assert len(sms.sent) == len(mail.sent) == 2
    assert {bell.week for bell in bells(street)} == {"2026-W48", "2026-W49"}


def test_a_bell_says_what_it_is_and_cannot_be_taken_for_a_ticket(
    street: Town, sms: RecordingChannel, officer: Officer
) -> None:
    rings(street)
    notice = sms.sent[0]
    assert "试铃" in notice.text
    assert "不是工单" in notice.text
    assert "收到" in notice.text
    assert notice.reply_code is None
    assert "签收" not in notice.text
    assert not re.search(r"[A-Z]-\d{4}-\d", notice.text + notice.ticket_code)
    assert notice.link.startswith(f"{street.services.settings.public_url}/bell/")


def test_the_reply_received_answers_the_bell_and_takes_no_ticket(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer, clock: MovableClock
) -> None:
    rings(street)
    alarm(street)
    street.jobs()
    clock.advance(minutes=5)

    said = gateway.replies("+86 138-0000-0001", " 「收到」。")

    assert said == bell_policy().thanks
    assert "这不是签收" in said
    answered = bells(street)[0]
    assert (answered.answered_at, answered.answered_how) == (clock.now, "sms")
    with street.database.transaction() as db:
        assert db.scalars(select(Ticket)).one().holder_id is None
    assert gateway.replies(PHONE, "收到") == bell_policy().thanks, "said twice it is done once"
    assert bells(street)[0].answered_at == answered.answered_at
    assert gateway.replies(PHONE, "好的") == HELP


def test_a_strange_telephone_answers_no_bell_and_a_shared_line_answers_its_own(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    with street.database.transaction() as db:
        for audience in ("office", "supervisor"):
            add_point(
                db, street.database.vault, office=officer.office, staff_id=None, audience=audience,
                channel="sms", address=LINE,
            )  # fmt: skip
    rings(street)
    assert sorted(n.to for n in sms.sent) == [PHONE, LINE], "one message to the line, for both of its roles"
    assert gateway.replies("13911111111", "收到") is None
    assert not [bell for bell in bells(street) if bell.answered_at]
    assert gateway.replies(LINE, "收到") == bell_policy().thanks
    answered = [bell for bell in bells(street) if bell.answered_at]
    assert len(answered) == 2
    assert {bell.staff_id for bell in answered} == {None}


def test_looking_at_the_link_answers_nothing_and_its_button_does(
    street: Town, sms: RecordingChannel, officer: Officer, clock: MovableClock
) -> None:
    rings(street)
    link = link_of(street, sms)
    page = street.ask("GET", link)
    assert page.status_code == 200
    assert "<button>我收到了</button>" in page.text
    assert "<script" not in page.text
    assert bells(street)[0].answered_at is None, "programs open links, too"
    pressed = street.ask("POST", link)
    assert "谢谢" in pressed.text
    assert bells(street)[0].answered_how == "link"

    clock.advance(days=7)
    rings(street)
    assert "已经过去了" in street.ask("GET", link).text, "the newest bell is the one to answer"
    assert "已经过去了" in street.ask("POST", link).text
    assert "已经过去了" in street.ask("POST", "/bell/nobodys").text
    assert [bell.answered_how for bell in bells(street)] == ["link", None]


def test_its_receiver_answers_in_the_console_and_nobody_else(street: Town, officer: Officer) -> None:
    rings(street)
    colleague, stranger = street.officer("puyan", name="何苗"), street.officer("xixing")
    shown = next(one for one in gaps(officer)["bells"] if one["mine"])
    assert shown["state"] == "waiting"
    assert next(iter(gaps(colleague)["bells"]))["id"] is None
    for other in (colleague, stranger):
        assert other.asks("POST", f"/duty/bells/{shown['id']}/answer").status_code == 404

    after = officer.does("POST", f"/duty/bells/{shown['id']}/answer")

    assert [one["state"] for one in after["bells"]] == ["answered"]
    assert bells(street)[0].answered_by == officer.username


def test_who_does_not_answer_is_shown_told_once_and_counted_and_stays_on_the_roster(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer, clock: MovableClock
) -> None:
    lead = at_work(street, street.officer("puyan", "supervisor", "陆远山"), ("sms", OTHER))
    rings(street)
    gateway.replies(OTHER, "收到")
    before = [r for r in gaps(lead)["reach"] if r["office"] == officer.office]
    assert [r["people"] for r in before] == [1]

    clock.advance(hours=24)
    for _ in range(3):
        rings(street)

    shown = gaps(lead)
    missed = [one for one in shown["bells"] if one["state"] == "missed"]
    assert [one["words"] for one in missed] == ["浦沿司法所 沈青（短信）：试铃没有人答，还没有人答过"]
    assert "浦沿司法所有 1 个联系方式试铃没有人答，请核对。" in shown["bar"]
    reach = next(r for r in shown["reach"] if r["office"] == officer.office)
    assert (reach["people"], reach["enough"]) == (0, False)
    assert "沈青试铃没有回应" in reach["words"]
    with street.database.transaction() as db:
        told = db.scalars(select(QueuedNotice).where(QueuedNotice.key.startswith("unanswered."))).all()
        assert db.scalar(select(DutyShift.id).join(StaffAccount).where(StaffAccount.name == "沈青"))
    assert {(n.audience, n.office) for n in told} == {("supervisor", officer.office)}
    assert len([n for n in told if n.channel == "in_app"]) == 1
    assert not [n for n in told if "沈青" in n.text]

    alarm(street)
    street.jobs()
    assert sms.sent[-1].to == PHONE, "an alarm still goes there"

    assert gateway.replies(PHONE, "收到") == bell_policy().thanks, "late is better than never"
    assert "试铃" not in (gaps(lead)["bar"] or "")
    clock.advance(days=7)
    rings(street)
    clock.advance(days=1)
    words = [one["words"] for one in gaps(lead)["bells"] if one["state"] == "missed"]
    assert any("上次有人答是 11月24日 09:30" in said for said in words), words


def test_a_lead_who_does_not_answer_is_told_of_to_the_district(
    street: Town, gateway: Gateway, officer: Officer, clock: MovableClock
) -> None:
    at_work(street, street.officer("puyan", "supervisor", "陆远山"), ("sms", OTHER))
    rings(street)
    gateway.replies(PHONE, "收到")
    clock.advance(hours=24)
    rings(street)
    with street.database.transaction() as db:
        told = db.scalars(select(QueuedNotice).where(QueuedNotice.key.startswith("unanswered."))).all()
    assert {n.audience for n in told} == {"supervisor", "district_desk"}


def test_nothing_rings_in_a_storm_and_what_is_queued_waits_until_it_is_over(
    street: Town, sms: RecordingChannel, officer: Officer, clock: MovableClock
) -> None:
    bell_round(street.services)  # queued, and not sent yet
    for _ in range(bell_policy().storm_opened):
        alarm(street)
    later = at_work(street, street.officer("puyan", name="何苗"), ("sms", OTHER))
    assert later
    rings(street)
    clock.advance(minutes=30)
    rings(street)
    assert sms.sent, "the alarms themselves went out"
    assert not [n for n in sms.sent if "试铃" in n.text]
    assert len(bells(street)) == 1

    clock.advance(minutes=31)
    rings(street)
    clock.advance(minutes=10)
    rings(street)
    assert sorted(n.to for n in sms.sent if "试铃" in n.text) == [PHONE, OTHER]
    assert all(bell.answer_until >= clock.now + timedelta(hours=23) for bell in bells(street))


def test_a_bell_goes_alone_and_behind_whatever_is_real(
    street: Town, sms: RecordingChannel, officer: Officer, clock: MovableClock
) -> None:
    sms.pace = timedelta(minutes=1)
    bell_round(street.services)
    alarm(street)
    alarm(street)
    street.jobs()
    assert [n.count for n in sms.sent if n.to == PHONE] == [2], "the alarms together, without the bell"
    clock.advance(minutes=2)
    street.jobs()
    last = sms.sent[-1]
    assert ("试铃" in last.text, last.count) == (True, 1)
    alarm(street)
    street.jobs()
    to_the_officer = [n for n in sms.sent if n.to == PHONE]
    assert "试铃" not in to_the_officer[-1].text, "what is real does not wait for a bell's quiet minute"


class SlowGateway:
    """A local gateway that keeps the first bell until it is told to go on; `words` is what came, in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.rung, self.goes_on = threading.Event(), threading.Event()

    @contextmanager
    def listens(self) -> Iterator[str]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                first = not gateway.words
                gateway.words.append(said["level"])
                if first:
                    gateway.rung.set()
                    gateway.goes_on.wait(60)
                body = json.dumps({"errcode": 0, "receipt": f"r{len(gateway.words)}"}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            self.goes_on.set()
            server.shutdown()
            server.server_close()


def test_an_alarm_is_behind_no_more_than_the_one_bell_that_is_ringing(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    """Five addresses ring over a slow gateway; while it keeps the first of them, somebody is in danger."""
    clock.now = HALF_PAST_NINE
    slow = SlowGateway()
    with slow.listens() as url:
        channel = WebhookChannel(url, 60)
        town = Town(database, clock, tmp_path, roster=False, channel=channel)
        for n in range(5):
            at_work(town, town.officer("puyan", name=f"沈{n}"), ("webhook", f"{url}{n}"))
        bell_round(town.services)
        ringing = threading.Thread(target=delivery_round, args=(town.services, channel))
        ringing.start()
        assert slow.rung.wait(60)
        alarm(town)
        slow.goes_on.set()
        ringing.join()
        for _ in range(5):
            town.jobs()
        town.close()
    first_alarm = next(n for n, word in enumerate(slow.words) if word != "试铃")
    assert slow.words[:first_alarm] == ["试铃"], slow.words
    assert slow.words.count("试铃") == 5, "and every address rings in the end"


def test_two_processes_and_a_restart_ring_once(
    street: Town, sms: RecordingChannel, officer: Officer, clock: MovableClock, tmp_path: Path
) -> None:
    def once(_: int) -> int:
        with street.database.transaction() as db:
            return ring_due(db, street.services.telling, clock())

    with ThreadPoolExecutor(4) as processes:
        assert sorted(processes.map(once, range(4))) == [0, 0, 0, 1]
    other = Town(street.database, clock, tmp_path, roster=False, channels={"sms": sms})
    try:
        rings(other)
        rings(street)
    finally:
        other.close()
    assert len(sms.sent) == 1


def test_an_address_that_refuses_is_a_gap_and_no_alarm_of_ours(
    street: Town, sms: RecordingChannel, mail: RecordingChannel, clock: MovableClock
) -> None:
    lead = at_work(street, street.officer("puyan", "supervisor"), ("sms", PHONE), ("mail", "lu@example.cn"))
    sms.failing = "permanent"
    rings(street)
    clock.advance(minutes=5)
    rings(street)
    assert len(mail.sent) == 1, "its own bell, and not that of the text message again"
    with street.database.transaction() as db:
        assert oldest_notice(db, clock.now) is None, "nobody waits for a bell"
    clock.advance(days=1)
    rings(street)
    with street.database.transaction() as db:
        assert len(missed_at(db, [lead.office], clock.now)) == 2
        waiting = select(QueuedNotice).where(
            QueuedNotice.state == "waiting", QueuedNotice.bell_id.is_not(None)
        )
        assert db.scalars(waiting).all() == [], "what never went out is not sent when its time is over"


def test_who_works_at_night_is_rung_at_night(
    street: Town, sms: RecordingChannel, clock: MovableClock
) -> None:
    at_work(street, street.officer("puyan"), ("sms", PHONE), starts="20:00", ends="08:00")
    rings(street)
    clock.advance(hours=8)
    rings(street)
    assert not sms.sent, "nobody is woken before their shift"
    clock.now = HALF_PAST_NINE.replace(hour=20, minute=5)
    rings(street)
    assert [n.to for n in sms.sent] == [PHONE]


def test_who_is_on_leave_is_not_rung(street: Town, sms: RecordingChannel, officer: Officer) -> None:
    officer.does(
        "POST",
        "/duty/changes",
        {
            "office": officer.office,
            "kind": "leave",
            "person": officer.username,
            "from_at": "2026-11-23T00:00:00Z",
            "to_at": "2026-11-24T00:00:00Z",
        },
    )
    rings(street)
    assert not [n for n in sms.sent if "试铃" in n.text]
