"""The people who act: their accounts, their rights, and logging in.

Rights are read from the account at every request, so that a change holds at once. Passwords are argon2id
hashes; wrong tries are counted per account and address, so that an attacker cannot lock out the duty officer.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import ForeignKey, Index, LargeBinary, false, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.errors import LoginRefused, LoginThrottled
from storage import audit
from storage.base import Entity, Identified
from storage.database import Database

Role = Literal[
    "social_worker", "judicial_officer", "supervisor", "duty_officer", "auditor", "administrator", "partner"
]

SHIFT = timedelta(hours=12)
TRIES = 10
WINDOW = timedelta(minutes=15)

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_hex(16))
"""Verified when the account does not exist, so that both answers take as long."""


class StaffAccount(Identified, Entity):
    """One member of staff. `demo` accounts keep live mode from starting."""

    __tablename__ = "staff_account"

    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    office: Mapped[str] = mapped_column(index=True)
    active: Mapped[bool]
    demo: Mapped[bool]


class StaffSession(Identified, Entity):
    """One log-in. The cookie is known only as a hash; `account` is filled in when it is looked up.

    `second_wanted`: the account had a second factor at the log-in, so nothing may be done before `second_at`.
    """

    __tablename__ = "staff_session"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    second_wanted: Mapped[bool] = mapped_column(default=False, server_default=false())
    second_at: Mapped[datetime | None]


class WrongTry(Identified, Entity):
    """One failed log-in, by hashes of what was typed and from where."""

    __tablename__ = "wrong_try"
    __table_args__ = (Index("ix_wrong_try_recent", "who", "at"),)

    who: Mapped[str]
    at: Mapped[datetime]


class Desk:
    """Logging in and out, and who a cookie belongs to."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        second_wanted: Callable[[Session, UUID], bool] = lambda db, account: False,
    ) -> None:
        """`second_wanted`: whether an account is to be asked for a second factor (`escalation/second_factor.py`)."""
        self.database = database
        self.clock = clock
        self.second_wanted = second_wanted

    def login(self, username: str, password: str, address: str) -> tuple[str, StaffAccount]:
        """Open a session and return its token. `LoginRefused` does not say whether the account exists.

        The eleventh wrong try within 15 minutes for one account from one address, or the hundredth from one
        address over all accounts, is `LoginThrottled`, whatever the password.
        """
        account = self._whose(username, password, address)
        token, now = secrets.token_urlsafe(32), self.clock()
        with self.database.transaction() as db:
            wanted = self.second_wanted(db, account.id)
            db.add(
                StaffSession(
                    account_id=account.id, token_hash=_hash(token), began_at=now, second_wanted=wanted
                )
            )
            audit.record(db, actor=account.username, action="login", subject="staff", at=now)
        return token, account

    def verify(self, account: StaffAccount, password: str, address: str) -> None:
        """Whether this is the account's password; refused and throttled as the log-in is, with it."""
        self._whose(account.username, password, address)

    def _whose(self, username: str, password: str, address: str) -> StaffAccount:
        now = self.clock()
        pair, alone = _hashed(username, address), _hashed("*", address)
        with self.database.transaction() as db:
            if tries(db, pair, now) >= TRIES or tries(db, alone, now) >= TRIES * 10:
                raise LoginThrottled()
            account = db.scalar(select(StaffAccount).where(StaffAccount.username == username))
        right = _matches(account.password_hash if account else _NOBODY, password)
        if account is not None and right and account.active:
            return account
        with self.database.transaction() as db:
            db.add_all([WrongTry(who=pair, at=now), WrongTry(who=alone, at=now)])
            audit.record(db, actor="nobody", action="login", subject="staff", outcome="failure", at=now)
        raise LoginRefused()

    def check(self, username: str, password: str, address: str) -> StaffAccount:
        """Whose name and password these are, as at the log-in and throttled with it; no session is opened."""
        token, account = self.login(username, password, address)
        if (found := self.account_of(token)) is not None:
            self.logout(found[0])
        return account

    def logout(self, session: StaffSession) -> None:
        """End the session on the server."""
        with self.database.transaction() as db:
            row = db.get(StaffSession, session.id)
            if row is not None:
                row.ended_at = self.clock()

    def account_of(self, token: str | None) -> tuple[StaffSession, StaffAccount] | None:
        """Session and account behind a cookie, with the rights of this moment; None when it opens nothing."""
        if not token:
            return None
        with self.database.transaction() as db:
            row = db.execute(
                select(StaffSession, StaffAccount)
                .join(StaffAccount, StaffAccount.id == StaffSession.account_id)
                .where(StaffSession.token_hash == _hash(token), StaffSession.ended_at.is_(None))
            ).one_or_none()
        if row is None or not row[1].active or self.clock() - row[0].began_at > SHIFT:
            return None
        return row[0], row[1]


def new_account(
    username: str, password: str, name: str, role: Role, office: str, *, demo: bool
) -> StaffAccount:
    """An account that can log in. The password is kept only as an argon2id hash."""
    return StaffAccount(
        id=uuid4(),
        username=username,
        password_hash=_HASHER.hash(password),
        name=name,
        role=role,
        office=office,
        active=True,
        demo=demo,
    )


def _matches(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password.encode("utf-8", "surrogatepass"))
    except (VerifyMismatchError, InvalidHashError):
        return False


def tries(db: Session, who: str, now: datetime, window: timedelta = WINDOW) -> int:
    """How many wrong tries were counted for this hash within the window."""
    count = select(func.count()).select_from(WrongTry).where(WrongTry.who == who, WrongTry.at > now - window)
    return db.scalar(count) or 0


def _hashed(username: str, address: str) -> str:
    return hashlib.sha256(f"{username}\n{address}".encode("utf-8", "replace")).hexdigest()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
