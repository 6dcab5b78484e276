"""The second factor: a number from the telephone beside the password (RFC 6238), and eight codes on paper.

Whoever has bound one is asked for it at every log-in. In live mode an administrator without one can do nothing but
bind one. Wrong numbers are counted by account, for a number of six digits can be guessed; so somebody who has stolen
a password can shut this door for its owner. The codes on paper, too long to be guessed, are counted apart, by account
and address: with one of them the owner comes in all the same.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from escalation.errors import LoginThrottled, NotAllowed, SecondFactorRefused
from escalation.staff import Desk, StaffAccount, StaffSession, WrongTry, tries
from storage import audit
from storage.base import Entity, Identified
from storage.database import Database

STEP = 30
DIGITS = 6
SECRET_LETTERS = 32
"""Of base32: 20 bytes, as long as the hash."""
PAPER_CODES = 8
OFFERED_FOR = timedelta(minutes=10)
WRONG_IN_A_WHILE = (5, timedelta(minutes=15))
WRONG_IN_A_DAY = (20, timedelta(hours=24))
WRONG_PAPER = (10, timedelta(minutes=15))
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
MUST = frozenset({"administrator"})
"""The roles that cannot do without one in live mode."""

State = Literal["none", "to_bind", "to_give", "given"]


class SecondFactor(Identified, Entity):
    """The second factor of one account: the secret in force, and one that was offered and not confirmed yet."""

    __tablename__ = "second_factor"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("staff_account.id"), unique=True)
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    offered_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    offered_at: Mapped[datetime | None]
    bound_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)


class PaperCode(Identified, Entity):
    """One of eight codes that each open once; known only as a keyed hash."""

    __tablename__ = "paper_code"

    factor_id: Mapped[UUID] = mapped_column(ForeignKey("second_factor.id"), index=True)
    code_index: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Offered:
    """A secret to be put into a telephone, shown this once."""

    secret: str
    uri: str


def number_at(secret: str, step: int) -> str:
    """The six digits of a secret (base32) in one step of 30 seconds: RFC 6238 with HMAC-SHA-1."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP).generate_otp(step)


def step_of(now: datetime) -> int:
    """Which step of 30 seconds a time lies in."""
    return int(now.timestamp()) // STEP


def matching_step(secret: str, typed: str, now: datetime, after: int) -> int | None:
    """The step whose number was typed: this one, the one before or the next; never one up to `after`, so that a
    number that was seen over a shoulder opens nothing a second time."""
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP)
    try:
        step = totp.verify_and_get_timecode(typed, for_time=int(now.timestamp()), valid_window=1)
    except OTPVerificationError:
        return None
    return step if step > after else None


def state_of(session: StaffSession, account: StaffAccount, demo: bool) -> State:
    """Where this session stands. Nothing else may be done in `to_bind` and `to_give`."""
    if session.second_at is not None:
        return "given"
    if session.second_wanted:
        return "to_give"
    return "to_bind" if account.role in MUST and not demo else "none"


