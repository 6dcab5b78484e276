"""Answers by text message: 签收 483920 takes a ticket from the street, without a login.

The right to act is the code together with the telephone that it was sent to: a code opens nothing from anywhere
else, and says nothing about whether it exists. It holds for a day, and as long as the ticket waits for somebody.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from escalation.acts import AlreadyRecorded
from escalation.bell import bell_policy
from escalation.casework import Casework
from escalation.channels import deadline_words
from escalation.contact_book import INDEX, normal_address
from escalation.contact_point import ContactPoint
from escalation.errors import EscalationError, PersonnelError, TicketHeld
from escalation.outbox import TEXT_MESSAGE, QueuedNotice
from escalation.ringing import answer_phone
from escalation.staff import TRIES, WINDOW, StaffAccount, WrongTry
from escalation.store import clock_of
from escalation.ticket import Ticket
from escalation.transfer import Transfers
from storage import audit
from storage.database import Database

VALID_FOR = timedelta(hours=24)
WORDS = {"签收": "take", "簽收": "take", "转区": "to_district", "轉區": "to_district"}
_REPLY = re.compile(rf"(?P<word>{'|'.join(WORDS)})[\s:,。、]*(?P<code>[0-9]{{6}})[\s.!。]*")

HELP = "没看懂。请回复“签收”加短信里的六位数字，例如：签收 123456。"
WRONG = "数字不对或者已经过期，没有签收。请登录查看，或者打值班电话。"
TOO_OFTEN = "试的次数太多了，请 15 分钟后再试，或者登录查看。"
SHARED = "这个号码是几个人共用的，不能用它签收，请登录后签收。"
HELD = "这张工单已经有同事签收了，您不用再处理。"
OVER = "这张工单已经不用签收了，请登录查看。"
BY_TEXT_MESSAGE = "短信回复"


class Replies:
    """Takes what somebody answered to a text message, and says what to send back."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        casework: Casework,
        transfers: Transfers,
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.casework = casework
        self.transfers = transfers

    def take(self, sender: str, text: str) -> str | None:
        """Act on one reply. The sentence to send back, or None for a telephone that is nobody's here.

        Said twice it is done once. Ten wrong codes within a quarter of an hour close this way for that telephone.
        """
        now = self.clock()
        try:
            index = self.vault.index(INDEX, normal_address(TEXT_MESSAGE, sender))
        except PersonnelError:
            return None
        who = sha256(b"reply\n" + index).hexdigest()
        said = unicodedata.normalize("NFKC", text).strip()
        with self.database.transaction() as db:
            people, shared = _owners(db, index)
            bells = bell_policy()
            if (people or shared) and re.sub(r"[\s,。.!、「」]", "", said) in bells.typed:
                return bells.thanks if answer_phone(db, index, now) else bells.nothing_open
            if not people:
                return self._refused(db, "gateway", "unknown_sender", SHARED if shared else None, now)
            if _wrong_tries(db, who, now) >= TRIES:
                return self._refused(db, people[0].username, "too_often", TOO_OFTEN, now)
            asked = _REPLY.fullmatch(said)
            if asked is None:
                return self._refused(db, people[0].username, "not_understood", HELP, now)
            notice = _notice_of(db, asked["code"], [person.id for person in people], now)
            if notice is None:
                db.add(WrongTry(who=who, at=now))
                return self._refused(db, people[0].username, "wrong_code", WRONG, now)
            ticket = db.get(Ticket, notice.ticket_id)
            account = next(person for person in people if person.id == notice.staff_id)
            if ticket is None or ticket.closed_at is not None:
                return self._refused(db, account.username, "over", OVER, now)
            code = ticket.code
        return self._do(WORDS[asked["word"]], account, code, notice.id, now)

    def _do(self, name: str, account: StaffAccount, code: str, notice_id: UUID, now: datetime) -> str:
        try:
            if name == "take":
                self.casework.acknowledge(account, code)
            else:
                self.transfers.to_district(account, code, uuid5(notice_id, name), BY_TEXT_MESSAGE)
        except AlreadyRecorded:
            outcome, sentence = "success", ""
        except TicketHeld:
            outcome, sentence = "held", HELD
        except EscalationError:  # somebody else's office by now, or a state in which this cannot be done
            outcome, sentence = "over", OVER
        else:
            outcome, sentence = "success", ""
        with self.database.transaction() as db:
            audit.record(
                db, actor=account.username, action="reply", subject=f"ticket:{code}", purpose=name,
                outcome="success" if outcome == "success" else "failure", at=now, why=outcome,
            )  # fmt: skip
            return sentence or _done(db, name, code, now)

    def _refused(self, db: Session, actor: str, why: str, sentence: str | None, now: datetime) -> str | None:
        audit.record(db, actor=actor, action="reply", subject="reply", outcome="failure", at=now, why=why)
        return sentence


def _owners(db: Session, index: bytes) -> tuple[Sequence[StaffAccount], bool]:
    """The members of staff with this telephone who may act today; and whether it is an office's own."""
    points = db.scalars(
        select(ContactPoint).where(
            ContactPoint.channel == TEXT_MESSAGE,
            ContactPoint.address_index == index,
            ContactPoint.active.is_(True),
        )
    ).all()
    ids = {point.staff_id for point in points if point.staff_id is not None}
    people = db.scalars(
        select(StaffAccount)
        .where(StaffAccount.id.in_(ids), StaffAccount.active.is_(True))
        .order_by(StaffAccount.username)
    ).all()
    return people, any(point.staff_id is None for point in points)


def _notice_of(db: Session, code: str, people: Sequence[UUID], now: datetime) -> QueuedNotice | None:
    """The newest notice with this code that went to one of these people within a day."""
    return db.scalar(
        select(QueuedNotice)
        .where(
            QueuedNotice.reply_code == code,
            QueuedNotice.staff_id.in_(people),
            QueuedNotice.ticket_id.is_not(None),
            QueuedNotice.queued_at > now - VALID_FOR,
        )
        .order_by(QueuedNotice.queued_at.desc(), QueuedNotice.id)
        .limit(1)
    )


def _wrong_tries(db: Session, who: str, now: datetime) -> int:
    counted = (
        select(func.count()).select_from(WrongTry).where(WrongTry.who == who, WrongTry.at > now - WINDOW)
    )
    return db.scalar(counted) or 0


def _done(db: Session, name: str, code: str, now: datetime) -> str:
    """What to send back for what was done."""
    if name == "to_district":
        return f"{code} 已交给区里值班台。"
    ticket = db.scalar(select(Ticket).where(Ticket.code == code))
    for clock in ("contact", "speak", "visit"):
        running = clock_of(db, ticket, clock) if ticket is not None else None
        if running is not None and running.stopped_at is None:
            return f"已签收 {code}，请在 {deadline_words(running.due_at, now)} 前联系居民。"
    return f"已签收 {code}。"
