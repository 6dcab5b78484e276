"""A phone that a worker hands over, for one person's questionnaire."""

from fastapi import APIRouter

from bot.turn import CodeGiven
from server.callers import CurrentStaff, Wired

router = APIRouter(prefix="/api/staff", tags=["staff"])


@router.post("/tickets/{code}/assist")
def hand_over(code: str, staff: CurrentStaff, services: Wired) -> CodeGiven:
    """A one-time code: whoever types it on a phone fills in this resident's questionnaire there, and nothing else."""
    return services.moving.hand_over(code, staff.account)
