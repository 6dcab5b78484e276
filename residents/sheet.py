"""Reading a table that somebody uploads: CSV (UTF-8 or GBK) or XLSX, and nothing that only pretends to be one.

A file is looked at from outside before any of it is unpacked: its size, the sizes that its archive announces, the
names in it. Nothing is ever written to the disk, no formula is computed, no link to another file is followed.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from residents.errors import TableProblem, TableRefused

LARGEST_FILE = 10_000_000
LARGEST_UNPACKED = 60_000_000
LARGEST_STRINGS = 8_000_000  # the shared texts of a workbook are all held at once
MOST_MEMBERS = 200
MOST_ROWS = 10_000
MOST_COLUMNS = 30
LONGEST_CELL = 4_000
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SYMLINK = 0o120000


@dataclass(frozen=True)
class Row:
    """One row of a table: its line in the file, and its cells by the name of the column; empty cells are absent."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_table(path: Path, columns: tuple[str, ...], required: tuple[str, ...]) -> list[Row]:
    """The rows of a table under a header of these columns, in any order; empty rows are left out.

    Raises `TableRefused`, and nothing else, for whatever is no such table, with a line for each mistake.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise _refused(f"文件太大（{size // 1_000_000} MB），最多 {LARGEST_FILE // 1_000_000} MB")
        data = path.read_bytes()
    except OSError:
        raise _refused(f"读不了文件 {path.name}：不存在，或没有权限") from None
    if data.startswith(_OLD_EXCEL):
        raise _refused("这是旧格式的 .xls，请在表格软件里另存为 .xlsx 或 CSV 再导入")
    raw = _workbook(data) if data.startswith(_ZIP) else _csv(data)
    return _under_header(raw, columns, required)


def _under_header(
    raw: Iterator[tuple[int, list[str]]], columns: tuple[str, ...], required: tuple[str, ...]
) -> list[Row]:
    header: list[str] | None = None
    rows: list[Row] = []
    problems: list[TableProblem] = []
    for count, (line, cells) in enumerate(raw):
        if count > MOST_ROWS:
            raise _refused(f"行数太多，最多 {MOST_ROWS} 行")
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if header is None:
            header = _header(line, cells, columns, required)
            continue
        problems += _bad_cells(line, header, cells)
        named = {name: cell for name, cell in zip(header, cells, strict=False) if name and cell}
        rows.append(Row(line, named))
    if header is None:
        raise _refused("表是空的")
    if problems:
        raise TableRefused(problems)
    return rows


def _header(line: int, cells: list[str], columns: tuple[str, ...], required: tuple[str, ...]) -> list[str]:
    problems = [TableProblem(line, f"表头里没有“{name}”这一列") for name in required if name not in cells] + [
        TableProblem(line, f"表头里的“{name[:20]}”不认识") for name in cells if name and name not in columns
    ]
    problems += [
        TableProblem(line, f"表头里的“{name}”出现了两次") for name in columns if cells.count(name) > 1
    ]
    if problems:
        raise TableRefused(problems)
    return cells


def _bad_cells(line: int, header: list[str], cells: list[str]) -> Iterator[TableProblem]:
    for number, cell in enumerate(cells):
        name = header[number] if number < len(header) and header[number] else f"第 {number + 1} 列"
        if not cell:
            continue
        if number >= len(header) or not header[number]:
            yield TableProblem(line, f"{name}没有表头，却写了内容")
        elif cell[0] in "=+@" or cell.startswith("\t"):
            yield TableProblem(line, f"“{name}”是公式，请改成写好的内容")
        elif len(cell) > LONGEST_CELL:
            yield TableProblem(line, f"“{name}”太长了，最多 {LONGEST_CELL} 个字")
        elif any(ord(letter) < 32 and letter not in "\n\r\t" for letter in cell):
            yield TableProblem(line, f"“{name}”里有看不见的控制字符")


# --- CSV --------------------------------------------------------------------------------------------


def _csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    if b"\x00" in data:
        raise _refused("这不是表格：请用 CSV 或 XLSX")
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    before = 0
    try:
        for cells in reader:
            if len(cells) > MOST_COLUMNS:
                raise TableRefused([TableProblem(before + 1, f"列数太多，最多 {MOST_COLUMNS} 列")])
            yield before + 1, cells
            before = reader.line_num
    except csv.Error:
        raise TableRefused([TableProblem(before + 1, "引号没有成对，后面读不下去")]) from None


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("文字编码认不出来：请存成 UTF-8 或 GBK 的 CSV")


# --- XLSX -------------------------------------------------------------------------------------------


def _workbook(data: bytes) -> Iterator[tuple[int, list[str]]]:
    _look_from_outside(data)
    import openpyxl  # only who has a workbook waits for it

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        sheet = book.worksheets[0]
        for count, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS)):
            if count > MOST_ROWS:
                raise _refused(f"行数太多，最多 {MOST_ROWS} 行（下面的空行也算，请删掉）")
            line = next((cell.row for cell in row if getattr(cell, "row", None)), None)
            if line is not None:
                yield line, ["=" if cell.data_type == "f" else _written(cell.value) for cell in row]
    except TableRefused:
        raise
    except Exception:  # a workbook can be broken in countless ways; none is worth more than this sentence
        raise _refused("XLSX 文件坏了，打不开；请在表格软件里重新另存一次") from None


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _look_from_outside(data: bytes) -> None:
    """Refuse an archive by what it announces, before anything of it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise _refused(f"XLSX 里的文件太多（{len(members)} 个），不像是一张表")
            _refuse_members(members)
            for member in members:
                _refuse_entities(archive, member)
    except TableRefused:
        raise
    except Exception:  # a forged archive fails in as many ways as there are forgers
        raise _refused("XLSX 文件坏了，打不开；请在表格软件里重新另存一次") from None


def _refuse_members(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        raise _refused("XLSX 解开以后太大，不像是一张表")
    if any(
        m.file_size > LARGEST_STRINGS for m in members if m.filename.lower().endswith("sharedstrings.xml")
    ):
        raise _refused("XLSX 里的文字太多，不像是一张表")
    for member in members:
        name = member.filename
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
            raise _refused("XLSX 里有不该有的路径")
        if (member.external_attr >> 16) & 0o170000 == _SYMLINK or member.flag_bits & 0x1:
            raise _refused("XLSX 里有链接文件，或加了密码")
    lower = [name.lower() for name in names]
    if any("externallink" in name for name in lower):
        raise _refused("表里引用了别的文件，请改成写好的内容")
    if any(name.endswith(".bin") and "vba" in name for name in lower):
        raise _refused("表里有宏，请另存为不带宏的 .xlsx")
    if "[content_types].xml" not in lower or not any(name.startswith("xl/worksheets/") for name in lower):
        raise _refused("这个压缩包不是 XLSX 表格")
    if len(set(names)) != len(names):
        raise _refused("XLSX 里有重名的文件")


def _refuse_entities(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """An XML that declares anything of its own may swell without end; a table never does."""
    if not member.filename.lower().endswith((".xml", ".rels", ".vml")):
        return
    tail = b""
    with archive.open(member) as stream:
        while chunk := stream.read(1 << 20):
            if not tail and chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise _refused("XLSX 里有不该有的编码")
            if b"<!" in tail + chunk and any(sign in tail + chunk for sign in (b"<!DOCTYPE", b"<!ENTITY")):
                raise _refused("XLSX 里有不该有的声明")
            tail = chunk[-10:]


def _refused(problem: str) -> TableRefused:
    return TableRefused([TableProblem(None, problem)])
