"""What would change a level: how much more or less of what would have been another one (RR3). Pure.

Everything here is tried out: a change is applied to the answers, the level is computed again by the same rules, and
only what really comes out is said. Sentences are for workers. Less of a symptom says how near the limit is; what has
been judged once is never lowered by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assessments.errors import AssessmentError
from assessments.instrument import Answers, Instrument, Item
from assessments.scoring import Score, score_answers
from escalation.triage import (
    Level,
    LevelPolicy,
    Triage,
    core_screen_level,
    in_circumstances,
    triage_answer,
    triage_score,
    worst,
)


@dataclass(frozen=True)
class Known:
    """All that a level is computed from: answers by form, the levels of what was said, and what is known of a life."""

    forms: Sequence[tuple[Instrument, Answers]] = ()
    words: Sequence[Level] = ()
    life_events: Sequence[str] = ()
    protective: Sequence[str] = ()


@dataclass(frozen=True)
class Change:
    """One thing that would have made the level another one: in one form, these answers instead of those given."""

    sentence: str
    to: Level | None
    form: str
    answers: Mapping[str, int] = field(default_factory=dict)


def level_of(known: Known, policy: LevelPolicy) -> Triage:
    """The level of everything together, by the rules of `triage`: the worst single rule, seen in its circumstances.

    An incomplete form has no total, but each of its answers counts. Nothing above is green only after a whole core
    screen, and never beside an open request for the safety questions.
    """
    scores: list[Score] = []
    found = [Triage(level) for level in known.words if level is not Level.GREEN]  # no words clear anybody
    asked = {form.id for form, _ in known.forms}
    incomplete: list[str] = []
    for form, answers in known.forms:
        found += [triage_answer(form.id, item, value, policy) for item, value in answers.items()]
        try:
            score = score_answers(form, answers)
        except AssessmentError:
            incomplete.append(form.id)
            continue
        scores.append(score)
        found.append(triage_score(score, policy))
    judged = worst(*found)
    if judged.level is None and not (judged.ask_asq and "asq" not in asked):
        judged = core_screen_level(scores, policy, incomplete)
    return in_circumstances(judged.level, known.life_events, known.protective, policy)


def what_would_change(known: Known, policy: LevelPolicy) -> tuple[Change, ...]:
    """What would have raised the level, the smallest changes first in each form, and what would have left it lower.

    For each form: one answer alone that would raise it; where the table has limits for its total, each level that more
    points would reach, and the first lower level that fewer points would leave. A level that words or another form hold
    up has nothing that would leave it lower, and then nothing is said of it. Times (PSQI 1 to 4) are not varied.
    """
    level = level_of(known, policy).level
    changes: list[Change] = []
    for position, (form, answers) in enumerate(known.forms):
        trial = _Trial(known, position, form, answers, policy)
        changes += trial.single_answers(level)
        if trial.by_total and trial.total(answers) is not None:
            changes += trial.more(level)
            changes += trial.fewer(level)
    return tuple(changes)


class _Trial:
    """Tries other answers to one of the forms."""

    def __init__(
        self, known: Known, position: int, form: Instrument, answers: Answers, policy: LevelPolicy
    ) -> None:
        self.known = known
        self.position = position
        self.form = form
        self.answers = answers
        self.policy = policy
        self.sign = -1 if form.scoring.high_is_good else 1
        mine = [rule.measure for rule in policy.scores if rule.instrument == form.id]
        self.by_total = bool(mine) and set(mine) <= {"total", "standard_score"}
        self.deciding = {item for rule in policy.answers if rule.instrument == form.id for item in rule.items}

    def level(self, answers: Answers) -> Level | None:
        forms = [
            (form, answers if at == self.position else given)
            for at, (form, given) in enumerate(self.known.forms)
        ]
        changed = Known(forms, self.known.words, self.known.life_events, self.known.protective)
        return level_of(changed, self.policy).level

    def total(self, answers: Answers) -> int | None:
        try:
            score = score_answers(self.form, answers)
        except AssessmentError:
            return None
        return score.total if score.standard_score is None else score.standard_score

    def single_answers(self, level: Level | None) -> Iterator[Change]:
        """Items that decide alone: the mildest other answer that would raise the level."""
        for item in self.form.items:
            if item.id not in self.deciding or self.answers.get(item.id) is None:
                continue
            for value in self._worse(item, self.answers[item.id]):
                to = self.level({**self.answers, item.id: value})
                if _above(to, level):
                    said = f"「{item.label(value)}」" if item.worded else f" {value}"
                    sentence = f"{self.form.title}第 {item.number} 题要是答了{said}，就是{_named(to)}。"
                    yield Change(sentence, to, self.form.id, {item.id: value})
                    break

    def more(self, level: Level | None) -> Iterator[Change]:
        """Each level above that more points would reach, with the first total that reaches it."""
        reached, start = level, self.total(self.answers)
        for answers in self._steps(worse=True):
            to, total = self.level(answers), self.total(answers)
            if _above(to, reached) and total is not None and start is not None and total != start:
                yield self._change(answers, to, start, total, "就是")
                reached = to

    def fewer(self, level: Level | None) -> Iterator[Change]:
        """The first level below that fewer points would leave."""
        start = self.total(self.answers)
        for answers in self._steps(worse=False):
            to, total = self.level(answers), self.total(answers)
            if _above(level, to) and total is not None and start is not None and total != start:
                yield self._change(answers, to, start, total, "按分数就只是")
                return

    def _change(self, answers: Answers, to: Level | None, start: int, total: int, then: str) -> Change:
        measure = "总分" if self.form.scoring.times is None else "标准分"
        way = "再多" if total > start else "再少"
        sentence = f"{self.form.title}{measure}要是{way} {abs(total - start)} 分（到 {total} 分），{then}{_named(to)}。"
        if then != "就是":
            sentence += "已经定下的级别不会因此降低。"
        changed = {
            item: value
            for item, value in answers.items()
            if value is not None and value != self.answers.get(item)
        }
        return Change(sentence, to, self.form.id, changed)

    def _steps(self, *, worse: bool) -> Iterator[dict[str, int | None]]:
        """One step of one item after the other, in the order of the form, items that decide alone left as they are."""
        answers = dict(self.answers)
        for item in self.form.items:
            given = answers.get(item.id)
            if not item.scored or not item.options or item.id in self.deciding or given is None:
                continue
            for value in self._worse(item, given) if worse else self._better(item, given):
                answers[item.id] = value
                yield dict(answers)

    def _worse(self, item: Item, given: int | None) -> list[int]:
        """The values that mean more of the symptom than this one, the next one first."""
        return [] if given is None else self._beyond(item, given, self.sign)

    def _better(self, item: Item, given: int) -> list[int]:
        return self._beyond(item, given, -self.sign)

    def _beyond(self, item: Item, given: int, sign: int) -> list[int]:
        here = sign * item.points(given)
        beyond = [option.value for option in item.options if sign * item.points(option.value) > here]
        return sorted(beyond, key=lambda value: sign * item.points(value))


def _above(one: Level | None, other: Level | None) -> bool:
    return (one or 0) > (other or 0)


def _named(level: Level | None) -> str:
    return "评不了级" if level is None else f"{level.colour}色"
