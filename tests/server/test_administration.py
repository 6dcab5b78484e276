"""Audit, rules, sentences, places and the tree as their administrators meet them."""

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from residents import place_codes
from server import content_inventory
from server.administration_schemas import SearchSentences
from server.audit_desk import WORDS
from server.content_desk import ContentDesk
from server.rules_desk import moved
from storage import audit, edition
from storage.audit import AuditCheck, AuditEntry
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import ORIGIN, Officer, Town

ROOT = Path(__file__).parents[2]


@pytest.fixture
def town(district: Town) -> Town:
    """One town for all of them; who needs a trail of their own asks for `fresh`."""
    district.services.limits.seen.clear()
    return district


@pytest.fixture
def fresh(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    """A town of one test alone."""
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


@pytest.fixture
def admin(town: Town) -> Officer:
    return town.officer("desk", "administrator", "郑伟")


@pytest.fixture
def other(town: Town) -> Officer:
    return town.officer("desk", "administrator", "许岚")


def found(officer: Officer, **body: Any) -> Any:
    return officer.does("POST", "/audit/search", body)


# --- audit --------------------------------------------------------------------------------------------


def test_the_trail_is_found_by_kind_ticket_person_and_time(town: Town, admin: Officer) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    officer = town.officer("puyan")
    code = next(t["code"] for t in officer.tickets() if t["holder"] is None)
    officer.acknowledges(code)
    late = town.clock.advance(hours=1).isoformat()
    officer.does("GET", f"/tickets/{code}")

    assert {e["action"] for e in found(admin, person=officer.username)["entries"]} >= {"ticket.read", "login"}
    assert {e["subject"] for e in found(admin, ticket=code.lower())["entries"]} == {f"ticket:{code}"}
    assert {e["action_word"] for e in found(admin, kind="ticket.acknowledged")["entries"]} == {"签收"}
    later = found(admin, person=officer.username, from_at=late, ticket=code)["entries"]
    assert [e["action"] for e in later] == ["ticket.read"]
    assert found(admin, to_at=(town.clock.now - timedelta(days=9)).isoformat())["entries"] == []


def test_pages_follow_each_other_without_gap_or_repetition(town: Town, admin: Officer) -> None:
    with town.database.transaction() as db:
        for n in range(120):
            audit.record(db, actor="watch", action="clock.late", subject=f"ticket:K-{n}", at=town.clock.now)
    seen: list[int] = []
    before = None
    while True:
        page = found(admin, kind="clock.late", before=before)
        seen += [entry["seq"] for entry in page["entries"]]
        before = page["next_before"]
        if before is None:
            break
    assert len(seen) == len(set(seen)) == 120
    assert seen == sorted(seen, reverse=True)


def test_nothing_vouches_for_what_was_not_checked_yet(fresh: Town) -> None:
    admin = fresh.officer("desk", "administrator", "郑伟")
    page = found(admin)
    assert page["check"]["state"] == "never"
    assert {entry["state"] for entry in page["entries"]} == {"not_yet"}
    with fresh.database.transaction() as db:
        now, all_of_it = fresh.clock.now, 10**6
        db.add(
            AuditCheck(at=now, by="software", entries=all_of_it, first_bad=None, why="", signature=b"x" * 16)
        )
    assert found(admin)["check"]["state"] == "never", "a check that was put in by hand vouches for nothing"

    checked = admin.does("POST", "/audit/check")["checked"]
    assert checked > 0
    page = found(admin)
    assert page["check"]["state"] == "whole"
    assert "还没有核对" in page["check"]["sentence"]
    assert all((entry["state"] == "checked") is (entry["seq"] <= checked) for entry in page["entries"])
    assert any(entry["state"] == "not_yet" for entry in page["entries"]), "the check itself, and this look"
    assert admin.asks("POST", "/audit/check").status_code == 429


def test_looking_is_an_entry_and_the_words_are_not_in_it(town: Town, admin: Officer) -> None:
    found(admin, person="yu-dajie", ticket="K-1234-5")
    entry = found(admin, kind="audit.read")["entries"][0]
    assert entry["actor"] == admin.username
    assert "filters：ticket、person" in entry["details"]
    with town.database.transaction() as db:
        kept = repr([(e.subject, e.details) for e in db.scalars(select(AuditEntry))])
    assert "yu-dajie" not in kept
    assert "K-1234-5" not in kept


# --- rules --------------------------------------------------------------------------------------------


def policy(admin: Officer, subject: str = "policy:home_visit") -> str:
    return next(f["content"] for f in admin.does("GET", "/rules")["files"] if f["subject"] == subject)


def waiting(shown: Any) -> list[Any]:
    return [one for one in shown["proposals"] if one["state"] == "waiting"]


def changed(admin: Officer) -> str:
    return policy(admin) + "\n# 试一试\n"


def test_rules_come_into_force_by_two_people_after_a_rehearsal(
    town: Town, admin: Officer, other: Officer
) -> None:
    content = changed(admin)
    body = {"content": content, "note": "写得更清楚"}
    refused = admin.asks("POST", "/rules/proposals", body)
    assert (refused.status_code, "预演" in refused.json()["sentence"]) == (409, True)

    rehearsal = admin.does("POST", "/rules/rehearse", {"content": content})
    assert rehearsal["lines"]
    assert any("试一试" in line for line in rehearsal["changed"])
    [one] = waiting(admin.does("POST", "/rules/proposals", body))
    assert (one["state"], one["may_decide"], one["mine"]) == ("waiting", False, True)
    assert policy(admin) != content, "nothing changed yet"
    path = f"/rules/proposals/{one['id']}"
    assert admin.asks("POST", path, {"answer": "approve"}).status_code == 409, "nobody approves their own"

    done = other.does("POST", path, {"answer": "approve"})["proposals"][0]
    assert (done["state"], done["decided_by"]) == ("approved", "许岚")
    assert policy(admin) == content
    assert town.services.intake.policies["home_visit"].edition.endswith(
        f"#{edition.digest_of(content)}+{town.services.intake.policies.calendar.digest}"
    )
    assert other.asks("POST", path, {"answer": "approve"}).status_code == 409, "once"
    with town.database.transaction() as db:
        of_rules = (
            select(AuditEntry).where(AuditEntry.action == "rules.saved").order_by(AuditEntry.seq.desc())
        )
        saved = db.scalars(of_rules.limit(1)).one()
    assert (saved.actor, saved.details["second"]) == (admin.username, other.username)


def test_a_rehearsal_is_an_entry_with_what_was_moved_and_ten_in_an_hour_are_enough(
    town: Town, admin: Officer, other: Officer
) -> None:
    levels = policy(admin, "levels")
    for cut in range(14, 4, -1):
        tried = levels.replace(
            "levels: {blue: 5, yellow: 10, orange: 15}", f"levels: {{blue: 3, yellow: 4, orange: {cut}}}", 1
        )
        assert admin.asks("POST", "/rules/rehearse", {"content": tried, "days": 1}).status_code == 422
        assert admin.asks("POST", "/rules/rehearse", {"content": tried + "x: ["}).status_code == 409
        admin.does("POST", "/rules/rehearse", {"content": tried})
    for content in (tried, levels):
        late = admin.asks("POST", "/rules/rehearse", {"content": content})
        assert (late.status_code, "十次" in late.json()["sentence"]) == (409, True)
    other.does("POST", "/rules/rehearse", {"content": tried})
    entries = found(admin, kind="rules.rehearsed", person=admin.username)["entries"]
    assert len(entries) == 10
    assert entries[0]["subject"] == "levels"
    told = " ".join(entries[0]["details"])
    assert "scores[phq9].levels.orange：15 → 5" in told
    assert "days：28" in told
    town.clock.advance(minutes=61)
    admin.does("POST", "/rules/rehearse", {"content": tried})


def test_the_trail_says_which_numbers_moved_and_repeats_no_sentence() -> None:
    before = (
        "scores:\n  - {instrument: phq9, levels: {orange: 15}, worker: 心情九问的总分够到了这里，请看一看}\n"
    )
    after = (
        before.replace("15", "14").replace("请看一看", "请马上看看她说的话")
        + "new: [1, 2] # 余大姐说过的话\n"
    )
    assert moved(before, after) == [
        "scores[phq9].levels.orange：15 → 14",
        "new[0]：— → 1",
        "new[1]：— → 2",
        "scores[phq9].worker：文字 → 文字",
    ]
    renamed = "".join(f"was{n}: 1\n" for n in range(90))
    assert moved(renamed + "orange: 15", "orange: 14")[0] == "orange：15 → 14", "no number is cut off"
    assert len(moved("", "\n".join(f"a{n}: 1" for n in range(90)))) == 41


def test_a_proposal_falls_when_other_rules_came_into_force(
    town: Town, admin: Officer, other: Officer
) -> None:
    first, second = changed(admin), policy(admin) + "\n# 另一份\n"
    for by, content in ((admin, first), (other, second)):
        by.does("POST", "/rules/rehearse", {"content": content})
        shown = by.does("POST", "/rules/proposals", {"content": content, "note": "试试看"})
    mine, theirs = (next(p for p in waiting(shown) if p["asked_by"] == n) for n in ("郑伟", "许岚"))
    admin.does("POST", f"/rules/proposals/{theirs['id']}", {"answer": "approve"})
    late = other.asks("POST", f"/rules/proposals/{mine['id']}", {"answer": "approve"})
    assert late.status_code == 409
    assert policy(admin) == second


def test_refused_and_withdrawn_change_nothing(town: Town, admin: Officer, other: Officer) -> None:
    content = changed(admin)
    admin.does("POST", "/rules/rehearse", {"content": content})
    for by, answer in ((other, "refuse"), (admin, "withdraw")):
        [one] = waiting(admin.does("POST", "/rules/proposals", {"content": content, "note": "再试"}))
        by.does("POST", f"/rules/proposals/{one['id']}", {"answer": answer})
    assert policy(admin) != content


@pytest.mark.parametrize(
    "content",
    [
        "",
        "a: [",
        "kind: home_visit",
        "kind: [1]\nkinds: 3",
        "[" * 5000,
        "kinds: 7",
        "\x00",
        "date,kind,name\n1,2",
    ],
)
def test_a_file_that_says_nothing_possible_is_one_sentence(admin: Officer, content: str) -> None:
    answer = admin.asks("POST", "/rules/rehearse", {"content": content})
    assert answer.status_code in (409, 422), answer.text
    assert re.search(r"[\u4e00-\u9fff].*。$", answer.json()["sentence"])


# --- sentences ----------------------------------------------------------------------------------------


def test_every_file_of_sentences_is_in_the_inventory() -> None:
    known = {one.file for one in content_inventory.sentences()}
    said = [*ROOT.glob("bot/domain/*.yml"), *ROOT.glob("bot/bank/*.yml"), *ROOT.glob("bot/skills/*.yml")]
    for path in said:
        if re.search(r"text: .*[\u4e00-\u9fff]|^ *- [\u4e00-\u9fff]", path.read_text("utf-8"), re.M):
            assert path.relative_to(ROOT).as_posix() in known, path.name
    texts = {one.text for one in content_inventory.sentences()}
    assert "我听到了，您现在一定很难。要是眼下有危险，请马上打 120 或 110。" in texts
    assert "您好，我在。今天心里怎么样？想到哪儿说到哪儿就行。" in texts
    assert "低保怎么申请" not in texts, "what residents ask is not what we say"
    assert all(one.owner and one.every_days for one in content_inventory.sentences())


def test_a_reading_counts_until_its_day_and_for_these_words_alone(town: Town, admin: Officer) -> None:
    page = admin.does("POST", "/sentences/search", {"words": "把可能伤到自己的东西放远"})
    assert page["sentences"][0]["state"] == "never"
    one = page["sentences"][0]
    body = {
        "sentences": [{"sentence": one["sentence"], "digest": one["digest"]}],
        "reviewer": "林医生",
        "reviewed_on": town.clock.now.date().isoformat(),
    }
    assert admin.does("POST", "/sentences/reviewed", body) == {"marked": 1}
    again = admin.does("POST", "/sentences/search", {"words": one["text"]})["sentences"][0]
    assert (again["state"], again["reviewer"]) == ("fresh", "林医生")

    known = {s.key: s for s in content_inventory.sentences()}
    old = known[one["sentence"]]
    other_words = type(old)(
        **{**vars(old), "text": "改过的话", "digest": content_inventory.digest_of("改过的话")}
    )
    desk = ContentDesk(town.database, town.clock, lambda: (other_words,))
    staff = town.services.console.session_of(admin.cookie.split("=", 1)[1])
    assert desk.search(staff, SearchSentences()).sentences[0].state == "changed"

    town.clock.advance(days=old.every_days + 1)
    desk = ContentDesk(town.database, town.clock, lambda: (old,))
    assert desk.search(staff, SearchSentences()).sentences[0].state == "overdue"


def test_a_sentence_that_reads_otherwise_by_now_is_not_marked(town: Town, admin: Officer) -> None:
    one = admin.does("POST", "/sentences/search", {})["sentences"][0]
    day = town.clock.now.date()
    body = {"sentences": [{"sentence": one["sentence"], "digest": "0" * 16}], "reviewer": "林医生"}
    assert admin.asks("POST", "/sentences/reviewed", {**body, "reviewed_on": str(day)}).status_code == 409
    body["sentences"][0]["digest"] = one["digest"]  # type: ignore[index]
    for wrong in (day + timedelta(days=2), day - timedelta(days=91)):
        assert (
            admin.asks("POST", "/sentences/reviewed", {**body, "reviewed_on": str(wrong)}).status_code == 409
        )


def test_what_is_to_be_read_comes_first_and_all_pages_are_all_sentences(admin: Officer) -> None:
    page = admin.does("POST", "/sentences/search", {"area": "levels"})
    seen = [one["sentence"] for one in page["sentences"]]
    while page["next_after"] is not None:
        page = admin.does("POST", "/sentences/search", {"area": "levels", "after": page["next_after"]})
        seen += [one["sentence"] for one in page["sentences"]]
    assert len(seen) == len(set(seen)) == page["found"]


# --- places -------------------------------------------------------------------------------------------


def test_a_poster_says_where_it_hangs_and_its_code_opens_the_door(town: Town, admin: Officer) -> None:
    listed = admin.does("GET", "/places")["places"]
    spoken = {one["code"]: one["spoken"] for one in listed}
    assert len(set(spoken.values())) == len(spoken)
    assert all(re.fullmatch(r"\d{4} \d{4}", one) for one in spoken.values())
    answer = admin.asks("GET", "/places/puyan-hall/poster")
    assert answer.status_code == 200
    assert "script" not in answer.headers["content-security-policy"]
    page = answer.text
    assert page.count("<section>") == 1
    assert spoken["puyan-hall"] in page
    assert "不是真人" in page
    assert f"打开 {ORIGIN} 输入" in page, "where the number may be typed"
    assert "<svg" in page
    assert "<script" not in page


def test_the_code_on_a_sheet_counts_a_year(
    town: Town, admin: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    links: list[str] = []
    real = __import__("segno").make
    monkeypatch.setattr(
        "server.places_desk.segno.make", lambda link, **more: links.append(link) or real(link, **more)
    )
    admin.asks("GET", "/places/puyan-hall/poster")
    code = links[0].rsplit("/", 1)[1]
    read = place_codes.read(town.database.vault.check, code, town.clock.now + timedelta(days=364))
    assert read.place == "puyan-hall"


def test_a_lead_prints_the_own_offices_sheets_and_no_others(town: Town, admin: Officer) -> None:
    lead = town.officer("puyan", "supervisor", "钱敏")
    own = lead.asks("GET", f"/offices/{lead.office}/posters")
    assert own.status_code == 200
    mine = [p for p in lead.does("GET", "/places")["places"] if p["poster"]]
    assert own.text.count("<section>") == len(mine) > 0
    assert lead.asks("GET", f"/offices/{town.office_code('xixing')}/posters").status_code == 404
    assert admin.asks("GET", f"/offices/{town.office_code('xixing')}/posters").status_code == 200
    assert admin.asks("GET", "/places/nowhere/poster").status_code == 404


def test_the_eight_digits_of_a_poster_open_its_place_without_a_picture(town: Town, admin: Officer) -> None:
    hall = next(p for p in admin.does("GET", "/places")["places"] if p["code"] == "puyan-hall")

    def types(code: str) -> Any:
        return town.ask("POST", "/api/places/typed", json={"code": code}).json()

    for written in (hall["spoken"], hall["spoken"].replace(" ", ""), hall["spoken"].replace(" ", "-")):
        answer = types(written)
        assert answer["name"] == hall["name"]
        assert town.ask("GET", f"/api/district?place={answer['place']}").json()["place"] == hall["name"]
    wide = hall["spoken"].translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert types(wide)["name"] == hall["name"]
    digits = hall["spoken"].replace(" ", "")
    slip = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    for wrong in (slip, digits[:7], digits + "0", "puyan-hall", "0" * 8):
        assert types(wrong) == {"place": None, "name": None}
    town.clock.advance(days=3)
    late = town.ask("GET", f"/api/district?place={answer['place']}").json()
    assert late["place"] is None, "what was typed counts for a day, the poster for a year"
    town.services.limits.seen.clear()
    asked = [town.ask("POST", "/api/places/typed", json={"code": slip}).status_code for _ in range(21)]
    assert asked == [200] * 20 + [429]


# --- the tree -----------------------------------------------------------------------------------------


def as_file(content: str, name: str = "区划.csv") -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content.encode()).decode()}


