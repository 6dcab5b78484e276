"""The wall screen from the weeks behind it: published once, counts alone, closed to whoever has no business there."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select

from escalation.board import BoardWeek
from escalation.campaign import Campaign
from escalation.signal import Signal
from escalation.triage import Level
from server.board_desk import publish_weeks
from server.jobs import plans_round
from tests.support.town import Officer, Town
from tests.support.weeks import closed_tickets, people_at, screenings

WEEK = timedelta(days=7)


@pytest.fixture
def lead(town: Town) -> Officer:
    return town.officer("puyan", "supervisor", "丁负责")


def board(town: Town, lead: Officer) -> dict[str, Any]:
    answer = town.ask("GET", "/api/board", cookie=lead.cookie)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def street(shown: dict[str, Any], code: str) -> dict[str, Any]:
    return next(one for one in shown["streets"] if one["code"] == code)


def publish(town: Town) -> int:
    return publish_weeks(town.database, town.services.districts, town.clock)


def test_from_what_people_said_to_the_colour_on_the_wall(town: Town, lead: Officer) -> None:
    assert board(town, lead)["week_from"] is None, "nothing was heard yet, and nothing is made up"
    last = town.clock() - timedelta(days=3)
    for ago in range(1, 9):
        people_at(town, {"xixing-company-1": 11, "puyan-school-1": 2}, last - ago * WEEK)
    people_at(town, {"xixing-company-1": 31, "puyan-school-1": 3, "puyan-hall": 9}, last)
    people_at(town, {"xixing-company-1": 50}, last, Level.BLUE)
    people_at(town, {"xixing-company-1": 50}, last, None)
    people_at(town, {"xixing-company-1": 50}, town.clock() - timedelta(minutes=5))
    plans_round(town.services)

    shown = board(town, lead)
    assert (shown["week_from"], shown["week_to"]) == ("2026-11-16", "2026-11-22")
    xixing = street(shown, "xixing")
    [company] = xixing["cells"]
    assert (company["number"], company["colour"], company["expected"]) == (31, "red", "11.0")
    assert company["past"] == [11] * 8
    assert "泊松" in company["formula"]
    assert (xixing["number"], xixing["colour"]) == (None, None), "the rest of the street is small"
    puyan = street(shown, "puyan")
    assert puyan["number"] == 12, "three at the school and nine at the hall: of many cells, nobody's own"
    assert puyan["cells"] == []
    [cluster] = shown["clusters"]
    assert (cluster["observed"], cluster["window"]) == (31, "11月16日到11月22日")
    assert "万分之一" in cluster["probability"]


def test_a_week_is_published_once_whatever_is_erased_or_comes_later(town: Town, lead: Officer) -> None:
    last = town.clock() - timedelta(days=3)
    people = people_at(town, {"xixing-company-1": 12}, last)
    assert publish(town) == 1
    before = street(board(town, lead), "xixing")
    with town.database.transaction() as db:
        db.execute(delete(Signal).where(Signal.resident_id.in_(people[:5])))
    people_at(town, {"xixing-company-1": 1}, last)
    assert publish(town) == 0
    assert street(board(town, lead), "xixing") == before

    with town.database.transaction() as db:
        kept = db.scalars(select(BoardWeek)).one().content
    small = [n for s in kept["streets"].values() for n in s["cells"].values() if n < 10]
    assert small == [], "what is hidden is not even kept"


def test_each_person_is_counted_once_in_the_cell_where_they_live(town: Town, lead: Officer) -> None:
    """By the address on the ticket, which is sealed; and whoever is heard twice is one."""
    last = town.clock() - timedelta(days=3)
    closed_tickets(town, 14, 2, last, place="浦沿街道 · 彩虹社区第一网格 · 手机")
    with town.database.transaction() as db:
        again = db.scalars(select(Signal)).all()
        for one in again:
            db.add(
                Signal(
                    resident_id=one.resident_id, session_id=one.session_id, source=f"{one.source}:again", kind="words",
                    level=5, policy=one.policy, spoken_at=last, at=last + timedelta(hours=1), ticket_id=one.ticket_id,
                )
            )  # fmt: skip
    publish(town)
    [grid] = street(board(town, lead), "puyan")["cells"]
    assert (grid["name"], grid["number"]) == ("彩虹社区第一网格", 14)
    assert street(board(town, lead), "xixing")["number"] is None


def test_work_is_counted_with_what_it_is_a_part_of(town: Town, lead: Officer) -> None:
    last = town.clock() - timedelta(days=3)
    closed_tickets(town, 40, 12, last, answers=[3] * 25 + [1] * 10)
    screenings(town, 50, 38, last)
    publish(town)
    shown = board(town, lead)
    acknowledged = next(one for one in shown["clocks"] if one["clock"] == "签收")
    assert acknowledged == {"layer": "司法所", "clock": "签收", "kept": 28, "late": 12, "whole": 40}
    assert (shown["completion"]["part"], shown["completion"]["whole"]) == (38, 50)
    assert (shown["satisfied"]["part"], shown["satisfied"]["whole"]) == (25, 35), "of those who answered"
    assert shown["late_now"] == "没有"

    public = town.ask("GET", "/api/public/board").json()
    lines = {one["name"]: (one["part"], one["whole"]) for one in public["lines"]}
    assert lines["按时签收"] == (28, 40)
    assert lines["按时上门"] == (None, 40), "nobody late is a small number too, for everybody"
    page = town.ask("GET", "/board")
    assert "70%" in page.text
    assert "<script" not in page.text


def test_what_is_small_is_said_to_be_small(town: Town, lead: Officer) -> None:
    last = town.clock() - timedelta(days=3)
    closed_tickets(town, 6, 1, last, answers=[3, 3, 1])
    screenings(town, 40, 35, last)
    publish(town)
    shown = board(town, lead)
    assert {(one["kept"], one["whole"]) for one in shown["clocks"]} == {(None, None)}
    assert (shown["completion"]["part"], shown["completion"]["whole"]) == (None, 40), "five did not finish"
    assert (shown["satisfied"]["part"], shown["satisfied"]["whole"]) == (None, None)
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了，药我已经准备好了")
    town.clock.advance(minutes=40)
    assert board(town, lead)["late_now"] == "不到 10"


def test_where_a_week_is_small_everybody_sees_the_newest_that_may_be_said(town: Town) -> None:
    def lines() -> dict[str, tuple[int | None, int | None, str]]:
        shown = town.ask("GET", "/api/public/board").json()["lines"]
        return {one["name"]: (one["part"], one["whole"], one["sentence"]) for one in shown}

    last = town.clock() - timedelta(days=3)  # in the week from November 16
    for ago, (begun, finished) in enumerate([(3, 2), (5, 4), (4, 1), (6, 2), (7, 5), (5, 2), (6, 3), (9, 4)]):
        screenings(town, begun, finished, last - ago * WEEK)
    closed_tickets(town, 4, 1, last)
    closed_tickets(town, 24, 12, last - 2 * WEEK)
    people_at(town, {"puyan-hall": 1}, last - 9 * WEEK)
    publish(town)
    shown = lines()
    part, whole, sentence = shown["筛查做完"]
    assert (part, whole) == (12, 24), "6, 7, 5 and 6 of the weeks that begin in October"
    assert "10月5日到11月1日这 4 周" in sentence
    part, whole, sentence = shown["按时签收"]
    assert (part, whole) == (12, 24), "of one week, which was said when it was the last"
    assert "11月2日到11月8日那一周" in sentence
    assert shown["说办得好"] == (None, None, "人数少，不显示")
    assert "这 4 周合起来" in town.ask("GET", "/board").text

    screenings(town, 30, 12, town.clock() + timedelta(days=1))
    town.clock.advance(days=7)
    publish(town)
    part, whole, sentence = lines()["筛查做完"]
    assert (part, whole) == (12, 30)
    assert "上一周" not in sentence, "the last week is large enough"


def test_a_group_screening_is_not_counted_a_second_time(town: Town, lead: Officer) -> None:
    last = town.clock() - timedelta(days=3)
    with town.database.transaction() as db:
        db.add(
            Campaign(
                code="C-222222", name="秋天的关怀", place="xixing-company-1", entrance="employee", zone="Asia/Shanghai",
                from_day=last.date(), to_day=last.date(), made_by="x", made_at=last,
            )
        )  # fmt: skip
    people_at(town, {"xixing-company-1": 40}, last)
    people_at(town, {"xixing-company-1": 11}, last - timedelta(days=2))
    publish(town)
    assert street(board(town, lead), "xixing")["cells"][0]["number"] == 11


def test_a_screen_with_the_key_needs_nobody_and_any_other_key_is_none(town: Town) -> None:
    def status(key: str) -> int:
        return town.ask("GET", "/api/board", headers={"X-Wall-Key": key}).status_code

    key = "k" * 40
    assert status(key) == 401, "without a key in the settings, none opens"
    town.services.settings.wall_key = SecretStr("short")
    assert status("short") == 401
    town.services.settings.wall_key = SecretStr(key)
    assert status(key) == 200
    assert [status(other) for other in ("", key[:-1], key.upper(), key + "k")] == [401] * 4
    officer = town.officer("puyan")
    assert town.ask("GET", "/api/board", cookie=officer.cookie).status_code == 409


def test_a_map_is_shown_when_there_is_one_and_a_broken_one_is_left_out(
    town: Town, lead: Officer, tmp_path: Path
) -> None:
    def shown() -> Any:
        return town.ask("GET", "/api/board/map", cookie=lead.cookie).json()["map"]

    assert shown() is None
    path = tmp_path / "map.geojson"
    town.services.settings.board_map = path
    square = {
        "type": "Polygon",
        "coordinates": [[[120.1, 30.1], [120.2, 30.1], [120.2, 30.2], [120.1, 30.1]]],
    }
    features = [{"type": "Feature", "properties": {"code": "puyan"}, "geometry": square}]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert shown()["features"] == features
    for broken in ("", "[]", "{}", '{"type": "FeatureCollection", "features": 1}', "\x00"):
        path.write_text(broken)
        assert shown() is None
