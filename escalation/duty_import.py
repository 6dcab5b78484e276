"""A month's roster from a table: one shift a line, every mistake named by its line. Pure but for reading the file.

The first line names the columns, in any order:

    单位,岗位,人员,日期,开始,结束,备班
    浦沿司法所,值班,puyan,2026-12-01,08:30,17:30,
    puyan-judicial,值班,,12345,18:00,08:30,是

人员 is a user name or a name that only one person of the office bears; empty is the office's duty line. 日期 is a
day (2026-12-01), or the days of a weekly pattern (12345, workday, restday, 每天, 工作日, 休息日).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from escalation.duty_book import NewShift
from escalation.errors import RosterError
from escalation.roster import checked_clock, checked_days
from residents.errors import TableProblem, TableRefused
from residents.sheet import Row, read_table

COLUMNS = ("单位", "岗位", "人员", "日期", "开始", "结束", "备班")
REQUIRED = ("单位", "人员", "日期", "开始", "结束")
_DUTIES = {
    "值班": "officer",
    "": "officer",
    "officer": "officer",
    "负责人值班": "lead",
    "负责人": "lead",
    "lead": "lead",
}
_DAYS = {"每天": "1234567", "工作日": "workday", "休息日": "restday"}
_YES, _NO = ("是", "1", "备班"), ("", "否", "0")


@dataclass(frozen=True)
class Line:
    """One line that can be meant: for which office, and the shift."""

    number: int
    office: str
    shift: NewShift


def read_roster(path: Path) -> list[Row]:
    """The lines of a CSV or XLSX file; `TableRefused` when it is no such table."""
    return read_table(path, COLUMNS, REQUIRED)


def understand(
    rows: Iterable[Row], offices: Mapping[str, str], people: Mapping[str, Sequence[tuple[str, str]]]
) -> list[Line]:
    """The shifts of these rows. `offices`: code -> name; `people`: office -> (user name, name).

    `TableRefused` names every line that cannot be meant; then nothing of the file is used.
    """
    by_name = {name: code for code, name in offices.items()} | {code: code for code in offices}
    found: list[Line] = []
    problems: list[TableProblem] = []
    seen: dict[tuple[str, NewShift], int] = {}
    for row in rows:
        try:
            line = _understood(row, by_name, people)
        except RosterError as error:
            problems.append(TableProblem(row.line, str(error).removesuffix("。")))
            continue
        before = seen.setdefault((line.office, line.shift), row.line)
        if before != row.line:
            problems.append(TableProblem(row.line, f"和第 {before} 行一样"))
        found.append(line)
    if not found and not problems:
        problems.append(TableProblem(None, "表里没有班次"))
    if problems:
        raise TableRefused(problems)
    return found


def _understood(
    row: Row, offices: Mapping[str, str], people: Mapping[str, Sequence[tuple[str, str]]]
) -> Line:
    office = offices.get(row["单位"])
    if office is None:
        raise RosterError(f"没有“{row['单位'][:40]}”这个单位")
    duty = _DUTIES.get(row["岗位"])
    if duty is None:
        raise RosterError("岗位写“值班”或“负责人值班”")
    if row["备班"] not in _YES and row["备班"] not in _NO:
        raise RosterError("备班写“是”或留空")
    days, valid_from, valid_to = _days(row["日期"])
    shift = NewShift(
        duty=duty,
        person=_person(row["人员"], people.get(office, ())),
        days=days,
        starts=checked_clock(_clock(row["开始"])),
        ends=checked_clock(_clock(row["结束"])),
        backup=row["备班"] in _YES,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    return Line(row.line, office, shift)


def _person(typed: str, people: Sequence[tuple[str, str]]) -> str:
    if not typed:
        return ""
    found = [username for username, name in people if typed in (username, name)]
    if len(found) > 1:
        raise RosterError(f"有 {len(found)} 个人叫“{typed[:20]}”，写用户名")
    if not found:
        raise RosterError(f"这个单位没有在岗的“{typed[:40]}”")
    return found[0]


def _days(typed: str) -> tuple[str, date | None, date | None]:
    text = typed.replace("/", "-").removesuffix(" 00:00:00")
    if "-" in text:
        try:
            year, month, day = (int(part) for part in text.split("-"))
            on = date(year, month, day)
        except ValueError:
            raise RosterError(f"没有“{typed[:40]}”这一天，日期写 2026-12-01") from None
        return str(on.isoweekday()), on, on
    return checked_days(_DAYS.get(text, text)), None, None


def _clock(typed: str) -> str:
    """8:30 is meant as 08:30, and so is what a workbook makes of it (08:30:00)."""
    text = typed.replace("：", ":")
    text = text.removesuffix(":00") if text.count(":") == 2 else text
    return f"0{text}" if len(text) == 4 else text
