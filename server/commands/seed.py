"""`xinqiao seed`: the demo district, once: its staff, their roster, and a quarter of a year. All are invented."""

import json
import os
import secrets
from pathlib import Path
from typing import cast

OFFICERS = (
    # username, name, role, office
    ("puyan", "沈青", "judicial_officer", "puyan"),
    ("puyan2", "何苗", "social_worker", "puyan"),
    ("puyan-lead", "陆远山", "supervisor", "puyan"),
    ("changhe", "方宁", "judicial_officer", "changhe"),
    ("changhe2", "许诺", "social_worker", "changhe"),
    ("changhe-lead", "孔令溪", "supervisor", "changhe"),
    ("xixing", "俞晓", "judicial_officer", "xixing"),
    ("xixing2", "姜禾", "social_worker", "xixing"),
    ("xixing-lead", "章如海", "supervisor", "xixing"),
    ("district", "区值班员", "duty_officer", "desk"),
    ("auditor", "审计员", "auditor", "desk"),
    ("admin", "区管理员", "administrator", "desk"),
    ("community", "社区联络员", "partner", "puyan-community"),
)
TEAMS = {"puyan": ("puyan", "puyan2"), "changhe": ("changhe", "changhe2"), "xixing": ("xixing", "xixing2")}
ROLES = {
    "judicial_officer": "司法所工作人员",
    "social_worker": "社工",
    "supervisor": "负责人",
    "duty_officer": "区值班",
    "auditor": "审计员",
    "administrator": "管理员",
    "partner": "协办单位",
}


def seed() -> None:
    """写入演示区：工作人员账号、值班表和过去三个月的往事（只写一次；已有的不动，中断过的接着写）。"""
    from datetime import timedelta

    import typer
    from sqlalchemy import select

    from escalation.staff import Role, StaffAccount, new_account
    from residents.district import load_district
    from residents.resident import Resident
    from server import demo_roster
    from server.settings import settings
    from server.simulation import history
    from server.wiring import database_url, utc_now
    from storage import audit
    from storage.database import Database
    from storage.vault import Keyring, Vault

    chosen = settings()
    if chosen.mode == "live":
        typer.echo("正式运行不写演示账号。")
        return
    database = Database(database_url(chosen), Vault(Keyring.load(chosen.keys)))
    district = load_district(chosen.district)
    codes = office_codes(district)
    passwords = _passwords(chosen.home / "demo_accounts.json")
    now = utc_now()
    with database.transaction() as db:
        known = set(db.scalars(select(StaffAccount.username)))
        new = not known and db.scalar(select(Resident.id).limit(1)) is None
        begin, behind = now, new or history.unfinished(db) is not None
        if new and not chosen.demo_history_days:
            behind = False
        elif new:  # the trail only goes forward: whoever acts in the past was hired before it
            begin = now - timedelta(days=chosen.demo_history_days) - history.AFTERWARDS
            history.announce(db, begin, chosen.demo_history_days)
        for username, name, role, office in OFFICERS:
            if username not in known:
                where = codes.get(office, office)
                db.add(new_account(username, passwords[username], name, cast(Role, role), where, demo=True))
        db.flush()
        shifts = demo_roster.write(db, database.vault, district, TEAMS, "district")
        added = len(OFFICERS) - len(known)
        if added or shifts:
            audit.record(
                db, actor="operator", action="seed", subject="staff", at=begin, added=added, shifts=shifts
            )
    typer.echo(f"演示账号：新增 {added} 个，已有 {len(known)} 个；值班表：新增 {shifts} 个班次。")
    written = None
    if behind:
        days = chosen.demo_history_days + history.AFTERWARDS.days
        with typer.progressbar(length=days, label="写演示区这三个月的往事") as bar:
            written = history.write_history(chosen, database, now, ("puyan", "changhe", "xixing"), bar.update)
    database.close()
    if written is not None:
        typer.echo(
            f"往事：{written.conversations} 次对话，{written.tickets} 张工单，其中 {written.open} 张还开着；都是编的。"
        )


def demo_accounts() -> list[tuple[str, str, str, str]]:
    """Username, password, who, and office of each demo account of this installation."""
    from residents.district import load_district
    from server.settings import settings

    chosen = settings()
    district = load_district(chosen.district)
    codes = office_codes(district)
    passwords = _passwords(chosen.home / "demo_accounts.json")
    return [
        (
            username,
            passwords[username],
            f"{name} {ROLES[role]}",
            district.office(codes[office]).name if office in codes else "协办单位",
        )
        for username, name, role, office in OFFICERS
    ]


def office_codes(district) -> dict[str, str]:  # type: ignore[no-untyped-def]
    """The codes of the district's offices by the street's code, and `desk` for the duty desk."""
    streets = {o.street: o.code for o in district.offices if o.kind == "judicial_office"}
    return {**streets, "desk": district.desk.code}


def _passwords(path: Path) -> dict[str, str]:
    """The passwords of this installation's demo accounts: made at random once, readable by the owner alone."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    passwords = {username: known.get(username) or secrets.token_hex(4) for username, *_ in OFFICERS}
    if passwords == known:
        return passwords
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(passwords, file)
    os.replace(draft, path)
    return passwords
