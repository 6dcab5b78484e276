"""What is said so plainly that it stands whatever Rasa read in it, and readings that stand only with their own words.

Pure, and read from the words alone (`plainly.yml`). Danger is read before and elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def _read() -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "plainly.yml").read_text("utf-8"))
    return read


@cache
def _patterns(part: str) -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile(words, re.IGNORECASE) for name, words in _read()[part].items()}


def plainly(text: str) -> str | None:
    """The reply that these words call for, whatever was read in them; None for what only Rasa can tell."""
    if text.startswith("/"):
        return None
    return next((name for name, words in _patterns("when").items() if words.search(text)), None)


def corrects(text: str) -> bool:
    """Whether somebody sets right what was heard wrongly: "我没讲年纪，我讲的是快递"."""
    return not text.startswith("/") and re.search(_read()["corrects"], text) is not None


def stands(intent: str | None, text: str) -> bool:
    """Whether this reading of a typed message holds one of the words that it needs, and none that speaks against it;
    always where it needs none.

    Rasa is as sure of what only sounds alike: in a whole sentence an exercise, a page or a number must be named.
    """
    if text.startswith("/"):
        return True
    parts = ("needs", "needs_in_a_sentence") if len(text) >= _read()["sentence_from"] else ("needs",)
    name = intent or ""
    needed = [_patterns(part)[name] for part in parts if name in _patterns(part)]
    against = _patterns("against").get(name)
    return all(words.search(text) for words in needed) and not (against and against.search(text))


def facts_first() -> re.Pattern[str]:
    """The ids of entries that answer a plain question also where a point knows what it comes to for somebody."""
    return re.compile(_read()["facts_first"])


def kept_from(said: Sequence[str]) -> bool:
    """Whether somebody near is said not to know of it: nothing is then asked that takes for granted that they do."""
    return any(re.search(_read()["kept_from"], text) for text in said)
