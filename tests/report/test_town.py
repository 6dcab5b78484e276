"""The check-up report of a real town: the same queries for a month and for any days, and nobody's name in any of it."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import openpyxl
import pypdfium2
import pytest
from sqlalchemy import delete, select

from escalation.campaign import Campaign
from escalation.errors import NotThere
from escalation.level_month import LevelMonth
from escalation.signal import Rating
from escalation.triage import Level
from residents.resident import Resident as ResidentRow
from residents.session import ResidentSession
from server.jobs import plans_round
from server.report import LOCAL, Period, Report
from server.report_desk import ReportDesk
from storage.audit import AuditEntry
from tests.support.town import Officer, Resident, Town

RED = {"mood": 3, "q9": 3, "asq": 1, "asq5": 1}
NAME, PHONE, WORDS, NOTE = "余晚晴", "13812345678", "我想去江边走走再也不回来", "她说药在床头柜第二格"


def in_danger(town: Town, place: str = "puyan-hall") -> Resident:
    resident = town.resident(place=place)
    resident.agrees()
    resident.completes(**RED)
    resident.says(WORDS)
    for field, value in (("name", NAME), ("phone", PHONE)):
        resident.tells(field, value)
    return resident


def today(town: Town) -> date:
    return town.clock.now.astimezone(LOCAL).date()


def desk(town: Town) -> ReportDesk:
    return ReportDesk(town.database, town.services.clock, town.services.telling)


def this_month(town: Town) -> str:
    """The address of the month that the clock stands in."""
    month = Period(today(town), today(town)).this_month
    return f"from_day={month.first}&to_day={month.last}"


def numbers(shown: dict[str, Any]) -> dict[str, str]:
    return {line["id"]: line["shown"] for section in shown["sections"] for line in section["lines"]}


def screened(town: Town, place: str | None, level: Level, times: int, at: datetime) -> None:
    """So many people who came in here and were rated so. What leads there is other tests' matter."""
    with town.database.transaction() as db:
        for _ in range(times):
            resident = ResidentRow(id=uuid4(), arrived_at=at)
            session = ResidentSession(
                id=uuid4(), resident_id=resident.id, token_hash=uuid4().bytes * 2, sender=uuid4().hex,
                door="phone", place=place, opened_at=at, seen_at=at, callback_wanted=False, worker_wanted=False,
            )  # fmt: skip
            db.add(resident)
            db.flush()
            db.add(session)
            db.flush()
            db.add(
                Rating(
                    resident_id=resident.id, session_id=session.id, sitting_id=uuid4(), level=int(level),
                    policy="five_colours", at=at,
                )
            )  # fmt: skip


@pytest.fixture
def lived(town: Town) -> tuple[Town, Officer, str]:
    """A matter that was taken late, reached at the second try, and closed as a mistake with an objection before."""
    resident = in_danger(town)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    town.clock.now += timedelta(minutes=20)  # five more than the policy has
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="no_answer", note=NOTE)
    town.clock.now += timedelta(minutes=10)
    officer.on(code, "calls", outcome="spoke", note=NOTE)
    officer.on(code, "visits", outcome="met", note=NOTE)
    officer.on(code, "referrals", to="counsellor", agreed=True, note=NOTE)
    alarm = resident.turn.alarm
    assert alarm is not None
    said = {"client_id": str(uuid4()), "kind": "object", "text": "我不同意转给别人"}
    assert town.ask("POST", f"/api/progress/{alarm.code}/wishes", json=said).status_code == 200
    return town, officer, code


def test_the_figures_are_what_happened(lived: tuple[Town, Officer, str]) -> None:
    town, _, _ = lived
    town.clock.now += timedelta(hours=1)
    lead = town.officer("puyan", "supervisor", "钱敏")
    shown = lead.does("GET", f"/report?{this_month(town)}")
    found = numbers(shown)
    assert shown["street"] == "puyan"
    assert shown["running"]
    assert found | {
        "opened": "1", "reached": "1 / 1（100%）", "calls": "1 / 2（50%）", "visits": "1 / 1（100%）",
        "referred": "1", "objections": "1 / 1（100%）", "unreached": "0 / 1（0%）", "closed": "0",
        "wrong_alarms": "没有", "clock_acknowledge": "0 / 1（0%）",
    } == found  # fmt: skip
    assert shown["sections"][0]["id"] == "missed", "what was not done well stands first on the screen"

    other = town.officer("xixing", "supervisor", "何苗").does("GET", f"/report?{this_month(town)}")
    assert numbers(other)["opened"] == "0", "another street's report counts nothing of this one"


def test_any_days_are_asked_in_the_same_way_as_a_month(lived: tuple[Town, Officer, str]) -> None:
    town, _, _ = lived
    lead = town.officer("puyan", "supervisor", "钱敏")
    month = numbers(lead.does("GET", f"/report?{this_month(town)}"))
    first = Period(today(town), today(town)).this_month.first
    span = f"from_day={first - timedelta(days=3)}&to_day={today(town)}"
    days = lead.does("GET", f"/report?{span}")
    assert numbers(days) == month
    assert days["levels"] is None
    assert "自然月" in days["levels_sentence"]


