"""Every figure of the check-up report against a small town that was counted by hand."""

import io
import itertools
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import openpyxl
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.triage import Level
from server.aggregates import LEAST
from server.board import Share
from server.report import (
    _FIGURES,
    WORDS,
    AttemptFact,
    ClockFact,
    Cluster,
    EventFact,
    Facts,
    FollowUpFact,
    LevelCell,
    Month,
    Period,
    Report,
    Span,
    TicketFact,
    Value,
    at_least,
    figures,
    level_cells,
    lines_of,
    publishable_month,
)
from server.report_desk import Letter
from server.report_page import report_page
from server.report_paper import letter_paper, report_paper
from server.report_sheet import COLUMNS, TAKEN, ColumnsError, read_columns, report_sheet, safe

OCTOBER = Period.month(2026, 10)
SPAN = Span(OCTOBER.begins, OCTOBER.ends)


def at(day: int, hour: int = 10, minute: int = 0, month: int = 10) -> datetime:
    """A moment of 2026 by the clock of Hangzhou."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


A, B, C, D, E = (UUID(int=n) for n in range(1, 6))

TOWN = Facts(
    # A: opened, taken after half an hour, closed after 4 days. B: after 2 hours, still open. C: opened in September, a
    # mistake, closed in October. D: nobody took it. E: closed in September, and nothing to do with October.
    tickets=[
        TicketFact(A, at(3), at(3, 10, 30), at(7), "referred"),
        TicketFact(B, at(5), at(5, 12)),
        TicketFact(C, at(28, month=9), at(28, 11, month=9), at(8), "mistaken"),
        TicketFact(D, at(31, 23, 59)),
        TicketFact(E, at(2, month=9), at(2, 11, month=9), at(20, month=9), "supported"),
    ],
    clocks=[
        ClockFact(A, "acknowledge", at(3, 10, 30), at(3, 10, 30)),  # at the very minute: kept
        ClockFact(A, "visit", at(3, 14), at(3, 14, 1)),  # a minute late
        ClockFact(A, "close", at(31), at(7)),
        ClockFact(B, "acknowledge", at(5, 11), at(5, 12)),  # late
        ClockFact(B, "speak", at(6), None),  # late and still running
        ClockFact(C, "close", at(20), at(8)),
        ClockFact(D, "acknowledge", at(1, 0, 14, month=11), None),  # due in November
        ClockFact(E, "close", at(20), at(20, month=9)),  # was closed before October began
        ClockFact(B, "reach", at(6), None),  # no promise to a resident
    ],
    attempts=[
        AttemptFact(A, "phone", False, at(3, 11)),
        AttemptFact(A, "door", True, at(3, 14, 1)),
        AttemptFact(B, "phone", False, at(5, 13)),
        AttemptFact(B, "door", False, at(6)),
        AttemptFact(B, "trusted_person", True, at(6, 12)),  # somebody else was reached, not the resident
        AttemptFact(B, "phone", True, at(2, month=11)),  # in November
        AttemptFact(C, "phone", True, at(1)),
    ],
    follow_ups=[
        FollowUpFact(at(4), at(4, 23, 59)),  # on its day
        FollowUpFact(at(9), at(10, 0, 1)),  # after midnight
        FollowUpFact(at(12), None),
        FollowUpFact(at(2, month=11), at(2, month=11)),
    ],
    events=[
        EventFact(A, "referral", at(4)),
        EventFact(A, "referral", at(5)),
        EventFact(B, "objected", at(7)),
        EventFact(B, "objected", at(8)),  # the same ticket again
        EventFact(B, "lapsed", at(5, 18)),
        EventFact(C, "reopened", at(30, month=9)),
        EventFact(B, "refused", at(9)),
        EventFact(B, "refused", at(9, month=11)),
    ],
)

BY_HAND = {
    "opened": Value(3),
    "reached": Value(1, 3),
    "taken": Value(1.2, 2),  # half an hour and two hours: 1.25, said with one figure
    "visits": Value(1, 2),
    "calls": Value(1, 3),
    "referred": Value(2),
    "closed": Value(2),
    "lasted": Value(7.0, 2),  # 4 days and 10 days
    "clock_acknowledge": Value(1, 2),
    "clock_contact": Value(None, 0),
    "clock_speak": Value(0, 1),
    "clock_visit": Value(0, 1),
    "clock_close": Value(2, 2),
    "follow_ups": Value(1, 3),
    "late": Value(3, 6),
    "late_follow_ups": Value(2, 3),
    "dropped": Value(1, 4),
    "wrong_alarms": Value(1, 2),
    "unreached": Value(1, 3),
    "objections": Value(1, 4),
    "reopened": Value(0, 4),
    "refused": Value(1),
}


@pytest.mark.parametrize("figure", BY_HAND)
def test_each_figure_is_what_was_counted_by_hand(figure: str) -> None:
    assert figures(TOWN, SPAN)[figure] == BY_HAND[figure]


def test_each_figure_is_defined_and_each_definition_is_a_figure() -> None:
    ids = [one["id"] for one in WORDS["figures"]]
    assert sorted(ids) == sorted(_FIGURES) == sorted(BY_HAND)
    for one in WORDS["figures"]:
        assert all(one[name].strip() for name in ("query", "denominator", "sentence")), one["id"]
        if one["unit"] != "count":
            assert one["none"], one["id"]


def test_of_nothing_there_is_no_share_and_no_zero_per_cent() -> None:
    empty = figures(Facts(), SPAN)
    assert empty["late"] == Value(None, 0)
    assert empty["late"].percent is None
    late = next(line for line in lines_of(empty, empty) if line.id == "late")
    assert (late.shown, late.sentence) == ("没有", "没有到期的期限。")


@pytest.mark.parametrize(
    ("period", "before", "words"),
    [
        (OCTOBER, Period.month(2026, 9), "2026 年 10 月"),
        (Period.month(2027, 1), Period.month(2026, 12), "2027 年 1 月"),
        (
            Period(date(2026, 10, 8), date(2026, 10, 14)),
            Period(date(2026, 10, 1), date(2026, 10, 7)),
            "2026 年 10 月 8 日至2026 年 10 月 14 日",
        ),
    ],
)
def test_a_month_stands_beside_a_month_and_days_beside_as_many(
    period: Period, before: Period, words: str
) -> None:
    assert period.before == before
    assert period.words() == words


def test_a_month_begins_and_ends_at_midnight_in_hangzhou() -> None:
    assert OCTOBER.begins == datetime(2026, 9, 30, 16, tzinfo=UTC)
    assert OCTOBER.ends == datetime(2026, 10, 31, 16, tzinfo=UTC)


# --- what may be said of people ----------------------------------------------------------------------


def cells(levels: dict[Level, int]) -> list[LevelCell] | None:
    return level_cells(publishable_month({"hall": levels}, {"hall": "puyan"}).streets.get("puyan"))


def test_levels_are_merged_until_every_cell_counts_ten() -> None:
    many = {Level.GREEN: 30, Level.BLUE: 12, Level.YELLOW: 11, Level.ORANGE: 8, Level.RED: 3}
    few = {Level.GREEN: 30, Level.BLUE: 12, Level.YELLOW: 11, Level.RED: 3}
    assert [cell.count for cell in cells(many) or []] == [30, 12, 11, 11]
    assert cells(few) == [
        LevelCell("平稳", 30), LevelCell("留意一下", 12), LevelCell("建议聊聊、建议马上有人帮忙", 14)
    ]  # fmt: skip
    assert cells({Level.GREEN: 9}) is None


STREETS = {
    "park": "puyan",
    "school": "puyan",
    "hall": "puyan",
    "mall": "xixing",
    "bridge": "xixing",
    "web": None,
}
QUIET = {Level.GREEN: 180, Level.BLUE: 10, Level.YELLOW: 10}
LOUD = {Level.GREEN: 28, Level.YELLOW: 8, Level.ORANGE: 4}


def test_a_place_stands_out_only_when_chance_would_hardly_do_it() -> None:
    found = publishable_month({"park": LOUD, "hall": QUIET}, STREETS).clusters
    assert found == (Cluster("park", 40, 12, 2.0, pytest.approx(at_least(12, 2.0))),)
    assert publishable_month({"park": QUIET, "hall": QUIET}, STREETS).clusters == ()


@pytest.mark.parametrize(
    "levels",
    [
        {Level.GREEN: 40, Level.RED: 9},  # too few who are concerned
        {Level.GREEN: 9, Level.RED: 40},  # too few who are not
    ],
)
def test_a_place_of_few_is_never_named(levels: dict[Level, int]) -> None:
    quiet = {Level.GREEN: 990, Level.YELLOW: 10}
    assert publishable_month({"park": levels, "mall": quiet}, STREETS).clusters == ()
    few = {"park": {Level.GREEN: 28, Level.RED: 12}, "mall": {Level.GREEN: 9}}
    assert publishable_month(few, STREETS).clusters == ()


def test_a_place_beside_few_others_of_its_street_is_not_shown() -> None:
    """Else the street's table less the place would be the three at the school, one of whom is concerned."""
    beside = {"park": LOUD, "school": {Level.GREEN: 2, Level.YELLOW: 1}, "mall": QUIET}
    assert publishable_month(beside, STREETS).clusters == ()
    alone = {place: street for place, street in STREETS.items() if place not in ("school", "hall")}
    assert [one.place for one in publishable_month({"park": LOUD, "mall": QUIET}, alone).clusters] == ["park"]


