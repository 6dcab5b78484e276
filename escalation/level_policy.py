"""Reads the table of levels, and refuses at once a table that could lose somebody."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from assessments.library import StrictLoader
from escalation.triage import (
    AnswerRule,
    BandRule,
    EventRule,
    Level,
    LevelPolicy,
    ProtectiveRule,
    ScoreRule,
    WordsRule,
)
from storage.edition import digest_of

FIVE_COLOURS = Path(__file__).parent / "policies" / "five_colours.yml"

_TOP = (
    "id", "version", "signed_by", "source", "residents", "core_screens", "follow_up", "green_alone",
    "never_above_yellow", "answers", "scores", "bands", "words", "other_reasons",
)  # fmt: skip
_SINCE_2 = ("life_events", "protective")
"""What tables of the first version do not have; they stay readable for good."""


class LevelPolicyError(ValueError):
    """The table cannot be used; says which file, which rule and why."""


def read_level_policy(path: Path = FIVE_COLOURS) -> LevelPolicy:
    """The table of one file.

    Raises `LevelPolicyError` for an unknown key or level, a rule id used twice, thresholds that overlap
    or can never be reached, a level above what the instrument may give, and a table in which words of
    crisis, a reader that failed, or a level's sentence for residents would come to nothing.
    """
    return level_policy_from(path.read_text("utf-8"), path.name)


def level_policy_from(text: str, name: str) -> LevelPolicy:
    """The table from the content of its file; refuses what `read_level_policy` refuses."""
    try:
        data = yaml.load(text, StrictLoader)
    except yaml.YAMLError as error:
        raise LevelPolicyError(f"{name}: 读不懂：{str(error).splitlines()[0]}") from error
    return replace(_Reader(name).policy(data), digest=digest_of(text))


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.reasons: dict[str, str] = {}

    def policy(self, data: Any) -> LevelPolicy:
        self.keys(data, "文件", _TOP, _SINCE_2)
        if data["signed_by"] is not None:
            self.text(data["signed_by"], "signed_by")
        answers = self.each(data, "answers", self.answer)
        scores = tuple(rule for rules in self.each(data, "scores", self.score) for rule in rules)
        bands = self.each(data, "bands", self.band)
        words = self.each(data, "words", self.word)
        events = self.each(data, "life_events", self.event) if "life_events" in data else ()
        protective = self.each(data, "protective", self.holding) if "protective" in data else ()
        self.once("life_events", [rule.event for rule in events])
        self.once("protective", [rule.factor for rule in protective])
        for rule, sentence in self.mapping(data, "other_reasons").items():
            self.reason(rule, sentence)
        self.answers_do_not_overlap(answers)
        self.words_come_to_something(words)
        for rule in (*answers, *scores, *bands):
            if rule.instrument in data["never_above_yellow"] and (rule.level or 0) > Level.YELLOW:
                self.refuse(rule.id, "这份表单独看最高到黄色")
        for needed in ("core_screen.clear", "alone.low"):
            if needed not in self.reasons:
                self.refuse("other_reasons", f"缺少 {needed}")
        return LevelPolicy(
            id=self.text(data["id"], "id"),
            version=self.text(data["version"], "version"),
            signed_by=data["signed_by"],
            answers=answers,
            scores=scores,
            bands=bands,
            words=words,
            core_screens=self.core_screens(data),
            green_alone=frozenset(data["green_alone"]),
            follow_up=self.follow_up(data),
            resident_sentences=self.residents(data),
            fixed_reasons=self.reasons,
            life_events=events,
            protective=protective,
        )

    def answer(self, raw: Any, field: str) -> AnswerRule:
        self.keys(
            raw, field, ("id", "level", "instrument", "items", "worker"), ("at_least", "refused", "ask_asq")
        )
        if ("at_least" in raw) == ("refused" in raw):
            self.refuse(field, "at_least 和 refused 要写一个，只写一个")
        if "at_least" in raw:
            self.whole(raw["at_least"], f"{field}.at_least")
        elif raw["refused"] is not True:
            self.refuse(f"{field}.refused", "只能写 true")
        return AnswerRule(
            id=self.reason(raw["id"], raw["worker"]),
            worker=raw["worker"],
            level=self.level_or_question(raw, field),
            instrument=self.text(raw["instrument"], field),
            items=self.names(raw["items"], f"{field}.items"),
            at_least=raw.get("at_least"),
            refused="refused" in raw,
            ask_asq=raw.get("ask_asq", False) is True,
        )

    def score(self, raw: Any, field: str) -> list[ScoreRule]:
        self.keys(raw, field, ("instrument", "measure", "range", "levels", "worker"), ("at_most",))
        at_most = raw.get("at_most", False) is True
        low, high = (self.whole(end, f"{field}.range") for end in raw["range"])
        steps = sorted((self.level(key, field), at) for key, at in self.mapping(raw, "levels").items())
        if not steps:
            self.refuse(field, "没有写任何一级")
        for _, at in steps:
            self.whole(at, f"{field}.levels")
            if not low <= at <= high or at == (high if at_most else low):
                self.refuse(field, f"{at} 分永远到不了，或者人人都到")
        for (_, lower), (_, higher) in itertools.pairwise(steps):
            if (higher >= lower) if at_most else (higher <= lower):
                self.refuse(field, "分数线重叠：更高的一级要更难够到")
        return [
            ScoreRule(
                id=self.reason(f"{raw['instrument']}.{raw['measure']}.{at}", raw["worker"].format(at=at)),
                worker=raw["worker"].format(at=at),
                level=level,
                instrument=raw["instrument"],
                measure=raw["measure"],
                threshold=at,
                at_most=at_most,
            )
            for level, at in steps
        ]

    def band(self, raw: Any, field: str) -> BandRule:
        self.keys(raw, field, ("id", "level", "instrument", "band", "worker"))
        self.reason(raw["id"], raw["worker"])
        return BandRule(
            raw["id"], raw["worker"], self.level(raw["level"], field), raw["instrument"], raw["band"]
        )

    def word(self, raw: Any, field: str) -> WordsRule:
        self.keys(raw, field, ("id", "level", "worker"), ("reading", "category", "imminent", "ask_asq"))
        imminent = raw.get("imminent", False) is True
        if imminent == ("reading" in raw):
            self.refuse(field, "reading 和 imminent 要写一个，只写一个")
        if not imminent and raw["reading"] not in ("crisis", "elevated", "unread"):
            self.refuse(f"{field}.reading", "只能写 crisis、elevated 或 unread")
        return WordsRule(
            id=self.reason(raw["id"], raw["worker"]),
            worker=raw["worker"],
            level=self.level_or_question(raw, field),
            reading=raw.get("reading", ""),
            category=raw.get("category"),
            imminent=imminent,
            ask_asq=raw.get("ask_asq", False) is True,
        )

    def event(self, raw: Any, field: str) -> EventRule:
        self.keys(raw, field, ("id", "event", "at_most", "worker"))
        level = self.level(raw["at_most"], field)
        if level > Level.YELLOW:
            self.refuse(f"{field}.at_most", "生活里的事最多加到黄色")
        return EventRule(
            self.reason(raw["id"], raw["worker"]), raw["worker"], self.text(raw["event"], field), level
        )

    def holding(self, raw: Any, field: str) -> ProtectiveRule:
        self.keys(raw, field, ("id", "factor", "worker"))
        return ProtectiveRule(
            self.reason(raw["id"], raw["worker"]), raw["worker"], self.text(raw["factor"], field)
        )

    def once(self, field: str, names: list[str]) -> None:
        if len(set(names)) < len(names):
            self.refuse(field, "同一件事写了两次")

    def answers_do_not_overlap(self, rules: tuple[AnswerRule, ...]) -> None:
        seen: set[tuple[str, str, int | None]] = set()
        for rule in rules:
            for item in rule.items:
                key = (rule.instrument, item, rule.at_least)
                if key in seen:
                    self.refuse(rule.id, f"{item} 已经有一条同样的规则")
                seen.add(key)

    def words_come_to_something(self, rules: tuple[WordsRule, ...]) -> None:
        if not any(rule.reading == "crisis" and rule.category is None and rule.level for rule in rules):
            self.refuse("words", "crisis 要有一条不分类别、有级别的规则")
        if not any(rule.imminent and rule.level is Level.RED for rule in rules):
            self.refuse("words", "imminent 要有一条红色规则")
        for reading in ("elevated", "unread"):
            if not any(rule.reading == reading and rule.category is None for rule in rules):
                self.refuse("words", f"{reading} 要有一条不分类别的规则")

    def core_screens(self, data: Mapping[str, Any]) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(self.names(screen, "core_screens")) for screen in data["core_screens"])

    def follow_up(self, data: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
        found = {}
        for short, raw in self.mapping(data, "follow_up").items():
            self.keys(raw, f"follow_up.{short}", ("full", "from"))
            found[short] = (self.text(raw["full"], short), self.whole(raw["from"], short))
        return found

    def residents(self, data: Mapping[str, Any]) -> dict[Level | None, str]:
        raw = data["residents"]
        self.keys(raw, "residents", ("not_rated", *(level.key for level in Level)))
        sentences: dict[Level | None, str] = {level: self.text(raw[level.key], level.key) for level in Level}
        return sentences | {None: self.text(raw["not_rated"], "not_rated")}

    def level_or_question(self, raw: Mapping[str, Any], field: str) -> Level | None:
        if raw["level"] is None:
            if raw.get("ask_asq") is not True:
                self.refuse(field, "没有级别的规则至少要问安全五问，否则等于没写")
            return None
        return self.level(raw["level"], field)

    def level(self, key: Any, field: str) -> Level:
        for level in Level:
            if level.key == key and level is not Level.GREEN:
                return level
        raise LevelPolicyError(f"{self.file}: {field}: 级别只能是 blue、yellow、orange、red")

    def reason(self, rule: Any, sentence: Any) -> str:
        self.text(rule, "id")
        self.text(sentence, f"{rule}.worker")
        if rule in self.reasons:
            self.refuse(rule, "规则的 id 用了两次")
        self.reasons[rule] = sentence
        return str(rule)

    def each(self, data: Mapping[str, Any], name: str, read: Callable[[Any, str], Any]) -> tuple[Any, ...]:
        if not isinstance(data[name], list) or not data[name]:
            self.refuse(name, "不能空着")
        return tuple(read(raw, f"{name}[{position}]") for position, raw in enumerate(data[name], 1))

    def keys(self, data: Any, field: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        if not isinstance(data, dict):
            self.refuse(field, "要写成「名称: 内容」")
        for name in required:
            if name not in data:
                self.refuse(f"{field}.{name}", "缺少这一项")
        for name in data:
            if name not in required and name not in optional:
                self.refuse(f"{field}.{name}", "不认识这一项")

    def mapping(self, data: Mapping[str, Any], name: str) -> dict[str, Any]:
        if not isinstance(data[name], dict):
            self.refuse(name, "要写成「名称: 内容」")
        return dict(data[name])

    def names(self, raw: Any, field: str) -> tuple[str, ...]:
        if not isinstance(raw, list) or not raw:
            self.refuse(field, "至少写一个")
        return tuple(self.text(name, field) for name in raw)

    def text(self, raw: Any, field: str) -> str:
        if not isinstance(raw, str) or not raw.strip():
            self.refuse(field, "不能空着，要写成文字")
        return str(raw)

    def whole(self, raw: Any, field: str) -> int:
        if type(raw) is not int:
            self.refuse(field, "要写整数")
        return int(raw)

    def refuse(self, field: str, why: str) -> None:
        raise LevelPolicyError(f"{self.file}: {field}: {why}")
