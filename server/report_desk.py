"""体检式报告: who may have one, what is asked of the tables, and the recommendation letter that a person signs.

The monthly report and any other stretch of days are the same queries and the same rules (`server.report`). Each
making is recorded with the street and the days; nothing in it names anybody.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from escalation.chain import Telling
from escalation.errors import NotAllowed, NotThere
from escalation.level_month import LevelMonth, last_levels, lock_months, month_of
from escalation.satisfaction import answers_between
from escalation.staff import StaffAccount
from escalation.teamwork import Acknowledgement, ReachAttempt, Transfer
from escalation.ticket import FollowUp, Ticket, TicketClock, TicketEvent
from residents.district import District, Office
from residents.district_book import DistrictBook
from server.report import (
    LOCAL,
    LONGEST_DAYS,
    WORDS,
    AttemptFact,
    ClockFact,
    Cluster,
    EventFact,
    Facts,
    FollowUpFact,
    Month,
    Period,
    Report,
    Span,
    TicketFact,
    figures,
    level_cells,
    lines_of,
    publishable_month,
)
from storage import audit
from storage.database import Database

READERS = ("supervisor", "duty_officer", "auditor", "administrator")
SIGNERS = ("supervisor", "administrator")
WHOLE = "district"
"""Stands in the place of a street where the whole district is meant."""
_EVENTS = {"wish.object": "objected", "reopened": "reopened", "lapsed": "lapsed"}


@dataclass(frozen=True)
class Letter:
    """A recommendation letter about one place; `signed_by` None: a draft, which must not leave."""

    place: str
    office: str
    period: Period
    cluster: Cluster
    made_at: datetime
    signed_by: str | None = None


class ReportDesk:
    """Reports for whoever leads a street, for the district's desk, the auditor and the administrator."""

    def __init__(self, database: Database, clock: Callable[[], datetime], telling: Telling) -> None:
        self.database = database
        self.clock = clock
        self.telling = telling

    def streets(self, account: StaffAccount) -> list[tuple[str, str]]:
        """The streets that this account may have a report of, by code and name; `district` is all of it."""
        self._reads(account)
        district = self.telling.district
        with self.database.transaction() as db:
            self.telling.districts.refresh(db)
        if account.role == "supervisor" and account.office != district.desk.code:
            street = district.office_once(account.office).street
            return [(one.code, one.name) for one in district.streets if one.code == street]
        return [(WHOLE, WORDS["district"]), *((one.code, one.name) for one in district.streets)]

    def for_staff(self, account: StaffAccount, street: str, first: date, last: date) -> Report:
        """The report of one street. `NotAllowed` for who reads none, `NotThere` for a street that is not theirs."""
        if street not in dict(self.streets(account)):
            raise NotThere()
        return self._made(street, self._period(first, last), account.username)

    def of_district(self, street: str, period: Period, by: str) -> Report:
        """For whoever runs this machine. `NotThere` when there is no such street."""
        with self.database.transaction() as db:
            self.telling.districts.refresh(db)
        if street != WHOLE and street not in {one.code for one in self.telling.district.streets}:
            raise NotThere()
        return self._made(street, self._period(period.first, period.last), by)

    def letter(
        self, account: StaffAccount, street: str, first: date, last: date, place: str, *, sign: bool
    ) -> Letter:
        """A letter to a place that stands out in this month: a draft, or signed by the caller under their own name.

        What the signed one says is recorded by its digest. `NotAllowed` where the place does not stand out, or is too
        small to be spoken of, or the caller signs nothing.
        """
        if sign and account.role not in SIGNERS:
            raise NotAllowed(WORDS["refused"]["sign"])
        report = self.for_staff(account, street, first, last)
        cluster = next((one for one in report.clusters if one.place == place), None)
        if cluster is None:
            raise NotAllowed(WORDS["letter"]["may_not"])
        letter = Letter(
            place=report.place_names[place],
            office=report.office,
            period=report.period,
            cluster=cluster,
            made_at=report.made_at,
            signed_by=account.name if sign else None,
        )
        with self.database.transaction() as db:
            audit.record(
                db, actor=account.username, action="letter.signed" if sign else "letter.drafted",
                subject=f"place:{place}", purpose="recommendation", at=report.made_at, first=str(report.period.first),
                last=str(report.period.last), digest=hashlib.sha256(repr(letter).encode()).hexdigest(),
            )  # fmt: skip
        return letter

    def _reads(self, account: StaffAccount) -> None:
        if account.role not in READERS:
            raise NotAllowed(WORDS["refused"]["role"])

    def _period(self, first: date, last: date) -> Period:
        today = self.clock().astimezone(LOCAL).date()
        if not (date(2000, 1, 1) < first <= today and first <= last < first + timedelta(days=LONGEST_DAYS)):
            raise NotAllowed(WORDS["refused"]["days"])
        return Period(first, last)

    def _made(self, street: str, period: Period, by: str) -> Report:
        now = self.clock()
        district = self.telling.district
        offices = [o for o in district.offices if street == WHOLE or o.street == street]
        if street == WHOLE:
            name, office = f"{district.name}（{WORDS['district']}）", district.desk.name
        else:
            name, office = district.street(street).name, district.office_of(street).name
        before = period.before
        until = min(period.ends, max(now, period.begins))
        with self.database.transaction() as db:
            audit.record(
                db, actor=by, action="report.made", subject=f"street:{street}", purpose="report", at=now,
                first=str(period.first), last=str(period.last),
            )  # fmt: skip
            facts = _facts(db, offices, before.begins, until, every=street == WHOLE)
            own = None if street == WHOLE else [p.code for p in district.places if p.street == street]
            month, earlier = (published_month(db, district, one, now) for one in (period, before))
        found = [one for one in month.clusters if own is None or one.place in own] if month else []
        # the whole has no table of its own: the whole less its streets would be a street
        cells, cells_before = (
            level_cells(one.streets.get(street) if one else None) for one in (month, earlier)
        )
        return Report(
            street=name,
            office=office,
            period=period,
            made_at=now,
            until=until,
            lines=lines_of(
                figures(facts, Span(period.begins, until)), figures(facts, Span(before.begins, before.ends))
            ),
            levels=None if cells is None else tuple(cells),
            levels_before=None if cells_before is None else tuple(cells_before),
            satisfied=month.satisfied.get(street) if month else None,
            satisfied_before=earlier.satisfied.get(street) if earlier else None,
            clusters=tuple(one for one in found if district.place(one.place)),
            place_names={p.code: p.name for p in district.places},
        )