def test_nothing_of_a_person_stands_in_any_of_its_forms(lived: tuple[Town, Officer, str]) -> None:
    town, _, code = lived
    lead = town.officer("puyan", "supervisor", "钱敏")
    forms = []
    for form in ("", "/page", "/pdf", "/sheet"):
        answer = lead.asks("GET", f"/report{form}?{this_month(town)}")
        assert answer.status_code == 200, form
        assert answer.headers["cache-control"] == "no-store"
        if form == "/pdf":
            pages = pypdfium2.PdfDocument(answer.content)
            forms.append("".join(page.get_textpage().get_text_bounded() for page in pages))
        elif form == "/sheet":
            sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
            assert sheet is not None
            forms.append(" ".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row))
        else:
            forms.append(answer.text)
    for text in forms:
        assert "按时签收" in "".join(text.split())
        for secret in (NAME, "余", PHONE, "江边", "床头柜", "不同意转给", code, "沈青", "红色工单"):
            assert secret not in text, secret


def test_each_making_is_recorded_with_street_and_days(lived: tuple[Town, Officer, str]) -> None:
    town, _, _ = lived
    lead = town.officer("puyan", "supervisor", "钱敏")
    lead.asks("GET", f"/report/pdf?{this_month(town)}")
    with town.database.transaction() as db:
        made = db.scalars(select(AuditEntry).where(AuditEntry.actor == lead.username)).all()
    entry = next(one for one in made if one.action == "report.made")
    assert (entry.subject, entry.purpose) == ("street:puyan", "report")
    assert entry.details["first"] == str(Period(today(town), today(town)).this_month.first)


def test_who_leads_a_street_has_its_report_and_no_other(town: Town) -> None:
    days = f"from_day={today(town)}&to_day={today(town)}"
    lead = town.officer("puyan", "supervisor", "钱敏")
    assert [one["code"] for one in lead.does("GET", "/report")["streets"]] == ["puyan"]
    for street in ("xixing", "district", "no-such-street"):
        assert lead.asks("GET", f"/report?street={street}&{days}").status_code == 404
    duty = town.officer("desk", "duty_officer", "周平")
    assert duty.does("GET", f"/report?street=district&{days}")["street"] == "district"
    assert duty.does("GET", f"/report?street=xixing&{days}")["street_name"] == "西兴街道"
    for role in ("judicial_officer", "social_worker"):
        assert town.officer("puyan", role).asks("GET", f"/report?{days}").status_code == 409
    for wrong in (
        "from_day=2026-11-02&to_day=2026-11-01",
        "from_day=2020-01-01&to_day=2026-01-01",
        "from_day=9999-12-31&to_day=9999-12-31",
        "from_day=0001-01-01&to_day=0001-01-01",
    ):
        assert lead.asks("GET", f"/report?{wrong}").status_code == 409
    with pytest.raises(NotThere):
        desk(town).of_district("nowhere", Period.month(2026, 10), "operator")


def test_people_are_counted_once_a_month_without_those_of_a_group_screening(town: Town) -> None:
    at = datetime(2026, 10, 10, 4, tzinfo=UTC)
    screened(town, "puyan-hall", Level.GREEN, 14, at)
    screened(town, "puyan-hall", Level.YELLOW, 11, at)
    screened(town, "xixing-hall", Level.GREEN, 40, at)
    screened(town, None, Level.GREEN, 40, at)
    screened(town, "puyan-hall", Level.GREEN, 40, datetime(2026, 11, 2, 4, tzinfo=UTC))
    with town.database.transaction() as db:
        theirs = select(Rating).join(ResidentSession, ResidentSession.id == Rating.session_id)
        again = db.scalars(
            theirs.where(
                ResidentSession.place == "puyan-hall", Rating.level == int(Level.GREEN), Rating.at == at
            )
        ).first()
        assert again is not None
        db.add(
            Rating(
                resident_id=again.resident_id, session_id=again.session_id, sitting_id=uuid4(),
                level=int(Level.YELLOW), policy="five_colours", at=again.at + timedelta(hours=1),
            )
        )  # fmt: skip
    with town.database.transaction() as db:
        db.add(
            Campaign(
                code="C-TEST", name="秋季", place="xixing-hall", entrance="resident", from_day=date(2026, 10, 9),
                to_day=date(2026, 10, 11), zone="Asia/Shanghai", made_by="x", made_at=at,
            )
        )  # fmt: skip
    made = desk(town).of_district("puyan", Period.month(2026, 10), "operator")
    assert made.levels is not None
    assert sorted(cell.count for cell in made.levels) == [12, 13], "the later answer of one person counts"
    assert desk(town).of_district("xixing", Period.month(2026, 10), "operator").levels is None


def levels_of(report: Report) -> dict[str, int]:
    return {cell.name: cell.count for cell in report.levels or ()}


