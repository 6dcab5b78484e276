"""Residents are shown numbers with hours that are true at that moment."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from residents.content import Node
from residents.errors import HotlineError
from residents.hotlines import (
    FOLDER,
    Hotline,
    in_danger,
    load_hotlines,
    open_now,
    read_hotlines,
    sentence,
    stale,
)

HOTLINES = load_hotlines("binjiang")
CHINA = ZoneInfo("Asia/Shanghai")


def line(hours: Any, number: str = "0571-0000-0199", name: str = "倾诉热线") -> Hotline:
    content = yaml.safe_load((FOLDER / "binjiang_hotlines.yml").read_text(encoding="utf-8"))
    entry = {"number": number, "name": name, "purpose": "talk", "for_what": "说说话", "source": "测试"}
    content["hotlines"] = [h for h in content["hotlines"] if h["number"] != number]
    content["hotlines"].append(entry | {"hours": hours, "checked_on": None})
    return read_hotlines(Node(content, "binjiang_hotlines.yml", error=HotlineError))[-1]


def at(day: int, clock: str) -> datetime:
    """A moment in China in the week that begins with Monday 2026-11-16."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, 15 + day, hour, minute, tzinfo=CHINA)


DAYTIME = line({"every_day": ["8:00-22:00"]})
EVENING = line(
    {
        "mon": ["20:00-2:00"],
        "tue": [],
        "wed": ["9:00-12:00", "14:00-17:30"],
        "thu": [],
        "fri": [],
        "sat": [],
        "sun": ["22:00-1:30"],
    }
)


@pytest.mark.parametrize(
    ("clock", "answers"),
    [("7:59", False), ("8:00", True), ("21:59", True), ("22:00", False), ("0:00", False)],
)
def test_a_line_answers_in_its_hours(clock: str, answers: bool) -> None:
    assert open_now(DAYTIME, at(3, clock)) is answers


@pytest.mark.parametrize(
    ("day", "clock", "answers"),
    [
        (1, "1:29", True),  # still Sunday's evening
        (1, "1:30", False),
        (1, "19:59", False),
        (1, "20:00", True),
        (2, "0:00", True),
        (2, "1:59", True),
        (2, "2:00", False),
        (2, "20:00", False),
        (3, "12:00", False),
        (3, "14:00", True),
        (7, "21:59", False),
        (7, "23:00", True),
    ],
)
def test_hours_past_midnight_belong_to_the_evening_before(day: int, clock: str, answers: bool) -> None:
    assert open_now(EVENING, at(day, clock)) is answers


def test_the_residents_clock_counts_and_not_the_servers() -> None:
    assert open_now(DAYTIME, datetime(2026, 11, 18, 0, 30, tzinfo=UTC))  # 8:30 in Hangzhou
    assert not open_now(DAYTIME, datetime(2026, 11, 18, 15, 0, tzinfo=UTC))  # 23:00 in Hangzhou


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        open_now(DAYTIME, datetime(2026, 11, 18, 12, 0))


def test_the_sentence_says_whether_somebody_answers() -> None:
    assert sentence(DAYTIME, at(3, "9:00")) == "0571-0000-0199 倾诉热线，今天 8:00–22:00，现在有人接"
    assert sentence(DAYTIME, at(3, "23:00")).endswith("今天 8:00–22:00，现在没人接，急的话打 120 / 110")


def test_the_sentence_past_midnight_names_the_hours_that_still_run() -> None:
    assert "昨天 20:00–次日 2:00，现在有人接" in sentence(EVENING, at(2, "1:00"))
    assert "今天不开，现在没人接" in sentence(EVENING, at(2, "3:00"))
    assert "今天 9:00–12:00、14:00–17:30，现在没人接" in sentence(EVENING, at(3, "13:00"))


def test_12356_is_not_said_to_answer_all_day() -> None:
    national = next(hotline for hotline in HOTLINES if hotline.number == "12356")
    assert not national.always
    assert sentence(national, at(1, "5:59")).startswith("12356 心理援助热线，今天 6:00–24:00，现在没人接")
    assert sentence(national, at(1, "23:59")) == "12356 心理援助热线，今天 6:00–24:00，现在有人接"
    assert not any(
        "24 小时" in sentence(national, at(day, f"{hour}:30")) for day in range(1, 8) for hour in range(24)
    )


def test_12356_is_said_to_answer_all_day_where_the_city_says_so() -> None:
    assert "24 小时" in sentence(line({"every_day": ["0:00-24:00"]}, "12356"), at(1, "3:00"))


