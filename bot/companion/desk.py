"""What a resident's own pages ask of the companion: the safety plan and the moods, theirs alone to read and write."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.companion.doing import PLAN
from bot.companion.keeping import SafetyPlan, keep_plan, mark_mood, plan_of, share_plan
from bot.companion.skills import read_skills
from bot.companion.week import WORDING, this_week
from bot.errors import ChatNotAgreed, Locked, NothingToAnswer
from bot.record import is_erased
from bot.standing import standing_of
from bot.turn import MoodShown, MoodsShown, PlanShown, PlanStepShown
from bot.turns import TurnMaker
from residents.resident import Scope
from residents.session import ResidentSession
from residents.store import lock_session
from storage.database import Database


class CompanionDesk:
    """The safety plan and the moods of whoever asks. Refused on a phone that is only lent (`Locked`)."""

    def __init__(self, database: Database, clock: Callable[[], datetime], turns: TurnMaker) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.turns = turns

    def plan(self, session: ResidentSession) -> PlanShown:
        """The safety plan, with empty steps where nothing was written."""
        self._own(session)
        with self.database.transaction() as db:
            return self._plan(db, session)

    def keep_plan(
        self, session: ResidentSession, steps: Mapping[str, str], shared: bool | None = None
    ) -> PlanShown:
        """Write some steps of the plan; an empty text takes a step away. `NothingToAnswer` for a step there is not.
        `shared`: whether those who see to their matter may have it; None leaves that as it is.

        `ChatNotAgreed` without the tick for talking: nothing is kept of somebody who did not agree.
        """
        self._own(session)
        known = {step.id for step in read_skills()[PLAN].kept_steps()}
        if not steps.keys() <= known:
            raise NothingToAnswer()
        with self.database.transaction() as db:
            self._may_keep(db, session)
            now = self.clock()
            keep_plan(db, self.vault, session.resident_id, steps, now)
            if shared is not None:
                share_plan(db, session.resident_id, shared, now)
            return self._plan(db, session)

    def moods(self, session: ResidentSession) -> MoodsShown:
        """The moods of the last seven days."""
        self._own(session)
        with self.database.transaction() as db:
            return self._moods(db, session)

    def mark(self, session: ResidentSession, value: int) -> MoodsShown:
        """Keep how somebody feels now, 1 to 5."""
        self._own(session)
        with self.database.transaction() as db:
            self._may_keep(db, session)
            mark_mood(db, self.vault, session.resident_id, value, self.clock())
            return self._moods(db, session)

    def _own(self, session: ResidentSession) -> None:
        if session.assisted_by is not None:
            raise Locked()

    def _may_keep(self, db: Session, session: ResidentSession) -> None:
        session = lock_session(db, session.id)
        standing = standing_of(db, self.turns.intake, session)
        if is_erased(db, session) or not (standing.consents[Scope.CHAT] or standing.alarmed):
            raise ChatNotAgreed()

    def _plan(self, db: Session, session: ResidentSession) -> PlanShown:
        skill = read_skills()[PLAN]
        written = plan_of(db, self.vault, session.resident_id)
        kept = db.scalar(select(SafetyPlan).where(SafetyPlan.resident_id == session.resident_id))
        return PlanShown(
            title=skill.title,
            steps=[
                PlanStepShown(id=step.id, label=step.label or "", words=written.get(step.id, ""))
                for step in skill.kept_steps()
            ],
            updated_at=kept.updated_at if kept and written else None,
            shared=kept is not None and kept.shared_at is not None,
        )

    def _moods(self, db: Session, session: ResidentSession) -> MoodsShown:
        week = this_week(db, self.vault, session.resident_id, self.clock())
        return MoodsShown(
            names=WORDING["names"],
            marks=[MoodShown(at=at, value=value) for at, value in week.marks],
            words=week.words,
        )
