"""The district's tree as one table that a clerk can keep: one row for each street, community, grid, road, office
and place.

    层级   编码            名称        上级      别名    小区                     门牌
    社区   puyan-lianzhuang 联庄社区    浦沿街道  联庄村  联庄公寓
    网格   puyan-lianzhuang-1 第一网格  联庄社区          联庄一区、联庄公寓1-12幢
    道路                    江南大道    西兴街道                                  1-888

A parent is named by its code or its name. Several names in one cell are parted by 、. The table and the YAML file
are two doors to the same tree: what is read here goes through `read_district` like the file does.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from residents.content import CODE, Node
from residents.district import (
    LAST,
    OFFICE_WORDS,
    District,
    Grid,
    Part,
    Place,
    Road,
    Side,
    assemble,
    faults,
    written_range,
)
from residents.errors import DistrictError, TableProblem, TableRefused
from residents.sheet import Row, read_table

COLUMNS = (
    "层级", "编码", "名称", "上级", "别名", "旧名", "小区", "门牌", "类型", "办公室", "地址", "电话", "电话说明",
    "时间", "状态", "备注",
)  # fmt: skip
REQUIRED = ("层级", "编码", "名称", "上级")
PLACE_WORDS = {
    "hall": "便民大厅",
    "community_room": "社区小屋",
    "company": "公司",
    "school": "学校",
    "poster": "海报",
}
FAR_WORDS = {"districts": "别的区县", "cities": "别的城市", "former": "从前归属"}
CLOSED = "已关闭"
_USED = {
    "区": ("编码", "名称", "上级", "别名", "类型"),
    "街道": ("编码", "名称", "上级", "别名", "旧名"),
    "社区": ("编码", "名称", "上级", "别名", "小区"),
    "网格": ("编码", "名称", "上级", "别名", "小区"),
    "道路": ("名称", "上级", "别名", "门牌"),
    "办公室": ("编码", "名称", "上级", "类型", "地址", "电话", "电话说明", "时间"),
    "地点": ("编码", "名称", "上级", "类型", "办公室", "状态"),
    "外地": ("名称", "别名"),
    "近音": ("名称",),
}
_NEEDED = {
    "区": ("编码", "名称", "上级", "类型"),
    "街道": ("编码", "名称"),
    "社区": ("编码", "名称", "上级"),
    "网格": ("编码", "名称", "上级"),
    "道路": ("名称", "上级"),
    "办公室": ("编码", "名称", "类型", "地址", "电话", "电话说明", "时间"),
    "地点": ("编码", "名称", "类型", "办公室"),
    "外地": ("名称", "别名"),
    "近音": ("名称",),
}
_ENDINGS = {"街道": "街道", "社区": "社区", "网格": "网格"}
_TO = r"(?:-|–|—|~|至|到)"
_RANGE = re.compile(
    rf"(\d{{1,5}})号?(?:{_TO}(\d{{1,5}})|(以上|起))?(?:号|幢|栋)?(单|双)?(?:号|幢|栋)?", re.ASCII
)
_BUILDINGS = re.compile(
    rf"(.*?[^\d])(\d{{1,5}}(?:{_TO}\d{{1,5}}|以上|起)?(?:幢|栋)?[单双]?(?:幢|栋)?)", re.ASCII
)
_SIDES = {"单": " odd", "双": " even", None: ""}


def read_tree(path: Path) -> District:
    """The tree in a table. Raises `TableRefused` with every mistake and its line; nothing is guessed."""
    return _Reader(read_table(path, COLUMNS, REQUIRED)).district()


class _Reader:
    """Turns rows into the content that `read_district` takes, and remembers which line said what."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.problems: list[TableProblem] = []
        self.lines: dict[str, int] = {}  # path in the content -> line
        self.streets: dict[str, dict[str, Any]] = {}  # by code and by name
        self.communities: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.offices: dict[str, str] = {}
        self.content: dict[str, Any] = {
            "streets": [], "offices": [], "places": [], "sounds_alike": [],
            "elsewhere": {key: [] for key in FAR_WORDS},
        }  # fmt: skip
        self.line_of: dict[int, int] = {}  # id of an entry -> line
        self.misfits: set[str] = set()  # names and codes of rows that are refused already

    def district(self) -> District:
        """The tree, or `TableRefused`."""
        good = []
        for row in self.rows:
            if self._fits(row):
                good.append(row)
            else:
                ending = _ENDINGS.get(row["层级"], "")
                self.misfits |= {row["编码"], row["名称"], row["名称"] + ending}
        steps: tuple[tuple[str, Callable[[Row], None]], ...] = (
            ("区", self._district), ("街道", self._street), ("社区", self._community), ("网格", self._grid),
            ("道路", self._road), ("办公室", self._office), ("地点", self._place), ("外地", self._far),
            ("近音", self._sound),
        )  # fmt: skip
        for layer, take in steps:
            for row in good:
                if row["层级"] == layer:
                    take(row)
        if "code" not in self.content and not any(row["层级"] == "区" for row in self.rows):
            self.problems.append(TableProblem(None, "要有且只有一行“区”"))
        if self.problems:
            raise TableRefused(self.problems)
        self._number()
        try:
            district = assemble(Node(self.content, "表格"))
        except DistrictError as error:
            raise TableRefused([TableProblem(self._line(error.path), error.problem)]) from None
        wrong = [TableProblem(self._line(path), problem) for path, problem in faults(district)]
        if wrong:
            raise TableRefused(wrong)
        return district

    def _fits(self, row: Row) -> bool:
        """Whether a row has what its layer needs and nothing else; says everything that is wrong with it."""
        layer = row["层级"]
        before = len(self.problems)
        if layer not in _USED:
            self._wrong(row, f"层级“{layer[:10]}”不认识，只能是：{'、'.join(_USED)}")
            return False
        for column in _NEEDED[layer]:
            if not row[column]:
                self._wrong(row, f"{layer}要写“{column}”")
        for column in row.cells:
            if column not in ("层级", "备注", *_USED[layer]):
                self._wrong(row, f"{layer}不用写“{column}”")
        code = row["编码"]
        if code and (not CODE.fullmatch(code) or len(code) > 40):
            self._wrong(row, f"编码“{code[:20]}”要用小写字母、数字和短横线，例如 puyan-hall")
        ending = _ENDINGS.get(layer)
        if ending and row["名称"] and (not row["名称"].endswith(ending) or len(row["名称"]) <= len(ending)):
            self._wrong(row, f"“{row['名称'][:20]}”要写全，以“{ending}”结尾")
        elif layer in ("街道", "社区") and row["名称"] and len(row["名称"]) < 4:
            self._wrong(row, f"“{row['名称'][:20]}”太短，至少四个字")
        return len(self.problems) == before

    def _district(self, row: Row) -> None:
        if "code" in self.content:
            return self._wrong(row, "“区”只能有一行")
        if row["类型"] not in ("演示", "正式"):
            return self._wrong(row, "区的类型只能是：演示、正式")
        self.content |= {
            "code": row["编码"], "name": row["名称"], "city": row["上级"], "aliases": _list(row["别名"]),
            "demo": row["类型"] == "演示",
        }  # fmt: skip

    def _street(self, row: Row) -> None:
        street = {
            "code": row["编码"], "name": row["名称"], "aliases": _list(row["别名"]),
            "old_names": _list(row["旧名"]), "communities": [], "roads": [],
        }  # fmt: skip
        self.content["streets"].append(street)
        self.streets.setdefault(row["编码"], street)
        self.streets.setdefault(row["名称"], street)
        self.line_of[id(street)] = row.line

    def _community(self, row: Row) -> None:
        street = self.streets.get(row["上级"])
        if street is None:
            return self._orphan(row, "街道")
        community = {
            "code": row["编码"], "name": row["名称"], "aliases": _list(row["别名"]),
            "estates": _list(row["小区"]), "grids": [],
        }  # fmt: skip
        street["communities"].append(community)
        self.communities.setdefault(row["编码"], (street, community))
        self.communities.setdefault(row["名称"], (street, community))
        self.line_of[id(community)] = row.line

    def _grid(self, row: Row) -> None:
        found = self.communities.get(row["上级"])
        if found is None:
            return self._orphan(row, "社区")
        names = {found[1]["name"], *found[1]["aliases"], *found[1]["estates"]}
        holds = []
        for written in _list(row["小区"]):
            part = _part(written, names)
            if part is None:
                self._wrong(
                    row, f"“{written[:20]}”不是{found[1]['name']}的小区，或幢号写得不对，例如 联庄公寓1-12幢"
                )
            else:
                holds.append(part)
        grid = {"code": row["编码"], "name": row["名称"], "aliases": _list(row["别名"]), "holds": holds}
        found[1]["grids"].append(grid)
        self.line_of[id(grid)] = row.line

    def _road(self, row: Row) -> None:
        street = self.streets.get(row["上级"])
        community = None
        if street is None and row["上级"] in self.communities:
            street, inside = self.communities[row["上级"]]
            community = inside["code"]
        if street is None:
            return self._orphan(row, "街道或社区")
        numbers = []
        for written in _list(row["门牌"]):
            stretch = _range(written)
            if stretch is None:
                self._wrong(row, f"门牌“{written[:20]}”要写成号段，例如 1-888、1-98双、600以上")
            else:
                numbers.append(stretch)
        road = {
            "name": row["名称"],
            "aliases": _list(row["别名"]),
            "numbers": numbers or None,
            "community": community,
        }
        street["roads"].append(road)
        self.line_of[id(road)] = row.line

    def _office(self, row: Row) -> None:
        kind = _key(OFFICE_WORDS, row["类型"])
        if kind is None:
            return self._wrong(row, f"办公室的类型只能是：{'、'.join(OFFICE_WORDS.values())}")
        street = self.streets.get(row["上级"]) if row["上级"] else None
        if (
            row["上级"]
            and street is None
            and row["上级"] not in (self.content.get("code"), self.content.get("name"))
        ):
            return self._orphan(row, "街道")
        office = {
            "code": row["编码"], "name": row["名称"], "kind": kind, "street": street["code"] if street else None,
            "address": row["地址"], "phone": row["电话"], "phone_note": row["电话说明"], "hours": row["时间"],
        }  # fmt: skip
        self.content["offices"].append(office)
        self.offices.setdefault(row["编码"], row["编码"])
        self.offices.setdefault(row["名称"], row["编码"])
        self.line_of[id(office)] = row.line

    def _place(self, row: Row) -> None:
        kind = _key(PLACE_WORDS, row["类型"])
        if kind is None:
            self._wrong(row, f"地点的类型只能是：{'、'.join(PLACE_WORDS.values())}")
        if row["状态"] not in ("", CLOSED):
            self._wrong(row, f"状态只能空着，或写“{CLOSED}”")
        office = self.offices.get(row["办公室"])
        if office is None and row["办公室"] not in self.misfits:
            self._wrong(row, f"办公室“{row['办公室'][:20]}”不在表里")
        street, community = self.streets.get(row["上级"]), None
        if street is None and row["上级"] in self.communities:
            street, community = self.communities[row["上级"]]
        if (
            row["上级"]
            and street is None
            and row["上级"] not in (self.content.get("code"), self.content.get("name"))
        ):
            self._orphan(row, "街道或社区")
        place = {
            "code": row["编码"], "name": row["名称"], "kind": kind, "street": street["code"] if street else None,
            "community": community["code"] if community else None, "office": office,
            "closed": row["状态"] == CLOSED,
        }  # fmt: skip
        self.content["places"].append(place)
        self.line_of[id(place)] = row.line

    def _far(self, row: Row) -> None:
        key = _key(FAR_WORDS, row["名称"])
        if key is None:
            return self._wrong(row, f"外地的名称只能是：{'、'.join(FAR_WORDS.values())}")
        self.content["elsewhere"][key] += _list(row["别名"])

    def _sound(self, row: Row) -> None:
        self.content["sounds_alike"].append(row["名称"])

    def _number(self) -> None:
        """Note under which path each line's entry stands now."""
        for s, street in enumerate(self.content["streets"]):
            self.lines[f"streets[{s}]"] = self.line_of[id(street)]
            for c, community in enumerate(street["communities"]):
                path = f"streets[{s}].communities[{c}]"
                self.lines[path] = self.line_of[id(community)]
                for g, grid in enumerate(community["grids"]):
                    self.lines[f"{path}.grids[{g}]"] = self.line_of[id(grid)]
            stretch = 0
            for road in street["roads"]:
                for _ in road["numbers"] or [None]:
                    self.lines[f"streets[{s}].roads[{stretch}]"] = self.line_of[id(road)]
                    stretch += 1
        for name in ("offices", "places"):
            for number, entry in enumerate(self.content[name]):
                self.lines[f"{name}[{number}]"] = self.line_of[id(entry)]

    def _line(self, path: str) -> int | None:
        while path and path not in self.lines and "." in path:
            path = path.rpartition(".")[0]
        return self.lines.get(path)

    def _orphan(self, row: Row, layer: str) -> None:
        """The parent is not there; where its own row is refused, that is said there and not here again."""
        if row["上级"] not in self.misfits:
            self._wrong(row, f"上级“{row['上级'][:20]}”不是表里的{layer}")

    def _wrong(self, row: Row, text: str) -> None:
        self.problems.append(TableProblem(row.line, text))


