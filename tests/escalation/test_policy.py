"""The policy files: their figures, and what no policy may say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from escalation.calendar import load_calendar
from escalation.closing import NEEDS
from escalation.errors import PolicyError
from escalation.policy import CLOSING_NEEDS, FOLDER, Policy, load_kinds, load_policy, read_kinds, read_policy
from escalation.triage import Level

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # a Monday, noon in Hangzhou
HOME = (FOLDER / "home_visit.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def home() -> Policy:
    return load_policy("home_visit")


@pytest.mark.parametrize(
    ("clock", "level", "within"),
    [
        ("acknowledge", Level.RED, timedelta(minutes=15)),
        ("contact", Level.RED, timedelta(minutes=30)),
        ("speak", Level.RED, timedelta(hours=1)),
        ("visit", Level.RED, timedelta(hours=4)),
        ("follow_up", Level.RED, timedelta(hours=48)),
        ("close", Level.RED, timedelta(days=30)),
        ("acknowledge", Level.ORANGE, timedelta(hours=2)),
        ("speak", Level.ORANGE, timedelta(hours=12)),
        ("visit", Level.ORANGE, timedelta(hours=24)),
        ("follow_up", Level.ORANGE, timedelta(days=3)),
        ("acknowledge", Level.YELLOW, timedelta(hours=36)),
        ("speak", Level.YELLOW, timedelta(hours=84)),
    ],
)
def test_what_a_level_starts_is_what_was_decided(
    home: Policy, clock: str, level: Level, within: timedelta
) -> None:
    assert home.deadline(clock, level, NOON) == NOON + within


def test_a_contact_is_due_a_quarter_of_an_hour_after_the_acknowledgement(home: Policy) -> None:
    taken = NOON + timedelta(minutes=5)
    assert home.deadline("contact", Level.RED, NOON, taken) == taken + timedelta(minutes=15)
    why = home.why("contact", Level.RED, NOON, taken)
    assert (why.counts_from, why.after_acknowledged) == (taken, True)


def test_each_stage_has_its_own_clock(home: Policy) -> None:
    assert home.clocks(Level.RED) == ("acknowledge", "contact", "speak", "visit", "follow_up", "close")
    assert home.clocks(Level.YELLOW) == ("acknowledge", "speak", "close")
    assert home.late_again("speak", Level.RED) == timedelta(minutes=15)
    assert home.late_again("close", Level.RED) == timedelta(days=1)


def test_steps_to_reach_somebody_have_their_own_times(home: Policy) -> None:
    red, orange, yellow = (
        home.levels[level].unreachable for level in (Level.RED, Level.ORANGE, Level.YELLOW)
    )
    assert red is not None
    assert orange is not None
    assert yellow is not None
    assert (red.tries, red.ways, red.again_after) == (3, 2, timedelta(minutes=10))
    assert [what for what, _ in red.then] == ["trusted_person", "community", "police"]
    assert home.deadline("reach.police", Level.RED, NOON) == NOON + timedelta(minutes=15)
    assert home.deadline("reach.try", Level.ORANGE, NOON) == NOON + timedelta(hours=2)
    friday = NOON + timedelta(days=4)
    assert home.deadline("reach.try", Level.YELLOW, friday) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert "police" not in dict(yellow.then)


def test_closing_red_asks_for_everything_and_casework_knows_each_need(home: Policy) -> None:
    assert home.levels[Level.RED].closing == ("met", "outcome", "new_level", "next_contact", "follow_up")
    assert set(CLOSING_NEEDS) <= set(NEEDS)


def test_the_edition_names_the_content_and_the_calendar(home: Policy) -> None:
    assert home.edition.startswith("home_visit/2#")
    assert home.edition.endswith(f"+{load_calendar().digest}")
    other = read_policy(HOME.replace("within: 15m}", "within: 14m}", 1), home.calendar)
    assert other.edition != home.edition


def test_working_hours_are_a_span_too() -> None:
    changed = HOME.replace("acknowledge: {within: 1wd}", "acknowledge: {within: 8wh}")
    policy = read_policy(changed, load_calendar())
    due = policy.deadline("acknowledge", Level.YELLOW, datetime(2026, 9, 30, 8, 0, tzinfo=UTC))
    assert due == datetime(2026, 10, 8, 8, 30, tzinfo=UTC), (
        "1.5 hours before the holiday, 6.5 after it, lunch not"
    )
    why = policy.why("acknowledge", Level.YELLOW, datetime(2026, 9, 30, 8, 0, tzinfo=UTC))
    assert why.rule == "8 个工作小时"
    assert "国庆节" in [s.name for s in why.skipped]


def without(*path: str) -> Callable[[dict], None]:  # type: ignore[type-arg]
    def change(raw: dict) -> None:  # type: ignore[type-arg]
        for key in path[:-1]:
            raw = raw[key]
        del raw[path[-1]]

    return change


def having(value: object, *path: str | int) -> Callable[[dict], None]:  # type: ignore[type-arg]
    def change(raw: dict) -> None:  # type: ignore[type-arg]
        at: object = raw
        for key in path[:-1]:
            at = at[key]  # type: ignore[index]
        at[path[-1]] = value  # type: ignore[index]

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (having(1, "colour"), "unknown colour"),
        (having({"within": "5m"}, "levels", "red", "clocks", "sing"), "unknown sing"),
        (having({"within": "5m", "if": 1}, "levels", "red", "clocks", "speak"), "unknown if"),
        (having({"within": "quickly"}, "levels", "red", "clocks", "speak"), "not a duration"),
        (having({"within": "0wd"}, "levels", "yellow", "clocks", "speak"), "within '0wd'"),
        (
            having({"within": "15m", "after": "acknowledged"}, "levels", "red", "clocks", "contact"),
            "at_latest",
        ),
        (
            having({"within": "10m"}, "levels", "red", "clocks", "speak"),
            "speak 的时限比前一步 acknowledge 还早",
        ),
        (having({"within": "1h"}, "levels", "red", "clocks", "visit"), None),
        (without("levels", "red", "clocks", "acknowledge"), "nobody would have to answer"),
        (having(3, "levels", "red", "acknowledgements"), "只能是 1 或 2"),
        (without("steps", "red"), "级别要和 levels 一样"),
        (without("closing", "yellow"), "级别要和 levels 一样"),
        (having(["met", "tea"], "closing", "red"), "unknown tea"),
        (having([], "steps", "red"), "the first is at 0m"),
        (having("0m", "steps", "red", 1, "after"), "each later one comes after"),
        (having("mayor", "steps", "red", 1, "tell"), "tell 'mayor'"),
        (having({"tell": "district_desk", "after": "30m"}, "steps", "red", 2), "the last step"),
        (having({"tell": "office", "after": "30m", "repeat_every": "5m"}, "steps", "red", 2), "区值班台"),
        (
            having({"tell": "district_desk", "after": "9m", "repeat_every": "0m"}, "steps", "red", 2),
            "comes after",
        ),
        (
            having({"tell": "district_desk", "after": "30m", "repeat_every": "0m"}, "steps", "red", 2),
            "不能是零",
        ),
        (having(4, "unreachable", "red", "ways"), "在 1 和 tries 之间"),
        (having([{"army": "5m"}], "unreachable", "red", "then"), "then 'army'"),
        (having([{"police": "5m"}, {"police": "9m"}], "unreachable", "red", "then"), "then 'police'"),
        (having({"tries": 1}, "unreachable", "green"), "unknown green"),
        (having({"red": "5m"}, "transfer", "answer_within"), "每个级别都要写"),
        (having(0, "transfer", "bounces"), "至少是 1"),
        (having(["7d", "24h"], "follow_up_ladder"), "从近到远"),
        (having(["social_worker"], "acts", "dance"), "unknown dance"),
        (having(["mayor"], "acts", "call"), "unknown mayor"),
        (having([], "acts", "call"), "没有人可以做"),
        (without("acts", "close"), "少了 close"),
        (having(["dance"], "proposes"), "unknown dance"),
        (having({}, "outcomes"), "至少要有一种结果"),
        (without("trip"), "trip"),
        (having({"longest": "soon"}, "trip"), "not a duration"),
    ],
)
def test_what_no_policy_may_say(change: Callable[[dict], None], said: str | None) -> None:  # type: ignore[type-arg]
    raw = yaml.safe_load(HOME)
    change(raw)
    text = yaml.safe_dump(raw, allow_unicode=True, sort_keys=False)
    if said is None:
        read_policy(text, load_calendar())
        return
    with pytest.raises(PolicyError) as refused:
        read_policy(text, load_calendar(), "home_visit.yml")
    assert said in str(refused.value)
    assert str(refused.value).startswith("home_visit.yml: ")


@pytest.mark.parametrize("text", ["", "[]", "a: [", "7", "kinds: []", "kinds: [a, a]", "kinds: [A]"])
def test_what_is_no_policy_and_no_list_at_all(text: str) -> None:
    with pytest.raises(PolicyError):
        read_policy(text, load_calendar())
    with pytest.raises(PolicyError):
        read_kinds(text)


def test_the_published_list_is_what_the_folder_holds() -> None:
    assert load_kinds() == ("home_visit", "call_back")
    assert {load_policy(kind).kind for kind in load_kinds()} == set(load_kinds())
