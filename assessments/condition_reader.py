"""Reads conditions: by answers, by figures, by flags, and put together of these."""

from collections.abc import Callable, Mapping
from typing import Any

from assessments.instrument import Condition, FlagStands, ItemsReach, MeasureReaches, Not, Some
from assessments.item_reader import ItemReader
from assessments.reading import Document

KINDS = ("items", "item", "measure", "flag", "all", "any", "not")


class ConditionReader(ItemReader):
    """Reads conditions over the items, measures and flags that were read before them."""

    def __init__(self, found: Document) -> None:
        super().__init__(found)
        self.measures: dict[str, tuple[int, int]] = {}
        self.flag_ids: set[str] = set()

    def condition(self, raw: Any, field: str) -> Condition:
        """One of the seven ways to say when."""
        kinds = [kind for kind in KINDS if kind in raw] if isinstance(raw, dict) else []
        if len(kinds) != 1:
            self.refuse(field, f"{'、'.join(KINDS)} 要写一个，只写一个")
        read: Callable[[Any, str], Condition] = getattr(self, f"when_{kinds[0]}")
        return read(raw, field)

    def when_items(self, raw: Any, field: str) -> Condition:
        self.keys(raw, field, ("items", "at_least"), ("at_most", "how_many"))
        named = raw["items"]
        if not isinstance(named, list) or not named or not self.known(named, self.items):
            self.refuse(f"{field}.items", "没有这一题")
        how_many = self.how_many(raw, field, len(named), 1)
        at_most = self.whole(raw, "at_most", field) if "at_most" in raw else None
        at_least = self.whole(raw, "at_least", field)
        reach = [name for name in named if self.items[name].highest >= at_least]
        if len(reach) < how_many or (at_most is not None and at_most < at_least):
            self.refuse(f"{field}.at_least", "这几题的选项到不了")
        return ItemsReach(tuple(named), at_least, at_most, how_many)

    def when_item(self, raw: Any, field: str) -> Condition:
        self.keys(raw, field, ("item", "is"))
        value = self.option_of(raw, field)
        return ItemsReach((raw["item"],), value, value)

    def when_measure(self, raw: Any, field: str) -> Condition:
        self.keys(raw, field, ("measure",), ("at_least", "at_most"))
        ends = [self.number(raw, end, field) if end in raw else None for end in ("at_least", "at_most")]
        if ends == [None, None]:
            self.refuse(field, "要写 at_least 或 at_most")
        names = self.measure_names(raw["measure"], f"{field}.measure")
        for name in names:
            lowest, highest = self.measures[name]
            if (ends[0] is not None and ends[0] > highest) or (ends[1] is not None and ends[1] < lowest):
                self.refuse(field, f"{name} 在 {lowest} 到 {highest} 之间，到不了")
        low, high = (int(end) if end is not None and end.denominator == 1 else end for end in ends)
        return MeasureReaches(names, low, high)

    def when_flag(self, raw: Any, field: str) -> Condition:
        self.keys(raw, field, ("flag",))
        if not self.known([raw["flag"]], self.flag_ids):
            self.refuse(f"{field}.flag", "只能写排在前面的 flag")
        return FlagStands(raw["flag"])

    def when_all(self, raw: Any, field: str) -> Condition:
        self.keys(raw, field, ("all",))
        parts = self.parts(raw["all"], f"{field}.all")
        return Some(parts, len(parts))

    def when_any(self, raw: Any, field: str) -> Condition:
        self.keys(raw, field, ("any",), ("how_many",))
        parts = self.parts(raw["any"], f"{field}.any")
        return Some(parts, self.how_many(raw, field, len(parts), 1))

    def when_not(self, raw: Any, field: str) -> Condition:
        self.keys(raw, field, ("not",))
        return Not(self.condition(raw["not"], f"{field}.not"))

    def parts(self, raw: Any, field: str) -> tuple[Condition, ...]:
        if not isinstance(raw, list) or len(raw) < 2:
            self.refuse(field, "至少要有两个条件")
        return tuple(self.condition(one, f"{field}[{position}]") for position, one in enumerate(raw, 1))

    def how_many(self, raw: Mapping[str, Any], field: str, most: int, otherwise: int) -> int:
        how_many = self.whole(raw, "how_many", field) if "how_many" in raw else otherwise
        if not 1 <= how_many <= most:
            self.refuse(f"{field}.how_many", f"只能是 1 到 {most}")
        return how_many

    def measure_names(self, raw: Any, field: str) -> tuple[str, ...]:
        names = raw if isinstance(raw, list) else [raw]
        if not names or not self.known(names, self.measures):
            self.refuse(field, "没有这个分数：只能写 total、standard_score 或分量表的 id")
        return tuple(names)
