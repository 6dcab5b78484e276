"""值班电话单: on paper, for the day when no channel works. Who is on duty until tomorrow and how to ring them, and
what is open: codes, streets and deadlines, and nothing of any resident."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.chain import Telling, area
from escalation.channels import LOCAL
from escalation.contact_point import ContactPoint
from escalation.duty_gaps import offices_on_duty
from escalation.duty_store import active_staff, changes_between, shifts_of
from escalation.duty_words import span_words
from escalation.errors import NotAllowed
from escalation.outbox import TEXT_MESSAGE
from escalation.roster import DUTIES, LINE, local_day, stretches, with_leads, zone_of
from escalation.staff import StaffAccount
from escalation.store import clocks_of
from escalation.ticket import Ticket, TicketClock
from escalation.triage import Level
from residents.district import Office
from storage import audit
from storage.database import Database

AHEAD = timedelta(hours=24)
CLOCKS = {
    "acknowledge": "签收",
    "contact": "联系",
    "speak": "通话",
    "visit": "走访",
    "reach": "联系上",
    "follow_up": "随访",
    "close": "结案",
}
NOBODY = "没有人值班，直接打区值班台"
NO_NUMBER = "没有登记电话"


@dataclass(frozen=True)
class Shift:
    """From when to when, which duty, and who with which telephone."""

    when: str
    duty: str
    people: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OfficeOnCall:
    """One office: its own telephone, and who is on duty until tomorrow."""

    name: str
    phone: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True)
class OpenTicket:
    """One red or orange ticket: its code, its street, who has it, and what is due when (True: overdue)."""

    code: str
    level: str
    place: str
    office: str
    holder: str
    due: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class CallSheet:
    """The whole list as it stood at one moment."""

    district: str
    made_at: str
    demo: bool
    offices: tuple[OfficeOnCall, ...]
    tickets: tuple[OpenTicket, ...]


class CallList:
    """Makes the list. Each making is recorded, because telephones of staff stand in it."""

    def __init__(self, database: Database, clock: Callable[[], datetime], telling: Telling) -> None:
        self.database = database
        self.clock = clock
        self.telling = telling

    def for_staff(self, account: StaffAccount) -> CallSheet:
        """A lead's own office and the district's desk; for the desk itself and an administrator all of them."""
        offices = offices_on_duty(self.telling.district)
        desk = self.telling.district.desk.code
        if account.role == "supervisor":
            offices = tuple(o for o in offices if o.code in (account.office, desk))
            tickets_of: Sequence[str] | None = [account.office]
        elif account.role in ("duty_officer", "administrator"):
            tickets_of = None
        else:
            raise NotAllowed("值班电话单由负责人或区值班台打印。")
        return self._make(offices, tickets_of, account.username)

    def of_district(self, by: str) -> CallSheet:
        """Everything, for whoever runs this machine."""
        return self._make(offices_on_duty(self.telling.district), None, by)

    def _make(self, offices: Sequence[Office], tickets_of: Sequence[str] | None, by: str) -> CallSheet:
        now = self.clock()
        with self.database.transaction() as db:
            numbers = self._numbers(db)
            sheet = CallSheet(
                district=self.telling.district.name,
                made_at=f"{now.astimezone(LOCAL):%Y-%m-%d %H:%M}",
                demo=self.telling.demo,
                offices=tuple(self._office(db, office, numbers, now) for office in offices),
                tickets=self._tickets(db, tickets_of, now),
            )
            audit.record(
                db, actor=by, action="call_list.made", subject="call_list", at=now, offices=len(sheet.offices)
            )
        return sheet

    def _numbers(self, db: Session) -> dict[tuple[str, UUID | None, str], str]:
        """The first telephone of each person and of each office's own lines, by office, person and audience."""
        points = db.scalars(
            select(ContactPoint)
            .where(ContactPoint.channel == TEXT_MESSAGE, ContactPoint.active.is_(True))
            .order_by(ContactPoint.rank.desc(), ContactPoint.id)
        )
        found: dict[tuple[str, UUID | None, str], str] = {}
        for point in points:
            number = self.database.vault.open(point, "address")
            if number:
                key = ("", point.staff_id, "") if point.staff_id else (point.office, None, point.audience)
                found[key] = number
        return found

    def _office(
        self, db: Session, office: Office, numbers: dict[tuple[str, UUID | None, str], str], now: datetime
    ) -> OfficeOnCall:
        calendar = self.telling.calendar
        active = active_staff(db, office.code)
        shifts = with_leads(shifts_of(db, office.code), active.values(), local_day(now, calendar))
        changes = changes_between(db, now, now + AHEAD)
        desk = office.kind == "district_desk"

        def person(one: UUID | None, audience: str) -> tuple[str, str]:
            if one is None:
                return LINE, numbers.get((office.code, None, audience)) or office.phone or NO_NUMBER
            return active[one].name, numbers.get(("", one, ""), NO_NUMBER)

        told = {"officer": "district_desk" if desk else "office", "lead": "supervisor"}
        listed = [
            Shift(
                span_words(s.from_at, s.to_at, now, zone_of(calendar)),
                DUTIES[duty],
                tuple(person(one, told[duty]) for one in s.people),
            )
            for duty in (("officer",) if desk else ("officer", "lead"))
            for s in stretches(shifts, changes, duty, now, now + AHEAD, calendar, active)
        ]
        return OfficeOnCall(office.name, office.phone, tuple(listed))

    def _tickets(self, db: Session, offices: Sequence[str] | None, now: datetime) -> tuple[OpenTicket, ...]:
        query = select(Ticket).where(Ticket.closed_at.is_(None), Ticket.level >= int(Level.ORANGE))
        if offices is not None:
            query = query.where(Ticket.office.in_(offices))
        tickets = db.scalars(query.order_by(Ticket.level.desc(), Ticket.spoken_at, Ticket.code)).all()
        running: dict[UUID, list[TicketClock]] = {}
        for clock in clocks_of(db, [ticket.id for ticket in tickets]):
            if clock.stopped_at is None:
                running.setdefault(clock.ticket_id, []).append(clock)
        district = self.telling.district
        return tuple(
            OpenTicket(
                code=ticket.code,
                level=f"{ticket.rated.colour}色",
                place=area(district, ticket.office),
                office=district.office_once(ticket.office).name,
                holder=ticket.holder_name or "等人签收",
                due=tuple(
                    (
                        f"{CLOCKS[clock.name]} {clock.due_at.astimezone(LOCAL):%m-%d %H:%M}",
                        clock.due_at <= now,
                    )
                    for clock in sorted(running.get(ticket.id, []), key=lambda clock: clock.due_at)
                ),
            )
            for ticket in tickets
        )


