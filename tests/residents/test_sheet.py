"""Files that only pretend to be a table (B09): refused quickly, in little memory, and nothing is written anywhere."""

import csv
import io
import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from residents.errors import TableRefused
from residents.sheet import read_table

COLUMNS, REQUIRED = ("层级", "编码", "名称", "上级", "备注"), ("层级", "编码", "名称", "上级")
ROWS = [("层级", "编码", "名称", "上级", "备注"), ("街道", "puyan", "浦沿街道", "滨江区", "")]
ROOT = Path(__file__).parents[2]


def a_workbook(folder: Path, rows: list[tuple[object, ...]] | None = None) -> Path:
    book = openpyxl.Workbook()
    for row in rows or ROWS:
        book.active.append(row)
    file = folder / "good.xlsx"
    book.save(file)
    return file


def with_members(folder: Path, *, instead: dict[str, bytes] | None = None, **more: bytes) -> Path:
    """A good workbook with members added or exchanged."""
    changed = {**(instead or {}), **more}
    file = folder / "bad.xlsx"
    with zipfile.ZipFile(a_workbook(folder)) as good, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bad:
        for member in good.infolist():
            if member.filename not in changed:
                bad.writestr(member.filename, good.read(member))
        for name, data in changed.items():
            bad.writestr(name, data)
    return file