def test_two_prints_of_a_month_cannot_be_subtracted(town: Town) -> None:
    """One person has their record erased, another's level is put right, between the first print and the second."""
    at, month = datetime(2026, 10, 10, 4, tzinfo=UTC), Period.month(2026, 10)
    screened(town, "puyan-hall", Level.GREEN, 14, at)
    screened(town, "puyan-hall", Level.YELLOW, 12, at)
    first = desk(town).of_district("puyan", month, "operator")
    assert sorted(levels_of(first).values()) == [12, 14]

    with town.database.transaction() as db:
        yellow, green = (
            db.scalars(select(Rating).where(Rating.level == int(level))).first()
            for level in (Level.YELLOW, Level.GREEN)
        )
        assert yellow is not None
        assert green is not None
        db.delete(yellow)
        green.level = int(Level.YELLOW)
    screened(town, "puyan-hall", Level.GREEN, 1, at)
    screened(town, "xixing-hall", Level.GREEN, 30, at)
    for _ in range(2):
        again = desk(town).of_district("puyan", month, "operator")
        beside = desk(town).of_district("puyan", Period.month(2026, 11), "operator")
        assert levels_of(again) == levels_of(first)
        assert beside.levels_before == first.levels
    assert desk(town).of_district("xixing", month, "operator").levels is None, (
        "decided for all streets at once"
    )


def test_any_days_open_no_other_way_to_the_levels(town: Town) -> None:
    at = datetime(2026, 10, 10, 4, tzinfo=UTC)
    screened(town, "puyan-hall", Level.GREEN, 14, at)
    screened(town, "puyan-hall", Level.YELLOW, 12, at)
    for first, last in (
        (date(2026, 10, 1), date(2026, 10, 30)),
        (date(2026, 9, 1), date(2026, 10, 31)),
        (date(2026, 10, 10), date(2026, 10, 10)),
    ):
        days = desk(town).of_district("puyan", Period(first, last), "operator")
        assert (days.levels, days.clusters, days.satisfied) == (None, (), None)
    running = screened(town, "puyan-hall", Level.GREEN, 40, town.clock())
    assert running is None
    month = Period(today(town), today(town)).this_month
    assert desk(town).of_district("puyan", month, "operator").levels is None, (
        "it could be read again tomorrow"
    )


def test_the_month_is_decided_by_the_clock_although_nobody_reads_it(town: Town) -> None:
    screened(town, "puyan-hall", Level.GREEN, 14, datetime(2026, 10, 10, 4, tzinfo=UTC))
    for _ in range(2):
        plans_round(town.services)
    with town.database.transaction() as db:
        [kept] = db.scalars(select(LevelMonth)).all()
        assert kept.begins == date(2026, 10, 1)
        db.execute(delete(Rating))
    assert levels_of(desk(town).of_district("puyan", Period.month(2026, 10), "operator"))


def test_a_letter_is_drafted_for_a_place_that_stands_out_and_leaves_only_signed(town: Town) -> None:
    at = datetime(2026, 10, 10, 4, tzinfo=UTC)
    company = next(p for p in town.services.district.places if p.kind == "company")
    street = company.street or ""
    screened(town, company.code, Level.GREEN, 25, at)
    screened(town, company.code, Level.YELLOW, 15, at)
    screened(town, f"{street}-hall", Level.GREEN, 190, at)
    screened(town, f"{street}-hall", Level.YELLOW, 10, at)
    screened(town, "changhe-hall", Level.GREEN, 190, at)
    screened(town, "changhe-hall", Level.YELLOW, 10, at)
    days = "from_day=2026-10-01&to_day=2026-10-31"
    lead = town.officer(street, "supervisor", "钱敏")
    shown = lead.does("GET", f"/report?{days}")
    assert [one["place"] for one in shown["places"]] == [company.code]
    assert "40 人里 15 人" in shown["places"][0]["sentence"]

    draft = lead.asks("GET", f"/report/letter?street={street}&place={company.code}&{days}")
    assert draft.status_code == 200
    text = "".join(p.get_textpage().get_text_bounded() for p in pypdfium2.PdfDocument(draft.content))
    assert "未经签发" in text
    assert "钱敏" not in text
    body = {"street": street, "first": "2026-10-01", "last": "2026-10-31", "place": company.code}
    signed = lead.asks("POST", "/report/letter", body)
    assert signed.status_code == 200
    text = "".join(p.get_textpage().get_text_bounded() for p in pypdfium2.PdfDocument(signed.content))
    assert "未经签发" not in text
    assert "钱敏" in text
    with town.database.transaction() as db:
        entries = db.scalars(select(AuditEntry).where(AuditEntry.action.like("letter.%"))).all()
    assert [e.action for e in entries] == ["letter.drafted", "letter.signed"]
    assert len(entries[1].details["digest"]) == 64

    duty = town.officer("desk", "duty_officer", "周平")
    assert duty.asks("POST", "/report/letter", body).status_code == 409, "the desk reads and signs nothing"
    assert lead.asks("POST", "/report/letter", {**body, "place": "changhe-hall"}).status_code == 409
    assert lead.asks("POST", "/report/letter", {**body, "last": "2026-10-30"}).status_code == 409
