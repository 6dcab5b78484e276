"""From answers, scores and words to a level. Pure rules over a policy; only the worst rule counts.

Nothing here lowers a level, and nothing unknown becomes green: what was not judged has level `None`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from assessments.scoring import Score


class Level(IntEnum):
    """How much help somebody needs, and how soon. Not rated is `None`, never a level."""

    GREEN = 1
    BLUE = 2
    YELLOW = 3
    ORANGE = 4
    RED = 5

    @property
    def key(self) -> str:
        """The name in files and interfaces: `green` to `red`."""
        return self.name.lower()

    @property
    def colour(self) -> str:
        """The colour's name for workers, who also see a word and a shape."""
        return "绿蓝黄橙红"[self - 1]

    @property
    def word(self) -> str:
        """The level in plain words; residents see this and the policy's sentence, never the colour."""
        return _WORDS[self - 1]


_WORDS = ("平稳", "留意一下", "建议聊聊", "建议有人帮忙", "请让我们现在就帮您")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the id of a rule in the policy, and the items that fired it."""

    rule: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Triage:
    """A level with its reasons, the deciding one first. `ask_asq`: ask the safety questions now."""

    level: Level | None = None
    reasons: tuple[Reason, ...] = ()
    ask_asq: bool = False


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """One answer to one of `items` decides: `at_least` this value, or a refusal to answer."""

    id: str
    worker: str
    level: Level | None
    instrument: str
    items: tuple[str, ...]
    at_least: int | None = None
    refused: bool = False
    ask_asq: bool = False

    def fires(self, item: str, value: int | None) -> bool:
        if item not in self.items:
            return False
        if value is None:
            return self.refused
        return self.at_least is not None and value >= self.at_least


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """A measure of a complete score that reaches a threshold; `at_most` where high is good."""

    id: str
    worker: str
    level: Level
    instrument: str
    measure: str
    threshold: int
    at_most: bool = False

    def fires(self, score: Score) -> bool:
        return any(
            value <= self.threshold if self.at_most else value >= self.threshold
            for value in _measured(score, self.measure)
        )


@dataclass(frozen=True, slots=True)
class BandRule:
    """A band that the instrument itself decides, where its rule is more than one threshold."""

    id: str
    worker: str
    level: Level
    instrument: str
    band: str


@dataclass(frozen=True, slots=True)
class WordsRule:
    """What the reader of a resident's words found. Without a category it fits every reading of that level."""

    id: str
    worker: str
    level: Level | None
    reading: str
    category: str | None = None
    imminent: bool = False
    ask_asq: bool = False


@dataclass(frozen=True, slots=True)
class EventRule:
    """Something that happened in somebody's life: the level of what they answered is one higher, `at_most` this."""

    id: str
    worker: str
    event: str
    at_most: Level


@dataclass(frozen=True, slots=True)
class ProtectiveRule:
    """Something that holds somebody. Workers read it; no level ever changes by it."""

    id: str
    worker: str
    factor: str


@dataclass(frozen=True, slots=True)
class LevelPolicy:
    """One version of the table of levels; `signed_by` is `None` until a named clinician has signed it."""

    id: str
    version: str
    signed_by: str | None
    answers: tuple[AnswerRule, ...]
    scores: tuple[ScoreRule, ...]
    bands: tuple[BandRule, ...]
    words: tuple[WordsRule, ...]
    core_screens: tuple[frozenset[str], ...]
    green_alone: frozenset[str]
    follow_up: Mapping[str, tuple[str, int]]
    resident_sentences: Mapping[Level | None, str]
    fixed_reasons: Mapping[str, str]
    digest: str = ""
    life_events: tuple[EventRule, ...] = ()
    protective: tuple[ProtectiveRule, ...] = ()

    @property
    def edition(self) -> str:
        """The name under which what was judged by this exact table says so."""
        return f"{self.id}/{self.version}#{self.digest}"

    def resident_sentence(self, level: Level | None) -> str:
        """What a resident reads about this level: plain words, no colour, no score."""
        return self.resident_sentences[level]

    def worker_sentence(self, reason: Reason) -> str:
        """The fixed sentence an office reads for this reason: no quotation, no answer."""
        return self.fixed_reasons[reason.rule]


def triage_answer(instrument_id: str, item_id: str, value: int | None, policy: LevelPolicy) -> Triage:
    """Judge one answer at the moment it is given; `None` is a refusal to answer."""
    return worst(
        *(
            Triage(rule.level, (Reason(rule.id, (item_id,)),), rule.ask_asq)
            for rule in policy.answers
            if rule.instrument == instrument_id and rule.fires(item_id, value)
        )
    )


def triage_score(score: Score, policy: LevelPolicy) -> Triage:
    """Judge one complete score with its critical items. Never green: one score alone clears nobody."""
    found = [
        Triage(rule.level, (Reason(rule.id, items),), rule.ask_asq)
        for rule in policy.answers
        if rule.instrument == score.instrument
        and rule.at_least is not None
        and (items := tuple(item for item in score.critical if item in rule.items))
    ]
    reached = [rule for rule in policy.scores if rule.instrument == score.instrument and rule.fires(score)]
    for measure in {rule.measure for rule in reached}:
        highest = max((rule for rule in reached if rule.measure == measure), key=lambda rule: rule.level)
        found.append(Triage(highest.level, (Reason(highest.id),)))
    found += [
        Triage(rule.level, (Reason(rule.id),))
        for rule in policy.bands
        if rule.instrument == score.instrument and rule.band == score.band
    ]
    return worst(*found)


