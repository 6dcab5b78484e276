"""The wall screen at both of its sizes, with blocks and with a map, and the public board on a phone.

A district in one process (no Rasa, no stack), with nine weeks behind it.
"""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pydantic import SecretStr

from server.board_desk import publish_weeks
from tests.support.browser import Chromium, Device
from tests.support.served_town import ServedTown
from tests.support.town import PASSWORD
from tests.support.weeks import closed_tickets, people_at, screenings

pytestmark = pytest.mark.slow

WEEK = timedelta(days=7)
KEY = "a-key-for-the-screen-in-the-hall-0123456789"
SMALL_DIGITS = """() => [...document.querySelectorAll('.digits, .number')]
  .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 48).map((one) => one.textContent)"""
CUT_OFF = """() => [...document.querySelectorAll('.tile, .street, .wall, .blocks')]
  .filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.className)"""
PATTERNS = """() => [...document.querySelectorAll('.legend .chip')].map((one) =>
  one.textContent.trim() + '|' + getComputedStyle(one.querySelector('.field')).backgroundImage)"""


def nine_weeks(town: ServedTown) -> None:
    last = town.clock() - timedelta(days=3)
    usual = {
        "xixing-company-1": 12,
        "puyan-school-1": 11,
        "changhe-hall": 14,
        "puyan-hall": 13,
        "xixing-hall": 10,
    }
    odd = {
        "xixing-company-1": 33,
        "puyan-school-1": 18,
        "changhe-hall": 20,
        "puyan-hall": 12,
        "xixing-hall": 15,
    }
    few = {
        "xixing-poster-1": 6,
        "xixing-poster-2": 5,
        "puyan-poster-1": 7,
        "puyan-poster-2": 6,
        "changhe-poster-1": 3,
    }
    for ago in range(9):
        people_at(town, {**(usual if ago else odd), **few}, last - ago * WEEK)
    closed_tickets(
        town, 48, 12, last, answers=[3] * 21 + [2] * 11, place="浦沿街道 · 彩虹社区第一网格 · 手机"
    )
    screenings(town, 64, 51, last)
    publish_weeks(town.database, town.services.districts, town.clock)


def looks_right(screen: Device) -> None:
    screen.see("wall")
    expect(screen.see("wall-date")).to_contain_text("11月16日—11月22日")
    assert 1 <= screen.at("wall-tile").count() <= 7
    assert screen.page.evaluate(SMALL_DIGITS) == []
    assert screen.page.evaluate(CUT_OFF) == []


def test_the_wall(pages: Chromium, served: ServedTown, tmp_path: Path) -> None:
    nine_weeks(served)
    lead = served.officer("puyan", "supervisor", "丁负责")
    wall = pages.wall()
    wall.logs_in(lead.username, PASSWORD)
    wall.go("/console/wall")
    expect(wall.see("wall-cell")).to_be_visible()
    looks_right(wall)
    shown = wall.page.evaluate(PATTERNS)
    assert [one.split("|")[0] for one in shown] == [
        "绿 · 平稳",
        "蓝 · 留意",
        "黄 · 关注",
        "橙 · 较高",
        "红 · 紧急",
    ]
    assert len({one.split("|")[1] for one in shown}) == 5, "five patterns, whatever the colours are"
    expect(wall.at("wall-cluster")).to_have_count(2)
    wall.shot("blocks")
    wall.page.keyboard.press("Tab")
    wall.page.locator("[data-test=wall-cell][data-code=place-xixing-company-1]").focus()
    wall.page.keyboard.press("Enter")
    expect(wall.see("wall-formula")).to_contain_text("泊松")
    expect(wall.see("wall-formula")).to_contain_text("过去各周：12、12")
    wall.shot("formula")
    wall.page.keyboard.press("Escape")
    expect(wall.at("wall-formula")).to_have_count(0)

    served.services.settings.wall_key = SecretStr(KEY)
    served.services.settings.board_map = tmp_path / "map.geojson"
    (tmp_path / "map.geojson").write_text(json.dumps(three_streets()))
    hall = pages.wall(large=True)
    hall.page.clock.install()
    hall.go(f"/console/wall#key={KEY}")
    expect(hall.at("wall-area")).to_have_count(3)
    looks_right(hall)
    hall.shot("map")
    with hall.page.expect_response("**/api/board") as again:
        hall.page.clock.run_for(31_000)
    assert again.value.status == 200

    phone = pages.phone()
    phone.go("/board")
    phone.reads("心桥这一周")
    phone.reads("75%")
    phone.shot("public", whole=True)
    pages.nothing_personal("丁负责", "彩虹社区")


def three_streets() -> dict[str, object]:
    """Three invented outlines, side by side."""
    shapes = {
        "xixing": [(0.08, 0.02), (0.16, 0.0), (0.19, 0.06), (0.13, 0.1), (0.07, 0.08)],
        "changhe": [(0.02, 0.05), (0.08, 0.02), (0.07, 0.08), (0.13, 0.1), (0.09, 0.15), (0.01, 0.12)],
        "puyan": [(-0.06, 0.03), (0.02, 0.05), (0.01, 0.12), (-0.03, 0.15), (-0.08, 0.1)],
    }
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": code},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[120.15 + x, 30.12 + y] for x, y in (*ring, ring[0])]],
                },
            }
            for code, ring in shapes.items()
        ],
    }
