"""Documents of a case: each has exactly what it may have, on the screen and on paper, and its opening is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
from sqlalchemy import select

from escalation.say_cards import say_cards
from escalation.staff import StaffAccount
from escalation.teamwork import Trip
from escalation.ticket import Ticket
from escalation.triage import Level
from residents.resident import Disclosure
from server.documents import KINDS, OPENED, WORDS, Case, Referral, Visit, as_paper, document
from server.settings import ROOT
from storage.audit import AuditEntry
from tests.support.town import Officer, Resident, Town

NAME, PHONE, ADDRESS, TRUSTED = (
    "余晚晴",
    "13812345678",
    "浦沿街道东冠路 1 号 2 幢 301",
    "女儿余小满 13900000001",
)
WORDS_SAID, NOTE, PLAN = "我想去江边走走再也不回来", "门口有两双鞋，女儿在家", "听一段越剧"
RED = {"mood": 3, "q9": 3, "asq": 1, "asq5": 1}
SCORES = ("PHQ", "分数", "得分", "红色", "橙色", "抑郁", "诊断为")


def case(**more: Any) -> Case:
    full = {
        "name": NAME,
        "phone": PHONE,
        "address": ADDRESS,
        "safe_to_call": "可以打",
        "trusted_person": TRUSTED,
    }
    at = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    made = Case(
        code="K-4821", office="浦沿司法所", office_phone="0571-0000-0101", who="沈青", place="浦沿街道 东冠社区",
        level=Level.RED, now=at, two_people=True, visit_due=at, next_follow_up=at, calls=2,
        visits=[Visit(at, "沈青", "上门见到了本人，家人在场。", NOTE)], referral=Referral("counsellor", True),
        identity=full, danger=True, plan=[("我自己能做的", PLAN), ("我看重的", "")],
        lines=[("12356", "心理援助热线"), ("120", "急救")],
    )  # fmt: skip
    return replace(made, **more)


def text_of(sheet: bytes) -> str:
    pages = pypdfium2.PdfDocument(sheet)
    return "".join("".join(page.get_textpage().get_text_bounded().split()) for page in pages)


def said(kind: Any, one: Case) -> str:
    return text_of(as_paper(document(kind, one, say_cards())))


ALLOWED = {
    "visit_kit": {NAME, PHONE, ADDRESS, TRUSTED, "K-4821"},
    "visit_record": {NAME, ADDRESS, NOTE, "K-4821"},
    "family_sheet": set(),
    "referral_letter": {NAME, PHONE, "K-4821"},
    "safety_plan": {NAME, PLAN},
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_sheet_has_of_the_person_exactly_what_it_may_have(kind: Any) -> None:
    text = said(kind, case())
    everything = {NAME, PHONE, ADDRESS, TRUSTED, NOTE, PLAN, "K-4821"}
    assert {one for one in everything if "".join(one.split()) in text} == ALLOWED[kind]
    assert [one for one in SCORES if one in text] == []
    assert WORDS["documents"][kind]["title"] in text


@pytest.mark.parametrize("kind", KINDS)
def test_closed_to_its_reader_a_sheet_names_nobody(kind: Any) -> None:
    text = said(kind, case(identity=None))
    for one in (NAME, PHONE, ADDRESS, TRUSTED):
        assert "".join(one.split()) not in text


def test_the_kit_has_the_words_for_the_door() -> None:
    text, cards = said("visit_kit", case()), say_cards()
    card = cards.levels["red"]
    wanted = [card.first.replace("{me}", "浦沿司法所的沈青"), *card.then, *card.never]
    wanted += [f"{one.name}：{one.look}" for one in cards.situations]
    wanted += ["家属告知单", "难受时怎么办", "转介", "不要一个人上门", "120", "家里还住着谁"]
    assert [one for one in wanted if "".join(one.split()) not in text] == []


@pytest.mark.parametrize("level", [Level.RED, Level.ORANGE, Level.YELLOW])
@pytest.mark.parametrize("long", [False, True])
def test_the_kit_is_one_page_whatever_stands_on_it(level: Level, long: bool) -> None:
    identity = {field: "一" * 200 if long else "一" for field in WORDS["documents"]["visit_kit"]["identity"]}
    sheet = as_paper(document("visit_kit", case(level=level, identity=identity), say_cards()))
    assert len(pypdfium2.PdfDocument(sheet)) == 1


def test_a_letter_that_the_font_lacks_is_marked_and_said() -> None:
    text = said("visit_kit", case(identity={"name": "余\U000304de"}))
    assert "余〓" in text
    assert "请手写补上" in text
    assert "请手写补上" not in said("visit_kit", case())


def test_the_sheets_can_be_looked_at() -> None:
    folder = ROOT / "build" / "screenshots" / "paper"
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        page = pypdfium2.PdfDocument(as_paper(document(kind, case(), say_cards())))[0]
        assert [round(side) for side in page.get_size()] == [595, 842]
        page.render(scale=1.5).to_pil().save(folder / f"{kind}.png")


# --- in a town ----------------------------------------------------------------------------------------


def in_danger(town: Town, **ticks: bool) -> Resident:
    resident = town.resident(place="puyan-hall")
    resident.agrees(**ticks)
    resident.completes(**RED)
    for field, value in (("name", NAME), ("phone", PHONE), ("address", ADDRESS), ("trusted_person", TRUSTED)):
        resident.tells(field, value)
    resident.says(WORDS_SAID)
    resident.sends("PUT", "/plan", {"steps": {"by_myself": PLAN}, "shared": True})
    return resident


def holds(town: Town) -> tuple[Officer, str]:
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    return officer, code


def test_the_resident_sees_who_opened_which_sheet(town: Town) -> None:
    resident = in_danger(town)
    officer, code = holds(town)
    kit = officer.does("POST", f"/tickets/{code}/documents/visit_kit", {})
    facts = {pair["label"]: pair["text"] for pair in kit["blocks"][0]["pairs"]}
    assert (facts["称呼"], facts["电话"], facts["住址"]) == (NAME, PHONE, ADDRESS)
    town.clock.now += timedelta(minutes=1)
    paper = officer.asks("POST", f"/tickets/{code}/documents/family_sheet/pdf", {})
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    assert paper.headers["cache-control"] == "no-store"
    assert WORDS_SAID not in text_of(paper.content) + str(kit)

    alarm = resident.turn.alarm
    assert alarm is not None
    openings = town.ask("GET", f"/api/progress/{alarm.code}").json()["openings"]
    assert [one["what"] for one in openings] == [
        OPENED["document.visit_kit"],
        OPENED["document.family_sheet"],
    ]
    assert "沈青" in openings[0]["who"]
    with town.database.transaction() as db:
        entries = db.scalars(select(AuditEntry).where(AuditEntry.action == "document.opened")).all()
        kept = db.scalars(select(Disclosure).where(Disclosure.fields.like("document.%"))).all()
    assert [(e.actor, e.details["kind"], e.details["form"]) for e in entries] == [
        (officer.username, "visit_kit", "screen"), (officer.username, "family_sheet", "paper")
    ]  # fmt: skip
    assert [one.basis for one in kept] == ["consent", "assigned"]
    lines = [e["text"] for e in officer.does("GET", f"/tickets/{code}")["timeline"]]
    assert "打开了走访包。" in lines


def test_only_who_holds_it_or_leads_opens_it(town: Town) -> None:
    in_danger(town)
    officer, code = holds(town)
    colleague, stranger = town.officer("puyan", name="何苗"), town.officer("xixing")
    lead, auditor = town.officer("puyan", "supervisor", "钱敏"), town.officer("desk", "auditor")
    path = f"/tickets/{code}/documents/visit_record"
    asked = [
        (one, one.asks("POST", path, {}).status_code) for one in (officer, lead, colleague, auditor, stranger)
    ]
    assert [status for _, status in asked] == [200, 200, 409, 409, 404]
    with town.database.transaction() as db:
        opened = db.scalars(select(AuditEntry.actor).where(AuditEntry.action == "document.opened")).all()
    assert opened == [officer.username, lead.username], "who was refused was shown nothing"


def test_a_plan_is_printed_only_after_its_owner_was_asked(town: Town) -> None:
    in_danger(town)
    officer, code = holds(town)
    path = f"/tickets/{code}/documents/safety_plan"
    refused = officer.asks("POST", path, {})
    assert refused.status_code == 409
    assert PLAN not in refused.text
    assert PLAN in officer.asks("POST", path, {"asked": True}).text


def opens_plan(officer: Officer, code: str) -> int:
    answer = officer.asks("POST", f"/tickets/{code}/documents/safety_plan", {"asked": True})
    assert (PLAN in answer.text) is (answer.status_code == 200)
    return answer.status_code


def test_a_plan_is_its_owners_until_they_say_so_themselves(town: Town) -> None:
    """Consent to be passed on is about who they are; what they wrote for their hard hours is another matter."""
    resident = in_danger(town)
    officer, code = holds(town)
    for shared, status in ((False, 409), (True, 200), (None, 200), (False, 409)):
        resident.sends("PUT", "/plan", {"steps": {}, "shared": shared})
        assert opens_plan(officer, code) == status, shared
    assert resident.sends("GET", "/plan").json()["shared"] is False


def test_somebody_in_danger_who_shares_nothing_keeps_their_plan(town: Town) -> None:
    resident = in_danger(town, share=False)
    officer, code = holds(town)
    assert resident.sends("GET", "/plan").json()["shared"] is True
    assert opens_plan(officer, code) == 409
    letter = officer.asks("POST", f"/tickets/{code}/documents/visit_kit", {})
    assert PHONE in letter.text, "danger opens who they are, and not what they wrote"


def test_a_plan_is_for_whoever_sees_to_it_now(town: Town) -> None:
    in_danger(town)
    officer, code = holds(town)
    lead, colleague = town.officer("puyan", "supervisor", "钱敏"), town.officer("puyan", name="何苗")
    assert [opens_plan(one, code) for one in (officer, lead, colleague)] == [200, 409, 409]
    with town.database.transaction() as db:
        ticket = db.scalars(select(Ticket).where(Ticket.code == code)).one()
        visitor = db.scalars(select(StaffAccount).where(StaffAccount.username == colleague.username)).one()
        now = town.clock()
        db.add(
            Trip(
                ticket_id=ticket.id, staff_id=visitor.id, name=visitor.name, office=visitor.office, set_out_at=now,
                back_by=now + timedelta(minutes=40),
            )
        )  # fmt: skip
    assert opens_plan(colleague, code) == 200, "they are at the door"
    with town.database.transaction() as db:
        db.scalars(select(Trip)).one().back_at = town.clock()
        db.scalars(select(Ticket).where(Ticket.code == code)).one().complete("supported", town.clock())
    assert [opens_plan(one, code) for one in (officer, colleague)] == [409, 409]


def test_who_judged_it_is_written_down_as_it_was(town: Town) -> None:
    """The resident judges where they agreed; else whoever opens it."""
    in_danger(town)
    officer, code = holds(town)
    for kind in ("visit_kit", "family_sheet", "safety_plan"):
        town.clock.now += timedelta(minutes=1)
        assert officer.asks("POST", f"/tickets/{code}/documents/{kind}", {"asked": True}).status_code == 200
    assert judged(town) == [
        ("visit_kit", "consent", "居民本人", "resident"),
        ("family_sheet", "assigned", "沈青", officer.username),
        ("safety_plan", "consent", "居民本人", "resident"),
    ]


def test_in_danger_and_without_consent_it_is_the_worker_who_judges(town: Town) -> None:
    in_danger(town, share=False)
    officer, code = holds(town)
    officer.does("POST", f"/tickets/{code}/documents/visit_kit", {})
    assert judged(town) == [("visit_kit", "danger_to_life", "沈青", officer.username)]


def judged(town: Town) -> list[tuple[str, str, str, str]]:
    """Of each opened document: on which basis, and who judged, for the resident and in the audit trail."""
    with town.database.transaction() as db:
        opened = select(Disclosure).where(Disclosure.fields.like("document.%")).order_by(Disclosure.at)
        kept = db.scalars(opened).all()
        entries = db.scalars(
            select(AuditEntry).where(AuditEntry.action == "document.opened").order_by(AuditEntry.seq)
        ).all()
    return [
        (d.fields.partition(".")[2], d.basis, d.judged_by, str(e.details["judged_by"]))
        for d, e in zip(kept, entries, strict=True)
    ]


def test_without_consent_to_share_there_is_no_plan_and_no_name_on_a_referral(town: Town) -> None:
    resident = in_danger(town, share=False)
    officer, code = holds(town)
    refused = officer.asks("POST", f"/tickets/{code}/documents/safety_plan", {"asked": True})
    assert refused.status_code == 409
    assert PLAN not in refused.text
    officer.on(code, "referrals", to="counsellor", agreed=False)
    letter = officer.asks("POST", f"/tickets/{code}/documents/referral_letter", {})
    assert NAME not in letter.text
    assert "还没有同意这次转介" in letter.text
    assert PHONE not in letter.text
    officer.on(code, "referrals", to="ambulance", agreed=False)
    handed_over = officer.asks("POST", f"/tickets/{code}/documents/referral_letter", {})
    assert "急救中心" in handed_over.text
    assert PHONE in handed_over.text, "life is in danger, and the ambulance must find them"
    assert resident.turn.alarm is not None


def test_a_record_has_the_visits_as_they_were_written_down(town: Town) -> None:
    in_danger(town)
    officer, code = holds(town)
    blank = officer.does("POST", f"/tickets/{code}/documents/visit_record", {})
    assert "blanks" in [block["kind"] for block in blank["blocks"]]
    officer.on(code, "visits", outcome="met", findings=["bereavement"], family_present=True, note=NOTE)
    officer.on(code, "referrals", to="hospital", agreed=True)
    record = officer.asks("POST", f"/tickets/{code}/documents/visit_record", {}).text
    for words in ("第 1 次走访", "上门见到了本人", "家里有人过世", NOTE, "医院", "沈青"):
        assert words in record, words


def test_the_day_on_paper_has_codes_and_no_names(town: Town) -> None:
    in_danger(town)
    officer, code = holds(town)
    sheet = officer.asks("GET", "/day-plan/pdf")
    assert sheet.status_code == 200
    text = text_of(sheet.content)
    assert code in text
    assert "上门" in text
    for secret in (NAME, "余", PHONE, "东冠路", "红"):
        assert secret not in text
    assert town.officer("desk", "auditor").asks("GET", "/day-plan/pdf").status_code == 409


@pytest.mark.parametrize("kind", ["visit_kit2", "..", "VISIT_KIT", "%00"])
def test_there_are_these_documents_and_no_others(town: Town, kind: str) -> None:
    in_danger(town)
    officer, code = holds(town)
    assert officer.asks("POST", f"/tickets/{code}/documents/{kind}", {}).status_code in (404, 405, 422)
    assert officer.asks("POST", f"/tickets/{uuid4()}/documents/visit_kit", {}).status_code == 404
