"""`xinqiao duty`: the roster from a file, who is on duty, and when nobody is."""

import getpass
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from escalation.duty_book import ON_SHIFT, DutyBook, NewShift
from escalation.duty_gaps import gaps_of, offices_on_duty, reachability
from escalation.duty_import import Line, read_roster, understand
from escalation.duty_store import active_staff
from escalation.duty_words import day_word
from escalation.errors import EscalationError
from escalation.roster import on_duty, zone_of
from residents.district import Office
from residents.errors import TableRefused
from server.command_line import AtWork, at_work, stop

duty = typer.Typer(
    help="值班表：导入、看谁在岗、看哪里没有人。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
MOST_PROBLEMS = 200


@duty.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX，表头：单位,岗位,人员,日期,开始,结束,备班")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看看，不保存")] = False,
    by: Annotated[str, typer.Option("--by", help="谁导入的，写进记录；缺省为登录名")] = "",
) -> None:
    """导入值班表。有一行不对就整份不收，逐行说明。表里有日期的，替换这几天；写星期的，替换这个所的每周安排。"""
    try:
        with at_work() as work:
            lines = read_into(work, file)
            book = DutyBook(work.database, work.clock, work.telling)
            by_office: dict[str, list[NewShift]] = {}
            for line in lines:
                by_office.setdefault(line.office, []).append(line.shift)
            came, went = book.replace(by or getpass.getuser(), by_office, keep=not dry_run)
            typer.echo(
                f"{'会收下' if dry_run else '收下了'} {came} 个班次（{len(by_office)} 个单位），替换掉 {went} 个。"
            )
            if not dry_run:
                _print_gaps(
                    work, [o for o in offices_on_duty(work.telling.district) if o.code in by_office], 7
                )
    except TableRefused as refused:
        for problem in refused.problems[:MOST_PROBLEMS]:
            typer.echo(f"✗ {problem}", err=True)
        raise stop(f"共 {len(refused.problems)} 处要改，什么都没有保存。") from None
    except EscalationError as error:
        raise stop(str(error)) from None


def read_into(work: AtWork, file: Path) -> list[Line]:
    """The shifts of a file, with the offices and people of this installation; `TableRefused` otherwise."""
    rows = read_roster(file)
    offices = offices_on_duty(work.telling.district)
    with work.database.transaction() as db:
        people = {
            o.code: [(a.username, a.name) for a in active_staff(db, o.code).values() if a.role in ON_SHIFT]
            for o in offices
        }
    return understand(rows, {o.code: o.name for o in offices}, people)


@duty.command("gaps")
def gaps(days: Annotated[int, typer.Option("--days", min=1, max=62, help="往后看几天")] = 7) -> None:
    """往后一周哪里没有人值班，哪个所能联系上的人不够两个。有空档时以 1 结束。"""
    with at_work() as work:
        found = _print_gaps(work, offices_on_duty(work.telling.district), days)
        with work.database.transaction() as db:
            reach = reachability(db, work.telling.district, work.clock(), work.telling.calendar)
        for office in reach:
            typer.echo(f"{'✓' if office.enough else '✗'} {office.words()}。")
    if found or not all(office.enough for office in reach):
        raise typer.Exit(1)


@duty.command("who")
def who(
    office: Annotated[str, typer.Argument(help="单位的代码；不写就是全部")] = "",
    at: Annotated[str, typer.Option("--at", help="什么时候，例如 2026-12-01T12:30；不写就是现在")] = "",
) -> None:
    """这个时候谁在值班。"""
    with at_work() as work:
        district, calendar = work.telling.district, work.telling.calendar
        moment = work.clock()
        if at:
            try:
                moment = datetime.fromisoformat(at)
            except ValueError:
                raise stop("时间写成 2026-12-01T12:30 这样。") from None
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone_of(calendar))
        offices = [o for o in offices_on_duty(district) if not office or office in (o.code, o.name)]
        if not offices:
            raise stop(f"没有“{office}”这个单位：{'、'.join(o.code for o in offices_on_duty(district))}。")
        with work.database.transaction() as db:
            for one in offices:
                audiences = (
                    (("district_desk", "值班"),)
                    if one.kind == "district_desk"
                    else (("office", "值班"), ("supervisor", "负责人"))
                )
                for audience, word in audiences:
                    people = on_duty(db, one.code, audience, moment, calendar)
                    names = "、".join(person.name for person in people) or "没有人"
                    typer.echo(f"{'✓' if people else '✗'} {one.name} {word}：{names}")


def _print_gaps(work: AtWork, offices: Sequence[Office], days: int) -> int:
    now, calendar = work.clock(), work.telling.calendar
    with work.database.transaction() as db:
        found = [gap for o in offices for gap in gaps_of(db, o, now, now + timedelta(days=days), calendar)]
    for gap in sorted(found, key=lambda gap: gap.from_at):
        typer.echo(f"✗ {gap.words(now, calendar)}。")
    if not found:
        until = (now + timedelta(days=days)).astimezone(zone_of(calendar)).date()
        typer.echo(f"✓ 到{day_word(until, now.astimezone(zone_of(calendar)).date())}为止都有人值班。")
    return len(found)
