"""Reads the questions of an instrument: wording, options, times, points, what is asked when, what is acted on."""

import itertools
from collections.abc import Mapping
from typing import Any, cast

from assessments.file_reader import FileReader
from assessments.instrument import (
    AskedAfter,
    Attention,
    Critical,
    Item,
    Measured,
    OnlyFor,
    Option,
    Recode,
    Unit,
)
from assessments.printed import SECONDS
from assessments.reading import Document

ITEM = (
    "text", "options", "input", "reverse", "recode", "scored", "needed", "critical", "attention", "asked_after",
    "only_for",
)  # fmt: skip
RANGES: Mapping[str, tuple[int, int]] = {
    "clock": (0, 24 * 60 - 1),
    "minutes": (0, 24 * 60),
    "hours": (0, 24 * SECONDS),
}


class ItemReader(FileReader):
    """Reads items; `worded` says whether each must have its wording."""

    def __init__(self, found: Document) -> None:
        super().__init__(found)
        self.items: dict[str, Item] = {}
        self.worded = True

    def read_items(self) -> tuple[Item, ...]:
        shared: tuple[Option, ...] = ()
        if "options" in self.data:
            shared = self.options(self.data["options"], "options")
        raws = self.data["items"]
        if not isinstance(raws, list) or not raws:
            self.refuse("items", "至少要有一题")
        for position, raw in enumerate(raws, 1):
            with self.collecting():
                item = self.item(raw, f"items[{position}]", shared)
                numbers = {other.number for other in self.items.values()}
                if item.id in self.items or item.number in numbers:
                    self.refuse(f"items[{position}].id", "题目的 id 或题号重复")
                self.items[item.id] = item
        return tuple(self.items.values())

    def item(self, raw: Any, field: str, shared: tuple[Option, ...], extra: bool = False) -> Item:
        self.keys(raw, field, ("id", "number"), (*ITEM, "asked_when") if extra else ITEM)
        for name in ("id", "number"):
            self.text(raw, name, f"{field}.{name}")
        text = raw.get("text")
        if text is not None or (self.worded and not extra):
            text = self.text({"text": text}, "text", f"{field}.text")
        measured = self.measured(raw, field)
        options = () if measured else shared
        if "options" in raw:
            if measured:
                self.refuse(f"{field}.options", "写了 input 就没有选项")
            options = self.options(
                raw["options"], f"{field}.options", labelled=self.worded and text is not None
            )
        elif not options and not measured:
            self.refuse(f"{field}.options", "至少要有两个选项", at=field)
        scored = self.truth(raw, "scored", field, not extra)
        item = Item(
            id=raw["id"],
            number=raw["number"],
            text=text or "",
            options=options,
            measured=measured,
            reverse=self.truth(raw, "reverse", field, False),
            scored=scored,
            needed=self.truth(raw, "needed", field, scored),
            recode=self.recode(raw.get("recode"), f"{field}.recode", measured),
            critical=self.critical(raw.get("critical"), options, f"{field}.critical"),
            attention=self.attention(raw.get("attention"), options, f"{field}.attention"),
            asked_after=self.asked_after(raw.get("asked_after"), f"{field}.asked_after"),
            only_for=self.only_for(raw.get("only_for"), f"{field}.only_for"),
        )
        if item.reverse and (item.recode or measured):
            self.refuse(f"{field}.reverse", "不能和 recode 或 input 一起写")
        if item.only_for and item.asked_after:
            self.refuse(f"{field}.only_for", "不能和 asked_after 一起写")
        if scored and measured and not item.recode:
            self.refuse(f"{field}.recode", "写明几点、几分钟、几小时各算几分，或写 scored: false", at=field)
        return item

    def measured(self, raw: Mapping[str, Any], field: str) -> Measured | None:
        unit = raw.get("input")
        if unit is None:
            return None
        if not self.known([unit], RANGES):
            self.refuse(f"{field}.input", "只能是 clock、minutes 或 hours")
        return Measured(cast(Unit, unit), *RANGES[unit])

    def options(self, raw: Any, field: str, labelled: bool | None = None) -> tuple[Option, ...]:
        labelled = self.worded if labelled is None else labelled
        if not isinstance(raw, list) or len(raw) < 2:
            self.refuse(field, "至少要有两个选项")
        options = []
        for position, one in enumerate(raw, 1):
            at = f"{field}[{position}]"
            self.keys(one, at, ("value",), ("label", "key"))
            label = one.get("label")
            if label is not None or labelled:
                label = self.text({"label": label}, "label", f"{at}.label")
            if type(one["value"]) is not int:
                self.refuse(f"{at}.value", "分值要写整数")
            key = self.text(one, "key", f"{at}.key") if "key" in one else None
            options.append(Option(one["value"], label or "", key))
        labels = [option.label for option in options if option.label]
        if len({option.value for option in options}) < len(options) or len(set(labels)) < len(labels):
            self.refuse(field, "分值或文字重复")
        return tuple(options)

    def critical(self, raw: Any, options: tuple[Option, ...], field: str) -> Critical | None:
        if raw is None:
            return None
        self.keys(raw, field, ("at_least", "reason", "say"), ("refusal_counts",))
        self.text(raw, "reason", f"{field}.reason")
        self.text(raw, "say", f"{field}.say")
        at_least = self.value(raw, options, field)
        return Critical(at_least, raw["reason"], raw["say"], self.truth(raw, "refusal_counts", field, False))

    def attention(self, raw: Any, options: tuple[Option, ...], field: str) -> Attention | None:
        if raw is None:
            return None
        self.keys(raw, field, ("at_least", "reason"))
        return Attention(self.value(raw, options, field), self.text(raw, "reason", f"{field}.reason"))

    def value(self, raw: Mapping[str, Any], options: tuple[Option, ...], field: str) -> int:
        value = raw["at_least"]
        if type(value) is not int or value not in [option.value for option in options]:
            self.refuse(f"{field}.at_least", "必须是一个选项的分值")
        return value

    def asked_after(self, raw: Any, field: str) -> AskedAfter | None:
        if raw is None:
            return None
        self.keys(raw, field, ("items", "at_least"))
        named = raw["items"]
        if not isinstance(named, list) or not named or not self.known(named, self.items):
            self.refuse(f"{field}.items", "只能写排在前面的题目")
        return AskedAfter(tuple(named), self.whole(raw, "at_least", field))

    def only_for(self, raw: Any, field: str) -> OnlyFor | None:
        if raw is None:
            return None
        self.keys(raw, field, ("item", "is"))
        return OnlyFor(raw["item"], self.option_of(raw, field))

    def option_of(self, raw: Mapping[str, Any], field: str) -> int:
        """The value of the option that `is` names, by its key or its value, of an item that stands before."""
        if not self.known([raw["item"]], self.items):
            self.refuse(f"{field}.item", "没有这一题，或它排在后面")
        for option in self.items[raw["item"]].options:
            if raw["is"] in (option.key, option.value):
                return option.value
        self.refuse(f"{field}.is", "没有这个选项")

    def recode(self, raw: Any, field: str, measured: Measured | None = None) -> Recode:
        if raw is None:
            return ()
        if not isinstance(raw, dict) or not raw:
            self.refuse(field, "要写成「起点: 分值」")
        if any(type(number) is not int for pair in raw.items() for number in pair):
            self.refuse(field, "起点和分值都要写整数")
        if any(later <= earlier for earlier, later in itertools.pairwise(raw)):
            self.refuse(field, "起点要从小到大")
        unit = SECONDS if measured is not None and measured.unit == "hours" else 1
        return tuple((start * unit, points) for start, points in raw.items())