people = st.dictionaries(st.sampled_from(list(Level)), st.one_of(st.integers(0, 12), st.integers(0, 200)))


@given(st.dictionaries(st.sampled_from(sorted(STREETS)), people))
@settings(max_examples=400, deadline=None)
def test_nobody_is_found_by_taking_places_from_their_street(by_place: dict[str, dict[Level, int]]) -> None:
    """Somebody takes any of the places that are named from the table of their street, in every cell and in all."""
    month = publishable_month(by_place, STREETS)
    for street, table in month.streets.items():
        named = [one for one in month.clusters if STREETS[one.place] == street]
        for some in (c for n in range(1, len(named) + 1) for c in itertools.combinations(named, n)):
            screened, concerned = sum(one.screened for one in some), sum(one.concerned for one in some)
            left = [sum(table.counts) - screened]
            if table.step <= 2:
                low, high = table.on(2)
                left += [low - (screened - concerned), high - concerned]
            others = {place for place, where in STREETS.items() if where == street} - {
                one.place for one in some
            }
            assert min(left) >= LEAST or (not others and left == [0] * len(left)), (by_place, some, left)


@given(st.dictionaries(st.sampled_from(sorted(STREETS)), people))
@settings(max_examples=200, deadline=None)
def test_what_is_said_of_a_place_follows_from_what_is_published(
    by_place: dict[str, dict[Level, int]],
) -> None:
    """So that `expected` and `chance` tell nothing of a street whose table is withheld."""
    month = publishable_month(by_place, STREETS)
    told = {code: table.on(2) for code, table in month.streets.items() if table.step <= 2}
    for one in month.clusters:
        others, theirs = sum(map(sum, told.values())), sum(high for _, high in told.values())
        if STREETS[one.place] in told:
            others, theirs = others - one.screened, theirs - one.concerned
        expected = one.screened * theirs / others
        assert (one.expected, one.chance) == (round(expected, 1), at_least(one.concerned, expected))
    assert Month.from_content(json.loads(json.dumps(month.as_content()))) == month, "kept as it is"


