"""The tree as a table that a clerk keeps: it goes out and comes back unchanged, and every mistake has its line."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from residents.district import District, content_of, district_from, load_district
from residents.errors import TableRefused
from residents.tree_changes import changes, keeping_closed_places
from residents.tree_table import COLUMNS, read_tree, rows_of
from server.commands.tree import export

BINJIANG = load_district("binjiang")
Table = list[list[str]]


def table() -> Table:
    return [list(row) for row in rows_of(BINJIANG)]


def written(folder: Path, rows: Table) -> Path:
    file = folder / "区划.csv"
    with file.open("w", encoding="gbk", newline="") as out:
        csv.writer(out).writerows(rows)
    return file


def line(rows: Table, layer: str, name: str, above: str = "") -> int:
    """The index of a row; its line in the file is one more."""
    return next(
        n
        for n, row in enumerate(rows)
        if row[0] == layer and name in (row[1], row[2]) and (not above or row[3] == above)
    )


def put(rows: Table, at: int, column: str, value: str) -> None:
    rows[at][COLUMNS.index(column)] = value


@pytest.mark.parametrize("name", ["区划.xlsx", "区划.csv"])
def test_what_is_exported_is_imported_as_the_same_tree(name: str, tmp_path: Path) -> None:
    export(BINJIANG, tmp_path / name)
    assert read_tree(tmp_path / name).digest == BINJIANG.digest


def test_the_tree_that_is_kept_is_read_back_as_it_was() -> None:
    assert content_of(district_from(content_of(BINJIANG))) == content_of(BINJIANG)


def test_the_order_of_rows_and_columns_does_not_matter_and_parents_have_codes_too(tmp_path: Path) -> None:
    rows = table()
    put(rows, line(rows, "社区", "联庄社区"), "上级", "puyan")
    header, *rest = [list(reversed(row)) for row in rows]
    by_layer = sorted(rest, key=lambda row: row[-1], reverse=True)
    assert read_tree(written(tmp_path, [header, *by_layer])).digest == BINJIANG.digest


def test_a_clerk_may_write_ranges_as_people_do(tmp_path: Path) -> None:
    rows = table()
    put(rows, line(rows, "网格", "puyan-caihong-1"), "小区", "彩虹城1到19幢单，彩虹城 2-20 双")
    put(rows, line(rows, "道路", "滨文路", "浦沿街道"), "门牌", "400号以上")
    read = read_tree(written(tmp_path, rows))
    low = read.grid("puyan-caihong-1")
    assert [(part.low, part.high, part.side) for part in low.parts] == [(1, 19, "odd"), (2, 20, "even")]
    roads = [road for road in read.street("puyan").roads if road.name == "滨文路"]
    assert {(road.low, road.high, road.community) for road in roads} == {
        (1, 399, "puyan-binwen"),
        (400, 99999, None),
    }


Mistake = tuple[Callable[[Table], int], str]

MISTAKES: dict[str, Mistake] = {}


def mistake(words: str) -> Callable[[Callable[[Table], int]], Callable[[Table], int]]:
    """Remember a way to spoil a table; it returns the index of the row that is wrong then."""

    def remember(spoil: Callable[[Table], int]) -> Callable[[Table], int]:
        MISTAKES[spoil.__name__] = (spoil, words)
        return spoil

    return remember


def cell(layer: str, name: str, column: str, value: str, words: str, above: str = "") -> None:
    def spoil(rows: Table) -> int:
        at = line(rows, layer, name, above)
        put(rows, at, column, value)
        return at

    MISTAKES[f"{layer} {name} {column}={value[:20]}"] = (spoil, words)


cell("街道", "浦沿街道", "层级", "县", "不认识")
cell("街道", "浦沿街道", "名称", "浦沿", "以“街道”结尾")
cell("社区", "联庄社区", "名称", "联庄", "以“社区”结尾")
cell("社区", "联庄社区", "编码", "联庄", "小写字母")
cell("社区", "联庄社区", "编码", "", "要写“编码”")
cell("社区", "联庄社区", "上级", "浦江街道", "不是表里的街道")
cell("社区", "联庄社区", "门牌", "1-9", "不用写“门牌”")
cell("社区", "联庄社区", "编码", "puyan-xinpu", "写了两次")
cell("社区", "联庄社区", "小区", "东方郡、联庄公寓", "已经属于")
cell("网格", "puyan-lianzhuang-1", "名称", "第一片", "以“网格”结尾")
cell("网格", "puyan-lianzhuang-1", "小区", "天官苑", "不是联庄社区的小区")
cell("网格", "puyan-lianzhuang-2", "小区", "联庄一区3幢", "已经属于")
cell("网格", "puyan-lianzhuang-2", "名称", "第一网格", "两个第一网格")
cell("道路", "江南大道", "门牌", "1-900", "已经属于", "西兴街道")
cell("道路", "江南大道", "门牌", "900-1", "号段", "西兴街道")
cell("道路", "江南大道", "门牌", "0-5", "号段", "西兴街道")
cell("道路", "江南大道", "门牌", "很多", "号段", "西兴街道")
cell("道路", "江南大道", "上级", "天上", "不是表里的街道或社区", "西兴街道")
cell("办公室", "浦沿司法所", "类型", "派出所", "只能是：司法所")
cell("办公室", "浦沿司法所", "上级", "", "写明街道")
cell("办公室", "浦沿司法所", "电话", "0571-8777-0111", "编造的号码")
cell("办公室", "浦沿司法所", "电话", "", "要写“电话”")
cell("地点", "puyan-hall", "类型", "酒吧", "只能是：便民大厅")
cell("地点", "puyan-hall", "办公室", "哪里", "不在表里")
cell("地点", "puyan-hall", "名称", "滨文路12号大厅", "不能有数字")
cell("地点", "puyan-hall", "状态", "拆了", "已关闭")
cell("外地", "别的城市", "名称", "远方", "只能是：别的区县")
cell("区", "滨江区", "类型", "试用", "演示、正式")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line(name: str, tmp_path: Path) -> None:
    spoil, words = MISTAKES[name]
    rows = table()
    at = spoil(rows)
    with pytest.raises(TableRefused) as refused:
        read_tree(written(tmp_path, rows))
    found = {problem.line: problem.text for problem in refused.value.problems}
    lines = [number for number, text in found.items() if words in text]
    assert lines, found
    if "已经属于" not in words and "两个" not in words and "写了两次" not in words:
        assert at + 1 in lines, found  # of two that collide, either may be the wrong one
    assert None not in lines


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    rows = table()
    for layer, name, column, value in (
        ("社区", "联庄社区", "名称", "联庄"),
        ("办公室", "浦沿司法所", "电话", ""),
        ("地点", "puyan-hall", "类型", "酒吧"),
        ("道路", "火炬大道", "门牌", "x"),
    ):
        put(rows, line(rows, layer, name), column, value)
    with pytest.raises(TableRefused) as refused:
        read_tree(written(tmp_path, rows))
    assert len({problem.line for problem in refused.value.problems}) == 4, (
        "and nothing that follows from them"
    )


@pytest.mark.parametrize("gone", ["浦沿司法所", "滨江区值班台"])
def test_an_office_that_must_be_there_is_missed(gone: str, tmp_path: Path) -> None:
    rows = [row for row in table() if gone not in row]
    with pytest.raises(TableRefused, match="要有且只有一个"):
        read_tree(written(tmp_path, rows))


def test_a_table_without_its_district_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableRefused, match="要有且只有一行“区”"):
        read_tree(written(tmp_path, [row for row in table() if row[0] != "区"]))


# what an import would change


def changed(rows_change: Callable[[Table], object], tmp_path: Path) -> tuple[District, list[str]]:
    rows = table()
    rows_change(rows)
    after = keeping_closed_places(BINJIANG, read_tree(written(tmp_path, rows)))
    return after, [str(change) for change in changes(BINJIANG, after)]


def test_equal_trees_change_nothing(tmp_path: Path) -> None:
    assert changed(lambda rows: None, tmp_path)[1] == []


def test_a_community_that_changes_streets_is_said(tmp_path: Path) -> None:
    _, said = changed(lambda rows: put(rows, line(rows, "社区", "东信社区"), "上级", "长河街道"), tmp_path)
    assert said == ["社区 东信社区：从浦沿街道划到长河街道"]


def test_roads_grids_and_offices_are_said(tmp_path: Path) -> None:
    def change(rows: Table) -> None:
        put(rows, line(rows, "道路", "江南大道", "西兴街道"), "门牌", "1-500")
        put(rows, line(rows, "网格", "puyan-caihong-1"), "小区", "彩虹城1-10幢")
        put(rows, line(rows, "办公室", "浦沿司法所"), "电话", "0571-0000-0119")
        put(rows, line(rows, "街道", "浦沿街道"), "旧名", "浦沿镇")

    said = changed(change, tmp_path)[1]
    assert said == [
        "街道 浦沿街道：别名或旧名有变",
        "网格 彩虹社区第一网格：管的范围有变",
        "道路 江南大道：号段的归属有变",
        "办公室 浦沿司法所：电话有变",
    ]


def test_a_place_that_is_left_out_stays_as_a_closed_one(tmp_path: Path) -> None:
    def leave_out(rows: Table) -> None:
        del rows[line(rows, "地点", "puyan-hall")]

    after, said = changed(leave_out, tmp_path)
    hall = after.place("puyan-hall")
    assert hall is not None
    assert hall.closed
    assert hall.office == "puyan-judicial"
    assert said == ["地点 浦沿街道便民服务中心：关闭，扫码的人由浦沿司法所接"]


def test_a_closed_place_follows_its_community_to_another_street(tmp_path: Path) -> None:
    def move(rows: Table) -> None:
        put(rows, line(rows, "社区", "联庄社区"), "上级", "长河街道")
        del rows[line(rows, "地点", "puyan-room")]

    room = changed(move, tmp_path)[0].place("puyan-room")
    assert room is not None
    assert (room.street, room.community, room.office) == ("changhe", "puyan-lianzhuang", "changhe-judicial")


def test_a_closed_place_of_a_street_that_is_gone_is_the_desks() -> None:
    after = replace(
        BINJIANG,
        streets=tuple(s for s in BINJIANG.streets if s.code != "puyan"),
        offices=tuple(o for o in BINJIANG.offices if o.street != "puyan"),
        places=tuple(p for p in BINJIANG.places if p.street != "puyan"),
    )
    hall = keeping_closed_places(BINJIANG, after).place("puyan-hall")
    assert hall is not None
    assert (hall.street, hall.office, hall.closed) == (None, "binjiang-desk", True)
