"""Every sentence of the model is screened here before anybody sees it. One hit, and none of the answer is shown.

What is asked of an answer: Chinese in plain sentences, short, no word of means, verdicts, doses, telephone numbers
that are not the district's, secrecy, and the rest of `screen.yml`; nothing that the crisis reader takes for danger;
nothing of the frame itself. A rule's id is all that may be logged.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import opencc
import yaml

from models.counsellor.errors import FrameError
from models.counsellor.frame import Frame

SCREEN = Path(__file__).parent / "screen.yml"
ENDS = "。！？!?…\n；;"
LEAK = 13
"""So many signs of the frame in a row are the frame's own words."""
BUILT_IN = ("empty", "language", "too_long", "too_many", "questions", "repeats", "number", "danger", "frame")

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]")
_FOREIGN_WORD = re.compile(r"[A-Za-z]{2,}")
_NUMBER = re.compile(r"[+(]?\d[\d\s().+/·-]*\d|\d")
_COUNTED = re.compile(r"^(年|月|日|号|点|分|秒|天|块|元|斤|岁|人|个|次|步|公里|里|万|千|百|楼|小时|%)")
_CALLING = re.compile(r"(打|拨|电话|热线|号码|联系|短信|call|tel)[^。！？]{0,12}$", re.IGNORECASE)
_SPOKEN = re.compile(r"[零〇○一二两三四五六七八九幺]{3,}")
_SPOKEN_DIGITS = str.maketrans("零〇○一二两三四五六七八九幺", "00012234567891")
_COUNTING = "一二三四五六七八九"
_INSIDE = re.compile(r"(?<=[\u3400-\u9fff])[\s*·.\-_~^/|+=#、•]+(?=[\u3400-\u9fff])")


@dataclass(frozen=True)
class Rule:
    """One entry of `screen.yml`. `raw`: looked for in the text as it came, not in its plain form."""

    id: str
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]
    raw: bool
    examples: tuple[str, ...]
    traps: tuple[str, ...]

    def hits(self, text: str) -> bool:
        """Whether the rule is broken anywhere in this text."""
        spared = [found.span() for pattern in self.unless for found in pattern.finditer(text)]
        return any(
            not any(first <= found.start() and found.end() <= last for first, last in spared)
            for pattern in self.patterns
            for found in pattern.finditer(text)
        )


class Screen:
    """The rules, with the district's own telephone numbers and the crisis reader's ear.

    `reads` answers none, elevated or crisis for any text; whatever it raises counts as danger.
    """

    def __init__(
        self, rules: Sequence[Rule], frame: Frame, numbers: Iterable[str], reads: Callable[[str], str]
    ) -> None:
        self.rules = tuple(rules)
        self.limits = frame.limits
        self._numbers = {re.sub(r"\D", "", number) for number in numbers}
        self._reads = reads
        self._frame = _shingles(frame.system) | _shingles(frame.system[::-1])

    @classmethod
    def from_file(
        cls, frame: Frame, numbers: Iterable[str], reads: Callable[[str], str], path: Path = SCREEN
    ) -> "Screen":
        """Read the rules; `FrameError` when one of them cannot be used."""
        return cls(read_rules(path), frame, numbers, reads)

    def listen(self, said_before: Sequence[str] = ()) -> "Listening":
        """Begin to listen to one answer. `said_before`: what the program said last, which is not said again."""
        return Listening(self, said_before)

    def judge(self, sentence: str) -> set[str]:
        """The ids of what is wrong with one sentence taken by itself."""
        wrong = {rule.id for rule in self.rules if rule.hits(sentence if rule.raw else plain(sentence))}
        if len(_counted(sentence)) > self.limits.sentence:
            wrong.add("too_long")
        if _not_chinese(sentence):
            wrong.add("language")
        if self._strange_number(sentence):
            wrong.add("number")
        if len(sentence) >= LEAK and _shingles(sentence) & self._frame:
            wrong.add("frame")
        if _stutters(sentence):
            wrong.add("repeats")
        if self._dangerous(sentence):
            wrong.add("danger")
        return wrong

    def judge_together(self, sentences: Sequence[str], said_before: Sequence[str]) -> set[str]:
        """The ids of what is wrong with sentences that are well by themselves, taken together."""
        text = "".join(sentences)
        wrong = {rule.id for rule in self.rules if rule.hits(text if rule.raw else plain(text))}
        if len(_counted(text)) > self.limits.answer or len(sentences) > self.limits.sentences:
            wrong.add("too_many" if len(sentences) > self.limits.sentences else "too_long")
        if text.count("？") + text.count("?") > self.limits.questions:
            wrong.add("questions")
        bare = [_bare(sentence) for sentence in sentences]
        if len(set(bare)) < len(bare) or _bare(text) in {_bare(said) for said in said_before}:
            wrong.add("repeats")
        if self._strange_number(text):
            wrong.add("number")
        if _shingles(text) & self._frame:
            wrong.add("frame")
        if len(sentences) > 1 and self._dangerous(text):
            wrong.add("danger")
        return wrong

    def _dangerous(self, text: str) -> bool:
        try:
            return self._reads(text) != "none"
        except Exception:  # not read is not harmless
            return True

    def _strange_number(self, text: str) -> bool:
        """Whether a number stands here that could be dialled and is not one of the district's."""
        text = unicodedata.normalize("NFKC", text)
        for found in _NUMBER.finditer(text):
            digits = re.sub(r"\D", "", found[0])
            if len(digits) < 3 or digits in self._numbers:
                continue
            counted = len(digits) < 5 and _COUNTED.match(text[found.end() :].lstrip())
            if not counted or _CALLING.search(text[: found.start()]):
                return True
        return any(
            found[0] not in _COUNTING and found[0].translate(_SPOKEN_DIGITS) not in self._numbers
            for found in _SPOKEN.finditer(text)
        )