def test_answers_are_told_with_what_they_are_a_part_of_or_not() -> None:
    said = publishable_month({}, {}, {"puyan": (35, 25), "xixing": (35, 30), "changhe": (9, 5)}).satisfied
    assert said == {"puyan": Share(25, 35), "xixing": Share(None, 35)}


@pytest.mark.parametrize(
    ("count", "expected", "chance"),
    [(0, 3.0, 1.0), (1, 3.0, 0.9502129), (5, 3.0, 0.1847368), (10, 2.0, 4.65e-5)],
)
def test_the_chance_is_the_exact_poisson_probability(count: int, expected: float, chance: float) -> None:
    assert at_least(count, expected) == pytest.approx(chance, rel=1e-3)


# --- as it is handed out -----------------------------------------------------------------------------


def made(street: str = "浦沿街道", period: Period = OCTOBER) -> Report:
    now, before = figures(TOWN, SPAN), figures(Facts(), SPAN)
    return Report(
        street=street,
        office="浦沿司法所",
        period=period,
        made_at=at(1, month=11),
        until=period.ends,
        lines=lines_of(now, before),
        levels=(LevelCell("平稳", 30), LevelCell("留意一下、建议聊聊", 14)),
        levels_before=None,
        clusters=(Cluster("park", 40, 12, 2.0, 0.0000083),),
        place_names={"park": "物联网产业园"},
        satisfied=Share(25, 35),
    )


