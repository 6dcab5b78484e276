"""The cannot-reach protocol (TK13) as a table of cases."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from escalation.policy import load_policy
from escalation.reach import next_step
from escalation.triage import Level

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RED = load_policy("home_visit").levels[Level.RED].unreachable


@dataclass(frozen=True)
class Try:
    way: str
    reached: bool = False
    at: datetime = START


def step(*ways: str, danger: bool = True, trusted: bool = True, may_pass_on: bool = True) -> str | None:
    found = next_step(
        [Try(way) for way in ways], RED, danger=danger, trusted=trusted, may_pass_on=may_pass_on
    )
    return None if found is None else found.what


@pytest.mark.parametrize(
    ("ways", "allowed", "what"),
    [
        ((), {}, None),
        (("phone",), {}, "try"),
        (("phone", "phone", "phone"), {}, "try"),
        (("phone", "door", "phone"), {}, "trusted_person"),
        (("phone", "message", "phone"), {"trusted": False}, "community"),
        (("phone", "message", "phone", "trusted_person"), {}, "community"),
        (("phone", "message", "phone", "trusted_person", "property"), {}, "police"),
        (("phone", "message", "phone", "trusted_person", "community"), {"danger": False}, "try"),
        (("phone", "message", "phone"), {"trusted": False, "may_pass_on": False}, "police"),
        (("phone", "message", "phone"), {"trusted": False, "may_pass_on": False, "danger": False}, "try"),
        (("phone", "message", "phone", "trusted_person", "community", "police"), {}, "try"),
    ],
)
def test_what_is_tried_next(ways: tuple[str, ...], allowed: dict[str, bool], what: str | None) -> None:
    assert step(*ways, **allowed) == what


def test_whoever_is_reached_needs_no_next_step() -> None:
    tries = [Try("phone"), Try("door", reached=True)]
    assert next_step(tries, RED, danger=True, trusted=True, may_pass_on=True) is None


def test_three_calls_are_one_way_and_the_next_try_must_be_another() -> None:
    found = next_step([Try("phone")] * 3, RED, danger=True, trusted=True, may_pass_on=True)
    assert found is not None
    assert (found.what, found.tries_left) == ("try", 1)
    assert "phone" not in found.ways


def test_each_step_has_its_own_time() -> None:
    first = next_step([Try("phone")], RED, danger=True, trusted=True, may_pass_on=True)
    later = next_step(
        [Try(w) for w in ("phone", "door", "phone")], RED, danger=True, trusted=True, may_pass_on=True
    )
    assert first is not None
    assert later is not None
    assert (first.within, later.within) == (timedelta(minutes=10), timedelta(minutes=15))


def test_a_level_without_a_protocol_has_no_next_step() -> None:
    assert next_step([Try("phone")], None, danger=True, trusted=True, may_pass_on=True) is None