def _list(cell: str) -> list[str]:
    return [name.strip() for name in re.split(r"[、，,；;|\n]", cell) if name.strip()]


def _key(words: dict[str, str], word: str) -> str | None:
    return next((key for key, value in words.items() if value == word), None)


def _range(text: str) -> str | None:
    """ "1-98双" as the content has it: "1-98 even"; None when it is no range."""
    match = _RANGE.fullmatch(text.replace(" ", ""))
    if match is None:
        return None
    low = int(match[1])
    high = LAST if match[3] else int(match[2] or low)
    return f"{low}-{high}{_SIDES[match[4]]}" if 0 < low <= high else None


def _part(text: str, names: set[str]) -> str | None:
    """ "联庄公寓1-12幢" as the content has it: "联庄公寓 1-12"; a name alone is the whole estate."""
    if text in names:
        return text
    match = _BUILDINGS.fullmatch(text.replace(" ", ""))
    numbers = _range(match[2]) if match and match[1] in names else None
    return f"{match[1]} {numbers}" if match and numbers else None


# --- writing ----------------------------------------------------------------------------------------


def rows_of(district: District) -> Iterator[tuple[str, ...]]:
    """The tree as rows under `COLUMNS`, header first; `read_tree` reads the same tree back."""
    yield COLUMNS
    for cells in _cells(district):
        yield tuple(cells.get(column, "") for column in COLUMNS)