class SecondFactors:
    """Binding a second factor, giving it, and taking it away."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], desk: Desk, demo: bool, issuer: str = "心桥"
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.desk = desk
        self.demo = demo
        self.issuer = issuer

    def state(self, session: StaffSession, account: StaffAccount) -> State:
        """Where this session stands."""
        return state_of(session, account, self.demo)

    def papers_left(self, account: StaffAccount) -> int | None:
        """How many codes on paper are unused; None without a second factor."""
        with self.database.transaction() as db:
            factor = _of(db, account.id)
            if factor is None or factor.bound_at is None:
                return None
            unused = select(func.count()).where(PaperCode.factor_id == factor.id, PaperCode.used_at.is_(None))
            return db.scalar(unused) or 0

    def begin(self, session: StaffSession, account: StaffAccount, password: str, address: str) -> Offered:
        """Offer a new secret, after the password; nothing changes until it is confirmed.

        Whoever has one gives it first (`NotAllowed`): a stolen password alone must not bind a thief's telephone.
        """
        if account.role not in MUST:
            raise NotAllowed("第二道验证由管理员使用。")
        if self.state(session, account) == "to_give":
            raise NotAllowed("先输入现在的验证码或一个纸上的备用码，再换新的。")
        self.desk.verify(account, password, address)
        secret = pyotp.random_base32(SECRET_LETTERS)
        now = self.clock()
        with self.database.transaction() as db:
            factor = _of(db, account.id, lock=True)
            _refuse_half(factor, session)  # somebody bound one since this session began
            if factor is None:
                factor = SecondFactor(id=uuid4(), account_id=account.id, last_step=0)
                db.add(factor)
            self.vault.seal(factor, "offered", secret)
            factor.offered_at = now
            _audit(db, account, "second_factor.offered", now)
        uri = pyotp.TOTP(secret, digits=DIGITS, interval=STEP).provisioning_uri(
            name=account.username, issuer_name=self.issuer
        )
        return Offered(secret, uri)

    def confirm(self, session: StaffSession, account: StaffAccount, typed: str) -> list[str]:
        """Bind what was offered, with the number that the telephone shows; gives eight codes for paper, shown once.

        The account's other sessions end, and codes on older paper open nothing any more.
        """
        now = self.clock()
        refused = False
        codes: list[str] = []
        with self.database.transaction() as db:
            factor = _of(db, account.id, lock=True)
            if factor is None or factor.offered_at is None or now - factor.offered_at > OFFERED_FOR:
                raise NotAllowed("还没有开始，或者已经过了十分钟。请重新开始绑定。")
            _refuse_half(factor, session)
            self._refuse_tired(db, account, now)
            if (secret := self.vault.open(factor, "offered")) is None:
                raise NotAllowed("请重新开始绑定。")
            step = matching_step(secret, typed, now, 0)
            if step is None:
                refused = True
                _wrong(db, account, now)
            else:
                self.vault.seal(factor, "secret", secret)
                self.vault.seal(factor, "offered", None)
                factor.offered_at, factor.bound_at, factor.last_step = None, now, step
                codes = self._new_codes(db, factor)
                self._given(db, session, now)
                others = update(StaffSession).where(
                    StaffSession.account_id == account.id,
                    StaffSession.id != session.id,
                    StaffSession.ended_at.is_(None),
                )
                db.execute(others.values(ended_at=now))
                _audit(db, account, "second_factor.bound", now)
        if refused:
            raise SecondFactorRefused()
        return codes

    def give(self, session: StaffSession, account: StaffAccount, typed: str, address: str) -> None:
        """Let a session in by the number on the telephone, or by a code from paper, which is used up by it.

        `SecondFactorRefused` when it is wrong; `LoginThrottled` after five wrong numbers in 15 minutes or twenty in a
        day, whatever is typed then. Codes on paper have their own count.
        """
        now = self.clock()
        typed = "".join(typed.split()).replace("-", "").upper()
        number = typed.isascii() and typed.isdigit() and len(typed) == DIGITS
        with self.database.transaction() as db:
            factor = _of(db, account.id, lock=True)
            if factor is None or factor.bound_at is None:
                raise NotAllowed("这个账号还没有绑定第二道验证。")
            if number:
                self._refuse_tired(db, account, now)
                right = self._number(factor, typed, now)
            else:
                self._refuse_tired_paper(db, account, address, now)
                right = self._paper(db, factor, typed, now)
            if right:
                self._given(db, session, now)
                _audit(db, account, "second_factor.given", now, by="number" if number else "paper")
            else:
                if number:
                    _wrong(db, account, now)
                else:
                    db.add(WrongTry(who=_key("paper", account, address), at=now))
                _audit(db, account, "second_factor.given", now, outcome="failure")
        if not right:
            raise SecondFactorRefused()

    def new_papers(
        self, session: StaffSession, account: StaffAccount, password: str, address: str
    ) -> list[str]:
        """Eight new codes; those on older paper open nothing any more. Asks for the password."""
        if self.state(session, account) != "given":
            raise NotAllowed("先输入验证码。")
        self.desk.verify(account, password, address)
        now = self.clock()
        with self.database.transaction() as db:
            factor = _of(db, account.id, lock=True)
            if factor is None or factor.bound_at is None:
                raise NotAllowed("这个账号还没有绑定第二道验证。")
            codes = self._new_codes(db, factor)
            _audit(db, account, "second_factor.papers", now)
        return codes

    def remove(self, username: str, by: str) -> bool:
        """Take the second factor of an account away and end its sessions; for whoever has lost telephone and paper."""
        now = self.clock()
        with self.database.transaction() as db:
            account = db.scalar(select(StaffAccount).where(StaffAccount.username == username))
            factor = _of(db, account.id, lock=True) if account else None
            if account is None or factor is None:
                return False
            db.execute(delete(PaperCode).where(PaperCode.factor_id == factor.id))
            db.delete(factor)
            open_ones = update(StaffSession).where(
                StaffSession.account_id == account.id, StaffSession.ended_at.is_(None)
            )
            db.execute(open_ones.values(ended_at=now))
            audit.record(db, actor=by, action="second_factor.removed", subject=f"staff:{username}", at=now)
        return True

    def _number(self, factor: SecondFactor, typed: str, now: datetime) -> bool:
        secret = self.vault.open(factor, "secret")
        step = matching_step(secret, typed, now, factor.last_step) if secret else None
        if step is None:
            return False
        factor.last_step = step
        return True

    def _paper(self, db: Session, factor: SecondFactor, typed: str, now: datetime) -> bool:
        index = self._index(factor, typed)
        found = db.scalar(
            select(PaperCode).where(
                PaperCode.factor_id == factor.id, PaperCode.code_index == index, PaperCode.used_at.is_(None)
            )
        )
        if found is None:
            return False
        found.used_at = now
        return True

    def _new_codes(self, db: Session, factor: SecondFactor) -> list[str]:
        db.execute(delete(PaperCode).where(PaperCode.factor_id == factor.id))
        plain = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(PAPER_CODES)]
        db.add_all([PaperCode(factor_id=factor.id, code_index=self._index(factor, one)) for one in plain])
        return [f"{one[:5]}-{one[5:]}" for one in plain]

    def _index(self, factor: SecondFactor, typed: str) -> bytes:
        return self.vault.index("paper_code", f"{factor.id}\n{typed.encode('utf-8', 'replace').decode()}")

    def _refuse_tired(self, db: Session, account: StaffAccount, now: datetime) -> None:
        for most, window in (WRONG_IN_A_WHILE, WRONG_IN_A_DAY):
            if tries(db, _key("number", account), now, window) >= most:
                raise LoginThrottled()

    def _refuse_tired_paper(self, db: Session, account: StaffAccount, address: str, now: datetime) -> None:
        most, window = WRONG_PAPER
        if tries(db, _key("paper", account, address), now, window) >= most:
            raise LoginThrottled()

    def _given(self, db: Session, session: StaffSession, now: datetime) -> None:
        row = db.get_one(StaffSession, session.id)
        row.second_at = now
        session.second_at = now


def is_bound(db: Session, account_id: UUID) -> bool:
    """Whether this account is to be asked for a second factor."""
    factor = _of(db, account_id)
    return factor is not None and factor.bound_at is not None


def _of(db: Session, account_id: UUID, *, lock: bool = False) -> SecondFactor | None:
    query = select(SecondFactor).where(SecondFactor.account_id == account_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.scalar(query)


def _wrong(db: Session, account: StaffAccount, now: datetime) -> None:
    db.add(WrongTry(who=_key("number", account), at=now))


def _key(what: str, account: StaffAccount, address: str = "") -> str:
    return hashlib.sha256(f"{what}\n{account.id}\n{address}".encode()).hexdigest()


def _audit(
    db: Session, account: StaffAccount, action: str, now: datetime, outcome: str = "success", **details: str
) -> None:
    audit.record(
        db, actor=account.username, action=action, subject=f"staff:{account.username}", outcome=outcome,
        at=now, **details,
    )  # fmt: skip


def _refuse_half(factor: SecondFactor | None, session: StaffSession) -> None:
    """`NotAllowed` where a telephone is bound and this session has not given its number."""
    if factor is not None and factor.bound_at is not None and session.second_at is None:
        raise NotAllowed("先输入现在的验证码或一个纸上的备用码，再换新的。")
