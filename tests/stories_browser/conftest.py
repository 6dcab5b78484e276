"""One running Xinqiao for all stories in the browser: real Rasa, real PostgreSQL, real Chromium."""

import json
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from residents import place_codes
from storage.vault import Keyring, Vault
from tests.support.browser import Chromium, Shots
from tests.support.stack import Stack

FAILED = pytest.StashKey[bool]()


class Street:
    """What is on the street: signed posters and halls, the office's accounts, and the notices that were sent."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def signed(self, place: str) -> str:
        """The text in the QR code of a place, as this installation signs it."""
        vault = Vault(Keyring.load(self.stack.home / "keys.json"))
        return place_codes.make(vault.sign, place, (datetime.now(UTC) + timedelta(days=30)).date())

    def account(self, username: str) -> tuple[str, str]:
        """Username and password of a demo account."""
        return username, json.loads((self.stack.home / "demo_accounts.json").read_text("utf-8"))[username]

    def notices(self) -> list[dict[str, Any]]:
        """What the gateway has received, in order."""
        got = httpx.get(f"{self.stack.gateway_url}/received", trust_env=False).json()
        return [one["notice"] for one in got["notices"]]


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running


@pytest.fixture(scope="package")
def street(stack: Stack) -> Street:
    return Street(stack)


@pytest.fixture(scope="package")
def shots() -> Shots:
    return Shots()


@pytest.fixture
def browser(stack: Stack, shots: Shots, request: pytest.FixtureRequest) -> Iterator[Chromium]:
    """A browser of this story alone; at its end, nothing odd may have happened on any page."""
    story = request.node.name.removeprefix("test_")
    with Chromium(stack.base_url, story, shots) as running:
        yield running
        if request.node.stash.get(FAILED, False):
            for device in running.devices:
                device.shot("when-it-failed")
            return
    running.nothing_odd()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report