def test_12356_with_less_than_18_hours_is_a_mistake() -> None:
    with pytest.raises(HotlineError, match="18 hours"):
        line({"every_day": ["8:00-22:00"]}, "12356")
    week = {day: ["6:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat")}
    with pytest.raises(HotlineError, match="sun: 12356"):
        line(week | {"sun": ["8:00-24:00"]}, "12356")


def test_12356_open_over_midnight_counts_its_hours() -> None:
    assert open_now(line({"every_day": ["8:00-2:00"]}, "12356"), at(4, "1:00"))


def test_in_danger_there_are_120_and_110_at_any_hour() -> None:
    assert [hotline.number for hotline in in_danger(HOTLINES)] == ["120", "110"]
    for hour in range(24):
        for hotline in in_danger(HOTLINES):
            assert open_now(hotline, at(7, f"{hour}:00"))
            assert "现在有人接" in sentence(hotline, at(7, f"{hour}:00"))


@pytest.mark.parametrize(
    ("checked", "old"),
    [(0, False), (90, False), (91, True), (-1, True), (None, True)],
)
def test_numbers_that_nobody_has_checked_lately_are_named(checked: int | None, old: bool) -> None:
    today = date(2026, 11, 20)
    day = None if checked is None else today - timedelta(days=checked)
    hotline = replace(DAYTIME, checked_on=day)
    assert stale([hotline], today) == ((hotline,) if old else ())


def test_the_demo_numbers_still_wait_for_the_district_to_check_them() -> None:
    assert set(stale(HOTLINES, date(2026, 11, 20))) == set(HOTLINES)


def test_local_numbers_of_the_demo_cannot_be_real_ones() -> None:
    assert all(h.number.startswith("0571-0000-01") for h in HOTLINES if h.purpose == "district")


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([DAYTIME, EVENING, *HOTLINES]),
)
def test_the_sentence_and_the_hours_agree(now: datetime, hotline: Hotline) -> None:
    said = sentence(hotline, now)
    assert ("现在有人接" in said) is open_now(hotline, now)
    assert said.startswith(hotline.number)


MISTAKES: list[tuple[Any, str]] = [
    ({"every_day": ["8-22"]}, "must be a span"),
    ({"every_day": ["8:00-25:00"]}, "must be a span"),
    ({"every_day": ["24:00-2:00"]}, "must be a span"),
    ({"every_day": ["8:60-9:00"]}, "must be a span"),
    ({"every_day": ["8:00-8:00"]}, "must be a span"),
    ({"every_day": [480]}, "must be a span"),
    ({"every_day": "8:00-22:00"}, "must be a list"),
    ({"every_day": ["8:00-12:00", "11:00-15:00"]}, "overlap"),
    ({"mon": ["8:00-12:00"]}, "tue is missing"),
    ({}, "mon is missing"),
    (None, "must be a mapping"),
]


@pytest.mark.parametrize(("hours", "words"), MISTAKES)
def test_hours_that_cannot_be_read_are_refused(hours: Any, words: str) -> None:
    with pytest.raises(HotlineError, match=words):
        line(hours)


def without(number: str) -> Node:
    content = yaml.safe_load((FOLDER / "binjiang_hotlines.yml").read_text(encoding="utf-8"))
    content["hotlines"] = [h for h in content["hotlines"] if h["number"] != number]
    return Node(content, "binjiang_hotlines.yml", error=HotlineError)


@pytest.mark.parametrize("number", ["12356", "120", "110"])
def test_a_file_without_the_number_that_saves_lives_is_refused(number: str) -> None:
    with pytest.raises(HotlineError, match=number):
        read_hotlines(without(number))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "call me"),
        ("purpose", "fun"),
        ("checked_on", "yesterday"),
        ("source", ""),
        ("colour", "red"),
    ],
)
def test_an_entry_that_is_not_complete_is_refused(field: str, value: object) -> None:
    content = yaml.safe_load((FOLDER / "binjiang_hotlines.yml").read_text(encoding="utf-8"))
    content["hotlines"][3][field] = value
    with pytest.raises(HotlineError, match=r"hotlines\[3\]"):
        read_hotlines(Node(content, "binjiang_hotlines.yml", error=HotlineError))


def test_emergency_numbers_do_not_close() -> None:
    with pytest.raises(HotlineError, match="around the clock"):
        line({"every_day": ["8:00-22:00"]}, "120")


@pytest.mark.parametrize("district", ["nowhere", "../binjiang", ""])
def test_a_district_without_numbers_is_refused(district: str) -> None:
    with pytest.raises(HotlineError):
        load_hotlines(district)