def _facts(
    db: Session, offices: Sequence[Office], begins: datetime, until: datetime, *, every: bool
) -> Facts:
    """Everything of these offices from `begins` on; `every`: of all, closed ones too."""
    codes = [office.code for office in offices]
    touched = [Ticket.opened_at < until, or_(Ticket.closed_at.is_(None), Ticket.closed_at >= begins)]
    if not every:
        touched.append(Ticket.office.in_(codes))
    ids = select(Ticket.id).where(*touched)
    taken: dict[UUID, datetime] = {
        row[0]: row[1]
        for row in db.execute(
            select(Acknowledgement.ticket_id, func.min(Acknowledgement.at))
            .where(Acknowledgement.ticket_id.in_(ids))
            .group_by(Acknowledgement.ticket_id)
        )
    }
    columns = (Ticket.id, Ticket.opened_at, Ticket.closed_at, Ticket.outcome)
    clock_columns = (TicketClock.ticket_id, TicketClock.name, TicketClock.due_at, TicketClock.stopped_at)
    follow_ups = select(FollowUp.due_at, FollowUp.done_at).where(
        FollowUp.due_at >= begins, FollowUp.due_at < until
    )
    refused = select(Transfer.ticket_id, Transfer.answered_at).where(
        Transfer.answer.in_(("refused", "expired")),
        Transfer.answered_at >= begins,
        Transfer.answered_at < until,
    )
    if not every:
        follow_ups = follow_ups.where(FollowUp.office.in_(codes))
        refused = refused.where(Transfer.from_office.in_(codes))
    return Facts(
        tickets=[
            TicketFact(id_, opened, taken.get(id_), closed, outcome)
            for id_, opened, closed, outcome in db.execute(select(*columns).where(*touched))
        ],
        clocks=[
            ClockFact(*row)
            for row in db.execute(
                select(*clock_columns).where(
                    TicketClock.ticket_id.in_(ids), TicketClock.due_at >= begins, TicketClock.due_at < until
                )
            )
        ],
        attempts=[
            AttemptFact(*row)
            for row in db.execute(
                select(ReachAttempt.ticket_id, ReachAttempt.way, ReachAttempt.reached, ReachAttempt.at).where(
                    ReachAttempt.ticket_id.in_(ids), ReachAttempt.at < until
                )
            )
        ],
        follow_ups=[FollowUpFact(*row) for row in db.execute(follow_ups)],
        events=[
            *(
                EventFact(ticket, _kind(kind), at)
                for ticket, kind, at in db.execute(_told(ids, begins, until))
            ),
            *(EventFact(ticket, "refused", at) for ticket, at in db.execute(refused) if at is not None),
        ],
    )


