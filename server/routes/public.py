"""What anybody may ask without saying who they are: the first screen, the hotlines, and progress by code."""

from fastapi import APIRouter, Request

from bot.turn import HotlineShown
from escalation.errors import TicketNotFound
from server.callers import Wired
from server.schemas import DistrictShown, Progress

router = APIRouter(prefix="/api", tags=["public"])


@router.get("/district")
def read_district(services: Wired, place: str | None = None) -> DistrictShown:
    """What the first screen says before a conversation begins. A bad place code is simply no place."""
    return services.front_door.district(place)


@router.get("/hotlines")
def read_hotlines(services: Wired) -> list[HotlineShown]:
    """The telephone lines with their hours, and which of them answer now."""
    return services.front_door.hotlines()


@router.get("/progress/{code}")
def read_progress(code: str, services: Wired, request: Request) -> Progress:
    """Where a matter stands: no name, no level, no reason. Guessing is throttled; an unknown code is 404.

    Only wrong codes count, so that a hall behind one address can look as often as it likes.
    """
    address = request.client.host if request.client else "?"
    services.limits.refuse("progress", address)
    try:
        return services.front_door.progress(code)
    except TicketNotFound:
        services.limits.allow("progress", address)
        raise
