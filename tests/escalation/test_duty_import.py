"""A month's roster from a table: what is meant, and every line that cannot be, by its number."""

from datetime import date
from pathlib import Path

import pytest

from escalation.duty_book import NewShift
from escalation.duty_import import read_roster, understand
from residents.errors import TableRefused

OFFICES = {"puyan-judicial": "浦沿司法所", "xixing-judicial": "西兴司法所"}
PEOPLE = {
    "puyan-judicial": [("puyan", "沈青"), ("puyan2", "何苗"), ("puyan3", "何苗")],
    "xixing-judicial": [("xixing", "俞晓")],
}
HEAD = "单位,岗位,人员,日期,开始,结束,备班"


def read(path: Path, text: str, encoding: str = "utf-8"):  # type: ignore[no-untyped-def]
    file = path / "roster.csv"
    file.write_text(text, encoding)
    return understand(read_roster(file), OFFICES, PEOPLE)


def problems(path: Path, *lines: str) -> list[str]:
    with pytest.raises(TableRefused) as refused:
        read(path, "\n".join((HEAD, *lines)))
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_lines_are_read_as_a_clerk_writes_them(tmp_path: Path, encoding: str) -> None:
    lines = read(
        tmp_path,
        f"{HEAD}\n浦沿司法所,值班,沈青,2026/12/1,8:30,17:30,\n\npuyan-judicial,,,工作日,17：30,08:30,是\n"
        "西兴司法所,负责人值班,xixing,每天,00:00,24:00,否\n",
        encoding,
    )
    assert [(line.number, line.office) for line in lines] == [
        (2, "puyan-judicial"),
        (4, "puyan-judicial"),
        (5, "xixing-judicial"),
    ]
    day = date(2026, 12, 1)
    assert [line.shift for line in lines] == [
        NewShift("officer", "puyan", "2", "08:30", "17:30", False, day, day),
        NewShift("officer", "", "workday", "17:30", "08:30", True),
        NewShift("lead", "xixing", "1234567", "00:00", "24:00"),
    ]


def test_a_workbook_says_the_same(tmp_path: Path) -> None:
    import datetime

    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEAD.split(","))
    sheet.append(
        [
            "浦沿司法所",
            "值班",
            "沈青",
            datetime.datetime(2026, 12, 1),
            datetime.time(8, 30),
            datetime.time(17, 30),
        ]
    )
    book.save(tmp_path / "roster.xlsx")
    (line,) = understand(read_roster(tmp_path / "roster.xlsx"), OFFICES, PEOPLE)
    day = date(2026, 12, 1)
    assert line.shift == NewShift("officer", "puyan", "2", "08:30", "17:30", False, day, day)


def test_every_line_that_cannot_be_meant_is_named(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "滨江司法所,值班,沈青,12345,08:30,17:30,",
        "浦沿司法所,门卫,沈青,12345,08:30,17:30,",
        "浦沿司法所,值班,俞晓,12345,08:30,17:30,",
        "浦沿司法所,值班,何苗,12345,08:30,17:30,",
        "浦沿司法所,值班,沈青,2026-02-30,08:30,17:30,",
        "浦沿司法所,值班,沈青,周一,08:30,17:30,",
        "浦沿司法所,值班,沈青,12345,25:00,17:30,",
        "浦沿司法所,值班,沈青,12345,08:30,17:30,也许",
        "浦沿司法所,值班,沈青,12345,08:30,17:30,",
        "浦沿司法所,值班,puyan,12345,08:30,17:30,",
    )
    assert found == [
        "第 2 行：没有“滨江司法所”这个单位",
        "第 3 行：岗位写“值班”或“负责人值班”",
        "第 4 行：这个单位没有在岗的“俞晓”",
        "第 5 行：有 2 个人叫“何苗”，写用户名",
        "第 6 行：没有“2026-02-30”这一天，日期写 2026-12-01",
        "第 7 行：“星期”写 1 到 7 的数字（1 是星期一，如 12345），或 workday（工作日）、restday（休息日）",
        "第 8 行：时间写成 08:30 这样的四位数，一天的末尾写 24:00",
        "第 9 行：备班写“是”或留空",
        "第 11 行：和第 10 行一样",
    ]


def test_an_empty_table_is_not_a_roster(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["整个文件：表里没有班次"]