def test_a_table_comes_back_with_its_changes_and_is_saved_once_looked_at(town: Town, admin: Officer) -> None:
    table = admin.asks("GET", "/tree/table").text
    assert admin.does("POST", "/tree/look", as_file(table))["changes"] == []
    place = next(p for p in admin.does("GET", "/places")["places"] if p["code"] == "puyan-hall")
    newer = table.replace(place["name"], place["name"] + "一楼")
    looked = admin.does("POST", "/tree/look", as_file(newer))
    assert looked["changes"]
    assert looked["problems"] == []
    saved = admin.does("POST", "/tree", {**as_file(newer), "before": looked["before"], "note": "搬到一楼"})
    assert saved["changes"] == looked["changes"]
    assert place["name"] + "一楼" in {p["name"] for p in admin.does("GET", "/places")["places"]}
    late = admin.asks("POST", "/tree", {**as_file(table), "before": looked["before"], "note": "改回去"})
    assert late.status_code == 409
    with town.database.transaction() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "tree.imported")).one()
    assert entry.actor == admin.username


def test_a_wrong_table_is_told_by_line_and_nothing_is_saved(admin: Officer) -> None:
    lines = admin.asks("GET", "/tree/table").text.splitlines()
    lines[2] = lines[2].replace(lines[2].split(",")[0], "星系", 1)
    looked = admin.does("POST", "/tree/look", as_file("\n".join(lines)))
    assert [p["line"] for p in looked["problems"] if "星系" in p["problem"]] == [3]
    body = {**as_file("\n".join(lines)), "before": "0" * 16, "note": "试试"}
    assert admin.does("POST", "/tree", body)["problems"] == looked["problems"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", "x"),
        ("a.csv", ""),
        ("a.csv", "\x00"),
        ("a.xlsx", "not a workbook"),
        ("../../a.yml", "["),
        ("a.yml", "&a [*a]"),
    ],
)
def test_a_file_that_is_none_is_one_sentence_or_a_line(admin: Officer, name: str, content: str) -> None:
    answer = admin.asks("POST", "/tree/look", as_file(content, name))
    assert answer.status_code in (200, 409, 422), answer.text
    if answer.status_code == 200:
        assert answer.json()["problems"]


# --- words --------------------------------------------------------------------------------------------


def test_every_kind_of_entry_has_a_word() -> None:
    pattern = re.compile(
        r'action="([a-z_.]+)"|(?:_audit|_read)\(\s*(?:db|self\.\w+),\s*(?:[\w.]+,\s*)*"([a-z_.]+)"'
    )
    said = set()
    for folder in ("server", "escalation", "bot", "residents"):
        for path in (ROOT / folder).rglob("*.py"):
            said |= {a or b for a, b in pattern.findall(path.read_text("utf-8"))}
    assert len(said) > 60
    assert said - set(WORDS["actions"]) == set()
