"""Notices in the console, and the printed list for the day when no channel works."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from escalation.contact_book import add_point
from escalation.duty import DutyShift
from escalation.outbox import QueuedNotice
from escalation.staff import StaffAccount
from server.call_list import as_text
from server.cli import app
from storage.audit import AuditEntry
from tests.privacy.canaries import CANARIES, TRUNKS
from tests.support import canary
from tests.support.town import Officer, Town

PHONE = "13800000001"
WHO = CANARIES[0]


@pytest.fixture(scope="module")
def street(district: Town) -> Town:
    """浦沿 with one red ticket of somebody whose every detail is known again, and 沈青 on duty there."""
    officer = district.officer("puyan")
    with district.database.transaction() as db:
        account = db.scalars(select(StaffAccount).where(StaffAccount.username == officer.username)).one()
        vault, office = district.database.vault, officer.office
        db.add(
            DutyShift(
                office=office,
                duty="officer",
                staff_id=account.id,
                days="1234567",
                starts="08:30",
                ends="17:30",
            )
        )
        add_point(
            db,
            vault,
            office=office,
            staff_id=account.id,
            audience="office",
            channel="mail",
            address="a@b.example",
        )
        add_point(
            db, vault, office=office, staff_id=account.id, audience="office", channel="sms", address=PHONE
        )
    resident = district.resident()
    resident.agrees()
    resident.says(f"我叫{WHO.name}，电话{WHO.phone}，身份证{WHO.id_number}")
    resident.says(WHO.danger)
    resident.says(WHO.plan)
    for field, value in (("name", WHO.name), ("phone", WHO.phone), ("address", WHO.address)):
        resident.tells(field, value)
    district.passes(minutes=20)
    return district


def notices(officer: Officer) -> dict[str, Any]:
    return officer.does("GET", "/notices")


def code(street: Town) -> str:
    return street.officer("puyan").only_ticket()["code"]


def test_an_office_sees_what_nobody_has_looked_at(street: Town) -> None:
    one, two = street.officer("puyan"), street.officer("puyan", name="何苗")
    seen = notices(one)
    assert seen["count"] == len(seen["notices"]) > 0
    newest = seen["notices"][0]
    assert newest["ticket"] == code(street)
    assert "前回应" in newest["text"]
    assert [n["at"] for n in seen["notices"]] == sorted((n["at"] for n in seen["notices"]), reverse=True)

    after = one.does("POST", f"/notices/{newest['id']}/seen")
    assert after["count"] == seen["count"] - 1
    assert newest["id"] not in {n["id"] for n in notices(two)["notices"]}, "one has looked for all of them"
    two.does("POST", f"/notices/{newest['id']}/seen")
    with street.database.transaction() as db:
        kept = db.scalars(select(QueuedNotice).where(QueuedNotice.seen_at.is_not(None))).one()
    assert kept.seen_by == "沈青", "who looked first stays"
    assert one.only_ticket()["state"] == "requested", "a look takes no ticket"


def test_another_offices_notices_are_not_there(street: Town) -> None:
    office = street.office_code("puyan")
    with street.database.transaction() as db:
        shown = select(QueuedNotice.id).where(QueuedNotice.channel == "in_app", QueuedNotice.office == office)
        theirs = db.scalars(shown.limit(1)).one()
    stranger = street.officer("xixing")
    assert notices(stranger) == {"count": 0, "notices": []}
    assert stranger.asks("POST", f"/notices/{theirs}/seen").status_code == 404
    assert street.officer("puyan", "auditor").asks("POST", f"/notices/{theirs}/seen").status_code == 409


def test_what_the_lead_is_told_is_for_the_lead(street: Town) -> None:
    with street.database.transaction() as db:
        told = {n.audience for n in db.scalars(select(QueuedNotice).where(QueuedNotice.channel == "in_app"))}
    assert {"office", "supervisor"} <= told
    lead, officer = street.officer("puyan", "supervisor", "钱敏"), street.officer("puyan")
    assert notices(lead)["count"] > notices(officer)["count"]
    extra = {n["id"] for n in notices(lead)["notices"]} - {n["id"] for n in notices(officer)["notices"]}
    assert officer.asks("POST", f"/notices/{extra.pop()}/seen").status_code == 404


# --- the printed list ------------------------------------------------------------------------------------------


class Words(HTMLParser):
    """What a page shows, what it would fetch, and whether its tags are in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [name for name, _ in attrs if name in ("src", "href", "style", "onclick")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_list_says_who_to_ring_until_tomorrow(street: Town) -> None:
    answer = street.officer("desk", "duty_officer", "周平").asks("GET", "/call-list")
    assert answer.headers["Content-Type"].startswith("text/html")
    page = Words(answer.text)
    shown = "|".join(page.words)
    assert page.open == page.fetched == []
    assert "@page { size: A4" in answer.text
    assert f"沈青 |{PHONE}" in shown
    assert "今天 09:20–17:30" in shown
    assert "明天 08:30–" in shown
    assert "区值班台" in shown
    for office in street.services.district.offices:
        if office.kind == "judicial_office":
            assert office.name in shown
    assert code(street) in shown
    assert "红色" in shown
    assert "已超时" in shown, "the acknowledgement was due after a quarter of an hour"


def test_a_style_is_allowed_by_its_own_mark_and_nothing_else_is(street: Town) -> None:
    answer = street.officer("desk", "duty_officer", "周平").asks("GET", "/call-list")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert (
        street.ask("GET", "/api/hotlines")
        .headers["Content-Security-Policy"]
        .startswith("default-src 'none'; frame")
    )


def test_a_list_says_nothing_of_any_resident(street: Town) -> None:
    """P04 for what is printed, and for the console's own notices."""
    page = street.officer("desk", "duty_officer", "周平").asks("GET", "/call-list").text
    sheet = as_text(street.services.call_list.of_district("operator"))
    told = str(notices(street.officer("puyan")))
    for body in (page, sheet, told):
        for text in (*TRUNKS, WHO.name):
            assert not [form for form, shape in canary.forms(text).items() if shape in body.encode()]
        for word in ("自杀", "PHQ", "GAD", "ASQ", "量表", "得分", "抑郁", "焦虑", "不想活", "安眠药", "幢"):
            assert word not in body


def test_a_lead_gets_the_own_office_and_the_desk(street: Town) -> None:
    page = street.officer("puyan", "supervisor", "钱敏").asks("GET", "/call-list").text
    district = street.services.district
    offices = [o for o in district.offices if o.kind in ("judicial_office", "district_desk")]
    shown = {o.code for o in offices if f"<h2>{o.name}" in page}
    assert shown == {street.office_code("puyan"), district.desk.code}
    other = street.officer("xixing", "supervisor", "高原").asks("GET", "/call-list").text
    assert code(street) not in other
    assert PHONE not in other


def test_who_leads_nothing_gets_no_list(street: Town) -> None:
    for role in ("judicial_officer", "social_worker", "auditor"):
        answer = street.officer("puyan", role).asks("GET", "/call-list")  # type: ignore[arg-type]
        assert answer.status_code == 409
        assert PHONE not in answer.text


def test_each_list_is_recorded(street: Town) -> None:
    street.officer("puyan", "supervisor", "钱敏").asks("GET", "/call-list")
    with street.database.transaction() as db:
        made = db.scalars(
            select(AuditEntry).where(AuditEntry.action == "call_list.made").order_by(AuditEntry.seq.desc())
        ).first()
    assert made is not None
    assert "supervisor" in made.actor


def test_an_office_without_anybody_is_named_with_what_to_do(street: Town) -> None:
    office = street.office_code("changhe")
    with street.database.transaction() as db:
        for shift in db.scalars(select(DutyShift).where(DutyShift.office == office)):
            db.delete(shift)
    sheet = as_text(street.services.call_list.of_district("operator"))
    assert re.search(r"值班：没有人值班，直接打区值班台", sheet)


def test_the_command_prints_it_and_writes_it(
    street: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server import settings, wiring

    class Kept:
        """The services of this town, which the command may not close."""

        call_list = street.services.call_list

        def close(self) -> None:
            """The town closes them."""

    monkeypatch.setattr(wiring, "wire", lambda _: Kept())
    monkeypatch.setattr(settings, "settings", lambda: None)
    printed = CliRunner().invoke(app, ["call-list"])
    assert printed.exit_code == 0
    assert PHONE in printed.output
    out = tmp_path / "list.html"
    assert CliRunner().invoke(app, ["call-list", "--out", str(out)]).exit_code == 0
    assert PHONE in out.read_text(encoding="utf-8")
    nowhere = CliRunner().invoke(app, ["call-list", "--out", str(tmp_path / "no" / "list.html")])
    assert nowhere.exit_code == 1
    assert "写不进" in nowhere.output