def sheet_with(folder: Path, rows: str, before: str = "") -> Path:
    xml = (
        f'<?xml version="1.0"?>{before}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    return with_members(folder, instead={"xl/worksheets/sheet1.xml": xml.encode()})


def a_zip_bomb(folder: Path) -> Path:
    """A small file that would unpack to 200 MB; more would only make this test slow, for none of it is unpacked."""
    file = folder / "bomb.xlsx"
    chunk = b"\0" * (1 << 20)
    with (
        zipfile.ZipFile(a_workbook(folder)) as good,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bad,
    ):
        for member in good.infolist():
            if "sheet1" not in member.filename:
                bad.writestr(member.filename, good.read(member))
        with bad.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            for _ in range(200):
                out.write(chunk)
    return file


def a_lying_zip(folder: Path) -> Path:
    """A member that announces a few bytes and holds many."""
    file = with_members(folder, instead={"xl/worksheets/sheet1.xml": b" " * 50_000_000})
    data = bytearray(file.read_bytes())
    size = (50_000_000).to_bytes(4, "little")
    for _ in range(2):
        at = data.find(size)
        data[at : at + 4] = (500).to_bytes(4, "little")
    file.write_bytes(bytes(data))
    return file


def a_link(folder: Path) -> Path:
    file = folder / "link.xlsx"
    with zipfile.ZipFile(a_workbook(folder)) as good, zipfile.ZipFile(file, "w") as bad:
        for member in good.infolist():
            bad.writestr(member.filename, good.read(member))
        link = zipfile.ZipInfo("xl/worksheets/sheet9.xml")
        link.external_attr = 0o120777 << 16
        bad.writestr(link, "/etc/passwd")
    return file


def csv_of(folder: Path, data: bytes) -> Path:
    file = folder / "table.csv"
    file.write_bytes(data)
    return file


ENTITIES = (
    "<!DOCTYPE x ["
    + '<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
HEADER = "层级,编码,名称,上级\n"

BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "zip bomb": (a_zip_bomb, "太大"),
    "a zip that lies about its size": (a_lying_zip, "坏了"),
    "10,000 members": (lambda f: with_members(f, **{f"m{i}.txt": b"" for i in range(10_000)}), "文件太多"),
    "symlink": (a_link, "链接"),
    "path upwards": (lambda f: with_members(f, **{"../../evil.xml": b"<a/>"}), "路径"),
    "absolute path": (lambda f: with_members(f, **{"/etc/evil.xml": b"<a/>"}), "路径"),
    "external link": (
        lambda f: with_members(f, **{"xl/externalLinks/externalLink1.xml": b"<a/>"}), "别的文件",
    ),
    "macro": (lambda f: with_members(f, **{"xl/vbaProject.bin": b"x"}), "宏"),
    "entity bomb": (lambda f: sheet_with(f, "<row><c><v>&j;</v></c></row>", ENTITIES), "声明"),
    "late entity": (lambda f: sheet_with(f, "<!-- " + "x" * 2_000_000 + " --><!ENTITY a 'b'>"), "声明"),
    "UTF-16 inside": (
        lambda f: with_members(f, instead={"xl/workbook.xml": ENTITIES.encode("utf-16")}), "编码",
    ),
    "shared texts without end": (
        lambda f: with_members(f, instead={"xl/sharedStrings.xml": b"<sst>" + b" " * 9_000_000}), "文字太多",
    ),
    "1,048,577 rows": (lambda f: sheet_with(f, "<row/>" * 1_048_577), "行数太多"),
    "a row far below": (
        lambda f: sheet_with(f, '<row r="1048577"><c r="A1048577" t="str"><v>x</v></c></row>'), "行数太多",
    ),
    "a zip, but no workbook": (
        lambda f: _zip(f / "z.xlsx", {"readme.txt": b"hello"}), "不是 XLSX",
    ),
    "cut off": (lambda f: csv_of(f, a_workbook(f).read_bytes()[:900]), "坏了"),
    "old .xls": (lambda f: csv_of(f, b"\xd0\xcf\x11\xe0" + b"\0" * 100), "旧格式"),
    "a picture": (lambda f: csv_of(f, b"\x89PNG\r\n\x1a\n\0\0\0\r" + os.urandom(100)), "不是表格"),
    "neither UTF-8 nor GBK": (lambda f: csv_of(f, HEADER.encode() + b"\xff\xff\xff\xff"), "编码"),
    "too large": (lambda f: csv_of(f, b"a" * 10_000_001), "太大"),
    "too many rows of CSV": (lambda f: csv_of(f, (HEADER + "a,b,c,d\n" * 10_001).encode()), "行数太多"),
    "too many columns": (lambda f: csv_of(f, ("a," * 100).encode()), "列数太多"),
    "a quote without end": (lambda f: csv_of(f, (HEADER + '街道,"puyan').encode()), "引号"),
    "a cell without end": (lambda f: csv_of(f, (HEADER + "街道,a," + "长" * 5000 + ",x").encode()), "太长"),
    "formula": (lambda f: a_workbook(f, [*ROWS, ("街道", "=1+1", "x", "y", "")]), "公式"),
    "formula in CSV": (lambda f: csv_of(f, (HEADER + "街道,=cmd|' /c calc'!A0,x,y\n").encode()), "公式"),
    "empty": (lambda f: csv_of(f, b""), "空的"),
    "no such file": (lambda f: f / "nowhere.csv", "读不了"),
    "a folder": (lambda f: f, "读不了"),
    "unknown column": (lambda f: csv_of(f, "层级,编码,名称,上级,市长\n".encode()), "不认识"),
    "column twice": (lambda f: csv_of(f, "层级,编码,名称,上级,编码\n".encode()), "两次"),
    "column missing": (lambda f: csv_of(f, "层级,编码,名称\n".encode()), "没有“上级”"),
}  # fmt: skip


def _zip(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_table_is_refused_with_a_reason(what: str, tmp_path: Path) -> None:
    make, words = BAD[what]
    file = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TableRefused, match=words):
        read_table(file, COLUMNS, REQUIRED)
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written"


@pytest.mark.parametrize(
    "what", ["zip bomb", "10,000 members", "1,048,577 rows", "a row far below", "entity bomb", "late entity"]
)
def test_a_bomb_costs_little_work_and_less_than_200_megabytes(what: str, tmp_path: Path) -> None:
    file = BAD[what][0](tmp_path)
    script = (
        "import sys; from pathlib import Path\n"
        "from residents.errors import TableRefused; from residents.sheet import read_table\n"
        "import openpyxl\n"
        "try: read_table(Path(sys.argv[1]), ('层级',), ('层级',)); sys.exit(3)\n"
        "except TableRefused: pass\n"
        "line = next(l for l in open('/proc/self/status') if l.startswith('VmHWM'))\n"
        "print(int(line.split()[1]) // 1024)\n"
    )

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))  # seconds of work: a guard, not a measure

    done = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=limited,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) < 200


def test_good_tables_read_alike_through_every_door(tmp_path: Path) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(ROWS)
    doors = [a_workbook(tmp_path)]
    for number, encoding in enumerate(("utf-8", "utf-8-sig", "gbk")):
        file = tmp_path / f"{number}.csv"
        file.write_bytes(out.getvalue().encode(encoding))
        doors.append(file)
    for file in doors:
        rows = read_table(file, COLUMNS, REQUIRED)
        assert [(row.line, row["编码"], row["备注"]) for row in rows] == [(2, "puyan", "")]


def test_a_line_is_the_line_in_the_file_although_a_cell_has_two(tmp_path: Path) -> None:
    file = csv_of(tmp_path, (HEADER + '街道,a,"两\n行",x\n\n街道,b,y,x\n').encode())
    assert [row.line for row in read_table(file, COLUMNS, REQUIRED)] == [2, 5]
