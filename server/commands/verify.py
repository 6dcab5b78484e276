"""`xinqiao verify`: is the audit trail as it was written?"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.exc import DBAPIError

from server.settings import Settings, settings
from storage import audit, embedded
from storage.audit import Anchor, Fault, Verdict
from storage.database import Database
from storage.errors import (
    KeyringDamaged,
    KeyringDoesNotFit,
    KeyringMissing,
    NotMigrated,
    StorageError,
)
from storage.vault import Keyring, Vault

INTACT, BROKEN, UNKNOWN = 0, 1, 2
HANGZHOU = ZoneInfo("Asia/Shanghai")

WORDS = {
    Fault.CHANGED: "这一条的内容被改过",
    Fault.MISSING: "这一条不见了",
    Fault.PUT_IN: "这一条是后来塞进去的",
    Fault.OUT_OF_LINE: "这一条和前一条接不上",
    Fault.ANOTHER_PAST: "这一条不是锚点记下的那一条",
    Fault.CUT: "从这一条起，后面的被截掉了",
    Fault.HEAD: "链头记录被倒退或删除",
    Fault.ANCHORS: "锚点文件被改过",
    Fault.CLOCK: "这一条的时间倒退了",
}


def verify() -> None:
    """Check the whole audit trail against its keys and anchors, and print one line.

    Ends with 0 when it is intact, with 1 naming the first bad row when it is not, and with 2 when it
    cannot be checked because the database or the key is not there. An embedded database that is
    not running is started for the check and stopped again.
    """
    line, status = _judge(settings())
    typer.echo(line)
    raise typer.Exit(status)


def _judge(settings: Settings) -> tuple[str, int]:
    try:
        vault = Vault(Keyring.load(settings.keys))
        with _address(settings) as url:
            database = Database(url, vault, pool_size=1)
            try:
                with database.transaction() as db:
                    verdict = audit.verify(db, vault, anchors_file(settings))
            finally:
                database.close()
    except KeyringMissing:
        return f"无法核对：没有找到密钥文件 {settings.keys}。", UNKNOWN
    except KeyringDamaged:
        return f"无法核对：密钥文件 {settings.keys} 已损坏，请从备份恢复。", UNKNOWN
    except KeyringDoesNotFit:
        return "无法核对：密钥与这个数据库不配，请放回原来的密钥文件。", UNKNOWN
    except (_NoDatabase, NotMigrated):
        return "无法核对：还没有数据库，请先运行 make run。", UNKNOWN
    except DBAPIError:
        return "无法核对：数据库连不上，请检查它是否在运行。", UNKNOWN
    except StorageError as error:
        return f"无法核对：{error}", UNKNOWN
    return _say(verdict), INTACT if verdict.intact else BROKEN


def anchors_file(settings: Settings) -> Path:
    """Where the anchors lie: outside the database."""
    return settings.home / "audit-anchors.jsonl"


def _say(verdict: Verdict) -> str:
    anchor = _say_anchor(verdict.anchor)
    if verdict.intact:
        return f"审计链完整：共 {verdict.entries} 条；{anchor}。"
    why = WORDS[Fault(verdict.why)]
    if verdict.first_bad is None:
        return f"审计链有问题：{why}；{anchor}。"
    return f"审计链有问题：第 {verdict.first_bad} 条，{why}；已核对 {verdict.entries} 条；{anchor}。"


def _say_anchor(anchor: Anchor | None) -> str:
    if anchor is None:
        return "还没有锚点"
    at = datetime.fromisoformat(anchor.at).astimezone(HANGZHOU)
    return f"最新锚点在第 {anchor.seq} 条（{at:%Y-%m-%d %H:%M}）"


class _NoDatabase(Exception):
    """There is neither a DATABASE_URL nor an embedded database."""


@contextmanager
def _address(settings: Settings) -> Iterator[str]:
    if settings.database_url:
        yield settings.database_url
        return
    folder = settings.home / "postgres"
    if not (folder / "data").exists():
        raise _NoDatabase
    ours = embedded.running(folder) is None
    if ours:
        embedded.start(folder)
    try:
        yield embedded.url(folder)
    finally:
        if ours:
            embedded.stop(folder)
