"""One reader for all tests of the crisis rules, and the figures per family at the end of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models.crisis.recogniser import CrisisRecogniser

FIGURES: list[str] = []


@pytest.fixture(scope="session")
def reader() -> CrisisRecogniser:
    return CrisisRecogniser.from_files()


@pytest.fixture(scope="session")
def figures() -> list[str]:
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None] | None:
    if FIGURES:
        terminalreporter.section("crisis reader, own corpus")
        for line in sorted(FIGURES):
            terminalreporter.write_line(line)
    return None