def _cells(district: District) -> Iterator[dict[str, str]]:
    yield {
        "层级": "区", "编码": district.code, "名称": district.name, "上级": district.city,
        "别名": "、".join(district.aliases), "类型": "演示" if district.demo else "正式",
    }  # fmt: skip
    for street in district.streets:
        yield {
            "层级": "街道", "编码": street.code, "名称": street.name, "上级": district.name,
            "别名": "、".join(street.aliases), "旧名": "、".join(street.old_names),
        }  # fmt: skip
        for community in street.communities:
            yield {
                "层级": "社区", "编码": community.code, "名称": community.name, "上级": street.name,
                "别名": "、".join(community.aliases), "小区": "、".join(community.estates),
            }  # fmt: skip
            for grid in community.grids:
                yield _grid_cells(grid, community.name)
        for road in street.roads:
            above = district.community(road.community).name if road.community else street.name
            yield {
                "层级": "道路", "名称": road.name, "上级": above, "别名": "、".join(road.aliases),
                "门牌": _shown(road),
            }  # fmt: skip
    for office in district.offices:
        yield {
            "层级": "办公室", "编码": office.code, "名称": office.name,
            "上级": district.street(office.street).name if office.street else "",
            "类型": OFFICE_WORDS[office.kind], "地址": office.address, "电话": office.phone,
            "电话说明": office.phone_note, "时间": office.hours,
        }  # fmt: skip
    for place in district.places:
        yield _place_cells(place, district)
    for key, word in FAR_WORDS.items():
        if names := getattr(district.elsewhere, key):
            yield {"层级": "外地", "名称": word, "别名": "、".join(names)}
    for group in district.sounds_alike:
        yield {"层级": "近音", "名称": group}


def _grid_cells(grid: Grid, community: str) -> dict[str, str]:
    return {
        "层级": "网格", "编码": grid.code, "名称": grid.name, "上级": community, "别名": "、".join(grid.aliases),
        "小区": "、".join(part.name if part.whole else f"{part.name}{_shown(part)}幢" for part in grid.parts),
    }  # fmt: skip


def _place_cells(place: Place, district: District) -> dict[str, str]:
    above = ""
    if place.community:
        above = district.community(place.community).name
    elif place.street:
        above = district.street(place.street).name
    return {
        "层级": "地点", "编码": place.code, "名称": place.name, "上级": above, "类型": PLACE_WORDS[place.kind],
        "办公室": district.office(place.office).name, "状态": CLOSED if place.closed else "",
    }  # fmt: skip


def _shown(stretch: Road | Part) -> str:
    if (stretch.low, stretch.high, stretch.side) == (1, LAST, "both"):
        return ""
    sides: dict[Side, str] = {"odd": "单", "even": "双", "both": ""}
    numbers = f"{stretch.low}以上" if stretch.high >= LAST else written_range(stretch).split(" ")[0]
    return numbers + sides[stretch.side]
