"""Reads one instrument's file into values, and says in Chinese what is wrong, in which field and on which line.

The vocabulary is described in `assessments/library.py`. Files of earlier programs stay readable for good: every
edition that anybody ever answered is kept, and rescored as it was.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, get_args

from assessments.errors import LibraryError
from assessments.instrument import (
    Instrument,
    Item,
    Licence,
    Scoring,
    Wording,
)
from assessments.reading import Document, document
from assessments.results_reader import ResultsReader

REQUIRED = (
    "id", "version", "title", "intro", "timeframe", "minutes", "source", "rights", "setting",
    "checked_on", "translation", "items", "bands",
)  # fmt: skip
OPTIONAL = (
    "options", "wording", "wording_compared", "translation_note", "subtitle", "notes", "licence", "scoring",
    "flags", "extras", "cut_off", "norms", "reliability", "other_numbers", "contradictions", "event_first",
    "result_for",
)  # fmt: skip


def instrument_from(text: str, name: str) -> Instrument:
    """One instrument from the content of its file; raises `LibraryError` for the first thing that is wrong."""
    return instrument_of(document(text, name))


def instrument_of(found: Document) -> Instrument:
    """One instrument from a document that was read already; raises as `instrument_from` does."""
    reader = Reader(found)
    instrument = reader.instrument()
    if reader.problems or instrument is None:
        raise reader.problems[0]
    return instrument


def problems_of(found: Document) -> tuple[LibraryError, ...]:
    """Everything that is wrong with one file, in the order of the reading; empty when it can be used."""
    reader = Reader(found)
    reader.instrument()
    return tuple(reader.problems)


def content_hash(data: Mapping[str, Any]) -> str:
    """The same for the same content, whatever the order of keys, the comments and the white space."""
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _says(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())


class Reader(ResultsReader):
    """Turns one document into an instrument, and collects what is wrong with it."""

    def instrument(self) -> Instrument | None:
        """The instrument, or `None` when anything is in `problems`."""
        with self.collecting():
            self.keys(self.data, "文件", REQUIRED, OPTIONAL)
        if not isinstance(self.data, dict) or any(name not in self.data for name in REQUIRED):
            return None
        self.head()
        items: tuple[Item, ...] = ()
        with self.collecting():
            items = self.read_items()
        if self.problems:
            return None
        scoring = Scoring()
        with self.collecting():
            scoring = self.scoring(self.data.get("scoring"), items)
        if self.problems:
            return None
        flags = self.flags()
        cut_off = self.cut_off(flags)
        if self.problems:
            return None
        extras = self.each(self.data, "extras", self.extra) if "extras" in self.data else ()
        bands = self.bands(scoring)
        norms, reliability = self.norms(), self.reliability()
        licence = self.licence()
        numbers = self.other_numbers(items)
        contradictions = self.contradictions()
        event_first, result_for = self.for_whom()
        if self.problems:
            return None
        data = self.data
        return Instrument(
            id=data["id"],
            version=data["version"],
            title=data["title"],
            intro=data["intro"],
            timeframe=data["timeframe"],
            minutes=data["minutes"],
            items=items,
            bands=bands,
            source=data["source"],
            rights=data["rights"],
            setting=data["setting"],
            checked_on=data["checked_on"].isoformat(),
            translation=data["translation"],
            content_hash=content_hash(data),
            wording=data.get("wording", "shipped"),
            scoring=scoring,
            flags=tuple(flags),
            extras=extras,
            cut_off=cut_off,
            norms=norms,
            reliability=reliability,
            other_numbers=numbers,
            licence=licence,
            notes=data.get("notes", ""),
            contradictions=contradictions,
            event_first=event_first,
            result_for=result_for,
        )

    # --- what stands at the top ----------------------------------------------------------------------

    def head(self) -> None:
        data = self.data
        for name in ("id", "version", "title", "intro", "timeframe", "source", "rights", "setting"):
            with self.collecting():
                self.text(data, name)
        wording = data.get("wording", "shipped")
        with self.collecting():
            if not self.known([wording], get_args(Wording)):
                self.refuse("wording", "只能是 shipped、licensed、pending 或 skeleton")
            self.worded = wording in ("shipped", "licensed")
            if data["translation"] not in (("published", "own") if self.worded else ("none",)):
                self.refuse(
                    "translation",
                    "只能是 published 或 own" if self.worded else "没有文字的量表写 none",
                )
            if wording == "shipped" and data["translation"] == "published":
                compared = data.get("wording_compared")
                if not isinstance(compared, list) or len([text for text in compared if _says(text)]) < 2:
                    self.refuse("wording_compared", "写明逐字核对过的两份公开文本，否则请标为 own")
        with self.collecting():
            if not isinstance(data["checked_on"], date):
                self.refuse("checked_on", "要写日期，如 2026-11-22")
        with self.collecting():
            if type(data["minutes"]) is not int or data["minutes"] < 1:
                self.refuse("minutes", "要写整数分钟")
        with self.collecting():
            if "notes" in data:
                self.text(data, "notes")

    def for_whom(self) -> tuple[bool, Literal["resident", "staff"]]:
        with self.collecting():
            event_first = self.truth(self.data, "event_first", "文件", False)
            shown_to = self.data.get("result_for", "resident")
            if not self.known([shown_to], ("resident", "staff")):
                self.refuse("result_for", "只能是 resident 或 staff")
            return event_first, shown_to
        return False, "staff"

    def licence(self) -> Licence | None:
        raw = self.data.get("licence")
        with self.collecting():
            if (raw is None) == (self.data.get("wording") == "licensed"):
                self.refuse("licence", "wording 是 licensed 时要写，其他时候不写")
            if raw is None:
                return None
            self.keys(raw, "licence", ("holder", "statement", "checked_on"))
            for name in ("holder", "statement"):
                self.text(raw, name, f"licence.{name}")
            if not isinstance(raw["checked_on"], date):
                self.refuse("licence.checked_on", "要写日期，如 2026-11-22")
            return Licence(raw["holder"], raw["statement"], raw["checked_on"].isoformat())
        return None

    def other_numbers(self, items: tuple[Item, ...]) -> tuple[str, ...]:
        raw = self.data.get("other_numbers", [])
        with self.collecting():
            if not isinstance(raw, list) or not all(isinstance(number, str) and number for number in raw):
                self.refuse("other_numbers", "要写成题号的列表，每个题号加引号")
            if raw and (len(raw) != len(items) or len(set(raw)) < len(raw)):
                self.refuse("other_numbers", f"要正好 {len(items)} 个题号，不能重复")
            return tuple(raw)
        return ()
