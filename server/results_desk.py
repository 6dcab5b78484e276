"""What came of questionnaires: a resident's own trend, and a worker's view of every form of a ticket's resident.

It reads and writes nothing but the audit row and when somebody is asked again: nothing here opens, raises or lowers
anything, and no answer leaves it.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.orm import Session

from assessments import store as sittings
from assessments.administration import Administration
from assessments.change import ChangeBasis, change_bases, reliable_change
from assessments.instrument import Instrument
from assessments.norms import placed
from assessments.quality import doubts, seconds_by_item
from assessments.scoring import Score, missing_items
from assessments.staging import SAFETY_FORMS
from bot.errors import Locked
from escalation.acts import AlreadyRecorded
from escalation.asking_again import AskingAgain, standing
from escalation.errors import NotAllowed
from escalation.explain import what_would_change
from escalation.intake import Intake
from escalation.signal import Signal
from escalation.store import signals_of_session, ticket_for
from escalation.triage import Level
from residents.session import ResidentSession
from server.console import Staff
from server.results_schemas import (
    AdministrationShown,
    AskingAgainShown,
    FigureShown,
    OwnResults,
    OwnTrend,
    PlanAskingAgain,
    StopAskingAgain,
    TicketResults,
    TrendPoint,
    WorkerTrend,
)
from server.schemas import ReasonShown
from storage import audit
from storage.database import Database

WORDS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "results_wording.yml").read_text("utf-8"))
MOST_POINTS = 12
"""More of them would not be read on a phone; the newest stay."""

Scored = tuple[Administration, Instrument, Score | None]


class ResultsDesk:
    """Behind the routes of `server/routes/results.py`."""

    def __init__(self, database: Database, clock: Callable[[], datetime], intake: Intake) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.intake = intake

    # --- a resident's own ----------------------------------------------------------------------------

    def own(self, session: ResidentSession) -> OwnResults:
        """The caller's questionnaires that were completed at least twice, in words first.

        What is for staff (PCL-5) and the safety questions are not there. On a phone that a worker lent: `Locked`.
        """
        if session.assisted_by is not None:
            raise Locked()
        with self.database.transaction() as db:
            scored = [
                one
                for one in self._scored(db, sittings.of_resident(db, session.resident_id))
                if one[0].instrument not in SAFETY_FORMS and one[1].result_for == "resident"
            ]
        trends = []
        for form, points, editions in _series(scored):
            times = len(points)
            if times < 2 and not editions:
                continue
            if times < 2:
                words = WORDS["own"]["new_edition"]
            else:
                means = _means(form, points[-2].total, points[-1].total)
                words = WORDS["own"][means].format(times=times)
            trends.append(
                OwnTrend(
                    instrument=form.id, title=form.title, words=words, highest=form.highest_total,
                    points=points,
                )
            )  # fmt: skip
        return OwnResults(trends=trends)

    # --- a worker's ------------------------------------------------------------------------------------

    def of_ticket(self, staff: Staff, code: str) -> TicketResults:
        """Every form that this ticket's resident was asked, without an answer; the read is recorded.

        For whom the ticket is not: `TicketNotFound`. An auditor reads no results: `NotAllowed`.
        """
        with self.database.transaction() as db:
            ticket = ticket_for(db, code, staff.account)
            if staff.account.role == "auditor":
                raise NotAllowed(WORDS["staff"]["auditor"])
            audit.record(
                db, actor=staff.account.username, action="results.read", subject=f"ticket:{ticket.code}",
                purpose="casework", at=self.clock(),
            )  # fmt: skip
            every = sittings.of_resident(db, ticket.resident_id)
            scored = self._scored(db, every)
            signals = {a.session_id: signals_of_session(db, a.session_id) for a in every}
            shown = [self._shown(db, *one, signals[one[0].session_id]) for one in scored]
            known = self.intake.known_of(db, ticket.session_id)
            again = standing(db, ticket.resident_id)
        trends = [
            _worker_trend(form, points)
            for form, points, _ in _series([one for one in scored if one[0].instrument not in SAFETY_FORMS])
            if len(points) > 1
        ]
        trends.sort(key=lambda trend: trend.band is None)
        return TicketResults(
            administrations=sorted(shown, key=lambda one: one.at, reverse=True),
            trends=trends,
            would_change=[change.sentence for change in what_would_change(known, self.intake.levels)],
            asking_again=AskingAgainShown(**asdict(again)),
        )

    def ask_again(
        self, staff: Staff, code: str, acts: AskingAgain, body: PlanAskingAgain
    ) -> AskingAgainShown:
        """Plan when this ticket's resident is asked again; what stands then."""
        with suppress(AlreadyRecorded):
            acts.plan(staff.account, code, body.client_id, body.every_days, body.starts_on)
        return self._again(staff, code)

    def ask_no_more(
        self, staff: Staff, code: str, acts: AskingAgain, body: StopAskingAgain
    ) -> AskingAgainShown:
        """Stop asking this ticket's resident again; what stands then."""
        with suppress(AlreadyRecorded):
            acts.stop(staff.account, code, body.client_id)
        return self._again(staff, code)

    def _again(self, staff: Staff, code: str) -> AskingAgainShown:
        with self.database.transaction() as db:
            return AskingAgainShown(**asdict(standing(db, ticket_for(db, code, staff.account).resident_id)))

    def _shown(
        self,
        db: Session,
        administration: Administration,
        form: Instrument,
        score: Score | None,
        signals: Sequence[Signal],
    ) -> AdministrationShown:
        words = WORDS["staff"]
        finished = administration.finished_at is not None
        answers = sittings.answers_of(db, self.vault, administration.id)
        level, reasons = self._judged(administration, signals)
        shown = AdministrationShown(
            id=administration.id,
            instrument=form.id,
            title=form.title,
            version=administration.version,
            at=administration.finished_at or administration.started_at,
            finished=finished,
            level=level.key if level else None,  # type: ignore[arg-type]
            level_word=f"{level.colour}色" if level else None,
            reasons=reasons,
            quality=list(
                dict.fromkeys(
                    words["contradiction"] if doubt.kind == "contradiction" else doubt.sentence
                    for doubt in doubts(
                        form, answers, seconds_by_item(sittings.answered_at(db, administration.id))
                    )
                )
            ),
        )
        if not finished:
            return shown.model_copy(update={"note": words["not_finished"]})
        if score is None:
            missing = len(missing_items(form, answers))
            return shown.model_copy(update={"note": words["incomplete"].format(missing=missing)})
        return shown.model_copy(update=_figures(form, score))

    def _judged(
        self, administration: Administration, signals: Sequence[Signal]
    ) -> tuple[Level | None, list[ReasonShown]]:
        """The worst level that answers of this form came to, and each rule once with its items."""
        levels: list[Level] = []
        shown: dict[str, ReasonShown] = {}
        for signal in signals:
            if not signal.source.startswith(f"answer:{administration.id}:"):
                continue
            if signal.level is not None:
                levels.append(Level(signal.level))
            kept = json.loads(self.vault.open(signal, "reasons") or '{"reasons": []}')
            for reason in kept["reasons"]:
                first = shown.setdefault(
                    reason["rule"],
                    ReasonShown(
                        rule=reason["rule"],
                        sentence=self.intake.levels.fixed_reasons.get(reason["rule"], "依现行规则"),
                        items=[],
                        at=signal.at,
                        level=Level(signal.level).key if signal.level is not None else None,  # type: ignore[arg-type]
                    ),
                )
                items = [item.removeprefix("q") for item in reason["items"]]
                first.items += [item for item in items if item not in first.items]
        return max(levels, default=None), list(shown.values())

    def _scored(self, db: Session, administrations: Sequence[Administration]) -> list[Scored]:
        return [
            (a, self.intake.form_of(db, a), sittings.score_of(self.vault, a) if a.finished_at else None)
            for a in administrations
        ]


