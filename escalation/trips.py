"""A worker's own safety on a visit: who goes along, by when they are heard of, and the alarm when they are not.

Being overdue is a query on the trips; the alarm goes to the lead at once, then to the district as well, and again
until they are back or a person has ended it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from escalation import chain
from escalation.acts import Acts
from escalation.chain import Telling
from escalation.errors import NotAllowed
from escalation.staff import StaffAccount
from escalation.team_store import open_trip
from escalation.teamwork import Trip
from escalation.ticket import Ticket
from storage import audit

ALARM_AGAIN = timedelta(minutes=5)
VIOLENT = frozenset({"words.threat", "words.violence"})
"""The rules of the level table that speak of danger to others: whoever goes there does not go alone."""


def needs_two(rules: Collection[str]) -> bool:
    """Whether what fired says that somebody else is in danger too: then nobody visits alone."""
    return not VIOLENT.isdisjoint(rules)


def overdue(now: datetime) -> Select[Ticket, Trip]:
    """Who was to be heard of by now and was not, and whose alarm is to be told (again). Closed tickets too."""
    return (
        select(Ticket, Trip)
        .join(Trip, Trip.ticket_id == Ticket.id)
        .where(
            Trip.back_at.is_(None),
            Trip.back_by <= now,
            or_(Trip.told_at.is_(None), Trip.told_at <= now),
        )
        .order_by(Trip.back_by)
    )


def raise_alarm(db: Session, ticket: Ticket, trip: Trip, telling: Telling, now: datetime) -> None:
    """Tell the lead of the office that sent them; from the second time on, or when they called for help, the
    district too."""
    occasion = f"trip.{trip.id}.{trip.rounds}"
    alarm = "上门的同事求助" if trip.help_at is not None else "上门的同事没报平安"
    told = chain.tell_up(
        db, ticket, "supervisor", occasion, trip.back_by, telling, now, office=trip.office, alarm=alarm
    )
    if told != "district_desk" and (trip.rounds > 0 or trip.help_at is not None):
        chain.tell(db, ticket, "district_desk", occasion, trip.back_by, telling, now, alarm=alarm)
    trip.rounds += 1
    trip.told_at = now + ALARM_AGAIN
    what = "请求帮助" if trip.help_at is not None else "到时没有报平安"
    chain.note(db, ticket, "trip.alarm", "系统", f"{trip.name}{what}，已上报。", now)
    audit.record(
        db, actor="watch", action="trip.alarm", subject=f"ticket:{ticket.code}", at=now, round=trip.rounds
    )


class Trips(Acts):
    """Setting out, arriving, coming back, calling for help."""

    def set_out(
        self, account: StaffAccount, code: str, client_id: UUID, companion: str | None, minutes: int
    ) -> None:
        """Set out, to be heard of within so many minutes. Where two must go, the other is named."""
        with self._on(account, code, "set_out", client_id) as (db, ticket, now):
            self._held(ticket, account)
            longest = self.policy_of(db, ticket).trip.longest
            companion = (companion or "").strip() or None
            if ticket.two_people and (companion is None or companion == account.name):
                raise NotAllowed("这次上门要两个人一起去，请写上同去的人。")
            if timedelta(minutes=minutes) > longest:
                raise NotAllowed(f"最长 {longest.total_seconds() / 60:.0f} 分钟要报一次平安，请写短一些。")
            if open_trip(db, ticket) is not None:
                raise NotAllowed("已经有人在路上，先等他们报平安。")
            trip = Trip(
                ticket_id=ticket.id,
                staff_id=account.id,
                name=account.name,
                office=account.office,
                companion=companion,
                set_out_at=now,
                back_by=now + timedelta(minutes=minutes),
            )
            db.add(trip)
            with_whom = f"，和{companion}一起" if companion else ""
            text = f"出发走访{with_whom}，{minutes} 分钟内报平安。"
            self._write(db, ticket, "trip.out", account, client_id, text, "", now)
            self._audit(db, account, "trip.out", ticket, now, minutes=minutes, two=companion is not None)

    def arrived(self, account: StaffAccount, code: str, client_id: UUID) -> None:
        """Say that one is at the door. The time by which one is heard of stays."""
        with self._on(account, code, "arrived", client_id, closed=True) as (db, ticket, now):
            trip = self._out(db, ticket)
            if trip.staff_id != account.id:
                raise NotAllowed(f"在路上的是{trip.name}。")
            trip.arrived_at = trip.arrived_at or now
            self._write(db, ticket, "trip.arrived", account, client_id, "到了门口。", "", now)
            self._audit(db, account, "trip.arrived", ticket, now)

    def back(self, account: StaffAccount, code: str, client_id: UUID, note: str = "") -> None:
        """Say that one is back and safe. A supervisor or the district's desk may say it of somebody else, with a
        note of how they know: that ends the alarm."""
        with self._on(account, code, "back", client_id, closed=True) as (db, ticket, now):
            trip = self._out(db, ticket)
            own = trip.staff_id == account.id
            if not own and account.role not in ("supervisor", "duty_officer"):
                raise NotAllowed(f"在路上的是{trip.name}，只有本人、负责人或区值班台能报平安。")
            if not own and len(note.strip()) < 2:
                raise NotAllowed("请写上是怎么知道人平安的。")
            trip.back_at = now
            text = "走访回来，平安。" if own else f"确认{trip.name}平安，警报解除。"
            self._write(db, ticket, "trip.back", account, client_id, text, note, now)
            self._audit(db, account, "trip.back", ticket, now, own=own)

    def call_for_help(self, account: StaffAccount, code: str, client_id: UUID, note: str = "") -> None:
        """Call for help, for oneself or for the colleague who is out: the lead and the district are told at once."""
        with self._on(account, code, "back", client_id, closed=True) as (db, ticket, now):
            trip = self._out(db, ticket)
            trip.help_at = trip.help_at or now
            trip.back_by = min(trip.back_by, now)
            self._write(db, ticket, "trip.help", account, client_id, "走访中请求帮助！", note, now)
            self._audit(db, account, "trip.help", ticket, now)
            raise_alarm(db, ticket, trip, self.telling, now)

    def two_people(
        self, account: StaffAccount, code: str, client_id: UUID, needed: bool, reason: str
    ) -> None:
        """Say that nobody visits alone. Only a supervisor or the district's desk says that it is safe again."""
        with self._on(account, code, "two_people", client_id) as (db, ticket, now):
            if not needed and account.role not in ("supervisor", "duty_officer"):
                raise NotAllowed("要负责人或区值班台才能改回一个人去。")
            ticket.two_people = needed
            text = "以后上门要两个人一起去。" if needed else "可以一个人上门。"
            self._write(db, ticket, "two_people", account, client_id, text, reason, now)
            self._audit(db, account, "ticket.two_people", ticket, now, needed=needed)

    def _out(self, db: Session, ticket: Ticket) -> Trip:
        trip = open_trip(db, ticket)
        if trip is None:
            raise NotAllowed("这张工单现在没有人在路上。")
        return trip
