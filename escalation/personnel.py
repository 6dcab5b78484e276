"""Who works here: hiring, leaving, moving, and where people are reached.

Nobody's leaving loses a resident (R24, H28): in the same transaction that ends an account its tickets go back to
the office's chain and somebody is told, second acknowledgements are undone, and the lead hears of it. Follow-ups
belong to offices and stay where they are. There is therefore no "hand everything over first": it is done here.
"""

import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast, get_args
from uuid import UUID

from sqlalchemy import Select, and_, not_, or_, select, update
from sqlalchemy.orm import Session

from escalation import chain
from escalation.announcing import announce
from escalation.chain import Telling
from escalation.contact_book import AUDIENCES, add_point, points_kept
from escalation.contact_point import ContactPoint
from escalation.duty_gaps import AHEAD, gaps_of, offices_on_duty, tell_of
from escalation.duty_store import lock_roster
from escalation.errors import NotAllowed, NotThere, PersonnelError
from escalation.outbox import QueuedNotice, queue
from escalation.policy import Policy
from escalation.policy_book import PolicyBook
from escalation.staff import Role, StaffAccount, StaffSession, new_account
from escalation.store import clock_of, undo_acknowledgements
from escalation.teamwork import Acknowledgement, Lowering, Trip
from escalation.ticket import Ticket, TicketDesk
from escalation.triage import Level
from storage import audit
from storage.database import Database

ROLES: dict[str, str] = {
    "judicial_officer": "司法所工作人员",
    "social_worker": "社工",
    "supervisor": "负责人",
    "duty_officer": "区值班",
    "auditor": "审计员",
    "administrator": "管理员",
    "partner": "协办单位",
}
TEAM = ("judicial_officer", "social_worker")
"""Whom a supervisor may hire and let go; the others are the administrator's matter."""
BY_COMMAND = (
    "管理员的账号只在服务器上用命令行开和调：xinqiao staff add <用户名> <姓名> administrator <单位代码>。"
    "这样，谁也不能一个人在网页上造出第二位管理员，再替自己点头。"
)
"""Where administrators come from. Two of them stand for a change of the rules, so one alone must not make the other."""
_USERNAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
_SHORTEST_PASSWORD = 10


@dataclass(frozen=True)
class Actor:
    """Who changes something about people: a name for the trail, and the one office it sees (None: all)."""

    username: str
    office: str | None = None
    account_id: UUID | None = None
    may: bool = True

    @classmethod
    def of(cls, account: StaffAccount) -> "Actor":
        """The rights of an account: an administrator's everywhere, a supervisor's at their own office, else none."""
        if account.role == "administrator":
            return cls(account.username, None, account.id)
        return cls(account.username, account.office, account.id, account.role == "supervisor")

    @property
    def at_command_line(self) -> bool:
        """Whether nobody's account stands behind this: the operator, not a page."""
        return self.account_id is None

    def must(self) -> None:
        """Pass whoever looks after people."""
        if not self.may:
            raise NotAllowed("人员由本所负责人和管理员来管。")


OPERATOR = Actor("operator")
"""Whoever has the command line."""


@dataclass(frozen=True)
class HandedBack:
    """What somebody's leaving changed: tickets told again, second acknowledgements undone, trips and lowerings told."""

    tickets: int = 0
    second: int = 0
    trips: int = 0
    lowerings: int = 0


