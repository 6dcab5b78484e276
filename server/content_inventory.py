"""Every sentence that the program may say to a resident, with whoever answers for it: read from the files."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from server.settings import ROOT

OWNERS = yaml.safe_load(Path(__file__).with_name("content_owners.yml").read_text("utf-8"))
STATES: dict[str, str] = OWNERS["states"]
_CHINESE = re.compile("[\u4e00-\u9fff]")
_LABELS = re.compile(r"^(owner|review|version|reviewed|notes|rights|translation_note|wording_compared)(\.|$)")


@dataclass(frozen=True)
class Sentence:
    """One sentence: the file it stands in and where, whose it is, and how often it is read again."""

    file: str
    path: str
    text: str
    digest: str
    area: str
    area_name: str
    owner: str
    every_days: int

    @property
    def key(self) -> str:
        """Its place, as it is kept with a review."""
        return f"{self.file}#{self.path}"


def digest_of(text: str) -> str:
    """The short name of a sentence: another word, another name."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def sentences(root: Path = ROOT) -> tuple[Sentence, ...]:
    """All of them, area by area. A sentence that stands twice in one file is one."""
    found: list[Sentence] = []
    taken: set[str] = set()
    for area in OWNERS["areas"]:
        for path in files_of(area, root):
            name = path.relative_to(root).as_posix()
            if name in taken:
                continue
            taken.add(name)
            found += _of_file(path, name, area)
    return tuple(found)


def files_of(area: dict[str, Any], root: Path = ROOT) -> list[Path]:
    """The files of one area, in order."""
    return [path for pattern in area["files"] for path in sorted(root.glob(pattern))]


def _of_file(path: Path, name: str, area: dict[str, Any]) -> Iterator[Sentence]:
    raw = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    owner = raw.get("owner", "") if isinstance(raw, dict) else ""
    owner = owner if isinstance(owner, str) and _CHINESE.search(owner) else area["owner"]
    seen = set()
    for place, text in _walk(raw, ()):
        form = ".".join("#" if part.isdigit() else part for part in place)
        if not _CHINESE.search(text) or _LABELS.match(form) or not _is_said(form, area):
            continue
        digest = digest_of(text)
        if digest in seen:
            continue
        seen.add(digest)
        yield Sentence(
            name, ".".join(place), text, digest, area["code"], area["name"], owner, area["every_days"]
        )


def _is_said(form: str, area: dict[str, Any]) -> bool:
    only, but = area.get("only"), area.get("except", ())
    return (only is None or any(re.search(p, form) for p in only)) and not any(
        re.search(p, form) for p in but
    )


def _walk(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*place, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(inner, (*place, str(number)))
    elif isinstance(value, str):
        yield place, value