def text_of(sheet: bytes) -> list[str]:
    pages = pypdfium2.PdfDocument(sheet)
    return ["".join(page.get_textpage().get_text_bounded().split()) for page in pages]


def test_the_first_page_is_the_whole_summary_and_ends_with_what_was_not_done_well() -> None:
    pages = text_of(report_paper(made()))
    first, rest = pages[0], "".join(pages[1:])
    assert len(pages) <= 4
    for line in made().lines:
        assert "".join(f"{line.name}〔{line.note}〕".split()) in first
        assert "".join(line.shown.split()) in first
        assert "".join(line.query.split()) in rest
        assert "".join(line.denominator.split()) in rest
        assert "".join(line.sentence.split()) in rest
    assert first.index("本月我们没做好的") > first.index("按时办结")
    assert first.index("查实是误会的") > first.index("本月我们没做好的")
    assert "上期：2026年9月" in first
    assert "平稳30" in first


def test_the_page_links_each_figure_to_its_footnote() -> None:
    page = report_page(made())
    for line in made().lines:
        assert f'<a href="#n{line.note}">' in page
        assert f'<li id="n{line.note}"' in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "&lt;b&gt;" in report_page(made("<b>街道"))


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "　=1", "＝1", "|calc"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert str(safe(text)).startswith("'")
    columns = [("street", text), ("name", "指标"), ("value", "数")]
    sheet = openpyxl.load_workbook(io.BytesIO(report_sheet(made(text), columns))).active
    assert sheet is not None
    for row in sheet.iter_rows():
        for cell in row:
            assert cell.data_type in ("s", "n")
            assert not str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r", "＝", "|")), cell.value


def test_the_district_orders_its_columns(tmp_path: Path) -> None:
    own = tmp_path / "columns.yml"
    own.write_text("columns:\n- {take: value, head: 数}\n- {take: name, head: 哪一项}\n", encoding="utf-8")
    sheet = openpyxl.load_workbook(io.BytesIO(report_sheet(made(), read_columns(own)))).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[:2] == [("数", "哪一项"), (3, "新工单")]
    assert rows[-3:] == [(30, "平稳"), (14, "留意一下、建议聊聊"), (25, "说办得好")]
    assert {take for take, _ in read_columns(COLUMNS)} <= set(TAKEN)


@pytest.mark.parametrize(
    "content", ["columns: []", "columns:\n- {take: names, head: x}", "- 1", "columns: {", "a: ["]
)
def test_columns_that_there_are_not_are_refused_in_words(tmp_path: Path, content: str) -> None:
    own = tmp_path / "columns.yml"
    own.write_text(content, encoding="utf-8")
    with pytest.raises(ColumnsError, match=r"columns\.yml"):
        read_columns(own)


def test_a_draft_says_on_its_page_that_it_must_not_leave_and_a_signed_one_who_signed() -> None:
    letter = Letter("物联网产业园", "浦沿司法所", OCTOBER, made().clusters[0], at(1, month=11))
    draft = text_of(letter_paper(letter))
    assert len(draft) == 1
    assert draft[0].count("未经签发") == 2, "across the page, and beneath the title"
    assert "共40人做完筛查，其中12人" in draft[0]
    assert "不到万分之一" in draft[0]
    signed = "".join(
        text_of(
            letter_paper(Letter(letter.place, letter.office, OCTOBER, letter.cluster, letter.made_at, "钱敏"))
        )
    )
    assert "签发人：钱敏" in signed
    assert "日期：2026年11月1日" in signed
    assert "草稿" not in signed


def test_a_town_of_others_changes_nothing() -> None:
    """Rows of tickets that are not among the office's count for nobody."""
    others = Facts(
        tickets=TOWN.tickets,
        clocks=[*TOWN.clocks, ClockFact(uuid4(), "visit", at(9), None)],
        attempts=TOWN.attempts,
        follow_ups=TOWN.follow_ups,
        events=[*TOWN.events, EventFact(uuid4(), "objected", at(9))],
    )
    assert figures(others, SPAN) == BY_HAND


def test_a_month_of_four_whole_weeks_is_known_to_be_one() -> None:
    """Less its streets the board's four weeks would be a street: `published_month` tells no answers of it."""
    whole = [(y, m) for y in (2026, 2027, 2028) for m in range(1, 13) if Period.month(y, m).is_whole_weeks]
    assert whole == [(2027, 2)]