class Listening:
    """One answer as it comes, sentence by sentence. `sentences` are those that were screened and found well."""

    def __init__(self, screen: Screen, said_before: Sequence[str]) -> None:
        self._screen = screen
        self._said_before = said_before
        self._begun = ""
        self.sentences: list[str] = []

    @property
    def text(self) -> str:
        """What may be shown so far."""
        return "".join(self.sentences)

    def hear(self, piece: str) -> set[str]:
        """Take one piece. The ids of what is wrong with the sentences that it completes; empty when nothing is."""
        self._begun += piece
        while (end := _end_of_sentence(self._begun)) is not None:
            sentence, self._begun = self._begun[:end], self._begun[end:]
            if wrong := self._take(sentence):
                return wrong
        if len(self._begun) > self._screen.limits.answer:
            return {"too_long"}
        return set()

    def end(self) -> set[str]:
        """The answer is over: what is wrong with its last words, or with an answer of no words."""
        rest, self._begun = self._begun, ""
        if wrong := self._take(rest):
            return wrong
        return set() if _HAN.search(self.text) else {"empty"}

    def _take(self, sentence: str) -> set[str]:
        sentence = sentence if sentence.strip() else ""
        if not sentence:
            return set()
        if not self.sentences:
            sentence = sentence.lstrip()
        if wrong := self._screen.judge(sentence):
            return wrong
        together = [*self.sentences, sentence]
        if wrong := self._screen.judge_together(together, self._said_before):
            return wrong
        self.sentences = together
        return set()


def read_rules(path: Path = SCREEN) -> tuple[Rule, ...]:
    """The rules of a file; `FrameError` names the entry that cannot be used."""
    top = yaml.safe_load(path.read_text("utf-8"))
    rules = tuple(_rule(entry) for entry in top["rules"])
    ids = [rule.id for rule in rules]
    if len(set(ids)) < len(ids) or set(ids) & set(BUILT_IN):
        raise FrameError("screen.yml: an id stands twice")
    return rules


def _rule(entry: dict[str, Any]) -> Rule:
    name = str(entry.get("id"))
    try:
        patterns, unless = (
            tuple(re.compile(pattern, re.MULTILINE) for pattern in entry.get(key, ()))
            for key in ("patterns", "unless")
        )
        if not patterns or not entry["why"] or not entry["examples"] or not entry["traps"]:
            raise KeyError
    except (re.error, KeyError, TypeError):
        raise FrameError(f"screen.yml: {name}") from None
    examples, traps = (tuple(map(str, entry[key])) for key in ("examples", "traps"))
    return Rule(name, patterns, unless, bool(entry.get("raw")), examples, traps)


def plain(text: str) -> str:
    """The form in which rules look: one width, simplified, lower case, nothing invisible or put between signs."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Cn", "Mn"))
    text = _simplifier().convert(text).lower()
    return _INSIDE.sub("", text)


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _end_of_sentence(text: str) -> int | None:
    """Where the first whole sentence ends, its closing signs included; None while it may still go on."""
    for at, sign in enumerate(text):
        if sign in ENDS:
            end = at + 1
            while end < len(text) and text[end] in ENDS + "”’\"'）)":
                end += 1
            return end if end < len(text) or sign == "\n" else None
    return None


def _counted(text: str) -> str:
    return re.sub(r"\s", "", text)


def _bare(text: str) -> str:
    return "".join(c for c in plain(text) if c.isalnum())


def _not_chinese(text: str) -> bool:
    """Whether other writing than Chinese makes up this sentence, or more than a word or two of it."""
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return False
    others = [c for c in letters if not _HAN.match(c) and not c.isascii()]
    words = _FOREIGN_WORD.findall(text)
    return bool(others) or len(words) > 2 or len(_HAN.findall(text)) * 5 < len(letters) * 3


def _stutters(text: str) -> bool:
    """Whether something is said over and over: three signs or more three times, or one sign five times."""
    bare = _bare(text)
    return bool(re.search(r"(.{2,20}?)\1\1", bare) or re.search(r"(.)\1{4}", bare))


def _shingles(text: str) -> set[str]:
    bare = _bare(text)
    return {bare[at : at + LEAK] for at in range(len(bare) - LEAK + 1)}
