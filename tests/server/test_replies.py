"""Answers by text message and delivery receipts: what a telephone may do, and what it may not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from escalation.channels import Notice
from escalation.contact_book import add_point
from escalation.duty import DutyShift
from escalation.outbox import QueuedNotice
from escalation.replies import HELD, HELP, OVER, SHARED, TOO_OFTEN, WRONG
from escalation.staff import StaffAccount
from escalation.ticket import Ticket
from storage.audit import AuditEntry
from storage.database import Database
from tests.support.channels import RecordingChannel
from tests.support.clock import MovableClock
from tests.support.gateway import Gateway
from tests.support.town import Officer, Town

PHONE, OTHER, LINE = "13800000001", "13800000002", "13800000009"


@pytest.fixture
def sms() -> RecordingChannel:
    return RecordingChannel("sms")


@pytest.fixture
def street(database: Database, clock: MovableClock, tmp_path: Path, sms: RecordingChannel) -> Iterator[Town]:
    """A district whose officers are told by text message."""
    town = Town(
        database, clock, tmp_path, roster=False, channels={"sms": sms, "mail": RecordingChannel("mail")}
    )
    yield town
    town.close()


@pytest.fixture
def gateway(street: Town) -> Gateway:
    return Gateway(street)


@pytest.fixture
def officer(street: Town) -> Officer:
    return on_duty(street, street.officer("puyan"), PHONE)


def account_of(town: Town, officer: Officer) -> StaffAccount:
    with town.database.transaction() as db:
        return db.scalars(select(StaffAccount).where(StaffAccount.username == officer.username)).one()


def on_duty(town: Town, officer: Officer, phone: str, *more: tuple[str, str]) -> Officer:
    """Round the clock, with this telephone, and other addresses after it."""
    account = account_of(town, officer)
    with town.database.transaction() as db:
        db.add(
            DutyShift(
                office=officer.office, duty="officer", staff_id=account.id, days="1234567", starts="00:00",
                ends="24:00",
            )
        )  # fmt: skip
        for rank, (channel, address) in enumerate((("sms", phone), *more)):
            add_point(
                db, town.database.vault, office=officer.office, staff_id=account.id, audience="office",
                channel=channel, address=address, rank=rank,
            )  # fmt: skip
    return officer


def alarm(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    town.jobs()


def code_sent(sms: RecordingChannel, phone: str = PHONE) -> str:
    """The reply code of the last text message to this telephone."""
    code = [notice.reply_code for notice in sms.sent if notice.to == phone][-1]
    assert code is not None
    return code


def ticket(town: Town) -> Ticket:
    with town.database.transaction() as db:
        return db.scalars(select(Ticket)).one()


def audited(town: Town, action: str) -> list[Any]:
    with town.database.transaction() as db:
        return list(
            db.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.seq))
        )


@pytest.mark.parametrize("text", ["签收 {}", " 簽收：{}。"])
def test_a_ticket_is_taken_from_the_street(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer, text: str
) -> None:
    alarm(street)
    said = gateway.replies("+86 138-0000-0001", text.format(code_sent(sms)))

    taken = ticket(street)
    assert taken.holder_id == account_of(street, officer).id
    assert said is not None
    assert said.startswith(f"已签收 {taken.code}，请在 明天 00:00 前联系居民。")
    assert officer.only_ticket()["state"] == "accepted"
    assert [(e.actor, e.outcome, e.purpose) for e in audited(street, "reply")] == [
        (officer.username, "success", "take")
    ]


def test_digits_of_any_width_are_digits(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    wide = code_sent(sms).translate({ord("0") + n: ord("０") + n for n in range(10)})
    gateway.replies(PHONE, f"签收 {wide}")
    assert ticket(street).holder_id is not None


def test_said_twice_it_is_done_once(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    said = [gateway.replies(PHONE, f"签收 {code_sent(sms)}") for _ in range(2)]
    assert said[0] == said[1]
    assert len(audited(street, "ticket.acknowledged")) == 1


def test_a_ticket_is_handed_to_the_district_from_the_street(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    code = code_sent(sms)
    said = [gateway.replies(PHONE, f"转区 {code}") for _ in range(2)]
    assert said == [f"{ticket(street).code} 已交给区里值班台。"] * 2
    assert len(audited(street, "ticket.to_district")) == 1
    assert len(street.officer("desk", "duty_officer", "周平").tickets()) == 1


def test_a_code_is_good_from_its_own_telephone_only(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    """A colleague's code, a wrong one and one that nobody was sent are answered alike."""
    on_duty(street, street.officer("puyan", name="何苗"), OTHER)
    alarm(street)
    mine, theirs = code_sent(sms), code_sent(sms, OTHER)
    assert mine != theirs
    wrong = next(f"{n:06d}" for n in range(10**6) if f"{n:06d}" not in (mine, theirs))
    assert gateway.replies(PHONE, f"签收 {theirs}") == gateway.replies(PHONE, f"签收 {wrong}") == WRONG
    assert ticket(street).holder_id is None


