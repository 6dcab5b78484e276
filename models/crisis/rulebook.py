"""The rule files, read once and checked: what a reader may use and nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.crisis.errors import CrisisRulesError, PatternError
from models.crisis.language import alternatives, to_regex
from models.crisis.normalise import Normaliser, Spelling

RULES_FOLDER = Path(__file__).parent / "rules"
LEVELS = ("none", "elevated", "crisis")
CATEGORIES = frozenset(
    {
        "passive_wish", "active_ideation", "plan", "means", "preparation_and_farewell", "recent_attempt",
        "self_harm", "threat_to_others", "threat_in_a_dispute", "domestic_violence", "child_at_risk",
        "command_voices", "concern_for_someone_else", "hopelessness_or_burden", "question_about_suicide",
        "past_and_resolved", "loss_of_control", "answer", "unread",
    }
)  # fmt: skip
_SPECIAL = frozenset({"words.yml", "spelling.yml", "masks.yml", "frames.yml", "answers.yml"})


@dataclass(frozen=True)
class Rule:
    """One thing a person may say, the level it has in the first person, and how it bends."""

    id: str
    category: str
    level: str
    pattern: re.Pattern[str]
    imminent: bool  # stated plan, means, preparation, attempt, threat or present violence
    denial: bool  # whether a "没有" before it takes it back
    past: bool  # whether "以前…现在好了" makes it past and resolved
    long_ago: bool  # whether "小时候" alone makes it past (abuse); else it must also be resolved
    whose: str  # "ask": read from the sentence; "someone": only if it is another's; else always that person
    other_level: str  # the level when it is somebody else's and not happening now
    other_now: str  # the level when it is somebody else's and a sign says now
    examples: tuple[str, ...]
    traps: tuple[str, ...]


@dataclass(frozen=True)
class Mask:
    """A harmless span: what lies within it is not read by the rules it hides from."""

    id: str
    pattern: re.Pattern[str]
    hides: frozenset[str]  # categories; empty: all
    unless: tuple[str, ...]  # words that make the span the speaker's own after all
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What a short answer means after one of the program's own questions."""

    asked: frozenset[str]
    pattern: re.Pattern[str]
    id: str
    category: str
    level: str
    imminent: bool


@dataclass(frozen=True)
class RuleBook:
    """Everything the reader knows, from one folder of YAML files."""

    normaliser: Normaliser
    rules: tuple[Rule, ...]
    masks: tuple[Mask, ...]
    answers: tuple[Answer, ...]
    frames: dict[str, re.Pattern[str]]

    @classmethod
    def from_folder(cls, folder: Path = RULES_FOLDER) -> RuleBook:
        """Read and check a folder of rules; raises `CrisisRulesError` naming the file and the entry."""
        words = {name: [str(w) for w in listed] for name, listed in _yaml(folder / "words.yml").items()}
        spelling = _yaml(folder / "spelling.yml")
        rules = tuple(rule for path in sorted(folder.glob("*.yml")) for rule in _rules(path, words))
        ids = [rule.id for rule in rules]
        if len(ids) != len(set(ids)):
            raise CrisisRulesError(f"rule ids used twice: {sorted({i for i in ids if ids.count(i) > 1})}")
        return cls(
            normaliser=Normaliser(_spellings(spelling, words), spelling["emoji"], spelling["joined"]),
            rules=rules,
            masks=tuple(_masks(folder / "masks.yml", words)),
            answers=tuple(_answers(folder / "answers.yml", words)),
            frames={
                name: re.compile("|".join(_compile(p, words, "frames.yml").pattern for p in patterns))
                for name, patterns in _yaml(folder / "frames.yml").items()
            },
        )


def _yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CrisisRulesError(f"{path.name} cannot be read") from error
    if not isinstance(content, dict):
        raise CrisisRulesError(f"{path.name} holds no entries")
    return content


def _compile(pattern: str, words: dict[str, list[str]], where: str) -> re.Pattern[str]:
    try:
        return re.compile(to_regex(str(pattern), words))
    except PatternError as error:
        raise PatternError(f"{where}: {error}") from error


def _one(patterns: list[str], words: dict[str, list[str]], where: str) -> re.Pattern[str]:
    compiled = [_compile(pattern, words, where) for pattern in patterns]
    for pattern, regex in zip(patterns, compiled, strict=True):
        if regex.fullmatch(""):
            raise PatternError(f"{where}: {pattern} matches nothing at all")
    return re.compile("|".join(f"(?:{regex.pattern})" for regex in compiled))


def _rules(path: Path, words: dict[str, list[str]]) -> Iterator[Rule]:
    if path.name in _SPECIAL:
        return
    for entry in _yaml(path)["rules"]:
        where = f"{path.name} {entry.get('id', '?')}"
        level, category = entry["level"], entry["category"]
        if level not in LEVELS[1:] or category not in CATEGORIES:
            raise CrisisRulesError(f"{where}: unknown level or category")
        if not entry.get("examples"):
            raise CrisisRulesError(f"{where}: a rule needs examples")
        imminent = bool(entry.get("imminent", False))
        yield Rule(
            id=entry["id"],
            category=category,
            level=level,
            pattern=_one(entry["patterns"], words, where),
            imminent=imminent,
            denial=bool(entry.get("denial", True)),
            past=bool(entry.get("past", True)),
            long_ago=bool(entry.get("long_ago", False)),
            whose=entry.get("whose", "ask"),
            other_level=entry.get("other_level", "elevated"),
            other_now=entry.get("other_now", level),
            examples=tuple(entry["examples"]),
            traps=tuple(entry.get("traps", ())),
        )


def _masks(path: Path, words: dict[str, list[str]]) -> Iterator[Mask]:
    for entry in _yaml(path)["masks"]:
        yield Mask(
            id=entry["id"],
            pattern=_one(entry["patterns"], words, f"{path.name} {entry['id']}"),
            hides=frozenset(entry.get("hides", ())),
            unless=tuple(entry.get("unless", ())),
            examples=tuple(entry.get("examples", ())),
        )


def _answers(path: Path, words: dict[str, list[str]]) -> Iterator[Answer]:
    for entry in _yaml(path)["answers"]:
        for meaning in entry["means"]:
            yield Answer(
                asked=frozenset(entry["asked"]),
                pattern=_one(meaning["patterns"], words, f"{path.name} {meaning['id']}"),
                id=meaning["id"],
                category=meaning.get("category", "answer"),
                level=meaning["level"],
                imminent=bool(meaning.get("imminent", False)),
            )


def _spellings(spelling: dict[str, Any], words: dict[str, list[str]]) -> Iterator[Spelling]:
    for entry in spelling["spellings"]:
        written = alternatives([str(w) for w in entry["written"]])
        latin = "(?<![a-z])" if all(str(w).isascii() for w in entry["written"]) else ""
        latin_after = "(?![a-z])" if latin else ""
        behind = [str(w) for w in entry.get("after", [])]
        ahead = [str(w) for w in entry.get("before", [])]
        never = [str(w) for w in entry.get("never_before", [])]
        core = latin + written + latin_after
        if never:
            core += f"(?!{alternatives(never)})"
        if not behind and not ahead:
            yield Spelling(re.compile(core), entry["means"])
            continue
        for word in behind:
            yield Spelling(re.compile(f"(?<={re.escape(word)}){core}"), entry["means"])
        if ahead:
            yield Spelling(re.compile(f"{core}(?={alternatives(ahead)})"), entry["means"])
