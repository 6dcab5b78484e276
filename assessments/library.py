"""The instruments of this installation, read from YAML files that a clinician can read."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from assessments.errors import LibraryError, UnknownInstrument
from assessments.instrument import AskedAfter, Band, Critical, Instrument, Item, Option

FOLDER = Path(__file__).parent / "instruments"

REQUIRED = (
    "id", "version", "title", "intro", "timeframe", "minutes", "source", "rights", "setting",
    "checked_on", "translation", "items", "bands",
)  # fmt: skip
OPTIONAL = ("options", "wording_compared", "translation_note", "subtitle")


class Library:
    """Instruments by id. Built once; what it holds has been checked, field by field."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = dict(instruments)

    @classmethod
    def from_files(cls, folder: Path = FOLDER) -> "Library":
        """Read every `*.yml` below `folder`; raises `LibraryError` naming the file and the field."""
        instruments: dict[str, Instrument] = {}
        for path in sorted(folder.rglob("*.yml")):
            instrument = read_instrument(path)
            if instrument.id in instruments:
                raise LibraryError(path.name, "id", f"{instrument.id} 已经在另一个文件里用过")
            if path.stem != instrument.id:
                raise LibraryError(path.name, "id", "文件名必须和 id 相同")
            instruments[instrument.id] = instrument
        return cls(instruments)

    def __getitem__(self, instrument_id: str) -> Instrument:
        try:
            return self._instruments[instrument_id]
        except KeyError:
            raise UnknownInstrument(instrument_id) from None

    def __contains__(self, instrument_id: object) -> bool:
        return instrument_id in self._instruments

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._instruments.values())

    def __len__(self) -> int:
        return len(self._instruments)


class StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice: the second would silently replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(problem=f"{key} 写了两次")
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The content of one YAML file, duplicate keys refused; raises `LibraryError`."""
    try:
        return yaml_from(path.read_text("utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise LibraryError(path.name, "文件", f"读不懂：{error}") from error


def yaml_from(text: str, name: str) -> Any:
    """The content of one YAML text, duplicate keys refused; raises `LibraryError`."""
    try:
        return yaml.load(text, StrictLoader)
    except yaml.YAMLError as error:
        raise LibraryError(name, "文件", f"读不懂：{str(error).splitlines()[0]}") from error


def read_instrument(path: Path) -> Instrument:
    """One instrument from one file; raises `LibraryError` naming the field that is wrong."""
    return _instrument(read_yaml(path), path.name)


def instrument_from(text: str, name: str) -> Instrument:
    """One instrument from the content of its file; raises `LibraryError` naming the field that is wrong."""
    return _instrument(yaml_from(text, name), name)


def _instrument(data: Any, name: str) -> Instrument:
    reader = _Reader(name)
    reader.keys(data, "文件", REQUIRED, OPTIONAL)
    for name in ("id", "version", "title", "intro", "timeframe", "source", "rights", "setting"):
        reader.text(data, name)
    if data["translation"] not in ("published", "own"):
        reader.refuse("translation", "只能是 published 或 own")
    if data["translation"] == "published" and len(data.get("wording_compared") or []) < 2:
        reader.refuse("wording_compared", "写明逐字核对过的两份公开文本，否则请标为 own")
    if not isinstance(data["checked_on"], date):
        reader.refuse("checked_on", "要写日期，如 2026-11-22")
    if type(data["minutes"]) is not int or data["minutes"] < 1:
        reader.refuse("minutes", "要写整数分钟")
    items = reader.items(data)
    return Instrument(
        id=data["id"],
        version=data["version"],
        title=data["title"],
        intro=data["intro"],
        timeframe=data["timeframe"],
        minutes=data["minutes"],
        items=items,
        bands=reader.bands(data, items),
        source=data["source"],
        rights=data["rights"],
        setting=data["setting"],
        checked_on=data["checked_on"].isoformat(),
        translation=data["translation"],
        content_hash=content_hash(data),
    )


def content_hash(data: Mapping[str, Any]) -> str:
    """The same for the same content, whatever the order of keys, the comments and the white space."""
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


class _Reader:
    """Turns one file's data into values, and refuses with the name of the field."""

    def __init__(self, file: str) -> None:
        self.file = file

    def refuse(self, field: str, why: str) -> None:
        raise LibraryError(self.file, field, why)

    def keys(self, data: Any, field: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        if not isinstance(data, dict):
            self.refuse(field, "要写成「名称: 内容」")
        for name in required:
            if name not in data:
                self.refuse(name if field == "文件" else f"{field}.{name}", "缺少这一项")
        for name in data:
            if name not in required and name not in optional:
                self.refuse(f"{field}.{name}", "不认识这一项")

    def text(self, data: Mapping[str, Any], name: str, field: str = "") -> str:
        if not isinstance(data[name], str) or not data[name].strip():
            self.refuse(field or name, "不能空着，要写成文字（数字请加引号）")
        return data[name]

    def items(self, data: Mapping[str, Any]) -> tuple[Item, ...]:
        if not isinstance(data["items"], list) or not data["items"]:
            self.refuse("items", "至少要有一题")
        items: list[Item] = []
        for position, raw in enumerate(data["items"], 1):
            field = f"items[{position}]"
            self.keys(raw, field, ("id", "number", "text"), ("options", "critical", "asked_after"))
            for name in ("id", "number", "text"):
                self.text(raw, name, f"{field}.{name}")
            options = self.options(raw.get("options", data.get("options")), f"{field}.options")
            item = Item(
                id=raw["id"],
                number=raw["number"],
                text=raw["text"],
                options=options,
                critical=self.critical(raw.get("critical"), options, field),
                asked_after=self.asked_after(raw.get("asked_after"), items, field),
            )
            if any(item.id == other.id or item.number == other.number for other in items):
                self.refuse(f"{field}.id", "题目的 id 或题号重复")
            items.append(item)
        return tuple(items)

    def options(self, raw: Any, field: str) -> tuple[Option, ...]:
        if not isinstance(raw, list) or len(raw) < 2:
            self.refuse(field, "至少要有两个选项")
        for option in raw:
            self.keys(option, field, ("value", "label"))
            self.text(option, "label", f"{field}.label")
            if type(option["value"]) is not int:
                self.refuse(f"{field}.value", "分值要写整数")
        options = tuple(Option(option["value"], option["label"]) for option in raw)
        if len({o.value for o in options}) < len(options) or len({o.label for o in options}) < len(options):
            self.refuse(field, "分值或文字重复")
        return options

    def critical(self, raw: Any, options: tuple[Option, ...], field: str) -> Critical | None:
        if raw is None:
            return None
        field = f"{field}.critical"
        self.keys(raw, field, ("at_least", "reason", "say"), ("refusal_counts",))
        self.text(raw, "reason", f"{field}.reason")
        self.text(raw, "say", f"{field}.say")
        if raw["at_least"] not in [option.value for option in options] or type(raw["at_least"]) is not int:
            self.refuse(f"{field}.at_least", "必须是一个选项的分值")
        if not isinstance(raw.get("refusal_counts", False), bool):
            self.refuse(f"{field}.refusal_counts", "只能写 true 或 false")
        return Critical(raw["at_least"], raw["reason"], raw["say"], raw.get("refusal_counts", False))

    def asked_after(self, raw: Any, before: list[Item], field: str) -> AskedAfter | None:
        if raw is None:
            return None
        field = f"{field}.asked_after"
        self.keys(raw, field, ("items", "at_least"))
        known = [item.id for item in before]
        named = raw["items"]
        if not isinstance(named, list) or not named or any(item not in known for item in named):
            self.refuse(f"{field}.items", "只能写排在前面的题目")
        if type(raw["at_least"]) is not int:
            self.refuse(f"{field}.at_least", "要写整数")
        return AskedAfter(tuple(named), raw["at_least"])

    def bands(self, data: Mapping[str, Any], items: tuple[Item, ...]) -> tuple[Band, ...]:
        if not isinstance(data["bands"], list) or not data["bands"]:
            self.refuse("bands", "至少要有一个分段")
        bands: list[Band] = []
        for position, raw in enumerate(data["bands"], 1):
            field = f"bands[{position}]"
            self.keys(raw, field, ("from", "id", "name"), ("item",))
            self.text(raw, "id", f"{field}.id")
            self.text(raw, "name", f"{field}.name")
            if type(raw["from"]) is not int:
                self.refuse(f"{field}.from", "要写整数")
            if "item" in raw and raw["item"] not in [item.id for item in items]:
                self.refuse(f"{field}.item", "没有这一题")
            bands.append(Band(raw["from"], raw["id"], raw["name"], raw.get("item")))
        if len({band.id for band in bands}) < len(bands):
            self.refuse("bands", "分段的 id 重复")
        self._cover(bands, items)
        return tuple(bands)

    def _cover(self, bands: list[Band], items: tuple[Item, ...]) -> None:
        """Bands on the total start at the lowest total and rise: no gap, no overlap, none out of reach."""
        starts = [band.start for band in bands if band.item is None]
        lowest = sum(min(option.value for option in item.options) for item in items)
        highest = sum(max(option.value for option in item.options) for item in items)
        if not starts or starts[0] != lowest:
            self.refuse("bands", f"第一个分段要从 {lowest} 分开始，否则有分数落空")
        if any(later <= earlier for earlier, later in itertools.pairwise(starts)):
            self.refuse("bands", "分段重叠：每段的起点要比前一段高")
        if starts[-1] > highest:
            self.refuse("bands", f"最高只有 {highest} 分，最后一段永远到不了")
