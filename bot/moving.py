"""Codes that work once: a conversation goes on at another device, or begins on a phone that a worker hands over."""

import base64
from collections.abc import Callable
from datetime import datetime
from io import BytesIO

import segno
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.conversation import Conversation
from bot.errors import CodeUnknown, Locked
from bot.turn import CodeGiven, Turn
from escalation import chain
from escalation.errors import NotAllowed
from escalation.staff import StaffAccount
from escalation.store import ticket_for
from residents.one_time_code import LIVES_AT_KIOSK, LIVES_FOR, OneTimeCode, new_one_time_code, normal, written
from residents.session import Door, ResidentSession, new_sender, new_token, token_hash
from residents.store import lock_session
from storage import audit
from storage.database import Database


class Moving:
    """Giving codes and taking them. Guessing is throttled by whoever calls `redeem`."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], conversation: Conversation, link: str
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.conversation = conversation
        self.link = link

    def give(self, session: ResidentSession) -> CodeGiven:
        """A code by which this conversation goes on elsewhere; an older one of it opens nothing any more.

        One that is shown at a kiosk lives for two minutes only: others stand in that hall.
        """
        with self.database.transaction() as db:
            row = lock_session(db, session.id)
            if row.assisted_by is not None:
                raise Locked()
            older = update(OneTimeCode).where(
                OneTimeCode.session_id == row.id, OneTimeCode.purpose == "move", OneTimeCode.used_at.is_(None)
            )
            db.execute(older.values(used_at=self.clock()))
            code = OneTimeCode(purpose="move", resident_id=row.resident_id, session_id=row.id)
            return self._give(db, code, row)

    def hand_over(self, ticket_code: str, staff: StaffAccount) -> CodeGiven:
        """A code with which this ticket's resident fills in questions on a phone that `staff` hands over.

        `TicketNotFound` for a ticket of another office; `NotAllowed` for whoever only reads, and when it is closed.
        """
        with self.database.transaction() as db:
            ticket = ticket_for(db, ticket_code, staff)
            if staff.role == "auditor":
                raise NotAllowed("审计人员只能看，不能办。")
            if ticket.closed_at is not None:
                raise NotAllowed("这张工单已经办结了。")
            now = self.clock()
            chain.note(db, ticket, "assist", staff.name, "把手机交给居民答题。", now)
            audit.record(
                db, actor=staff.username, action="phone.handed_over", subject=f"ticket:{ticket.code}",
                at=now, purpose="casework",
            )  # fmt: skip
            code = OneTimeCode(
                purpose="assist",
                resident_id=ticket.resident_id,
                session_id=ticket.session_id,
                made_by=staff.id,
            )
            return self._give(db, code)

    def _give(self, db: Session, row: OneTimeCode, session: ResidentSession | None = None) -> CodeGiven:
        now = self.clock()
        code = new_one_time_code()
        row.code_index = self.vault.index("one_time_code", code)
        at_kiosk = session is not None and session.door == "kiosk"
        row.made_at, row.ends_at = now, now + (LIVES_AT_KIOSK if at_kiosk else LIVES_FOR)
        db.add(row)
        return CodeGiven(code=written(code), ends_at=row.ends_at, picture=self._picture(code))

    def _picture(self, code: str) -> str:
        """The code for a phone's camera. It stands after the `#`, which no browser sends to any server."""
        drawn = BytesIO()
        made = segno.make(f"{self.link}/q/#{code}", error="m", micro=False)
        made.save(drawn, kind="svg", xmldecl=False, omitsize=True, border=4, light="#fff")
        return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()

    def redeem(self, text: str, door: Door) -> tuple[str, Turn]:
        """Take a code, once: a fresh token for this device. `CodeUnknown` for one that opens nothing (any more).

        The conversation's old token opens nothing from the same moment on.
        """
        code = normal(text)
        if code is None:
            raise CodeUnknown()
        index = self.vault.index("one_time_code", code)
        with self.database.transaction() as db:
            self.conversation.intake.telling.districts.refresh(db)
            found = db.scalar(select(OneTimeCode).where(OneTimeCode.code_index == index))
            if found is None:
                raise CodeUnknown()
            session = lock_session(db, found.session_id) if found.session_id else None
            row = db.get(OneTimeCode, found.id, with_for_update=True, populate_existing=True)
            now = self.clock()
            if row is None or row.used_at is not None or now >= row.ends_at:
                raise CodeUnknown()
            token = new_token()
            if row.purpose == "assist":
                session = self._begin_assisted(db, row, session, token, now)
            elif session is None or not session.alive(now):
                raise CodeUnknown()
            else:
                row.left_token_hash = session.token_hash
                session.token_hash, session.door, session.seen_at = token_hash(token), door, now
                audit.record(
                    db, actor="resident", action="session.moved", subject=f"session:{session.id}", at=now
                )
            row.used_at = now
            db.flush()
            return token, self.conversation.turn_of(db, session)

    def _begin_assisted(
        self, db: Session, row: OneTimeCode, before: ResidentSession | None, token: str, now: datetime
    ) -> ResidentSession:
        """A conversation of its own at the place of the one before, locked until the worker signs in again."""
        session = ResidentSession(
            resident_id=row.resident_id,
            token_hash=token_hash(token),
            sender=new_sender(),
            door="phone",
            place=before.place if before else None,
            opened_at=now,
            seen_at=now,
            assisted_by=row.made_by,
        )
        db.add(session)
        db.flush()
        audit.record(db, actor="resident", action="session.opened", subject=f"session:{session.id}", at=now)
        return session

    def unlock(self, session: ResidentSession, staff: StaffAccount) -> None:
        """End an assisted conversation for the worker who began it, or one of the same office."""
        with self.database.transaction() as db:
            row = lock_session(db, session.id)
            if row.assisted_by is None:
                return
            by = db.get(StaffAccount, row.assisted_by)
            if by is None or by.office != staff.office:
                raise Locked()
            now = self.clock()
            row.ended_at = now
            self.conversation.intake.pause_screening(db, row)
            audit.record(
                db, actor=staff.username, action="phone.taken_back", subject=f"session:{row.id}", at=now
            )
