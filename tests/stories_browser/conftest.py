"""One running Xinqiao for all stories in the browser: real Rasa, real PostgreSQL, real Chromium."""

import json
from collections.abc import Generator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from assessments.library import Library
from residents import place_codes
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.browser import Chromium, Shots
from tests.support.clock import MovableClock
from tests.support.dialogue import ScriptedDialogue
from tests.support.served_town import ServedTown
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
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a district that has brought wording of its own: placeholder sentences, none of the form's."""
    folder = tmp_path_factory.mktemp("texts")
    text = {
        "id": "scl90",
        "version": Library.from_files().to_score("scl90").version,
        "holder": "测试用",
        "licence": "占位句，不是原题，只为了试九十题的长度",
        "checked_on": date(2026, 11, 22),
        "options": {1: "没有", 2: "很轻", 3: "中等", 4: "偏重", 5: "严重"},
        "items": {f"q{n}": f"占位句，第 {n} 句" for n in range(1, 91)},
    }
    (folder / "scl90.text.yml").write_text(yaml.safe_dump(text, allow_unicode=True), "utf-8")
    return folder


@pytest.fixture(scope="package")
def stack(texts: Path) -> Iterator[Stack]:
    with Stack({"XINQIAO_INSTRUMENT_TEXTS": str(texts)}) as running:
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


@pytest.fixture
def dialogue() -> Any:
    """Who talks in a served district; a story that needs more than the scripted dialogue brings its own."""
    return ScriptedDialogue()


@pytest.fixture
def served(database: Database, clock: MovableClock, tmp_path: Path, dialogue: Any) -> Iterator[ServedTown]:
    """A whole district in this process, without Rasa, whose pages stand on a port."""
    with ServedTown(database, clock, tmp_path, rasa=dialogue) as town:
        yield town


@pytest.fixture
def pages(served: ServedTown, shots: Shots, request: pytest.FixtureRequest) -> Iterator[Chromium]:
    """A browser of this story alone; at its end, nothing odd may have happened on any page."""
    with Chromium(served.base_url, request.node.name.removeprefix("test_"), shots) as running:
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
