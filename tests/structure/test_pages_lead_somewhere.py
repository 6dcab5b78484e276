"""What a page of the documentation points at is there, and the commands that it names exist."""

import re
import subprocess
from pathlib import Path

import pytest

from server.cli import VERBS

ROOT = Path(__file__).parents[2]
PAGES = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True
).stdout.split()
WRITTEN_ELSEWHERE = {"models/crisis_report/card.md"}
"""A template: its links count from where the page that is made of it lies."""
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
VERB = re.compile(r"xinqiao ([a-z][a-z_-]*)")


@pytest.mark.parametrize("page", [p for p in PAGES if p not in WRITTEN_ELSEWHERE])
def test_each_link_leads_to_something(page: str) -> None:
    links = [link for link in LINK.findall((ROOT / page).read_text("utf-8")) if "://" not in link]
    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    assert missing == []


def test_each_verb_that_is_named_exists() -> None:
    named = {(page, verb) for page in PAGES for verb in VERB.findall((ROOT / page).read_text("utf-8"))}
    assert {verb for _, verb in named} > {"score", "route", "simulate"}
    assert sorted((page, verb) for page, verb in named if verb not in VERBS) == []