def triage_words(
    reading_level: str, categories: Collection[str], imminent: bool, policy: LevelPolicy
) -> Triage:
    """Judge what the reader of a resident's words found.

    Only `"none"` without `imminent` means that nothing was found. A reading that is none of the three
    known ones, such as that of a reader that failed, is not "no risk": the safety questions are asked.
    """
    reading = reading_level if reading_level in ("none", "elevated", "crisis") else "unread"
    return worst(
        *(
            Triage(rule.level, (Reason(rule.id),), rule.ask_asq)
            for rule in policy.words
            if (rule.imminent and imminent)
            or (
                not rule.imminent
                and rule.reading == reading
                and (rule.category is None or rule.category in categories)
            )
        )
    )


def core_screen_level(
    scores: Iterable[Score], policy: LevelPolicy, incomplete: Collection[str] = ()
) -> Triage:
    """Green, when the complete scores make a core screen with nothing above; else not rated.

    A short form that called for its full form counts only once the full form is complete as well; a
    complete full form contains its short form. `incomplete`: forms that were put to this person and of which something
    was not answered. Nobody is green beside one, whichever it is, unless its full form is complete.
    """
    done = {score.instrument: score for score in scores}
    if any(triage_score(score, policy).level for score in done.values()):
        return Triage()
    for short, (full, positive) in policy.follow_up.items():
        total = done[short].total if short in done else 0
        if (total is None or total >= positive) and full not in done:
            return Triage()
    covered = done.keys() | {short for short, (full, _) in policy.follow_up.items() if full in done}
    if set(incomplete) - covered:
        return Triage()
    if any(screen <= covered for screen in policy.core_screens):
        return Triage(Level.GREEN, (Reason("core_screen.clear"),))
    return Triage()


def triage_alone(score: Score, policy: LevelPolicy) -> Triage:
    """The level of one complete answer set by itself, for programs that score forms; clears nobody.

    Green only for the instruments that the policy lists, and only where every question about danger was asked (PHQ-A
    with s1 and s2); any other form with nothing above stays not rated.
    """
    judged = triage_score(score, policy)
    asked = not judged.ask_asq and not score.unasked
    if judged.level is None and asked and score.instrument in policy.green_alone:
        return Triage(Level.GREEN, (Reason("alone.low"),))
    return judged


def triage_circumstances(events: Collection[str], protective: Collection[str], policy: LevelPolicy) -> Triage:
    """What is known of somebody's life, as reasons for workers. No level comes of it by itself."""
    found = [Reason(rule.id) for rule in policy.life_events if rule.event in events]
    held = [Reason(rule.id) for rule in policy.protective if rule.factor in protective]
    return Triage(None, (*found, *held))


def in_circumstances(
    level: Level | None, events: Collection[str], protective: Collection[str], policy: LevelPolicy
) -> Triage:
    """A level, seen together with what happened in somebody's life and with what holds them.

    A life event makes green blue and blue yellow, never more than its rule allows and never more than yellow; several
    are no more than one. A protective factor lowers nothing. What was not rated stays not rated.
    """
    known = triage_circumstances(events, protective, policy)
    reached = [rule for rule in policy.life_events if rule.event in events]
    if level is None or level >= Level.YELLOW or not reached:
        return Triage(level, known.reasons)
    limit = min(Level.YELLOW, max(rule.at_most for rule in reached))
    return Triage(max(level, min(Level(level + 1), limit)), known.reasons)


def worst(*triages: Triage) -> Triage:
    """The highest level of all, with every reason, those of the highest level first.

    Nothing judged is not rated; and green never stands beside an open question: as long as one of them
    asks for the safety questions, the whole is not rated. Leave out what their answers have settled.
    """
    ordered = sorted(triages, key=lambda triage: -(triage.level or 0))
    reasons = dict.fromkeys(reason for triage in ordered for reason in triage.reasons)
    level = ordered[0].level if ordered else None
    ask_asq = any(triage.ask_asq for triage in triages)
    return Triage(None if ask_asq and level is Level.GREEN else level, tuple(reasons), ask_asq)


def endangers_life(triage: Triage, policy: LevelPolicy) -> bool:
    """Whether this is about life and limb, not about a total: red, or an orange from words or a single answer."""
    if triage.level is Level.RED:
        return True
    totals = {rule.id for rule in policy.scores}
    orange = triage.level is Level.ORANGE
    return orange and any(reason.rule not in totals for reason in triage.reasons)


def _measured(score: Score, measure: str) -> tuple[int | float, ...]:
    if measure == "total":
        return () if score.total is None else (score.total,)
    if measure == "standard_score":
        return () if score.standard_score is None else (score.standard_score,)
    if measure == "any_subscale":
        return tuple(score.subscales.values())
    return tuple(value for name, value in score.subscales.items() if name == measure)