def test_a_colleague_was_faster(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    on_duty(street, street.officer("puyan", name="何苗"), OTHER)
    alarm(street)
    gateway.replies(OTHER, f"签收 {code_sent(sms, OTHER)}")
    assert gateway.replies(PHONE, f"签收 {code_sent(sms)}") == HELD
    assert "何苗" not in HELD
    assert ticket(street).holder_name == "何苗"


def test_a_code_of_yesterday_is_over(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    code = code_sent(sms)
    street.clock.advance(hours=24, seconds=1)
    assert gateway.replies(PHONE, f"签收 {code}") == WRONG
    assert ticket(street).holder_id is None


def test_a_code_of_a_closed_ticket_does_nothing(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    with street.database.transaction() as db:
        closed = db.scalars(select(Ticket)).one()
        closed.complete("supported", street.clock())
    assert gateway.replies(PHONE, f"签收 {code_sent(sms)}") == OVER
    assert ticket(street).holder_id is None


NOT_UNDERSTOOD = (
    "", "好的", "签收", "483920", "签收 48392", "签收 4839201", "不签收 483920", "签收 483920 转区 1", "x" * 500,
)  # fmt: skip


def test_what_is_not_understood_is_answered_and_does_nothing(
    street: Town, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    assert {gateway.replies(PHONE, text) for text in NOT_UNDERSTOOD} == {HELP}
    assert ticket(street).holder_id is None


def test_a_telephone_that_is_nobodys_gets_no_answer(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    for phone in ("13999999999", "110", "someone", "＋８６"):
        assert gateway.replies(phone, f"签收 {code_sent(sms)}") is None
    assert ticket(street).holder_id is None
    assert {e.outcome for e in audited(street, "reply")} == {"failure"}
    assert "139" not in str([(e.subject, e.details) for e in audited(street, "reply")])


def test_whoever_has_left_takes_nothing(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    code = code_sent(sms)
    with street.database.transaction() as db:
        db.get_one(StaffAccount, account_of(street, officer).id).active = False
    assert gateway.replies(PHONE, f"签收 {code}") is None
    assert ticket(street).holder_id is None


def test_an_offices_own_telephone_is_nobody_in_particular(street: Town, gateway: Gateway) -> None:
    with street.database.transaction() as db:
        office = street.office_code("puyan")
        vault = street.database.vault
        add_point(db, vault, office=office, staff_id=None, audience="office", channel="sms", address=LINE)
    alarm(street)
    assert gateway.replies(LINE, "签收 123456") == SHARED


def test_guessing_ends_after_ten(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    right = code_sent(sms)
    wrong = [f"{n:06d}" for n in range(12) if f"{n:06d}" != right][:10]
    assert {gateway.replies(PHONE, f"签收 {code}") for code in wrong} == {WRONG}
    assert gateway.replies(PHONE, f"签收 {right}") == TOO_OFTEN
    assert ticket(street).holder_id is None
    street.clock.advance(minutes=16)
    gateway.replies(PHONE, f"签收 {right}")
    assert ticket(street).holder_id is not None


# --- who may call -------------------------------------------------------------------------------------------


def test_only_the_gateway_hands_anything_in(street: Town, sms: RecordingChannel, officer: Officer) -> None:
    alarm(street)
    value = {"from": PHONE, "text": f"签收 {code_sent(sms)}"}
    gateway = Gateway(street)
    body = b'{"from": "13800000001"}'
    signed = gateway.headers(body)
    refused = [
        Gateway(street, "another-token-of-more-than-32-signs").hands_in("replies", value),
        gateway.hands_in("replies", value, **{"X-Signature": ""}),
        gateway.hands_in("replies", value, **{"X-Signature": "é".encode()}),
        gateway.hands_in("replies", value, **{"X-Timestamp": "9" * 13}),
        gateway.hands_in("replies", value, **{"X-Timestamp": "soon"}),
        gateway.hands_in("replies", value, **signed),
        gateway.hands_in("replies", value, **gateway.headers(b"", seconds_ago=0)),
        officer.town.ask("POST", "/api/gateway/replies", cookie=officer.cookie, json=value),
    ]
    assert [answer.status_code for answer in refused] == [401] * len(refused)
    assert ticket(street).holder_id is None


def test_an_old_request_is_not_taken_again(street: Town, sms: RecordingChannel, officer: Officer) -> None:
    alarm(street)
    gateway = Gateway(street)
    body = f'{{"from": "{PHONE}", "text": "签收 {code_sent(sms)}"}}'.encode()
    headers = gateway.headers(body, seconds_ago=301)
    assert street.ask("POST", "/api/gateway/replies", content=body, headers=headers).status_code == 401


@pytest.mark.parametrize("token", ["", "short"])
def test_without_a_token_nothing_is_taken(street: Town, token: str) -> None:
    gateway = Gateway(street, token)
    street.services.settings.gateway_token = SecretStr(token)
    assert gateway.hands_in("replies", {"from": PHONE, "text": "签收 123456"}).status_code == 401


@pytest.mark.parametrize(
    "value",
    [{}, [], {"from": PHONE}, {"from": PHONE, "text": "签收", "more": 1}, {"from": 1, "text": "x"},
     {"from": PHONE, "text": "x" * 501}, {"from": "", "text": "x"}, {"from": PHONE, "text": "\x00"}],
)  # fmt: skip
def test_what_has_another_form_is_refused(gateway: Gateway, value: object) -> None:
    answer = gateway.hands_in("replies", value)
    assert answer.status_code == 422
    assert PHONE not in answer.text


# --- receipts -----------------------------------------------------------------------------------------------


def states(town: Town) -> dict[str, str]:
    with town.database.transaction() as db:
        rows = db.scalars(select(QueuedNotice).where(QueuedNotice.channel.in_(("sms", "mail"))))
        return {row.channel: row.state for row in rows}


def test_a_message_that_was_lost_goes_over_the_next_channel(street: Town, sms: RecordingChannel) -> None:
    on_duty(street, street.officer("puyan"), PHONE, ("mail", "shenqing@puyan.example"))
    gateway = Gateway(street)
    alarm(street)
    mail = street.services.channels["mail"]
    assert isinstance(mail, RecordingChannel)
    assert (states(street), mail.sent) == ({"sms": "delivered"}, [])

    assert gateway.says("receipt-1")
    assert states(street) == {"sms": "waiting", "mail": "waiting"}
    street.jobs()
    assert len(mail.sent) == 1
    assert not gateway.says("receipt-1"), "the same word again"
    assert [e.subject for e in audited(street, "notice.undelivered")] == [f"notice:{ticket(street).code}"]


def test_one_that_has_no_other_channel_is_sent_again(
    street: Town, sms: RecordingChannel, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    assert gateway.says("receipt-1")
    street.passes(minutes=2)
    assert [notice.ticket_code for notice in sms.sent] == [ticket(street).code] * 2


def test_a_channel_that_was_let_go_is_called_back(street: Town, sms: RecordingChannel) -> None:
    """The first channel took so long that the second was asked as well; then it took the message, and lost it."""
    on_duty(street, street.officer("puyan"), PHONE, ("mail", "shenqing@puyan.example"))
    mail = street.services.channels["mail"]
    assert isinstance(mail, RecordingChannel)
    gateway = Gateway(street)
    sms.failing = mail.failing = "temporary"
    alarm(street)
    for _ in range(3):
        street.clock.advance(seconds=30)
        street.jobs()
    sms.failing = None
    street.clock.advance(minutes=1)
    street.jobs()
    assert states(street) == {"sms": "delivered", "mail": "superseded"}

    mail.failing = None
    assert gateway.says(f"receipt-{len(sms.sent)}")
    street.jobs()
    assert len(mail.sent) == 1


def test_a_good_word_and_a_strange_one_change_nothing(
    street: Town, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    for word in ("delivered", "DELIVRD", "lost?"):
        assert not gateway.says("receipt-1", word)
    for reference in ("receipt-9", "%"):
        assert not gateway.says(reference)
    assert states(street) == {"sms": "delivered"}


def test_a_lost_message_about_a_closed_ticket_is_left(
    street: Town, gateway: Gateway, officer: Officer
) -> None:
    alarm(street)
    with street.database.transaction() as db:
        db.scalars(select(Ticket)).one().complete("supported", street.clock())
    assert not gateway.says("receipt-1")
    assert states(street) == {"sms": "delivered"}


def test_a_notice_never_shows_its_receiver(sms: RecordingChannel) -> None:
    shown = repr(
        Notice("K", "红色", "浦沿", MovableClock().now, "http://x", "t", "k", to=PHONE, reply_code="483920")
    )
    assert PHONE not in shown
    assert "483920" not in shown
