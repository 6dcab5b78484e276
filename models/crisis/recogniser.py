"""Reads one message for danger, by rules that a person can read. No network, no learned model, no chance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.crisis import frames
from models.crisis.normalise import View
from models.crisis.rulebook import RULES_FOLDER, Answer, Rule, RuleBook

Level = Literal["none", "elevated", "crisis"]
_ORDER: dict[str, int] = {"none": 0, "elevated": 1, "crisis": 2}
_MOST_FINDINGS = 200


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
    """What one message says about danger. `imminent` means red: plan, means, attempt, threat, present violence."""

    level: Level
    reasons: tuple[Reason, ...]
    categories: frozenset[str]
    imminent: bool


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
    `input.unread`, which is elevated, because what was not read is not known to be harmless.
    """

    def __init__(self, rules: RuleBook) -> None:
        self._book = rules

    @classmethod
    def from_files(cls, folder: Path = RULES_FOLDER) -> CrisisRecogniser:
        """A reader with the rules of a folder; raises `CrisisRulesError` when they cannot be used."""
        return cls(RuleBook.from_folder(folder))

    def read(self, text: str, *, asked: str | None = None) -> Reading:
        """Read one message; `asked` names what the program has just asked, so that "有" counts as its answer."""
        views, unread = self._book.normaliser.views(text)
        findings: dict[Reason, _Finding] = {}
        for view in views:
            for finding in self._findings(view):
                findings.setdefault(finding.reason, finding)
            if asked is not None and (answer := self._answer(view, asked)):
                findings.setdefault(answer.reason, answer)
        if unread is not None:
            reason = Reason("input.unread", *unread, "unread", "self")
            findings[reason] = _Finding(reason, "elevated", False)
        return _reading(list(findings.values()))

    def _findings(self, view: View) -> list[_Finding]:
        text = view.text
        hidden = self._hidden(text)
        findings: list[_Finding] = []
        for rule in self._book.rules:
            hides = [
                spots
                for hidden_from, spots in hidden.items()
                if not hidden_from or rule.category in hidden_from
            ]
            kept = position = 0
            while position < len(text) and kept < _MOST_FINDINGS:
                found = rule.pattern.search(text, position)
                if found is None:
                    break
                start, end = found.span()
                position = start + 1  # what is masked or denied must not swallow what follows it
                if any(spots.find(1, start, end) >= 0 for spots in hides):
                    continue
                marked = found.start(found.lastindex) if found.lastindex else start
                finding = self._judge(rule, view, start, marked, end)
                if finding is not None:
                    findings.append(finding)
                    kept += 1
                    position = end
        return findings

    def _hidden(self, text: str) -> dict[frozenset[str], bytearray]:
        """Per set of categories, which characters lie in a harmless span (笑死, 跳楼价, a title, …)."""
        hidden: dict[frozenset[str], bytearray] = {}
        for mask in self._book.masks:
            for found in mask.pattern.finditer(text):
                spots = hidden.setdefault(mask.hides, bytearray(len(text)))
                first, last = found.span()
                if any(word in text[max(0, first - 4) : last] for word in mask.unless):
                    continue
                spots[first:last] = b"\x01" * (last - first)
        return hidden

    def _judge(self, rule: Rule, view: View, start: int, marked: int, end: int) -> _Finding | None:
        text, lists = view.text, self._book.frames
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
        elif whose == "ask":
            whose = frames.whose(text, marked, lists)
            if whose == "other":
                now = not past and frames.is_now(text, start, end, lists)
                level = rule.other_now if now else rule.other_level
                imminent = imminent and now
                category = "concern_for_someone_else"
        if past:
            level = min(level, "elevated", key=_ORDER.__getitem__)
            category, imminent = "past_and_resolved", False
        if level == "none":
            return None
        return _Finding(Reason(rule.id, *view.original(start, end), category, whose), level, imminent)

    def _answer(self, view: View, asked: str) -> _Finding | None:
        said = view.text.strip(" ，。")
        for answer in self._book.answers:
            if asked in answer.asked and answer.pattern.search(said):
                return _answered(answer, view)
        return None


def _answered(answer: Answer, view: View) -> _Finding | None:
    if answer.level == "none":
        return None
    span = view.original(0, len(view.text))
    return _Finding(Reason(answer.id, *span, answer.category, "self"), answer.level, answer.imminent)


def _reading(findings: list[_Finding]) -> Reading:
    findings.sort(key=lambda f: (-_ORDER[f.level], f.reason.start, f.reason.rule))
    level: Level = "none"
    if findings:
        level = "crisis" if findings[0].level == "crisis" else "elevated"
    return Reading(
        level=level,
        reasons=tuple(finding.reason for finding in findings),
        categories=frozenset(finding.reason.category for finding in findings),
        imminent=any(finding.imminent and finding.level == "crisis" for finding in findings),
    )