def _told(ids: Select[UUID], begins: datetime, until: datetime) -> Select[UUID, str, datetime]:
    return select(TicketEvent.ticket_id, TicketEvent.kind, TicketEvent.at).where(
        TicketEvent.ticket_id.in_(ids),
        TicketEvent.at >= begins,
        TicketEvent.at < until,
        or_(TicketEvent.kind.in_(_EVENTS), TicketEvent.kind.like("referral.%")),
    )


def _kind(kind: str) -> str:
    return _EVENTS.get(kind, "referral")


def publish_month(database: Database, districts: DistrictBook, clock: Callable[[], datetime]) -> bool:
    """Decide what may be said of the levels of the month that is over. Whoever comes second finds it decided."""
    now = clock()
    today = now.astimezone(LOCAL).date()
    period = Period(today, today).this_month.before
    with database.transaction() as db:
        if month_of(db, period.first) is not None:
            return False
        districts.refresh(db)
        return published_month(db, districts.current, period, now) is not None


def published_month(db: Session, district: District, period: Period, now: datetime) -> Month | None:
    """What is published of this month: as it was decided once, however much was erased or corrected since.

    None for days that are no calendar month, for a month that is not over, and for one in which nothing was rated or
    answered. All streets are decided at the same moment, by the district's tree of that moment.
    """
    if not period.is_month or period.ends > now:
        return None
    kept = month_of(db, period.first)
    if kept is None:
        lock_months(db)
        kept = month_of(db, period.first)
    if kept is not None:
        return Month.from_content(kept.content)
    levels = last_levels(db, period.begins, period.ends, period.first, period.last)
    answers: Counter[str] = Counter()
    well: Counter[str] = Counter()
    for office, (whole, good) in answers_between(db, period.begins, period.ends).items():
        street = district.office_once(office).street
        if street is not None:
            answers[street] += whole
            well[street] += good
    if period.is_whole_weeks:
        answers.clear()  # the board's own weeks, less the streets that are told, would be a street
    if not levels and not answers:
        return None
    by_place = {place: counts for place, counts in levels.items() if place is not None}
    month = publishable_month(
        by_place,
        {place.code: place.street for place in district.places},
        {street: (whole, well[street]) for street, whole in answers.items()},
    )
    db.add(LevelMonth(begins=period.first, at=now, content=month.as_content()))
    audit.record(
        db, actor="software", action="report.month_published", subject=f"month:{period.first}", at=now
    )
    return month
