"""What goes out by itself: answers that were not ready in time, and what a worker says in the chat.

Run by the clock (`server/jobs.py`). The transcript is what there is to tell; `wechat_outgoing` is what was put into
words and waits. Nothing is dropped while somebody follows us: when WeChat takes nothing until they write again, it
waits for that, and whoever has their ticket in hand is told to use another way.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from bot import transcript
from bot.transcript import Message, Received
from escalation.ticket import Ticket
from residents.follower import Follower, WechatHeard, WechatOutgoing
from residents.session import ResidentSession
from server.wechat.door import WechatDoor, client_id_of
from server.wechat.errors import NotReachable, TryLater, WaitForThem
from server.wechat.office import TELL_AFTER, tell, tell_office, untold, why_unreached
from server.wechat.saying import WORDING, Fixed
from server.wechat.service import CustomerService
from storage.database import Database
from storage.errors import SealBroken

log = logging.getLogger("xinqiao.jobs")

AT_ONCE = 4
"""Messages in one round: each may take as long as WeChat's budget, and a round must not hang."""
GIVEN_UP_AFTER = timedelta(seconds=20)
"""How long after its claim ran out a message is taken for left: WeChat has sent it for the last time by then."""
LEASE = timedelta(seconds=60)
KEPT_FOR = timedelta(days=1)
LONGEST_WAIT = 600.0


