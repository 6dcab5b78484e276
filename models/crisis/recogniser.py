"""Reads one message for danger: by rules that a person can read, and by a second reader that may only raise.

No network and no chance: the same words get the same answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, Protocol

from models.crisis import frames
from models.crisis.course import Course
from models.crisis.language import Seeker
from models.crisis.matching import Group, Spot, Text
from models.crisis.normalise import View
from models.crisis.rulebook import Answer, Mask, Rule, RuleBook

Level = Literal["none", "elevated", "crisis"]
LEVELS: tuple[Level, ...] = ("none", "elevated", "crisis")
BUDGET_SECONDS = 2.0
_ORDER: dict[str, int] = {"none": 0, "elevated": 1, "crisis": 2}
_MOST_FINDINGS = 200
_MOST_SPANS = 3
_LONGEST_ANSWER = 24
_SECOND_READS = 4_000
_HARMLESS = "，"
_FRAGMENT = 4
"""Fewer letters than this left between harmless spans (今天 of 今天热死了) are no message that anybody has learned."""
_OF_EVERY_KIND = "這里 ni hao 😀"
"""A message that has everything loaded: other characters, pinyin, a sign."""
_BEFORE = 4
_BESIDE = 20
"""How far around a harmless span words are looked for that make it serious (characters)."""


@dataclass(frozen=True)
class Reason:
    """Why: the rule, the span of the original text, what it is about and whose danger it is."""

    rule: str
    start: int
    end: int
    category: str
    whose: str


@dataclass(frozen=True)
class Reading:
    """What one message says about danger. `imminent` means red: plan, means, attempt, threat, present violence.

    `finished` is false when time ran out: then what was found stands, and the rest is not known to be harmless.
    """

    level: Level
    reasons: tuple[Reason, ...]
    categories: frozenset[str]
    imminent: bool
    finished: bool = True


class Vote(Protocol):
    """What a second reader says of a text: a level, and where the words stand that spoke."""

    @property
    def level(self) -> str: ...

    @property
    def spans(self) -> Sequence[tuple[int, int]]: ...


class Second(Protocol):
    """Another reader of the same words, a learned one. It may raise; None means that it has nothing to say."""

    def vote(self, text: str) -> Vote | None: ...


@dataclass(frozen=True)
class _Finding:
    reason: Reason
    level: str
    imminent: bool


class CrisisRecogniser:
    """The crisis reader.

    `read` promises an answer for every string, however long or broken, the same one each time, in time
    proportional to its length. It never lowers: each finding stands for itself and the highest decides.
    Of a message beyond 20,000 characters it reads the first and the last 4,000 and says so with the reason
    `input.unread`; a message that takes longer than `budget` seconds of computing (not of waiting: a busy machine
    must not change what is read) is read no further, and says so with `input.unfinished`. Both are elevated,
    because what was not read is not known to be harmless.

    `second` is asked after the rules, about the message without its harmless spans, and can only raise: to
    elevated or crisis with the reason `learned.elevated` or `learned.crisis`, never to imminent. One that breaks
    has not said that all is well: `learned.failed`, elevated.
    """

    def __init__(
        self,
        rules: RuleBook,
        second: Second | None = None,
        *,
        budget: float = BUDGET_SECONDS,
        timer: Callable[[], float] = time.thread_time,
    ) -> None:
        self._book = rules
        self._second = second
        self._budget = budget
        self._timer = timer
        self.second_fails = False

    @classmethod
    def from_files(cls, folder: Path | None = None, second: Second | None = None) -> CrisisRecogniser:
        """A reader with the shipped rules, or those of a folder; raises `CrisisRulesError` when they cannot be used."""
        return cls(RuleBook.from_folder(folder) if folder else RuleBook.shipped(), second)

    @property
    def runs_on(self) -> str:
        """What reads: `rules and model`, `rules`, or `rules, model not loaded yet`."""
        if self._second is None or self.second_fails:
            return "rules"
        ready = getattr(self._second, "ready", True)
        return {True: "rules and model", False: "rules"}.get(ready, "rules, model not loaded yet")

    def warm(self) -> None:
        """Load what is loaded at first use, so that nobody waits for it. Never raises."""
        load = getattr(self._second, "load", None)
        if load is not None:
            load()
        self.read(_OF_EVERY_KIND)

    @property
    def course(self) -> Course:
        """Reads what builds up over the messages of a conversation."""
        return self._book.course

    def asks(self, text: str) -> str | None:
        """What a sentence of the program or a worker asks, if a short answer to it would mean danger or none."""
        said = Text(self._book.normaliser.views(text)[0][0].text)
        for asked, sought in self._book.questions.items():
            if said.contains(sought, 0, len(said.text)):
                return asked
        return None

    def read(self, text: str, *, asked: str | None = None) -> Reading:
        """Read one message; `asked` names what the program has just asked, so that "有" counts as its answer."""
        views, unread = self._book.normaliser.views(text)
        until = self._timer() + self._budget
        findings: dict[Reason, _Finding] = {}
        finished = True
        hidden: bytearray | None = None
        for view in views:
            harmless = _Harmless(self._book, view.text)
            hidden = hidden or harmless.from_everything
            for rule, sought in self._possible(harmless.text):
                if self._timer() > until:
                    finished = False
                    break
                for finding in self._findings(rule, sought, view, harmless):
                    findings.setdefault(finding.reason, finding)
            if asked is not None and (answer := self._answer(view, asked)):
                findings.setdefault(answer.reason, answer)
        if not finished:
            _note(findings, "input.unfinished", (0, len(text)))
        elif hidden is not None:
            for finding in self._second_findings(text, views[0], hidden):
                findings.setdefault(finding.reason, finding)
        if unread is not None:
            _note(findings, "input.unread", unread)
        return _reading(list(findings.values()), finished)

    def without_harmless(self, text: str) -> str:
        """The message as the second reader is given it: every harmless span (笑死, 跳楼价, …) wiped out.

        As long as the message, so that a place in the one is the same place in the other.
        """
        view = self._book.normaliser.views(text)[0][0]
        return _wiped(text, view, _Harmless(self._book, view.text).from_everything)

    def _possible(self, text: Text) -> Iterator[tuple[Rule, list[Seeker | Group]]]:
        """The rules that this text can speak to at all, each with what of it is possible."""
        searches = self._book.searches
        places = self._book.search_index.possible(text.characters)
        for _, group in groupby(places, key=lambda at: searches[at][0].id):
            found = list(group)
            yield searches[found[0]][0], [searches[at][1] for at in found]

    def _findings(
        self, rule: Rule, sought: list[Seeker | Group], view: View, harmless: _Harmless
    ) -> Iterator[_Finding]:
        hidden = harmless.hidden_from(rule.category)
        kept: list[Spot] = []
        for each in sought:
            text = harmless.text
            spots = text.together(each, hidden) if isinstance(each, Group) else text.spots(each, hidden)
            for spot in spots:
                if any(spot.start < known.end and known.start < spot.end for known in kept[-8:]):
                    continue
                finding = self._judge(rule, view, spot, harmless.text)
                if finding is None:
                    continue
                yield finding
                kept.append(spot)
                if len(kept) >= _MOST_FINDINGS:
                    return

    def _judge(self, rule: Rule, view: View, spot: Spot, searched: Text) -> _Finding | None:
        text, lists = view.text, self._book.frames
        start, end, marked = spot.start, spot.end, spot.marked
        if rule.unless and searched.contains(rule.unless, *searched.around(spot)):
            return None
        if rule.denial and frames.is_denied(text, marked, end, lists):
            return None
        level, category, imminent, whose = rule.level, rule.category, rule.imminent, rule.whose
        past = rule.past and (
            frames.is_past(text, start, end, lists)
            or (rule.long_ago and frames.is_long_ago(text, start, end, lists))
        )
        if whose == "someone":
            if marked > start and frames.whose(text, marked, lists) == "self":
                return None
            whose = "other"
        elif whose in ("ask", "says"):
            ask = frames.whose if whose == "ask" else frames.whose_words
            whose = ask(text, marked, lists)
            if whose == "other":
                now = not past and frames.is_now(text, start, end, lists)
                level = rule.other_now if now else rule.other_level
                imminent = imminent and now
                category = "concern_for_someone_else"
            elif rule.past and frames.is_of_people(text, marked, end, lists):
                level = min(level, "elevated", key=_ORDER.__getitem__)
                category, imminent, whose = "question_about_suicide", False, "nobody"
        if past or (rule.past and frames.is_supposed(text, start, end, lists)):
            level = min(level, "elevated", key=_ORDER.__getitem__)
            category, imminent = "past_and_resolved" if past else "question_about_suicide", False
        if level == "none":
            return None
        return _Finding(Reason(rule.id, *view.original(start, end), category, whose), level, imminent)

    def _answer(self, view: View, asked: str) -> _Finding | None:
        said = view.text.strip(" ，。")
        if len(said) > _LONGEST_ANSWER:  # somebody is telling something: the words speak for themselves
            return None
        for answer in self._book.answers:
            if asked in answer.asked and answer.pattern.search(said):
                return _answered(answer, view)
        return None

    def _second_findings(self, text: str, view: View, hidden: bytearray) -> Iterator[_Finding]:
        if self._second is None or not text:
            return
        wiped = _wiped(text, view, hidden)
        if wiped != text and sum(each.isalnum() for each in wiped) < _FRAGMENT:
            return
        pieces = [(0, wiped)]
        if len(wiped) > _SECOND_READS:
            last = len(wiped) - _SECOND_READS // 2
            pieces = [(0, wiped[: _SECOND_READS // 2]), (last, wiped[last:])]
        try:
            votes = [(at, self._second.vote(piece)) for at, piece in pieces]
            found = [(at, vote) for at, vote in votes if vote is not None and vote.level in LEVELS[1:]]
            spans = [
                (vote.level, span) for at, vote in found for span in _spans(vote.spans, at, len(text), wiped)
            ]
            self.second_fails = False
        except Exception:  # whatever broke in it, it has not said that all is well
            self.second_fails = True
            spans = [("failed", (0, len(text)))]
        for level, span in spans:
            broken = level == "failed"
            reason = Reason(f"learned.{level}", *span, "unread" if broken else "learned", "self")
            yield _Finding(reason, "elevated" if broken else level, False)


class _Harmless:
    """Which characters of a view lie in harmless spans (笑死, 跳楼价, a title, …), by what they hide them from."""

    def __init__(self, book: RuleBook, text: str) -> None:
        self.text = Text(text)
        self._masked: dict[frozenset[str], bytearray] = {}
        self._known: dict[str, bytearray] = {}
        nothing = bytearray(len(text))
        for at in book.hiding_index.possible(self.text.characters):
            mask, pattern = book.hidings[at]
            for spot in self.text.spots(pattern, nothing):
                if self._is_serious(book, mask, spot):
                    continue
                spots = self._masked.setdefault(mask.hides, bytearray(len(text)))
                spots[spot.start : spot.end] = b"\x01" * (spot.end - spot.start)
        self.from_everything = self._masked.get(frozenset(), nothing)

    def _is_serious(self, book: RuleBook, mask: Mask, spot: Spot) -> bool:
        """Whether what stands in the span, or beside it, makes it no turn of speech here."""
        text = self.text.text
        around = text[max(0, spot.start - _BEFORE) : spot.end + _BESIDE]
        if any(word in around for word in mask.unless):
            return True
        if mask.hides:
            return False
        beside = text[max(0, spot.start - _BESIDE) : spot.start], text[spot.end : spot.end + _BESIDE]
        return any(word in side for side in beside for word in book.danger_beside)

    def hidden_from(self, category: str) -> bytearray:
        """Which characters rules of this category do not read."""
        if category not in self._known:
            hidden = self.from_everything
            for hides, spots in self._masked.items():
                if category in hides:
                    hidden = bytearray(a | b for a, b in zip(hidden, spots, strict=True))
            self._known[category] = hidden
        return self._known[category]


def _wiped(text: str, view: View, hidden: bytearray) -> str:
    if not any(hidden):
        return text
    out = list(text)
    for index, harmless in enumerate(hidden):
        if harmless:
            first, last = view.start[index], view.end[index]
            out[first:last] = _HARMLESS * (last - first)
    return "".join(out)


def _spans(said: Sequence[tuple[int, int]], at: int, length: int, text: str) -> Sequence[tuple[int, int]]:
    """Where the words stand that spoke, in the whole message; all of it when the vote does not say."""
    kept = [(max(0, at + a), min(length, at + b)) for a, b in said]
    return [(a, b) for a, b in kept if a < b][:_MOST_SPANS] or [(0, length)]


def _note(findings: dict[Reason, _Finding], rule: str, span: tuple[int, int]) -> None:
    reason = Reason(rule, *span, "unread", "self")
    findings[reason] = _Finding(reason, "elevated", False)


def _answered(answer: Answer, view: View) -> _Finding | None:
    if answer.level == "none":
        return None
    span = view.original(0, len(view.text))
    return _Finding(Reason(answer.id, *span, answer.category, "self"), answer.level, answer.imminent)


def _reading(findings: list[_Finding], finished: bool) -> Reading:
    findings.sort(key=lambda f: (-_ORDER[f.level], f.reason.start, f.reason.rule))
    level: Level = "none"
    if findings:
        level = "crisis" if findings[0].level == "crisis" else "elevated"
    return Reading(
        level=level,
        reasons=tuple(finding.reason for finding in findings),
        categories=frozenset(finding.reason.category for finding in findings),
        imminent=any(finding.imminent and finding.level == "crisis" for finding in findings),
        finished=finished,
    )
