"""What must be true before live mode starts. Each point that is not met, or not known, is one Chinese line.

`unmet` is a pure function over `LiveFacts`; `gather` collects the facts from the settings, the content, the
database, and the sign-off: a YAML file that the district keeps (`XINQIAO_SIGNOFF`, else `live.yml` beside the
run-time files), which says who signed what, and when.

    policy:          {by: 审定的临床人员, day: 2026-11-20, content: 政策文件的指纹}
    wording:         {by: 审定的临床人员, day: 2026-11-20, content: 话术文件的指纹}
    restored_backup: {by: 做恢复演练的人, day: 2026-11-21}
    duty_telephone:  {by: 接起值班电话的人, day: 2026-11-21}
    words_leave:     {by: 批准居民的话交给外面的模型的人, day: 2026-11-21}     # only where that is set
"""

import hashlib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from server.settings import ROOT, Settings
from storage import step_points

FRESH = timedelta(days=90)
POLICIES = ("escalation/policies",)
WORDING = (
    "bot/domain",
    "bot/safety_reply.yml",
    "bot/page_wording.yml",
    "bot/wechat_wording.yml",
    "models/counsellor/frame.yml",
    "models/counsellor/screen.yml",
)


@dataclass(frozen=True)
class Record:
    """Somebody put their name to something on a day; `content` is the fingerprint of what they signed."""

    by: str
    on: date
    content: str | None = None


@dataclass(frozen=True)
class LiveFacts:
    """What is known. `None` means not known, which counts as not met."""

    policy: Record | None = None
    policy_content: str | None = None
    policies_unsigned: tuple[str, ...] | None = None  # files whose own `signed_by` is empty
    wording: Record | None = None
    wording_content: str | None = None
    hotlines_checked: Mapping[str, date | None] | None = None  # number -> when somebody last called it
    public_url: str | None = None
    certificate_ready: bool | None = None  # a certificate and its key are there
    keys_file: Path | None = None
    keys_there: bool | None = None
    home: Path | None = None
    restored_backup: Record | None = None
    demo_accounts: tuple[str, ...] | None = None
    duty_telephone: Record | None = None
    lookout_gateway: str | None = None  # where the lookout rings
    gateway: str | None = None  # where notices go
    words_leave: bool | None = None  # residents' words go to a model outside the building
    words_may_leave: Record | None = None


def unmet(facts: LiveFacts, today: date) -> list[str]:
    """Every point that keeps live mode from starting, one line each; empty when it may start."""
    points = (
        _policy(facts, today),
        _signed("话术", facts.wording, facts.wording_content, today),
        _hotlines(facts, today),
        _https(facts),
        _keys(facts),
        _record("备份恢复演练", facts.restored_backup, today),
        _accounts(facts),
        _record("值班电话的接听测试", facts.duty_telephone, today),
        _lookout(facts),
        _outside(facts, today),
    )
    return [point for point in points if point]


def unmet_points(settings: Settings, today: date) -> list[str]:
    """The unmet points of this machine, now."""
    return unmet(gather(settings), today)


def refuse_unready(settings: Settings, today: date) -> None:
    """End the process with the list of what is unmet, when it is to run live and something is."""
    if settings.mode != "live":
        return
    step_points.disarm()
    if missing := unmet_points(settings, today):
        sys.exit("正式模式不能启动：\n" + "\n".join(f"  ✗ {point}" for point in missing))


def _policy(facts: LiveFacts, today: date) -> str | None:
    line = _signed("分级与升级政策", facts.policy, facts.policy_content, today)
    if line or facts.policies_unsigned == ():
        return line
    if facts.policies_unsigned is None:
        return "分级与升级政策：读不到政策文件，无法确认已签署"
    return f"分级与升级政策：这些文件里还没有写上签署人：{'、'.join(facts.policies_unsigned)}"


def _signed(what: str, record: Record | None, content: str | None, today: date) -> str | None:
    if content is None:
        return f"{what}：读不到文件，无法确认已签署"
    if record is None:
        return f"{what}：还没有临床人员签署（现在内容的指纹是 {content}）"
    if not record.by.strip() or record.on > today:
        return f"{what}：签署记录没有姓名，或日期在将来"
    if record.content != content:
        return f"{what}：签署之后内容改过，要重新签署（现在内容的指纹是 {content}）"
    return None


def _hotlines(facts: LiveFacts, today: date) -> str | None:
    if not facts.hotlines_checked:
        return "热线：读不到热线名单，无法确认近 90 天内核对过"
    old = [number for number, on in facts.hotlines_checked.items() if on is None or not _fresh(on, today)]
    return f"热线：近 90 天内没有核对过：{'、'.join(old)}" if old else None


def _https(facts: LiveFacts) -> str | None:
    address = urlsplit(facts.public_url or "")
    if address.scheme != "https" or not address.hostname:
        return "HTTPS：对外地址（XINQIAO_PUBLIC_URL）必须以 https:// 开头"
    if address.hostname == "localhost" or address.hostname.startswith("127."):
        return "HTTPS：对外地址（XINQIAO_PUBLIC_URL）是本机地址，居民打不开"
    if not facts.certificate_ready:
        return "HTTPS：证书或它的私钥（XINQIAO_TLS_CERTIFICATE、XINQIAO_TLS_KEY）不在"
    return None