class Personnel:
    """The acts on accounts and contact points. Another office's is `NotThere`; nonsense is `PersonnelError`."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        policies: PolicyBook,
        telling: Telling,
        partners: Collection[str] = (),
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.policies = policies
        self.telling = telling
        self.partners = partners

    def people(self, by: Actor, office: str | None = None) -> Sequence[StaffAccount]:
        """The accounts, active ones first; those of one office where one is named."""
        by.must()
        query = select(StaffAccount).order_by(
            StaffAccount.office, StaffAccount.active.desc(), StaffAccount.username
        )
        wanted = by.office or office
        if office and by.office and office != by.office:
            raise NotThere()
        with self.database.transaction() as db:
            return db.scalars(query.where(StaffAccount.office == wanted) if wanted else query).all()

    def add(
        self,
        by: Actor,
        username: str,
        name: str,
        role: str,
        office: str,
        password: str = "",
        *,
        demo: bool = False,
    ) -> tuple[StaffAccount, str]:
        """Hire somebody; gives the account and its password, which is shown this once and kept nowhere.

        `NotAllowed` for an administrator by anybody but the operator.
        """
        self._may_hire(by, role, office)
        if not _USERNAME.fullmatch(username):
            raise PersonnelError("用户名用小写字母开头，后面可以有数字和短横线，2 到 31 位。")
        name = name.strip()
        if not 1 <= len(name) <= 20 or not name.isprintable():
            raise PersonnelError("姓名写 1 到 20 个字。")
        if password and len(password) < _SHORTEST_PASSWORD:
            raise PersonnelError(f"密码至少 {_SHORTEST_PASSWORD} 位。")
        self._known_office(role, office)
        password = password or secrets.token_urlsafe(9)
        now = self.clock()
        with self.database.transaction() as db:
            if db.scalar(select(StaffAccount.id).where(StaffAccount.username == username)) is not None:
                raise PersonnelError("这个用户名已经有人用了（停用的也算），换一个。")
            account = new_account(username, password, name, cast(Role, role), office, demo=demo)
            db.add(account)
            db.flush()
            self._audit(db, by, "staff.added", account, now, role=role, office=office)
        return account, password

    def deactivate(self, by: Actor, username: str) -> HandedBack:
        """End an account at once. Whatever it had in hand is told again; doing it twice does nothing more."""
        now = self.clock()
        with self.database.transaction() as db:
            account = self._account(db, by, username)
            if account.id == by.account_id:
                raise NotAllowed("不能停用自己的账号，请管理员来做。")
            if not account.active:
                return HandedBack()
            account.active = False
            back = self._leaves(db, by, account, now)
            self._audit(db, by, "staff.deactivated", account, now, **vars(back))
        return back

    def move(self, by: Actor, username: str, office: str, role: str = "") -> HandedBack:
        """Send somebody to another office, or give them another role. What they had in hand stays with the old one.

        `NotAllowed` where an administrator would be made, or is moved, by anybody but the operator.
        """
        now = self.clock()
        with self.database.transaction() as db:
            account = self._account(db, by, username)
            if by.office is not None:
                raise NotAllowed("跨所调动由管理员来做。")
            role = role or account.role
            if role not in get_args(Role):
                raise PersonnelError(f"角色写：{'、'.join(ROLES)}。")
            if "administrator" in (role, account.role):
                _only_by_command(by)
            self._known_office(role, office)
            if (account.office, account.role) == (office, role):
                return HandedBack()
            if account.id == by.account_id:
                raise NotAllowed("不能调动自己的账号，请另一位管理员来做。")
            back = self._leaves(db, by, account, now)
            self._audit(db, by, "staff.moved", account, now, to=office, role=role, **vars(back))
            account.office, account.role = office, role
        return back

    def contacts(self, by: Actor, office: str) -> Sequence[ContactPoint]:
        """The addresses in use at an office."""
        self._within(by, office)
        with self.database.transaction() as db:
            return points_kept(db, office)

    def add_contact(
        self, by: Actor, owner: str, channel: str, address: str, *, audience: str = "office", rank: int = 0
    ) -> ContactPoint:
        """Keep an address of a person (`owner` is a user name), or of an office as a whole (an office's code)."""
        now = self.clock()
        with self.database.transaction() as db:
            staff_id = None
            if any(o.code == owner for o in self.telling.district.offices):
                self._within(by, owner)
                office = owner
            else:
                account = self._account(db, by, owner, own=True)
                if not account.active:
                    raise PersonnelError("这个账号已经停用了。")
                office, staff_id = account.office, account.id
            point = add_point(
                db, self.vault, office=office, staff_id=staff_id, audience=audience, channel=channel,
                address=address, rank=rank,
            )  # fmt: skip
            audit.record(
                db, actor=by.username, action="contact.added", subject=f"contact:{point.id}", at=now,
                owner=owner, channel=channel,
            )  # fmt: skip
        return point

    def remove_contact(self, by: Actor, contact_id: UUID) -> str:
        """Send nothing to an address any more, and forget it; gives its office."""
        now = self.clock()
        with self.database.transaction() as db:
            point = self._contact(db, by, contact_id)
            self._forget(db, [point], now)
            audit.record(
                db, actor=by.username, action="contact.removed", subject=f"contact:{point.id}", at=now
            )
        return point.office

    def test_contact(self, by: Actor, contact_id: UUID) -> str:
        """Send a drill to an address, so marked that nobody sets out for it; gives its office. Once a minute."""
        now = self.clock()
        with self.database.transaction() as db:
            point = self._contact(db, by, contact_id)
            office = next(
                (o.name for o in self.telling.district.offices if o.code == point.office), point.office
            )
            queue(
                db,
                QueuedNotice(
                    key=f"drill.{point.id}.{now:%Y%m%d%H%M}",
                    level=int(Level.GREEN),
                    audience=point.audience,
                    office=point.office,
                    staff_id=point.staff_id,
                    contact_id=point.id,
                    channel=point.channel,
                    rank=0,
                    round=0,
                    code="演练",
                    level_word="演练",
                    place=office,
                    respond_by=now,
                    link=f"{self.telling.link}/console/",
                    text=f"【演练】测试通知 · {office} · 收到即可，不用出动",
                    queued_at=now,
                    due_at=now,
                    state="waiting",
                    attempts=0,
                ),
            )
            audit.record(
                db, actor=by.username, action="contact.tested", subject=f"contact:{point.id}", at=now
            )
        return point.office

    # --- leaving -----------------------------------------------------------------------------------

    def _leaves(self, db: Session, by: Actor, account: StaffAccount, now: datetime) -> HandedBack:
        """Let go of everything that this account had, and tell the office. The caller ends or moves the account."""
        lock_roster(db, account.office)
        office = next((o for o in offices_on_duty(self.telling.district) if o.code == account.office), None)
        calendar = self.telling.calendar
        active, account.active = account.active, True
        db.flush()
        before = set(gaps_of(db, office, now, now + AHEAD, calendar)) if office else set()
        account.active = False
        db.execute(
            update(StaffSession)
            .where(StaffSession.account_id == account.id, StaffSession.ended_at.is_(None))
            .values(ended_at=now)
        )
        points = db.scalars(select(ContactPoint).where(ContactPoint.staff_id == account.id)).all()
        self._forget(db, points, now)
        db.flush()
        back = self._hand_back(db, account, now)
        if office is not None:
            new = [gap for gap in gaps_of(db, office, now, now + AHEAD, calendar) if gap not in before]
            if new:
                tell_of(db, office, new, f"gap.left.{account.id}.{now:%Y%m%d%H%M%S}", self.telling, now)
            self._tell_left(db, account, back, now)
        account.active = active
        return back

    def _hand_back(self, db: Session, account: StaffAccount, now: datetime) -> HandedBack:
        held = db.scalars(
            select(Ticket)
            .where(Ticket.holder_id == account.id, Ticket.closed_at.is_(None))
            .order_by(Ticket.level.desc(), Ticket.spoken_at)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        for ticket in held:
            let_go(db, ticket, self.policies.of(db, ticket), self.telling, now)
        taken = db.scalars(
            select(Acknowledgement)
            .join(Ticket, Ticket.id == Acknowledgement.ticket_id)
            .where(
                Acknowledgement.staff_id == account.id,
                Acknowledgement.undone_at.is_(None),
                Ticket.closed_at.is_(None),
            )
            .order_by(Acknowledgement.at)
        ).all()
        for acknowledgement in taken:
            acknowledgement.undone_at = now
            self._one_fewer(db, db.get_one(Ticket, acknowledgement.ticket_id, with_for_update=True), now)
        trips = db.scalars(
            select(Trip).where(Trip.staff_id == account.id, Trip.back_at.is_(None)).order_by(Trip.set_out_at)
        ).all()
        for trip in trips:
            self._tell_lead(
                db, trip.ticket_id, f"trip.{trip.id}", "还在路上的人员账号停用了，请确认人是否安全。", now
            )
        lowerings = db.scalars(
            select(Lowering).where(Lowering.asked_by_id == account.id, Lowering.decided_at.is_(None))
        ).all()
        for lowering in lowerings:
            self._tell_lead(
                db, lowering.ticket_id, f"lowering.{lowering.id}", "提出调低的人员已离岗，请另一位核实。", now
            )
        return HandedBack(len(held), len(taken), len(trips), len(lowerings))

    def _one_fewer(self, db: Session, ticket: Ticket, now: datetime) -> None:
        """A second person is wanted again on this ticket."""
        ticket.missing += 1
        ticket.start_chain(now)
        chain.note(db, ticket, "lapsed", "系统", "第二位签收的人已离岗，再请一位。", now)
        chain.take_step(db, ticket, self.policies.of(db, ticket), self.telling, now)

    def _tell_lead(self, db: Session, ticket_id: UUID, occasion: str, why: str, now: datetime) -> None:
        ticket = db.get_one(Ticket, ticket_id, with_for_update=True)
        chain.note(db, ticket, "left", "系统", why, now)
        if ticket.closed_at is None:
            chain.tell_up(db, ticket, "supervisor", f"left.{occasion}", now, self.telling, now)

    def _tell_left(self, db: Session, account: StaffAccount, back: HandedBack, now: datetime) -> None:
        """The lead hears that somebody is gone and what was told again; no name stands in a notice."""
        district = self.telling.district
        desk = account.office == district.desk.code
        place = district.office_once(account.office).name
        announce(
            db,
            key=f"left.{account.id}.{now:%Y%m%d%H%M%S}",
            audience="district_desk" if desk else "supervisor",
            office=account.office,
            heading="人员",
            level_word="离岗",
            place=place,
            text=f"{place}有人离岗：{back.tickets} 张工单重新派出，{back.second} 张要再找一位 · 请看值班表",
            link=f"{self.telling.link}/console/",
            respond_by=now,
            telling=self.telling,
            now=now,
        )

    # --- shared ------------------------------------------------------------------------------------

    def _may_hire(self, by: Actor, role: str, office: str) -> None:
        by.must()
        if role not in get_args(Role):
            raise PersonnelError(
                f"角色写：{'、'.join(f'{code}（{name}）' for code, name in ROLES.items())}。"
            )
        if by.office is not None and (office != by.office or role not in TEAM):
            raise NotAllowed("负责人只能添加本所的工作人员和社工，其他人由管理员添加。")
        if role == "administrator":
            _only_by_command(by)

    def _known_office(self, role: str, office: str) -> None:
        if role == "partner":
            if office not in self.partners:
                raise PersonnelError("没有这个协办单位。")
        elif all(o.code != office for o in self.telling.district.offices):
            raise PersonnelError("没有这个单位：写单位的代码，例如 puyan-judicial。")

    def _within(self, by: Actor, office: str) -> None:
        if by.office is not None and office != by.office:
            raise NotThere()
        by.must()

    def _account(self, db: Session, by: Actor, username: str, *, own: bool = False) -> StaffAccount:
        """One account, locked. A supervisor reaches their own office's team, and (`own`) themselves."""
        if not (
            username.isascii() and username.isprintable()
        ):  # no name of ours, and PostgreSQL refuses a NUL
            raise NotThere()
        account = db.scalar(
            select(StaffAccount).where(StaffAccount.username == username).with_for_update(key_share=True)
        )
        if account is None or (by.office is not None and account.office != by.office):
            raise NotThere()
        by.must()
        if by.office is not None and account.role not in TEAM and not (own and account.id == by.account_id):
            raise NotAllowed("这个账号由管理员来管。")
        return account

    def _contact(self, db: Session, by: Actor, contact_id: UUID) -> ContactPoint:
        point = db.scalar(select(ContactPoint).where(ContactPoint.id == contact_id).with_for_update())
        if point is None or not point.active or (by.office is not None and point.office != by.office):
            raise NotThere()
        by.must()
        return point

    def _forget(self, db: Session, points: Sequence[ContactPoint], now: datetime) -> None:
        """Take addresses out of use; what still waits for them goes to the office's own, so that it is not lost."""
        for point in points:
            point.active, point.address_sealed, point.address_index = False, None, None
            db.execute(
                update(QueuedNotice)
                .where(
                    QueuedNotice.contact_id == point.id,
                    QueuedNotice.state == "waiting",
                    QueuedNotice.ticket_id.is_not(None),
                )
                .values(contact_id=None, staff_id=None, channel=chain.CHANNEL, due_at=now)
            )
            db.execute(
                update(QueuedNotice)
                .where(QueuedNotice.contact_id == point.id, QueuedNotice.state == "waiting")
                .values(state="superseded")
            )

    def _audit(
        self, db: Session, by: Actor, action: str, account: StaffAccount, now: datetime, **details: Any
    ) -> None:
        audit.record(
            db, actor=by.username, action=action, subject=f"staff:{account.username}", at=now, **details
        )  # fmt: skip


def abandoned(now: datetime) -> Select[Ticket]:
    """Open tickets in the hands of somebody who is gone, or who may not even see them any more.

    Leaving hands everything back by itself; this finds what was taken in the same instant.
    """
    beside = select(TicketDesk.id).where(
        TicketDesk.ticket_id == Ticket.id, TicketDesk.office == StaffAccount.office
    )
    sees = and_(StaffAccount.active, or_(StaffAccount.office == Ticket.office, beside.exists()))
    return (
        select(Ticket)
        .join(StaffAccount, StaffAccount.id == Ticket.holder_id)
        .where(Ticket.closed_at.is_(None), not_(sees))
        .order_by(Ticket.level.desc(), Ticket.spoken_at)
    )


def let_go(db: Session, ticket: Ticket, policy: Policy, telling: Telling, now: datetime) -> None:
    """Nobody has this ticket any more: it is told from the first step on, at this very moment."""
    ticket.lapse(now, policy.levels[ticket.rated].acknowledgements)
    undo_acknowledgements(db, ticket, now)
    contact = clock_of(db, ticket, "contact")
    if contact is not None and contact.stopped_at is None:
        chain.set_deadline(db, ticket, contact, policy, now, "lapsed", since=now)
    chain.note(db, ticket, "lapsed", "系统", "签收的人已离岗，工单重新派出。", now)
    chain.take_step(db, ticket, policy, telling, now)
    audit.record(
        db, actor="personnel", action="acknowledgement.lapsed", subject=f"ticket:{ticket.code}", at=now
    )


def _only_by_command(by: Actor) -> None:
    if not by.at_command_line:
        raise NotAllowed(BY_COMMAND)


def contact_words(point: ContactPoint) -> str:
    """What goes to this address: an office's own say for whom, a person's say nothing more."""
    return "本人" if point.staff_id is not None else AUDIENCES[point.audience]
