"""Judging again: what was kept of a past level or deadline must give the same again, bit for bit.

The first half is pure: what a level was computed from, written down and read back. `Replay` reads the rows, finds the
editions that they name, computes everything once more and says what differs.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assessments.errors import AssessmentError, IncompleteAnswers
from assessments.instrument import Answers, Instrument
from assessments.library import instrument_from
from assessments.scoring import Score, score_answers
from escalation.errors import EscalationError, PolicyError
from escalation.level_policy import LevelPolicyError, level_policy_from
from escalation.policy_book import PolicyBook
from escalation.signal import Rating, Signal
from escalation.ticket import DeadlineSet, Ticket
from escalation.triage import (
    Level,
    LevelPolicy,
    Triage,
    core_screen_level,
    endangers_life,
    in_circumstances,
    triage_answer,
    triage_circumstances,
    triage_score,
    triage_words,
    worst,
)
from storage import edition
from storage.errors import StorageError
from storage.vault import Vault

Forms = Mapping[str, Instrument]
"""Instruments by the hash of their content."""


def inputs_of_words(
    reading: str,
    categories: Collection[str],
    imminent: bool,
    life_events: Collection[str] = (),
    protective: Collection[str] = (),
) -> str:
    """What the level of one message was computed from; nothing that the resident said."""
    said = {"reading": reading, "categories": sorted(categories), "imminent": imminent}
    known = {"life_events": sorted(life_events), "protective": sorted(protective)}
    return _text({"words": said | {name: labels for name, labels in known.items() if labels}})


def inputs_of_answer(
    instrument: Instrument, item: str, value: int | None, answers: Answers | None = None
) -> str:
    """What the level of one answer was computed from; `answers` when it was the last one of its form."""
    return _text(
        {
            "answer": {
                "form": instrument.content_hash,
                "item": item,
                "value": value,
                "answers": None if answers is None else dict(answers),
            }
        }
    )


def inputs_of_rating(
    levels: Sequence[Level],
    forms: Sequence[tuple[Instrument, Answers]],
    life_events: Collection[str] = (),
) -> str:
    """What the level of a whole sitting was computed from: what had been judged, the forms that were finished, and
    what the resident said has happened."""
    whole: dict[str, Any] = {
        "levels": [int(level) for level in levels],
        "forms": [
            {"form": instrument.content_hash, "answers": dict(answers)} for instrument, answers in forms
        ],
    }
    return _text({"rating": whole | ({"life_events": sorted(life_events)} if life_events else {})})


def judged_again(inputs: str, levels: LevelPolicy, forms: Forms) -> Triage:
    """The level with its reasons, computed again from kept inputs. For a rating only the level means something."""
    read = json.loads(inputs)
    if "words" in read:
        said = read["words"]
        return worst(
            triage_words(said["reading"], said["categories"], said["imminent"], levels),
            triage_circumstances(said.get("life_events", ()), said.get("protective", ()), levels),
        )
    if "answer" in read:
        given = read["answer"]
        form = forms[given["form"]]
        triage = triage_answer(form.id, given["item"], given["value"], levels)
        score = None if given["answers"] is None else _score(form, given["answers"])
        return triage if score is None else worst(triage, triage_score(score, levels))
    whole = read["rating"]
    scores = [_score(forms[done["form"]], done["answers"]) for done in whole["forms"]]
    incomplete = [
        forms[done["form"]].id for done, score in zip(whole["forms"], scores, strict=True) if score is None
    ]
    clear = core_screen_level([score for score in scores if score is not None], levels, incomplete).level
    found = max((Level(level) for level in whole["levels"]), default=clear)
    return Triage(in_circumstances(found, whole.get("life_events", ()), (), levels).level)


@dataclass(frozen=True)
class Difference:
    """One thing that does not come out again as it was kept."""

    what: str
    kept: str
    again: str


@dataclass
class Replayed:
    """How many levels and deadlines were computed again, how many cannot be, and what differed.

    Not kept: erased with the resident's record, or from before inputs were kept.
    """

    levels: int = 0
    deadlines: int = 0
    not_kept: int = 0
    differences: list[Difference] = field(default_factory=list)


class Replay:
    """Computes past levels and deadlines again from the rows and editions of one database."""

    def __init__(self, vault: Vault, policies: PolicyBook) -> None:
        self.vault = vault
        self.policies = policies
        self._levels: dict[str, LevelPolicy] = {}
        self._forms: Forms | None = None

    def how_many(self, db: Session) -> int:
        """How many rows `everything` goes through."""
        tables = (Signal.id, Rating.id, DeadlineSet.id)
        return sum(db.scalar(select(func.count(column))) or 0 for column in tables)

    def everything(self, db: Session, into: Replayed) -> Iterator[None]:
        """Every level and deadline that was ever kept, one a step; what comes of it is in `into`."""
        for signal in db.scalars(select(Signal).order_by(Signal.at).execution_options(yield_per=500)):
            self._signal(db, signal, into)
            yield
        for rating in db.scalars(select(Rating).order_by(Rating.at).execution_options(yield_per=500)):
            self._rating(db, rating, into)
            yield
        for row in db.execute(_deadlines().execution_options(yield_per=500)):
            self._deadline(db, row[0], row[1], into)
            yield

    def ticket(self, db: Session, ticket: Ticket, into: Replayed) -> None:
        """The levels and deadlines of one ticket."""
        for signal in db.scalars(select(Signal).where(Signal.ticket_id == ticket.id).order_by(Signal.at)):
            self._signal(db, signal, into)
        for rating in db.scalars(select(Rating).where(Rating.session_id == ticket.session_id)):
            self._rating(db, rating, into)
        for row in db.execute(_deadlines().where(Ticket.id == ticket.id)):
            self._deadline(db, row[0], row[1], into)

    def _signal(self, db: Session, signal: Signal, into: Replayed) -> None:
        what = f"判断 {signal.id}"
        inputs = self._inputs(signal, what, into)
        if inputs is None:
            return
        into.levels += 1
        kept = [
            signal.level,
            signal.asks_directly,
            signal.danger_to_life,
            json.loads(self.vault.open(signal, "reasons") or "{}").get("reasons"),
        ]
        try:
            levels = self._table(db, signal.policy)
            triage = judged_again(inputs, levels, self._library(db))
        except _UNREADABLE as error:
            into.differences.append(Difference(what, str(kept[0]), f"算不出来：{_why(error)}"))
            return
        again = [
            None if triage.level is None else int(triage.level),
            triage.ask_asq,
            endangers_life(triage, levels),
            reasons_of(triage),
        ]
        if kept != again:
            into.differences.append(Difference(what, _text(kept), _text(again)))

    def _rating(self, db: Session, rating: Rating, into: Replayed) -> None:
        what = f"总评 {rating.id}"
        inputs = self._inputs(rating, what, into)
        if inputs is None:
            return
        into.levels += 1
        try:
            level = judged_again(inputs, self._table(db, rating.policy), self._library(db)).level
        except _UNREADABLE as error:
            into.differences.append(Difference(what, str(rating.level), f"算不出来：{_why(error)}"))
            return
        if rating.level != (None if level is None else int(level)):
            into.differences.append(Difference(what, str(rating.level), str(level and int(level))))

    def _deadline(self, db: Session, row: DeadlineSet, code: str, into: Replayed) -> None:
        into.deadlines += 1
        what = f"工单 {code} 的时限 {row.clock}（{row.because}）"
        try:
            policy = self.policies.edition(db, row.policy)
            due = policy.deadline(row.clock, Level(row.level), row.spoken_at, row.acknowledged_at)
        except _UNREADABLE as error:
            into.differences.append(Difference(what, row.due_at.isoformat(), f"算不出来：{_why(error)}"))
            return
        if row.before is not None:
            due = min(due, row.before)
        if due != row.due_at:
            into.differences.append(Difference(what, row.due_at.isoformat(), due.isoformat()))

    def _inputs(self, row: Signal | Rating, what: str, into: Replayed) -> str | None:
        try:
            inputs = self.vault.open(row, "inputs")
        except StorageError as error:
            into.differences.append(Difference(what, "", f"封存的依据打不开：{error}"))
            return None
        if inputs is None:
            into.not_kept += 1
        return inputs

    def _table(self, db: Session, name: str) -> LevelPolicy:
        if name not in self._levels:
            digest = name.partition("#")[2]
            kept = edition.by_digest(db, "levels", digest)
            if kept is None:
                raise PolicyError(f"没有保存过这一版分级表：{name}")
            self._levels[name] = level_policy_from(kept.content, name)
        return self._levels[name]

    def _library(self, db: Session) -> Forms:
        if self._forms is None:
            self._forms = forms_kept(db)
        return self._forms


_UNREADABLE = (EscalationError, AssessmentError, LevelPolicyError, KeyError, ValueError, TypeError)


def forms_kept(db: Session) -> Forms:
    """Every edition of every instrument that was ever kept, by its content."""
    rows = db.scalars(select(edition.Edition).where(edition.Edition.subject.startswith("instrument:")))
    found: dict[str, Instrument] = {}
    for row in rows:
        with suppress(
            AssessmentError
        ):  # what was judged by it then cannot be judged again, and the replay says so
            instrument = instrument_from(row.content, row.subject)
            found[instrument.content_hash] = instrument
    return found


def worst_of_all(inputs: str, levels: LevelPolicy, forms: Forms) -> Level | None:
    """The level that another table gives to all that one judgement was made from, each answer of each form included.

    For a rehearsal: what the table of then was silent about counts too.
    """
    read = json.loads(inputs)
    found = [judged_again(inputs, levels, forms)]
    for done in read.get("rating", {}).get("forms", []):
        form = forms[done["form"]]
        found += [triage_answer(form.id, item, value, levels) for item, value in done["answers"].items()]
        score = _score(form, done["answers"])
        found += [triage_score(score, levels)] if score is not None else []
    if "rating" in read:
        found = found[1:]
    worst_found = max((triage.level for triage in found if triage.level is not None), default=None)
    happened = read.get("rating", {}).get("life_events", ())
    return in_circumstances(worst_found, happened, (), levels).level


def reasons_of(triage: Triage) -> list[dict[str, Any]]:
    """The reasons of a level, as they are kept."""
    return [{"rule": reason.rule, "items": list(reason.items)} for reason in triage.reasons]


def ticket_named(db: Session, code: str) -> Ticket | None:
    """The ticket of this code, if there is one."""
    return db.scalar(select(Ticket).where(Ticket.code == code.strip().upper()))


def _deadlines() -> Any:
    return (
        select(DeadlineSet, Ticket.code)
        .join(Ticket, Ticket.id == DeadlineSet.ticket_id)
        .order_by(DeadlineSet.at, DeadlineSet.id)
    )


def _score(form: Instrument, answers: Answers) -> Score | None:
    try:
        return score_answers(form, answers)
    except IncompleteAnswers:
        return None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _why(error: Exception) -> str:
    """Our own sentence, or only the kind of what went wrong: a kept value is never repeated."""
    return str(error) if isinstance(error, EscalationError | LevelPolicyError) else type(error).__name__
