"""Reads how answers become results: points, figures, flags, the cut-off in force, bands, and what to compare with."""

import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, get_args

from assessments.condition_reader import ConditionReader
from assessments.instrument import (
    Band,
    Condition,
    CutOff,
    Extra,
    Flag,
    Item,
    ItemsReach,
    MeasureReaches,
    Norm,
    Norms,
    Recode,
    Reliability,
    Scoring,
    Some,
    Subscale,
    Way,
)

CUT_OFF = "cut_off"
"""The name of the flag that says whether the cut-off in force is reached."""


def _items_of(condition: Condition) -> Iterator[str | None]:
    """The items that a condition is about; `None` where it is about anything else than what was answered."""
    match condition:
        case ItemsReach(items):
            yield from items
        case Some(of):
            for part in of:
                yield from _items_of(part)
        case _:
            yield None


class ResultsReader(ConditionReader):
    """Reads everything that comes after the items."""

    def scoring(self, raw: Any, items: tuple[Item, ...]) -> Scoring:
        raw = {} if raw is None else raw
        self.keys(raw, "scoring", (), ("total", "standard_score", "bands_on", "high_is_good", "subscales"))
        subscales = (
            self.each(raw, "subscales", self.subscale, "scoring.subscales") if "subscales" in raw else ()
        )
        total_of = self.total(raw.get("total", "sum"), items, {scale.id: scale for scale in subscales})
        times = self.standard_score(raw.get("standard_score"), total_of)
        bands_on = raw.get("bands_on", "total")
        if not self.known([bands_on], ("total", "standard_score")):
            self.refuse("scoring.bands_on", "只能是 total 或 standard_score")
        if bands_on == "standard_score" and times is None:
            self.refuse("scoring.bands_on", "没有写 standard_score")
        high = self.truth(raw, "high_is_good", "scoring", False)
        return Scoring(total_of, times, bands_on, high, subscales)

    def subscale(self, raw: Any, field: str) -> Subscale:
        if not isinstance(raw, dict):
            self.refuse(field, "要写成「名称: 内容」")
        ways = [way for way in get_args(Way) if way in raw]
        if len(ways) != 1:
            self.refuse(field, "sum、mean、count、percent 要写一个，只写一个")
        way = ways[0]
        self.keys(raw, field, ("id", "name", way), ("at_least", "at_most", "recode"))
        for name in ("id", "name"):
            self.text(raw, name, f"{field}.{name}")
        if raw["id"] in self.measures or raw["id"] in ("total", "standard_score"):
            self.refuse(f"{field}.id", "这个 id 已经用过")
        of = (
            self.percent(raw[way], f"{field}.{way}")
            if way == "percent"
            else self.members(raw[way], f"{field}.{way}")
        )
        ends = [self.whole(raw, end, field) if end in raw else None for end in ("at_least", "at_most")]
        if way == "count" and ends == [None, None]:
            self.refuse(field, "count 要写 at_least 或 at_most")
        if way == "mean":
            self.always_answered(of, f"{field}.mean")
        recode = self.recode(raw.get("recode"), f"{field}.recode")
        self.measures[raw["id"]] = self.span(way, of, recode)
        return Subscale(raw["id"], raw["name"], way, of, ends[0], ends[1], recode)

    def members(self, raw: Any, field: str) -> tuple[str, ...]:
        """Ids of scored items: a list, or the word `all`."""
        scored = tuple(item.id for item in self.items.values() if item.scored)
        if raw == "all":
            return scored
        if not isinstance(raw, list) or not raw or not self.known(raw, scored):
            self.refuse(field, "要写成计分题目的列表，或写 all")
        if len(set(raw)) < len(raw):
            self.refuse(field, "有一题写了两次")
        return tuple(raw)

    def always_answered(self, items: tuple[str, ...], field: str) -> None:
        """Refuse items that a complete set may leave out: a mean over what happens to be there means nothing."""
        for item in (self.items[name] for name in items):
            if not item.needed or item.asked_after is not None or item.only_for is not None:
                self.refuse(field, f"{item.id} 可以不答，不能算进平均或比例")

    def percent(self, raw: Any, field: str) -> tuple[str, ...]:
        self.keys(raw, field, ("asleep", "from", "to"))
        for name, unit in (("asleep", "hours"), ("from", "clock"), ("to", "clock")):
            item = self.items.get(raw[name]) if isinstance(raw[name], str) else None
            if item is None or item.measured is None or item.measured.unit != unit:
                self.refuse(f"{field}.{name}", f"要写一道 input: {unit} 的题")
            self.always_answered((item.id,), f"{field}.{name}")
        return (raw["asleep"], raw["from"], raw["to"])

    def span(self, way: str, of: tuple[str, ...], recode: Recode) -> tuple[int, int]:
        """The lowest and highest value of a figure."""
        if recode:
            points = [points for _, points in recode]
            return min(points), max(points)
        if way == "sum":
            spans = [self.items[item].span for item in of]
            return sum(low for low, _ in spans), sum(high for _, high in spans)
        if way == "mean":
            return min(self.items[item].span[0] for item in of), max(self.items[item].span[1] for item in of)
        return (0, len(of)) if way == "count" else (0, 100)

    def total(
        self, raw: Any, items: tuple[Item, ...], scales: Mapping[str, Subscale]
    ) -> tuple[str, ...] | None:
        if raw == "none":
            return ()
        if raw == "sum":
            spans = [item.span for item in items if item.scored]
            if not spans:
                self.refuse("scoring.total", "没有一题计分")
            self.measures["total"] = (sum(low for low, _ in spans), sum(high for _, high in spans))
            return None
        if not isinstance(raw, list) or not raw or not self.known(raw, scales):
            self.refuse("scoring.total", "只能写 sum、none，或分量表 id 的列表", at="scoring")
        if any(scales[name].picks or not (scales[name].way == "sum" or scales[name].recode) for name in raw):
            self.refuse("scoring.total", "总分只能由整数的分量表相加（sum，或写了 recode 的）")
        if len(set(raw)) < len(raw):
            self.refuse("scoring.total", "有一个分量表写了两次")
        parts = [self.measures[name] for name in raw]
        self.measures["total"] = (sum(low for low, _ in parts), sum(high for _, high in parts))
        return tuple(raw)

    def standard_score(self, raw: Any, total_of: tuple[str, ...] | None) -> Fraction | None:
        if raw is None:
            return None
        self.keys(raw, "scoring.standard_score", ("times",))
        if total_of == ():
            self.refuse("scoring.standard_score", "没有总分")
        times = self.number(raw, "times", "scoring.standard_score")
        if times <= 0:
            self.refuse("scoring.standard_score.times", "要写一个大于 0 的数")
        low, high = self.measures["total"]
        self.measures["standard_score"] = (int(low * times), int(high * times))
        return times

    def flags(self) -> list[Flag]:
        found: list[Flag] = []
        raws = self.data.get("flags", [])
        with self.collecting():
            if not isinstance(raws, list):
                self.refuse("flags", "要写成列表")
            for position, raw in enumerate(raws, 1):
                field = f"flags[{position}]"
                self.keys(raw, field, ("id", "name", "when"))
                for name in ("id", "name"):
                    self.text(raw, name, f"{field}.{name}")
                if raw["id"] in self.flag_ids or raw["id"] == CUT_OFF:
                    self.refuse(f"{field}.id", "这个 id 已经用过")
                found.append(Flag(raw["id"], raw["name"], self.condition(raw["when"], f"{field}.when")))
                self.flag_ids.add(raw["id"])
        return found

    def contradictions(self) -> tuple[Flag, ...]:
        """Answers that hardly go together. None is about danger: those answers are never doubted."""
        return (
            self.each(self.data, "contradictions", self.contradiction)
            if "contradictions" in self.data
            else ()
        )

    def contradiction(self, raw: Any, field: str) -> Flag:
        self.keys(raw, field, ("id", "name", "when"))
        for name in ("id", "name"):
            self.text(raw, name, f"{field}.{name}")
        when = self.condition(raw["when"], f"{field}.when")
        for asked in _items_of(when):
            if asked is None:
                self.refuse(f"{field}.when", "只能写答了什么，不能写分数、flag 或 not")
            elif self.items[asked].critical is not None:
                self.refuse(f"{field}.when", f"{asked} 问的是安全，不能拿来怀疑作答")
        return Flag(raw["id"], raw["name"], when)

    def cut_off(self, flags: list[Flag]) -> CutOff | None:
        """The cut-off in force; it becomes a flag like any other."""
        raw = self.data.get("cut_off")
        if raw is None:
            return None
        with self.collecting():
            self.keys(raw, "cut_off", ("measure", "choices"), ("at_least", "at_most"))
            ends = [end for end in ("at_least", "at_most") if end in raw]
            if len(ends) != 1:
                self.refuse("cut_off", "at_least 和 at_most 要写一个，只写一个")
            at = self.whole(raw, ends[0], "cut_off")
            measure = self.measure_names(raw["measure"], "cut_off.measure")
            choices = raw["choices"]
            if not isinstance(choices, dict) or not all(
                type(key) is int and isinstance(text, str) and text for key, text in choices.items()
            ):
                self.refuse("cut_off.choices", "要写成「划界分: 出处」")
            if at not in choices:
                self.refuse(f"cut_off.{ends[0]}", "现行的划界分也要写进 choices，带出处")
            if len(measure) != 1:
                self.refuse("cut_off.measure", "只能写一个")
            at_most = ends[0] == "at_most"
            reached = MeasureReaches(measure, None if at_most else at, at if at_most else None)
            flags.append(Flag(CUT_OFF, "够到现行的划界分", reached))
            self.flag_ids.add(CUT_OFF)
            return CutOff(measure[0], at, at_most, dict(choices))
        return None

    def extra(self, raw: Any, field: str) -> Extra:
        item = self.item(raw, field, (), extra=True)
        if item.scored or item.needed:
            self.refuse(f"{field}.scored", "附加题不计分，也不必回答")
        if "asked_when" not in raw:
            self.refuse(f"{field}.asked_when", "缺少这一项", at=field)
        if item.id in self.items or any(item.number == other.number for other in self.items.values()):
            self.refuse(f"{field}.id", "题目的 id 或题号重复")
        return Extra(item, self.condition(raw["asked_when"], f"{field}.asked_when"))

    # --- bands, norms --------------------------------------------------------------------------------

    def bands(self, scoring: Scoring) -> tuple[Band, ...]:
        if not isinstance(self.data["bands"], list) or not self.data["bands"]:
            with self.collecting():
                self.refuse("bands", "至少要有一个分段")
            return ()
        bands = self.each(self.data, "bands", self.band)
        if len(bands) < len(self.data["bands"]):
            return ()
        with self.collecting():
            if len({band.id for band in bands}) < len(bands):
                self.refuse("bands", "分段的 id 重复")
            self.cover(bands, scoring)
        return bands

    def band(self, raw: Any, field: str) -> Band:
        self.keys(raw, field, ("id", "name"), ("from", "when", "item"))
        self.text(raw, "id", f"{field}.id")
        self.text(raw, "name", f"{field}.name")
        start = self.whole(raw, "from", field) if "from" in raw else None
        if "item" in raw:  # as the first files wrote it: from this answer on, this item decides alone
            if not self.known([raw["item"]], self.items):
                self.refuse(f"{field}.item", "没有这一题")
            return Band(
                None, raw["id"], raw["name"], ItemsReach((raw["item"],), self.whole(raw, "from", field))
            )
        if start is not None and "when" in raw:
            self.refuse(field, "from 和 when 只能写一个")
        when = self.condition(raw["when"], f"{field}.when") if "when" in raw else None
        return Band(start, raw["id"], raw["name"], when)

    def cover(self, bands: tuple[Band, ...], scoring: Scoring) -> None:
        """Bands start at the lowest score and rise: no gap, no overlap, none out of reach."""
        if any(band.start is None and band.when is None for band in bands[1:]):
            self.refuse("bands", "没有 from 也没有 when 的分段只能是第一个")
        starts = [band.start for band in bands if band.start is not None]
        span = self.measures.get(scoring.bands_on)
        if span is None:
            if starts or bands[0].when is not None:
                self.refuse("bands", "没有总分：第一段不写 from，其他的写 when")
            return
        lowest, highest = span
        if bands[0].start is None and bands[0].when is None and not starts:
            return
        if not starts or bands[0].start != lowest:
            self.refuse("bands", f"第一个分段要从 {lowest} 分开始，否则有分数落空")
        if any(later <= earlier for earlier, later in itertools.pairwise(starts)):
            self.refuse("bands", "分段重叠：每段的起点要比前一段高")
        if starts[-1] > highest:
            self.refuse("bands", f"最高只有 {highest} 分，最后一段永远到不了")

    def norms(self) -> Norms | None:
        raw = self.data.get("norms")
        with self.collecting():
            if raw is None:
                return None
            self.keys(raw, "norms", ("source", "sample", "year", "of"), ("notes",))
            for name in ("source", "sample"):
                self.text(raw, name, f"norms.{name}")
            notes = self.text(raw, "notes", "norms.notes") if "notes" in raw else ""
            if not isinstance(raw["of"], dict) or not raw["of"]:
                self.refuse("norms.of", "要写成「分数: {mean, sd}」")
            of = {}
            for name, one in raw["of"].items():
                self.measure_names(name, f"norms.of.{name}")
                self.keys(one, f"norms.of.{name}", ("mean", "sd"))
                mean, sd = (float(self.number(one, end, f"norms.of.{name}")) for end in ("mean", "sd"))
                if sd <= 0:
                    self.refuse(f"norms.of.{name}.sd", "标准差要大于 0")
                of[name] = Norm(mean, sd)
            return Norms(raw["source"], raw["sample"], self.whole(raw, "year", "norms"), of, notes)
        return None

    def reliability(self) -> Reliability | None:
        raw = self.data.get("reliability")
        with self.collecting():
            if raw is None:
                return None
            self.keys(raw, "reliability", ("source",), ("alpha", "retest"))
            self.text(raw, "source", "reliability.source")
            found = {
                end: float(self.number(raw, end, "reliability")) for end in ("alpha", "retest") if end in raw
            }
            if not found or any(not 0 < value < 1 for value in found.values()):
                self.refuse("reliability", "alpha 或 retest 要写 0 和 1 之间的数")
            return Reliability(raw["source"], found.get("alpha"), found.get("retest"))
        return None