STYLE = """
@page { size: A4; margin: 14mm }
body { font: 11pt/1.5 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; color: #000 }
h1 { font-size: 16pt; margin: 0 } h2 { font-size: 12pt; margin: 6mm 0 1mm }
p { margin: 1mm 0 } table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #000; padding: 1mm 2mm; text-align: left; vertical-align: top }
th { background: #eee } tr { break-inside: avoid } .late { font-weight: bold }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 12pt }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HOW_TO = (
    "通知发不出去时用：从上往下打，打通一个人、请他签收为止；没有人接，打区值班台。打过的在旁边写上时间。"
)


def as_page(sheet: CallSheet) -> str:
    """The list as a page for A4 paper: no pictures, no links, no script."""
    banner = "<p>【演示】这是演示数据，不要照着打。</p>" if sheet.demo else ""
    parts = [
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>值班电话单</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(sheet.district)} 值班电话单</h1>{banner}"
        f"<p>打印时间 {sheet.made_at}，管 24 小时。{HOW_TO}</p>"
    ]
    for office in sheet.offices:
        rows = "".join(
            f"<tr><td>{escape(shift.when)}</td><td>{escape(shift.duty)}</td><td>{_people(shift)}</td></tr>"
            for shift in office.shifts
        )
        parts.append(
            f"<h2>{escape(office.name)} {escape(office.phone)}</h2>"
            f"<table><tr><th>时间</th><th>岗位</th><th>谁，电话</th></tr>{rows}</table>"
        )
    parts.append(f"<h2>没有结案的红色、橙色工单（{len(sheet.tickets)} 件）</h2>")
    if sheet.tickets:
        rows = "".join(
            f"<tr><td>{escape(t.code)}</td><td>{t.level}</td><td>{escape(t.place)}</td>"
            f"<td>{escape(t.office)}</td><td>{escape(t.holder)}</td><td>{_due(t)}</td></tr>"
            for t in sheet.tickets
        )
        parts.append(
            "<table><tr><th>工单</th><th>等级</th><th>街道</th><th>归谁</th><th>谁在办</th><th>期限</th></tr>"
            f"{rows}</table>"
        )
    return "".join(parts) + "</body></html>"


def as_text(sheet: CallSheet) -> str:
    """The list for a terminal."""
    lines = [f"{sheet.district} 值班电话单（{sheet.made_at}，管 24 小时）"]
    if sheet.demo:
        lines.append("【演示】这是演示数据，不要照着打。")
    lines.append(HOW_TO)
    for office in sheet.offices:
        lines += ["", f"{office.name} {office.phone}"]
        for shift in office.shifts:
            people = "；".join(f"{name} {number}" for name, number in shift.people) or NOBODY
            lines.append(f"  {shift.when}  {shift.duty}：{people}")
    lines += ["", f"没有结案的红色、橙色工单：{len(sheet.tickets)} 件"]
    for t in sheet.tickets:
        due = "；".join(f"{words}{'（已超时）' if late else ''}" for words, late in t.due)
        lines.append(f"  {t.code} {t.level} {t.place} {t.office} {t.holder}：{due}")
    return "\n".join(lines)


def _people(shift: Shift) -> str:
    return (
        "<br>".join(
            f'{escape(name)} <span class="number">{escape(number)}</span>' for name, number in shift.people
        )
        or NOBODY
    )


def _due(ticket: OpenTicket) -> str:
    return "<br>".join(
        f'<span class="late">{escape(words)} 已超时</span>' if late else escape(words)
        for words, late in ticket.due
    )
