"""A resident's own plan for hard hours, and how they said they felt. Nobody else reads either, except that whoever sees
to their matter may have the plan when its owner says so (`escalation/papers.py`)."""

from fastapi import APIRouter, Response

from bot.turn import MoodsShown, PlanShown
from server.callers import CurrentSession, Wired
from server.schemas import KeepPlan, MarkMood

router = APIRouter(prefix="/api/session", tags=["resident"])


@router.get("/plan")
def read_plan(session: CurrentSession, services: Wired, response: Response) -> PlanShown:
    """The safety plan of whoever asks."""
    response.headers["Cache-Control"] = "no-store"
    return services.companion.plan(session)


@router.put("/plan")
def keep_plan(body: KeepPlan, session: CurrentSession, services: Wired) -> PlanShown:
    """Write steps of it. The same steps written twice are written once."""
    return services.companion.keep_plan(session, body.steps, body.shared)


@router.get("/moods")
def read_moods(session: CurrentSession, services: Wired, response: Response) -> MoodsShown:
    """The moods of the last seven days."""
    response.headers["Cache-Control"] = "no-store"
    return services.companion.moods(session)


@router.post("/moods", status_code=201)
def mark_mood(body: MarkMood, session: CurrentSession, services: Wired) -> MoodsShown:
    """Say with one tap how it is now."""
    return services.companion.mark(session, body.value)
