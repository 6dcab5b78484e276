"""Group screenings: a company asks everybody, learns what nobody can be found in, and danger is heard as anywhere."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from escalation.campaign import Campaign, CampaignPublication, campaigns, levels_of
from escalation.signal import Rating
from escalation.triage import Level
from residents import place_codes
from residents.resident import Resident as Person
from residents.session import ResidentSession, new_sender
from server.aggregates import LADDER, LEAST
from server.callers import StaffCookie
from server.campaign_desk import WORDS, publish_due
from server.jobs import plans_round
from storage.audit import AuditEntry
from tests.support.town import PASSWORD, Officer, Town

COMPANY, SCHOOL = "xixing-company-1", "puyan-school-1"
ASKED = {"name": "秋天的关怀", "place": COMPANY, "entrance": "employee"}
WEEK = {"from_day": "2026-11-23", "to_day": "2026-11-29"}
AFTER = timedelta(days=7)


@pytest.fixture
def administrator(town: Town) -> Officer:
    return town.officer("desk", "administrator", "韩雪")


def makes(administrator: Officer, **more: Any) -> dict[str, Any]:
    """A new group screening, as the console shows it."""
    before = {one["code"] for one in administrator.does("GET", "/campaigns")["campaigns"]}
    listed = administrator.does("POST", "/campaigns", {**ASKED, **WEEK, **more})["campaigns"]
    [made] = [one for one in listed if one["code"] not in before]
    return made


def a_week_passes(town: Town, administrator: Officer) -> None:
    """And the administrator signs in again."""
    town.clock.now += AFTER
    body = {"username": administrator.username, "password": PASSWORD}
    answer = town.ask("POST", "/api/staff/login", json=body)
    administrator.cookie = f"{StaffCookie}={answer.cookies[StaffCookie]}"


def shown(administrator: Officer, code: str) -> dict[str, Any]:
    return next(one for one in administrator.does("GET", "/campaigns")["campaigns"] if one["code"] == code)


def colleagues(town: Town, counts: Sequence[int], place: str = COMPANY, at: datetime | None = None) -> None:
    """So many people of each level, who were screened here now."""
    now = at or town.clock()
    with town.database.transaction() as db:
        for level, many in zip(Level, counts, strict=True):
            for _ in range(many):
                person = Person(arrived_at=now)
                db.add(person)
                db.flush()
                session = ResidentSession(
                    resident_id=person.id, token_hash=uuid4().bytes, sender=new_sender(), door="phone", place=place,
                    opened_at=now, seen_at=now,
                )  # fmt: skip
                db.add(session)
                db.flush()
                db.add(
                    Rating(
                        resident_id=person.id,
                        session_id=session.id,
                        sitting_id=uuid4(),
                        level=int(level),
                        policy="five_colours/1",
                        at=now,
                    )
                )


def test_from_the_poster_to_what_may_be_said(town: Town, administrator: Officer) -> None:
    made = makes(administrator)
    assert (made["state"], made["cells"], made["total"]) == ("running", [], None)
    poster = town.ask("GET", f"/api/staff/campaigns/{made['code']}/poster", cookie=administrator.cookie)
    assert poster.status_code == 200
    assert "<svg" in poster.text
    assert "script" not in poster.text

    colleagues(town, (30, 14, 12, 3, 1))
    somebody = town.resident(place=COMPANY)
    somebody.agrees()
    somebody.completes()
    plans_round(town.services)
    assert shown(administrator, made["code"])["total"] is None, "nobody sees a number while it runs"

    a_week_passes(town, administrator)
    assert shown(administrator, made["code"])["state"] == "ended"
    plans_round(town.services)
    over = shown(administrator, made["code"])
    assert over["state"] == "published"
    assert over["cells"] == [
        {"name": "平稳", "count": 31},
        {"name": "留意一下", "count": 14},
        {"name": "建议聊聊、建议有人帮忙", "count": 16},
    ]
    assert over["total"] == 61


def test_danger_in_a_group_screening_is_somebodys_to_act_on_at_once(
    town: Town, administrator: Officer
) -> None:
    made = makes(administrator)
    colleague = town.resident(place=COMPANY)
    colleague.agrees()
    colleague.completes(mood=3, q9=3, asq=1, asq5=1)
    assert town.officer("xixing").only_ticket()["level"] == "red"
    assert colleague.turn.alarm is not None
    page = administrator.asks("GET", "/campaigns").text
    a_week_passes(town, administrator)
    plans_round(town.services)
    page += administrator.asks("GET", "/campaigns").text
    assert "K-" not in page
    assert shown(administrator, made["code"])["state"] == "withheld", "one person is nobody's to count"


def test_what_was_published_never_changes(town: Town, administrator: Officer) -> None:
    code = makes(administrator)["code"]
    colleagues(town, (20, 20, 20, 20, 0))
    a_week_passes(town, administrator)
    plans_round(town.services)
    before = shown(administrator, code)
    colleagues(town, (1, 0, 0, 0, 0), at=town.clock() - timedelta(days=3))
    with town.database.transaction() as db:
        db.execute(text("DELETE FROM rating WHERE id = (SELECT id FROM rating WHERE level = 3 LIMIT 1)"))
    plans_round(town.services)
    assert shown(administrator, code) == before


def test_the_next_one_says_nothing_from_which_the_newcomer_could_be_found(
    town: Town, administrator: Officer
) -> None:
    makes(administrator)
    colleagues(town, (20, 20, 20, 20, 0))
    a_week_passes(town, administrator)
    plans_round(town.services)
    second = makes(administrator, from_day="2026-11-30", to_day="2026-12-06")["code"]
    colleagues(town, (20, 20, 20, 21, 0))
    third = makes(administrator, from_day="2026-12-07", to_day="2026-12-13")["code"]
    a_week_passes(town, administrator)
    colleagues(town, (35, 30, 30, 30, 1))
    plans_round(town.services)
    a_week_passes(town, administrator)
    plans_round(town.services)
    withheld = shown(administrator, second)
    assert (withheld["state"], withheld["cells"], withheld["total"]) == ("withheld", [], None)
    assert withheld["sentence"] == WORDS["states"]["withheld"]
    assert [cell["count"] for cell in shown(administrator, third)["cells"]] == [35, 30, 30, 31]


def test_one_place_has_one_at_a_time(town: Town, administrator: Officer) -> None:
    makes(administrator)
    again = {**ASKED, "from_day": "2026-11-29", "to_day": "2026-12-05"}
    answer = administrator.asks("POST", "/campaigns", again)
    assert (answer.status_code, answer.json()["sentence"]) == (409, WORDS["refused"]["overlap"])
    makes(administrator, place=SCHOOL, entrance="student")
    makes(administrator, from_day="2026-11-30", to_day="2026-12-05")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": "好"}, "name"),
        ({"place": "no-such-place"}, "place"),
        ({"entrance": "ninety"}, "entrance"),
        ({"from_day": "2026-11-30", "to_day": "2026-11-29"}, "days"),
        ({"from_day": "2026-11-20", "to_day": "2026-11-22"}, "days"),
        ({"to_day": "2027-11-29"}, "days"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    town: Town, administrator: Officer, wrong: dict[str, Any], why: str
) -> None:
    answer = administrator.asks("POST", "/campaigns", {**ASKED, **WEEK, **wrong})
    assert (answer.status_code, answer.json()["sentence"]) == (409, WORDS["refused"][why])


def test_the_entrance_of_the_group_screening_stands_first_while_it_runs(
    town: Town, administrator: Officer
) -> None:
    made = makes(administrator, entrance="mother")
    poster = town.services.campaigns
    with town.database.transaction() as db:
        one = db.scalars(select(Campaign).where(Campaign.code == made["code"])).one()
    signed = place_codes.make(town.database.vault.sign, one.place, date(2030, 1, 1), site=poster.site)

    def first() -> str:
        answer = town.ask("GET", f"/api/entrances?place={signed}").json()
        assert answer["entrances"][0]["id"] == answer["first"]
        return answer["first"]

    assert first() == "mother"
    a_week_passes(town, administrator)
    assert first() == "employee"


def test_only_the_place_and_the_days_count_and_each_person_once(town: Town, administrator: Officer) -> None:
    makes(administrator, from_day="2026-11-23", to_day="2026-11-23")
    with town.database.transaction() as db:
        [one] = campaigns(db)
        begins, ends = one.period
    assert (ends - begins) == timedelta(days=1)
    colleagues(town, (1, 0, 0, 0, 0), at=begins)
    colleagues(town, (0, 1, 0, 0, 0), at=ends - timedelta(seconds=1))
    colleagues(town, (0, 0, 1, 0, 0), at=ends)
    colleagues(town, (0, 0, 0, 1, 0), at=begins - timedelta(seconds=1))
    colleagues(town, (0, 0, 0, 0, 1), place=SCHOOL)
    with town.database.transaction() as db:
        session = db.scalars(
            select(ResidentSession)
            .join(Rating, Rating.session_id == ResidentSession.id)
            .where(Rating.level == 1)
        ).one()
        db.add(
            Rating(
                resident_id=session.resident_id,
                session_id=session.id,
                sitting_id=uuid4(),
                level=3,
                policy="five_colours/1",
                at=begins + timedelta(hours=2),
            )
        )
        db.flush()
        found = levels_of(db, one)
    assert {level.key: n for level, n in found.items() if n} == {"blue": 1, "yellow": 1}


def test_two_processes_publish_it_once(town: Town, administrator: Officer) -> None:
    makes(administrator)
    makes(administrator, place=SCHOOL, entrance="student")
    colleagues(town, (20, 0, 0, 0, 0))
    a_week_passes(town, administrator)
    gate = Barrier(4)

    def one(_: int) -> int:
        gate.wait()
        return publish_due(town.database, town.clock)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 2
    with town.database.transaction() as db:
        kept = db.scalars(select(CampaignPublication)).all()
    assert sorted((row.step is None, row.counts) for row in kept) == [(False, [20]), (True, [])]


def test_every_look_is_recorded_and_nobody_else_looks(town: Town, administrator: Officer) -> None:
    code = makes(administrator)["code"]
    administrator.does("GET", "/campaigns")
    town.ask("GET", f"/api/staff/campaigns/{code}/poster", cookie=administrator.cookie)
    with town.database.transaction() as db:
        entries = db.scalars(
            select(AuditEntry).where(AuditEntry.action.startswith("campaign.")).order_by(AuditEntry.seq)
        ).all()
    assert {entry.actor for entry in entries} == {administrator.username}
    assert [entry.action for entry in entries] == [
        "campaign.looked", "campaign.made", "campaign.looked", "campaign.looked", "campaign.poster",
    ]  # fmt: skip
    for role in ("supervisor", "duty_officer", "auditor"):
        who = town.officer("desk", role)  # type: ignore[arg-type]
        assert who.asks("GET", "/campaigns").status_code == 409
        assert who.asks("GET", f"/campaigns/{code}/poster").status_code == 404


def test_no_table_ever_holds_a_cell_below_ten(town: Town, administrator: Officer) -> None:
    for week in range(4):
        begins = date(2026, 11, 23) + timedelta(weeks=week)
        makes(administrator, from_day=begins.isoformat(), to_day=(begins + timedelta(days=6)).isoformat())
        colleagues(town, (11 * (week + 1), 3 * week, 10, week, 2 * week))
        a_week_passes(town, administrator)
        plans_round(town.services)
    with town.database.transaction() as db:
        kept = db.scalars(select(CampaignPublication)).all()
    assert len(kept) == 4
    for row in kept:
        assert all(count >= LEAST for count in row.counts)
        assert row.step is None or len(row.counts) == len(LADDER[row.step])
