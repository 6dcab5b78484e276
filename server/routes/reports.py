"""体检式报告: figures of a street for a month or any other days, on the screen, as PDF, page or spreadsheet; and the
letters that a person signs."""

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from server.callers import CurrentStaff, Wired
from server.report import LOCAL, WORDS, Period, Report
from server.report_desk import SIGNERS, ReportDesk
from server.report_page import POLICY, report_page
from server.report_paper import (
    cluster_words,
    letter_paper,
    levels_sentence,
    missed_heading,
    report_paper,
    satisfied_sentence,
)
from server.report_schemas import (
    Code,
    FigureLine,
    FigureSection,
    LevelCount,
    PlaceThatStandsOut,
    ReportShown,
    SignLetter,
    StreetChoice,
)
from server.report_sheet import XLSX, read_columns, report_sheet
from server.routes.results import PDF, Pdf
from server.wiring import Services

router = APIRouter(prefix="/api/staff/report", tags=["reports"])

Street = Annotated[Code | None, Query()]
_BINARY = {"schema": {"type": "string", "format": "binary"}}


class Xlsx(Response):
    """A spreadsheet."""

    media_type = XLSX


@router.get("")
def read_report(
    staff: CurrentStaff,
    services: Wired,
    street: Street = None,
    from_day: date | None = None,
    to_day: date | None = None,
) -> ReportShown:
    """The figures of a street. Without days: the last month that is over. The making is recorded."""
    desk = _desk(services)
    streets = desk.streets(staff.account)
    street, report = _report(services, staff, street, from_day, to_day)
    headings = WORDS["headings"] | {"missed": missed_heading(report)}
    return ReportShown(
        street=street,
        street_name=report.street,
        period=report.period.words(),
        period_before=report.period.before.words(),
        first=report.period.first,
        last=report.period.last,
        running=WORDS["running"].format(at=f"{report.until.astimezone(LOCAL):%Y-%m-%d %H:%M}")
        if report.running
        else None,
        made_at=report.made_at,
        sections=[
            FigureSection(
                id=section,
                heading=headings[section],
                lines=[
                    FigureLine(
                        id=line.id, name=line.name, shown=line.shown, shown_before=line.shown_before,
                        sentence=line.sentence, query=line.query, denominator=line.denominator, note=line.note,
                    )
                    for line in report.of(section)
                ],
            )
            for section in ("missed", "served", "clocks")
        ],
        levels_heading=headings["levels"],
        levels_sentence=levels_sentence(report),
        levels=None
        if report.levels is None
        else [LevelCount(name=cell.name, count=cell.count) for cell in report.levels],
        satisfied_heading=headings["satisfied"],
        satisfied_sentence=satisfied_sentence(report),
        places=[
            PlaceThatStandsOut(place=one.place, name=report.place_names[one.place], sentence=words)
            for one, words in zip(report.clusters, cluster_words(report), strict=True)
        ],
        may_sign=staff.account.role in SIGNERS,
        streets=[StreetChoice(code=code, name=name) for code, name in streets],
    )  # fmt: skip


@router.get("/pdf", response_class=Pdf, responses={200: {"content": {PDF: _BINARY}}})
def read_report_paper(
    staff: CurrentStaff,
    services: Wired,
    street: Street = None,
    from_day: date | None = None,
    to_day: date | None = None,
) -> Pdf:
    """The same as PDF, the summary on its first page."""
    _, report = _report(services, staff, street, from_day, to_day)
    return Pdf(report_paper(report), headers=_named(report, "pdf"))


@router.get("/page", response_class=HTMLResponse)
def read_report_page(
    staff: CurrentStaff,
    services: Wired,
    street: Street = None,
    from_day: date | None = None,
    to_day: date | None = None,
) -> HTMLResponse:
    """The same as a page to print, without script."""
    _, report = _report(services, staff, street, from_day, to_day)
    return HTMLResponse(report_page(report), headers={"Content-Security-Policy": POLICY})


@router.get("/sheet", response_class=Xlsx, responses={200: {"content": {XLSX: _BINARY}}})
def read_report_sheet(
    staff: CurrentStaff,
    services: Wired,
    street: Street = None,
    from_day: date | None = None,
    to_day: date | None = None,
) -> Xlsx:
    """The same as a spreadsheet, in the district's order of columns; no cell is a formula."""
    _, report = _report(services, staff, street, from_day, to_day)
    return Xlsx(report_sheet(report, read_columns()), headers=_named(report, "xlsx"))


@router.get("/letter", response_class=Pdf, responses={200: {"content": {PDF: _BINARY}}})
def draft_letter(
    staff: CurrentStaff,
    services: Wired,
    place: Annotated[Code | None, Query()] = None,
    street: Street = None,
    from_day: date | None = None,
    to_day: date | None = None,
) -> Pdf:
    """A draft of a recommendation letter to a place that stands out; each page says that it must not leave."""
    street, first, last = _asked(services, staff, street, from_day, to_day)
    letter = _desk(services).letter(staff.account, street, first, last, place or "", sign=False)
    return Pdf(letter_paper(letter), headers={"Content-Disposition": 'inline; filename="draft.pdf"'})


@router.post("/letter", response_class=Pdf, responses={200: {"content": {PDF: _BINARY}}})
def sign_letter(body: SignLetter, staff: CurrentStaff, services: Wired) -> Pdf:
    """The letter, signed by the caller under their own name; who signed what is recorded."""
    letter = _desk(services).letter(staff.account, body.street, body.first, body.last, body.place, sign=True)
    return Pdf(letter_paper(letter), headers={"Content-Disposition": 'attachment; filename="letter.pdf"'})


def _desk(services: Services) -> ReportDesk:
    return ReportDesk(services.database, services.clock, services.telling)


def _report(
    services: Services, staff: CurrentStaff, street: str | None, first: date | None, last: date | None
) -> tuple[str, Report]:
    street, first, last = _asked(services, staff, street, first, last)
    return street, _desk(services).for_staff(staff.account, street, first, last)


def _asked(
    services: Services, staff: CurrentStaff, street: str | None, first: date | None, last: date | None
) -> tuple[str, date, date]:
    """What was asked for; unsaid, the caller's first street and the last month that is over."""
    street = street or _desk(services).streets(staff.account)[0][0]
    today = services.clock().astimezone(LOCAL).date()
    period = Period(today, today).this_month.before
    return street, first or period.first, last or period.last


def _named(report: Report, ending: str) -> dict[str, str]:
    name = quote(f"{report.street}-{report.period.first}-{report.period.last}.{ending}")
    return {"Content-Disposition": f"attachment; filename=\"report.{ending}\"; filename*=UTF-8''{name}"}
