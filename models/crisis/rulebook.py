"""The rule files, read once and checked: what a reader may use and nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from models.crisis.course import Course, CourseRule
from models.crisis.errors import CrisisRulesError, PatternError
from models.crisis.language import Seeker, alternatives, cost, seeker, to_regex
from models.crisis.matching import Group, Index
from models.crisis.normalise import Normaliser, Spelling
from models.crisis.pinyin import PinyinReader

RULES_FOLDER = Path(__file__).parent / "rules"
LEVELS = ("none", "elevated", "crisis")
CATEGORIES = frozenset(
    {
        "passive_wish", "active_ideation", "plan", "means", "preparation_and_farewell", "recent_attempt",
        "self_harm", "threat_to_others", "threat_in_a_dispute", "domestic_violence", "child_at_risk",
        "command_voices", "concern_for_someone_else", "hopelessness_or_burden", "question_about_suicide",
        "past_and_resolved", "loss_of_control", "answer", "unread", "learned",
    }
)  # fmt: skip
"""What a reason may be about. `answer`: it means something only after the question; `unread`: it was not read, or not
to the end; `learned`: a learned reader heard it and cannot say what it is about."""
_WORD = re.compile("[\u4e00-\u9fff]{2,6}")
WITHIN = ("clause", "sentence", "message")
_SPECIAL = frozenset({"words.yml", "spelling.yml", "masks.yml", "frames.yml", "answers.yml", "course.yml"})


@dataclass(frozen=True)
class Rule:
    """One thing a person may say, the level it has in the first person, and how it bends."""

    id: str
    category: str
    level: str
    patterns: tuple[Seeker, ...]
    groups: tuple[Group, ...]  # things that stand together, wherever in the stretch
    unless: tuple[Seeker, ...]  # what makes it harmless when it stands in the same sentence
    imminent: bool  # stated plan, means, preparation, attempt, threat or present violence
    denial: bool  # whether a "没有" before it takes it back
    past: bool  # whether "以前…现在好了" makes it past and resolved
    long_ago: bool  # whether "小时候" alone makes it past (abuse); else it must also be resolved
    whose: str  # "ask": its subject; "says": who says or wants it; "someone": only another; else that person
    other_level: str  # the level when it is somebody else's and not happening now
    other_now: str  # the level when it is somebody else's and a sign says now
    examples: tuple[str, ...]
    traps: tuple[str, ...]


@dataclass(frozen=True)
class Mask:
    """A harmless span: what lies within it is not read by the rules it hides from."""

    id: str
    patterns: tuple[Seeker, ...]
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
    danger_beside: tuple[str, ...]  # beside a span that hides from everything, one of them keeps it open
    answers: tuple[Answer, ...]
    questions: dict[str, tuple[Seeker, ...]]
    frames: dict[str, re.Pattern[str]]
    course: Course

    @cached_property
    def searches(self) -> tuple[tuple[Rule, Seeker | Group], ...]:
        """Everything that rules look for, rule by rule."""
        searches: list[tuple[Rule, Seeker | Group]] = []
        for rule in self.rules:
            searches += [(rule, pattern) for pattern in rule.patterns]
            searches += [(rule, group) for group in rule.groups]
        return tuple(searches)

    @cached_property
    def search_index(self) -> Index:
        """Which of the searches a text can contain."""
        return Index([each for _, each in self.searches])

    @cached_property
    def hidings(self) -> tuple[tuple[Mask, Seeker], ...]:
        """Everything that masks look for."""
        return tuple((mask, each) for mask in self.masks for each in mask.patterns)

    @cached_property
    def hiding_index(self) -> Index:
        """Which of the hidings a text can contain."""
        return Index([each for _, each in self.hidings])

    @classmethod
    @cache
    def shipped(cls) -> RuleBook:
        """The rules of `RULES_FOLDER`, read once in a process (it takes seconds); raises `CrisisRulesError`."""
        return cls.from_folder(RULES_FOLDER)

    @classmethod
    def from_folder(cls, folder: Path = RULES_FOLDER) -> RuleBook:
        """Read and check a folder of rules; raises `CrisisRulesError` naming the file and the entry."""
        words = word_lists(folder)
        spelling = _yaml(folder / "spelling.yml")
        seekers = _Seekers(words)
        rules = tuple(rule for path in sorted(folder.glob("*.yml")) for rule in _rules(path, seekers))
        ids = [rule.id for rule in rules]
        if len(ids) != len(set(ids)):
            raise CrisisRulesError(f"rule ids used twice: {sorted({i for i in ids if ids.count(i) > 1})}")
        pinyin = PinyinReader(
            [*spelling["joined"], *_vocabulary(folder, words)],
            spelling["sounds_first"],
            {str(sound): str(word) for sound, word in spelling["syllables"].items()},
        )
        normaliser = Normaliser(_spellings(spelling, words), spelling["emoji"], spelling["joined"], pinyin)
        return cls(
            normaliser=normaliser,
            rules=rules,
            masks=tuple(_masks(folder / "masks.yml", seekers)),
            danger_beside=tuple(_yaml(folder / "masks.yml").get("danger_beside", ())),
            answers=tuple(_answers(folder / "answers.yml", words)),
            questions={
                asked: seekers.of(patterns, "answers.yml questions")
                for asked, patterns in _yaml(folder / "answers.yml")["questions"].items()
            },
            course=_course(folder / "course.yml", seekers, normaliser),
            frames={
                name: re.compile("|".join(_compile(p, words, "frames.yml").pattern for p in patterns))
                for name, patterns in _yaml(folder / "frames.yml").items()
            },
        )


def word_lists(folder: Path = RULES_FOLDER) -> dict[str, list[str]]:
    """The word lists of a folder; an entry {name} stands for all words of that list."""
    lists = {name: [str(w) for w in listed] for name, listed in _yaml(folder / "words.yml").items()}

    def spelt_out(name: str, above: tuple[str, ...]) -> Iterator[str]:
        if name not in lists or name in above:
            raise CrisisRulesError(f"words.yml: no list {name!r} to put into {above[-1:]}")
        for word in lists[name]:
            if word.startswith("{"):
                yield from spelt_out(word.strip("{}"), (*above, name))
            else:
                yield word

    return {name: list(dict.fromkeys(spelt_out(name, ()))) for name in lists}


def _yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CrisisRulesError(f"{path.name} cannot be read") from error
    if not isinstance(content, dict):
        raise CrisisRulesError(f"{path.name} holds no entries")
    return content


def _vocabulary(folder: Path, words: dict[str, list[str]]) -> Iterator[str]:
    """The Chinese words and turns of phrase that the rules of a folder are made of."""
    for listed in words.values():
        yield from (word for word in listed if _WORD.fullmatch(word))
    for path in sorted(folder.glob("*.yml")):
        if path.name not in _SPECIAL:
            for entry in _yaml(path)["rules"]:
                sought = [
                    *entry.get("patterns", ()),
                    *(p for parts in entry.get("together", ()) for p in parts),
                ]
                yield from (word for pattern in sought for word in _WORD.findall(str(pattern)))


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


class _Seekers:
    """Compiles patterns, each once: what many rules look for is then looked for once in a message."""

    def __init__(self, words: dict[str, list[str]]) -> None:
        self._words = words
        self._known: dict[str, Seeker] = {}

    def of(self, patterns: Iterable[object], where: str) -> tuple[Seeker, ...]:
        """The patterns, compiled; `PatternError` names the entry."""
        return tuple(self._one(str(pattern), where) for pattern in patterns)

    def _one(self, pattern: str, where: str) -> Seeker:
        if pattern not in self._known:
            try:
                self._known[pattern] = seeker(pattern, self._words)
            except PatternError as error:
                raise PatternError(f"{where}: {error}") from error
        return self._known[pattern]


def _rules(path: Path, seekers: _Seekers) -> Iterator[Rule]:
    if path.name in _SPECIAL:
        return
    for entry in _yaml(path)["rules"]:
        where = f"{path.name} {entry.get('id', '?')}"
        level, category = entry["level"], entry["category"]
        if level not in LEVELS[1:] or category not in CATEGORIES:
            raise CrisisRulesError(f"{where}: unknown level or category")
        if not entry.get("examples"):
            raise CrisisRulesError(f"{where}: a rule needs examples")
        within = entry.get("within", "sentence")
        if within not in WITHIN or not (entry.get("patterns") or entry.get("together")):
            raise CrisisRulesError(f"{where}: nothing to look for, or no such stretch")
        imminent = bool(entry.get("imminent", False))
        yield Rule(
            id=entry["id"],
            category=category,
            level=level,
            patterns=seekers.of(entry.get("patterns", ()), where),
            groups=tuple(Group(seekers.of(parts, where), within) for parts in entry.get("together", ())),
            unless=seekers.of(entry.get("unless", ()), where),
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


def _masks(path: Path, seekers: _Seekers) -> Iterator[Mask]:
    for entry in _yaml(path)["masks"]:
        yield Mask(
            id=entry["id"],
            patterns=seekers.of(entry["patterns"], f"{path.name} {entry['id']}"),
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


def _course(path: Path, seekers: _Seekers, normaliser: Normaliser) -> Course:
    content = _yaml(path)
    confirms = content["confirms"]
    signs = {
        entry["id"]: seekers.of(entry["patterns"], f"{path.name} {entry['id']}") for entry in content["signs"]
    }
    rules = tuple(_course_rule(path, entry, signs) for entry in content["rules"])
    if confirms["level"] not in LEVELS or confirms["category"] not in CATEGORIES:
        raise CrisisRulesError(f"{path.name} confirms: unknown level or category")
    return Course(
        looks_back=int(content["looks_back"]),
        signs=signs,
        confirms=seekers.of(confirms["patterns"], f"{path.name} confirms"),
        confirms_within=int(confirms["within"]),
        confirms_level=confirms["level"],
        confirms_category=confirms["category"],
        takes_back=seekers.of(content["takes_back"]["patterns"], f"{path.name} takes_back"),
        rules=rules,
        normaliser=normaliser,
    )


def _course_rule(path: Path, entry: dict[str, Any], signs: dict[str, tuple[Seeker, ...]]) -> CourseRule:
    unknown = set(entry.get("with", ())) - set(signs)
    if entry["level"] not in LEVELS[1:] or entry["category"] not in CATEGORIES or unknown:
        raise CrisisRulesError(f"{path.name} {entry['id']}: unknown level, category or sign")
    if not (entry.get("signs") or entry.get("low")):
        raise CrisisRulesError(f"{path.name} {entry['id']}: would be fulfilled by anything")
    return CourseRule(
        id=entry["id"],
        level=entry["level"],
        category=entry["category"],
        messages=int(entry["messages"]),
        signs=int(entry.get("signs", 0)),
        low=int(entry.get("low", 0)),
        kinds=int(entry.get("kinds", 0)),
        with_one_of=frozenset(entry.get("with", ())),
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
        needs = frozenset().union(*(min(_needs(str(w)), key=cost) for w in entry["written"]))
        if never:
            core += f"(?!{alternatives(never)})"
        if not behind and not ahead:
            yield Spelling(re.compile(core), entry["means"], needs)
            continue
        for word in behind:
            yield Spelling(re.compile(f"(?<={re.escape(word)}){core}"), entry["means"], needs)
        if ahead:
            yield Spelling(re.compile(f"{core}(?={alternatives(ahead)})"), entry["means"], needs)


def _needs(word: str) -> list[frozenset[str]]:
    """The characters of a word, each alone: a text needs them all, so any one of them will do as a sign."""
    return [frozenset(character) for character in word]