def _series(scored: Sequence[Scored]) -> list[tuple[Instrument, list[TrendPoint], bool]]:
    """Complete totals of the newest edition of each form, oldest first, and whether there were other editions."""
    by_form: dict[str, list[tuple[Administration, Instrument, int]]] = {}
    for administration, form, score in scored:
        if score is not None and score.total is not None and administration.finished_at is not None:
            by_form.setdefault(form.id, []).append((administration, form, score.total))
    found = []
    for complete in by_form.values():
        complete.sort(key=lambda one: (one[0].finished_at, one[0].id))
        newest = complete[-1]
        same = [one for one in complete if one[0].version == newest[0].version]
        points = [TrendPoint(at=a.finished_at, total=total) for a, _, total in same if a.finished_at]
        found.append((newest[1], points[-MOST_POINTS:], len(same) < len(complete)))
    found.sort(key=lambda one: one[1][-1].at, reverse=True)
    return found


def _means(form: Instrument, before: int, after: int) -> str:
    basis = change_bases().get(form.id)
    if basis is None:
        return "no_basis"
    return reliable_change(basis, before, after, high_is_good=form.scoring.high_is_good).means


def _figures(form: Instrument, score: Score) -> dict[str, Any]:
    norms = {
        one.measure: one.percentile for one in placed(form, {"total": score.total, **dict(score.subscales)})
    }
    return {
        "total": score.total,
        "highest": form.highest_total if score.total is not None else None,
        "standard_score": score.standard_score,
        "percentile": norms.get("total"),
        "band": next((band.name for band in form.bands if band.id == score.band), None),
        "figures": [
            FigureShown(
                name=scale.name, value=round(score.subscales[scale.id], 2), percentile=norms.get(scale.id)
            )
            for scale in form.scoring.subscales
            if scale.id in score.subscales
        ],
        "flags": [flag.name for flag in form.flags if score.flags.get(flag.id)],
        "norms": WORDS["staff"]["norms"].format(
            sample=form.norms.sample, year=form.norms.year, source=form.norms.source,
            notes=form.norms.notes,
        )
        if form.norms
        else None,
    }  # fmt: skip


def _worker_trend(form: Instrument, points: list[TrendPoint]) -> WorkerTrend:
    basis = change_bases().get(form.id)
    return WorkerTrend(
        instrument=form.id,
        title=form.title,
        highest=form.highest_total,
        high_is_good=form.scoring.high_is_good,
        points=points,
        band=basis.band if basis else None,
        since_last=_compared(form, basis, points[-2].total, points[-1].total),
        since_first=_compared(form, basis, points[0].total, points[-1].total)
        if basis is not None and len(points) > 2
        else None,
        basis=WORDS["staff"]["basis"].format(
            reliability=basis.reliability, reliability_source=basis.reliability_source, sd=basis.sd,
            sd_source=basis.sd_source, points=basis.points,
        )
        if basis
        else None,
    )  # fmt: skip


def _compared(form: Instrument, basis: ChangeBasis | None, before: int, after: int) -> str:
    if basis is None:
        return WORDS["staff"]["no_basis"]
    change = reliable_change(basis, before, after, high_is_good=form.scoring.high_is_good)
    return WORDS["staff"][change.means].format(
        difference=f"{change.difference:+d}" if change.difference else "0", band=f"{basis.band:.1f}"
    )
