"""`xinqiao calendar`: which days are worked, from the official arrangement of each year."""

import getpass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from escalation.calendar import HEADER, HEADINGS, WorkCalendar, calendar_of, read_calendar
from escalation.errors import CalendarError
from escalation.recompute import Moved, import_calendar
from escalation.rehearsal import CLOCKS
from residents.errors import TableRefused
from residents.sheet import read_table
from server.command_line import at_work, stop
from storage.errors import StorageError

calendar = typer.Typer(
    help="工作日历：导入放假和调休安排、看一年的。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
MOST_SHOWN = 60


@calendar.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX，表头：日期,安排,名称（安排写 放假 或 上班）")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看看，不保存")] = False,
    by: Annotated[str, typer.Option("--by", help="谁导入的，写进记录；缺省为登录名")] = "",
) -> None:
    """导入放假安排。有一行不对就整份不收。按日历走的时限（黄色和更缓的）会重新算，逐条列出前后。"""
    try:
        with at_work() as work:
            newer = read_file(file, work.policies.calendar)
            with work.database.transaction() as db:
                moved = import_calendar(db, work.policies, newer, by or getpass.getuser(), work.clock())
                if dry_run:
                    db.rollback()
    except (CalendarError, StorageError) as error:
        raise stop(str(error)) from None
    typer.echo("只是看看，没有保存。" if dry_run else f"已启用 {work.policies.calendar.digest}。")
    typer.echo("\n".join(told(moved, work.policies.calendar.zone)))


@calendar.command("show")
def show(year: Annotated[int | None, typer.Option("--year", help="哪一年；缺省为今年")] = None) -> None:
    """看一年里哪些天放假、哪些周末上班，工作时间是几点到几点。"""
    try:
        with at_work() as work:
            chosen = year or work.clock().astimezone(work.policies.calendar.zone).year
            typer.echo("\n".join(shown(work.policies.calendar, chosen)))
    except StorageError as error:
        raise stop(str(error)) from None


def read_file(file: Path, like: WorkCalendar) -> WorkCalendar:
    """The calendar of a table, or of a file that `text` of a calendar has written. `CalendarError` names the lines."""
    try:
        if file.read_bytes()[:4].lstrip(b"\xef\xbb\xbf").startswith(b"#"):
            return read_calendar(file.read_text("utf-8-sig"), like)
        table = read_table(file, (*HEADER, *HEADINGS), ())
    except (OSError, UnicodeDecodeError):
        raise CalendarError(f"读不了文件 {file.name}：不存在，或没有权限，或不是 UTF-8。") from None
    except TableRefused as refused:
        raise CalendarError("；".join(str(problem) for problem in refused.problems) + "。") from None
    rows = [(row.line, {HEADINGS.get(name, name): cell for name, cell in row.cells.items()}) for row in table]
    return calendar_of(rows, {}, like)


def told(moved: list[Moved], zone: ZoneInfo) -> list[str]:
    """Which deadlines moved, for a person."""
    lines = [f"重新算了 {len(moved)} 个时限。"]
    lines += [
        f"  {m.code} {CLOCKS[m.clock]}：{_moment(m.before, zone)} → {_moment(m.after, zone)}"
        for m in moved[:MOST_SHOWN]
    ]
    return lines + ([f"  ……还有 {len(moved) - MOST_SHOWN} 个"] if len(moved) > MOST_SHOWN else [])


def shown(of: WorkCalendar, year: int) -> list[str]:
    """One year, for a person: what is off or worked against the weekday, in stretches."""
    periods = "，".join(f"{a:%H:%M}–{b:%H:%M}" for a, b in of.hours)
    lines = [f"{year} 年 · {of.digest} · 工作时间 {periods}"]
    if not of.covers(date(year, 1, 1)):
        lines.append("⚠ 这一年的放假安排没有导入：周一到周五都当作工作日。")
    stretch: list[date] = []
    said = sorted(day for day in of.days if day.year == year)
    for day, after in zip(said, [*said[1:], None], strict=False):
        stretch.append(day)
        if after == day + timedelta(days=1) and of.days[after] == of.days[day]:
            continue
        span = f"{stretch[0]:%m-%d}" + (f" 至 {day:%m-%d}（{len(stretch)} 天）" if len(stretch) > 1 else "")
        lines.append(f"  {'放假' if of.days[day].kind == 'holiday' else '上班'} {span} {of.days[day].name}")
        stretch = []
    return lines + ([f"来源：{of.source}"] if of.source else [])


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