def _keys(facts: LiveFacts) -> str | None:
    if facts.keys_file is None or facts.home is None:
        return "外置密钥：没有指定密钥文件（XINQIAO_KEYS_FILE）"
    if facts.keys_file.is_relative_to(facts.home):
        return "外置密钥：密钥文件不能放在数据旁边，请移到别处（XINQIAO_KEYS_FILE）"
    if not facts.keys_there:
        return "外置密钥：指定的密钥文件（XINQIAO_KEYS_FILE）不在"
    return None


def _accounts(facts: LiveFacts) -> str | None:
    if facts.demo_accounts is None:
        return "演示账号：读不到账号表，无法确认没有演示账号"
    return f"演示账号：还在用：{'、'.join(facts.demo_accounts)}" if facts.demo_accounts else None


def _lookout(facts: LiveFacts) -> str | None:
    if not facts.lookout_gateway:
        return "看护：没有自己的网关，后台停了没有人会接到电话（XINQIAO_LOOKOUT_GATEWAY_URL）"
    if facts.lookout_gateway == facts.gateway:
        return "看护：和工单通知用的是同一个网关，一起坏的时候没有人会接到电话"
    return None


def _outside(facts: LiveFacts, today: date) -> str | None:
    if facts.words_leave is None:
        return "外面的模型：不知道居民的话会不会交出去"
    return (
        _record("外面的模型：居民的话要交给它，批准", facts.words_may_leave, today)
        if facts.words_leave
        else None
    )


def _record(what: str, record: Record | None, today: date) -> str | None:
    if record is None:
        return f"{what}：没有记录"
    if not record.by.strip():
        return f"{what}：记录里没有姓名"
    return None if _fresh(record.on, today) else f"{what}：记录不在近 90 天内（{record.on}）"


def _fresh(on: date, today: date) -> bool:
    return timedelta(0) <= today - on <= FRESH


def gather(settings: Settings) -> LiveFacts:
    """Collect what is known about this machine. Whatever cannot be read stays unknown; nothing is assumed."""
    signed = _signoff(settings.signoff or settings.home / "live.yml")
    home = settings.home.resolve()
    certificate, key = settings.tls_certificate, settings.tls_key
    keys = settings.keys_file.resolve() if settings.keys_file else None
    return LiveFacts(
        policy=signed.get("policy"),
        policy_content=fingerprint(ROOT, POLICIES),
        policies_unsigned=_unsigned(ROOT / POLICIES[0]),
        wording=signed.get("wording"),
        wording_content=fingerprint(ROOT, WORDING),
        hotlines_checked=_hotlines_checked(settings.district),
        public_url=settings.public_url,
        certificate_ready=bool(certificate and key and certificate.is_file() and key.is_file()),
        keys_file=keys,
        keys_there=bool(keys and keys.is_file()),
        home=home,
        restored_backup=signed.get("restored_backup"),
        demo_accounts=_demo_accounts(settings),
        duty_telephone=signed.get("duty_telephone"),
        lookout_gateway=settings.lookout_gateway_url,
        gateway=settings.gateway_url,
        words_leave=settings.counsellor == "remote" and settings.counsellor_external,
        words_may_leave=signed.get("words_leave"),
    )


def fingerprint(root: Path, names: Iterable[str]) -> str | None:
    """A short fingerprint of the named YAML files; `None` when one of the names is not there."""
    digest = hashlib.sha256()
    for name in names:
        path = root / name
        found = sorted(path.rglob("*.yml")) if path.is_dir() else [path]
        if not found:
            return None
        for file in found:
            try:
                digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
            except OSError:
                return None
    return digest.hexdigest()[:16]


def _signoff(path: Path) -> dict[str, Record]:
    records: dict[str, Record] = {}
    content = _yaml(path)
    for name, entry in content.items() if isinstance(content, dict) else ():
        if isinstance(entry, dict) and isinstance(entry.get("by"), str) and type(entry.get("day")) is date:
            mark = entry.get("content")
            records[str(name)] = Record(entry["by"], entry["day"], None if mark is None else str(mark))
    return records


def _unsigned(folder: Path) -> tuple[str, ...] | None:
    files = sorted(folder.glob("*.yml"))
    if not files:
        return None
    contents = {file.name: _yaml(file) for file in files}
    return tuple(
        name
        for name, content in contents.items()
        if not isinstance(content, dict) or not str(content.get("signed_by") or "").strip()
    )


def _hotlines_checked(district: str) -> dict[str, date | None] | None:
    from residents.errors import ResidentsError
    from residents.hotlines import load_hotlines

    try:
        return {hotline.number: hotline.checked_on for hotline in load_hotlines(district)}
    except (ResidentsError, OSError, ValueError):
        return None


def _demo_accounts(settings: Settings) -> tuple[str, ...] | None:
    """The demo accounts in the database; an embedded one that is not running is opened for the question."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    from storage import embedded
    from storage.errors import StorageError

    folder = settings.home / "postgres"
    opened = False
    try:
        if settings.database_url is None and embedded.running(folder) is None:
            if not (folder / "data").exists():
                return None
            embedded.start(folder)
            opened = True
        engine = create_engine(settings.database_url or embedded.url(folder), hide_parameters=True)
        try:
            with engine.connect() as connection:
                rows = connection.execute(
                    text("SELECT username FROM staff_account WHERE demo ORDER BY username")
                )
                return tuple(row[0] for row in rows)
        finally:
            engine.dispose()
    except (StorageError, SQLAlchemyError, OSError):
        return None
    finally:
        if opened:
            embedded.stop(folder)


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
