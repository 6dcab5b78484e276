"""体检式报告 as a spreadsheet, in the district's own order of columns (`report_columns.yml`).

No cell can be taken for a formula: what begins like one is kept as text behind an apostrophe, here and in whatever the
sheet is saved as later (SAFETY H30, B04).
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from server.report import WORDS, Line, Report
from server.report_paper import cell_words, levels_sentence, satisfied_sentence

COLUMNS = Path(__file__).with_name("report_columns.yml")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TAKEN = (
    *("note", "street", "period", "figure_id", "section", "name", "sentence"),
    *("value", "of", "percent", "before", "before_of", "before_percent", "query", "denominator"),
)
_DANGEROUS = tuple("=+-@\t\r\n＝＋－＠|")
_WIDE = {"name": 26, "query": 60, "denominator": 40, "sentence": 50, "street": 14, "period": 22}


class ColumnsError(ValueError):
    """The file of columns cannot be used; says which entry and why."""


def read_columns(path: Path = COLUMNS) -> list[tuple[str, str]]:
    """The columns of a district: what is taken, and what stands above it. `ColumnsError` says what is wrong."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))["columns"]
        columns = [(str(one["take"]), str(one["head"])) for one in raw]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ColumnsError(f"{path.name}：读不懂，要写成 columns 下面的 take 和 head") from error
    for number, (take, head) in enumerate(columns, start=1):
        if take not in TAKEN:
            raise ColumnsError(f"{path.name}：第 {number} 列的 take 写的是 {take}，没有这一项")
        if not head.strip():
            raise ColumnsError(f"{path.name}：第 {number} 列没有表头")
    if not columns:
        raise ColumnsError(f"{path.name}：一列也没有")
    return columns


def safe(value: object) -> object:
    """A value that no spreadsheet computes: text that begins like a formula gets an apostrophe before it."""
    if not isinstance(value, str):
        return value
    text = "".join(letter for letter in value if letter >= " " or letter in "\t\r\n")
    return f"'{text}" if text.lstrip(" \u3000\xa0").startswith(_DANGEROUS) or text[:1] in "\t\r\n" else text


def report_sheet(report: Report, columns: Sequence[tuple[str, str]]) -> bytes:
    """The workbook: one row for each figure, one for each group of levels that may be told, one for the answers."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = WORDS["sheet"]["title"]
    rows = [_row(report, line) for line in report.lines] + _level_rows(report) + [_satisfied_row(report)]
    _write(sheet, 1, [head for _, head in columns], bold=True)
    for number, row in enumerate(rows, start=2):
        _write(sheet, number, [row.get(take) for take, _ in columns])
    for index, (take, _) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = _WIDE.get(take, 12)
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write(sheet: Any, number: int, values: Sequence[object], *, bold: bool = False) -> None:
    for column, value in enumerate(values, start=1):
        cell: Cell = sheet.cell(row=number, column=column)
        cell.value = safe(value)  # type: ignore[assignment]
        if isinstance(value, str):
            cell.data_type = "s"
        cell.font = Font(bold=bold)
        cell.alignment = Alignment(vertical="top", wrap_text=True)


def _row(report: Report, line: Line) -> dict[str, object]:
    section = WORDS["headings"]["missed_period" if line.section == "missed" else line.section]
    return {
        "note": line.note,
        "street": report.street,
        "period": report.period.words(),
        "figure_id": line.id,
        "section": section,
        "name": line.name,
        "sentence": line.sentence,
        "value": line.now.number,
        "of": line.now.of,
        "percent": line.now.percent,
        "before": line.before.number,
        "before_of": line.before.of,
        "before_percent": line.before.percent,
        "query": line.query,
        "denominator": line.denominator,
    }


def _level_rows(report: Report) -> list[dict[str, object]]:
    words = WORDS["levels"]
    common: dict[str, object] = {
        "note": report.levels_note,
        "street": report.street,
        "period": report.period.words(),
        "figure_id": "levels",
        "section": WORDS["headings"]["levels"],
        "sentence": levels_sentence(report),
        "query": words["query"],
        "denominator": words["denominator"] + words["merged"],
        "name": words["name"],
    }
    if report.levels is None:
        return [common | {"value": cell_words(None) if report.period.is_month else WORDS["only_months"]}]
    total = sum(cell.count for cell in report.levels)
    return [
        common
        | {"name": cell.name, "value": cell.count, "of": total, "percent": round(100 * cell.count / total, 1)}
        for cell in report.levels
    ]


def _satisfied_row(report: Report) -> dict[str, object]:
    words, now, before = WORDS["satisfied"], report.satisfied, report.satisfied_before
    hidden = cell_words(None) if report.period.is_month else WORDS["only_months"]
    return {
        "note": report.satisfied_note,
        "street": report.street,
        "period": report.period.words(),
        "figure_id": "satisfied",
        "section": WORDS["headings"]["satisfied"],
        "name": words["name"],
        "sentence": satisfied_sentence(report),
        "value": hidden if now is None or now.part is None else now.part,
        "of": now.whole if now else None,
        "percent": now.percent if now else None,
        "before": before.part if before else None,
        "before_of": before.whole if before else None,
        "before_percent": before.percent if before else None,
        "query": words["query"],
        "denominator": words["denominator"],
    }