@dataclass
class WechatPost:
    """One round: answer what was left unanswered, put into words what is new, and send what waits."""

    database: Database
    clock: Callable[[], datetime]
    door: WechatDoor
    service: CustomerService

    def round(self) -> None:
        """Everything that is due now."""
        self.tell_later_tickets()
        self.answer_what_was_left()
        self.gather()
        for _ in range(AT_ONCE):
            if not self.send_one():
                break
        with self.database.transaction() as db:
            old = self.clock() - KEPT_FOR
            db.execute(delete(WechatHeard).where(WechatHeard.at < old, WechatHeard.done_at.is_not(None)))

    def tell_later_tickets(self) -> None:
        """A ticket that was opened after WeChat stopped reaching somebody says so, too."""
        with self.database.transaction() as db:
            found = untold(db, 20)
        for follower_id, ticket_id in found:
            with self._one_of_many(), self.database.transaction() as db:
                follower = self.door.locked(db, follower_id)
                ticket = db.get(Ticket, ticket_id)
                why = why_unreached(follower) if follower is not None else None
                if why is not None and ticket is not None and ticket.closed_at is None:
                    tell(db, ticket, why, self.clock())

    def answer_what_was_left(self) -> None:
        """Messages whose process died before it answered: what was decided is told, or at least that it was kept."""
        now = self.clock()
        with self.database.transaction() as db:
            left = list(
                db.execute(
                    select(WechatHeard.id, WechatHeard.follower_id)
                    .where(WechatHeard.done_at.is_(None), WechatHeard.claimed_until <= now - GIVEN_UP_AFTER)
                    .order_by(WechatHeard.at)
                    .limit(20)
                )
            )
        for heard_id, follower_id in left:
            with self._one_of_many():
                self._answer_one(heard_id, follower_id, now)

    def _answer_one(self, heard_id: UUID, follower_id: UUID, now: datetime) -> None:
        with self.database.transaction() as db:
            follower = self.door.locked(db, follower_id)
            heard = db.get(WechatHeard, heard_id, with_for_update=True, populate_existing=True)
            if follower is None or heard is None or heard.done_at is not None or heard.claimed_until > now:
                return
            if self._unread(db, follower):
                return  # first it is read for danger; the watch does that
            known = Received.client_id == client_id_of(heard.mark)
            kept = db.scalar(select(Received.id).where(known, Received.session_id == follower.session_id))
            if kept:
                heard.done_at = now
            else:  # nothing of it is here: whoever still has it in hand may bring it yet (`WechatDoor._try_again`)
                db.delete(heard)
            told = Fixed((WORDING["lost" if kept else "lost_words"],))
            self.door.queue(db, follower, self.door.put_into_words(db, follower, told))

    @contextmanager
    def _one_of_many(self) -> Iterator[None]:
        """What goes wrong with one person holds up no other; the next round tries again."""
        try:
            yield
        except Exception as error:
            log.error("wechat: %s", type(error).__name__)

    def _unread(self, db: Session, follower: Follower) -> bool:
        return (
            db.scalar(
                select(Message.id)
                .where(
                    Message.session_id == follower.session_id,
                    Message.author == "resident",
                    Message.read_at.is_(None),
                )
                .limit(1)
            )
            is not None
        )

    def gather(self) -> None:
        """What stands in a transcript and was not told: a worker's words, or the program's own of later."""
        now = self.clock()
        new = exists().where(
            Message.session_id == Follower.session_id,
            Message.position > Follower.told,
            Message.author != "resident",
        )
        busy = exists().where(
            WechatHeard.follower_id == Follower.id,
            WechatHeard.done_at.is_(None),
            WechatHeard.claimed_until > now - GIVEN_UP_AFTER,
        )
        with self.database.transaction() as db:
            found = list(
                db.scalars(
                    select(Follower.id)
                    .join(ResidentSession, ResidentSession.id == Follower.session_id)
                    .where(Follower.left_at.is_(None), ResidentSession.door == "wechat", new, ~busy)
                    .limit(50)
                )
            )
        for follower_id in found:
            with self._one_of_many():
                self._gather_one(follower_id)

    def _gather_one(self, follower_id: UUID) -> None:
        with self.database.transaction() as db:
            follower = self.door.locked(db, follower_id)
            if follower is None or follower.session_id is None or follower.left_at is not None:
                return
            if transcript.last_position(db, follower.session_id) > follower.told:
                self.door.queue(db, follower, self.door.put_into_words(db, follower, Fixed()))

    def send_one(self) -> bool:
        """Send the oldest message that is due. False when none is."""
        now = self.clock()
        with self.database.transaction() as db:
            waiting = exists().where(WechatOutgoing.follower_id == Follower.id)
            follower = db.scalar(
                select(Follower)
                .where(
                    waiting,
                    Follower.held.is_(None),
                    Follower.left_at.is_(None),
                    Follower.openid_sealed.is_not(None),
                    or_(Follower.next_try_at.is_(None), Follower.next_try_at <= now),
                    or_(Follower.sending_until.is_(None), Follower.sending_until <= now),
                )
                .order_by(Follower.next_try_at.asc().nulls_first(), Follower.heard_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if follower is None:
                return False
            row = db.scalars(
                select(WechatOutgoing)
                .where(WechatOutgoing.follower_id == follower.id)
                .order_by(WechatOutgoing.number)
                .limit(1)
            ).one()
            follower.sending_until = now + LEASE
            follower_id, row_id = follower.id, row.id
            try:
                openid = self.database.vault.open(follower, "openid") or ""
                text = self.database.vault.open(row, "text") or ""
            except SealBroken:  # it can never be sent, and the others wait behind it
                log.error("wechat: a message that does not open was let go")
                tell_office(db, follower, "fails", now)
                db.delete(row)
                follower.sending_until = None
                return True
        failure: Exception | None = None
        try:
            self.service.send(openid, text)
        except (TryLater, WaitForThem, NotReachable) as error:
            failure = error
        self._write_down(follower_id, row_id, failure)
        return True

    def _write_down(self, follower_id: UUID, row_id: UUID, failure: Exception | None) -> None:
        now = self.clock()
        with self.database.transaction() as db:
            follower = self.door.locked(db, follower_id)
            if follower is None:
                return
            follower.sending_until = None
            if failure is None:
                follower.tries, follower.next_try_at = 0, None
                db.execute(delete(WechatOutgoing).where(WechatOutgoing.id == row_id))
                return
            log.warning("wechat: not sent, %s", failure)
            follower.tries += 1
            if isinstance(failure, TryLater):
                wait = max(failure.seconds or 0.0, 2.0 ** min(follower.tries, 9))
                follower.next_try_at = now + timedelta(seconds=min(wait, LONGEST_WAIT))
                if follower.tries == TELL_AFTER:
                    tell_office(db, follower, "fails", now)
                return
            if follower.heard_at > now - timedelta(seconds=5) and follower.tries < 2:
                follower.next_try_at = now + timedelta(seconds=5)  # they wrote while this was on its way
                return
            follower.held = failure.code  # type: ignore[attr-defined]
            tell_office(db, follower, "gone" if isinstance(failure, NotReachable) else "wait", now)
