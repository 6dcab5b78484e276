"""A process ends where a test tells it to, and never when it serves people."""

import subprocess
import sys
from pathlib import Path

import pytest

import storage
from storage.step_points import step

ROOT = str(Path(storage.__file__).parents[1])


def run(**environment):
    code = "from storage.step_points import step; step('S4'); print('went on')"
    return subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ROOT, **environment}, capture_output=True, text=True
    )


def test_a_named_step_ends_the_process():
    for names in ("S4", "S1,S4"):
        done = run(XINQIAO_DIE_AT=names)
        assert (done.returncode, done.stdout) == (137, "")


def test_other_steps_and_no_step_do_nothing():
    for environment in ({}, {"XINQIAO_DIE_AT": "S5"}, {"XINQIAO_DIE_AT": ""}, {"XINQIAO_DIE_AT": "S40"}):
        assert run(**environment).stdout == "went on\n"


def test_nothing_ends_a_process_that_serves_people():
    for mode in ("live", "LIVE", "", "something"):
        assert run(XINQIAO_DIE_AT="S4", XINQIAO_MODE=mode).stdout == "went on\n"


def test_a_step_that_is_not_listed_is_refused():
    with pytest.raises(ValueError, match="S14"):
        step("S14")
