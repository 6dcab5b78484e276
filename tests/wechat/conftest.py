"""A district with an official account, and WeChat's own server on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.wechat import Somebody, WechatTown, Weixin, weixin


@pytest.fixture
def wechat_server() -> Iterator[Weixin]:
    with weixin() as server:
        yield server


@pytest.fixture
def town(
    database: Database, clock: MovableClock, tmp_path: Path, wechat_server: Weixin
) -> Iterator[WechatTown]:
    town = WechatTown(database, clock, tmp_path, wechat_server)
    try:
        yield town
    finally:
        town.close()


@pytest.fixture
def somebody(town: WechatTown) -> Somebody:
    return town.somebody()
