"""A worker's own desk. Every route asks who is calling; what is another's, or another office's, is not there."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from server.callers import CurrentStaff, StaffCookie, Wired
from server.console import Staff
from server.desk_schemas import DayPlan, KeepingKey, KeepView, OfficeBoard, SayCardsShown, ViewShown
from server.errors import NotLoggedIn
from server.listening import Listening
from server.wiring import Services

router = APIRouter(prefix="/api/staff", tags=["desk"])

BEAT_EVERY = 5.0
LOOK_EVERY = 0.5


@router.get("/views")
def list_views(staff: CurrentStaff, services: Wired) -> list[ViewShown]:
    """The caller's own views of the list, on whichever device."""
    return services.desk_book.views(staff)


@router.post("/views")
def keep_view(body: KeepView, staff: CurrentStaff, services: Wired) -> list[ViewShown]:
    """Keep a view under its name; the same name again changes it. 409 beyond a dozen."""
    return services.desk_book.keep_view(staff, body)


@router.delete("/views/{view}")
def forget_view(view: UUID, staff: CurrentStaff, services: Wired) -> list[ViewShown]:
    """Forget one of one's own views."""
    return services.desk_book.forget_view(staff, view)


@router.get("/keeping-key")
def read_keeping_key(staff: CurrentStaff, services: Wired) -> KeepingKey:
    """The caller's key for sealing on their own device what cannot be sent yet."""
    return services.desk_book.keeping_key(staff)


@router.get("/day-plan")
def read_day_plan(staff: CurrentStaff, services: Wired) -> DayPlan:
    """The doors of the caller's office today: worst level first, within it by deadline. The read is recorded."""
    return services.desk_book.day_plan(staff)


@router.get("/board")
def read_board(staff: CurrentStaff, services: Wired) -> OfficeBoard:
    """Load per person, what is late, what came back, and the month behind. For whoever leads; names no resident."""
    return services.desk_book.board(staff)


@router.get("/say-cards")
def read_say_cards(staff: CurrentStaff, services: Wired) -> SayCardsShown:
    """What to say at the door and on the telephone, by level and by situation."""
    return services.desk_book.say_cards()


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, 204: {"description": "nothing can be heard now"}},
)
async def hear_events(request: Request, staff: CurrentStaff, services: Wired) -> Response:
    """That something changed on a ticket of the caller's office: its code and the kind, never a word.

    `beat` comes only while this process really hears the database. 204 when it does not, or when so many listen already
    that residents could be kept waiting (three for one person): the page asks by itself. The
    stream ends with the session, when the hearing stops, and when the process is asked to stop.
    """
    if not services.listening.hears or not services.listening.room(staff.account.username):
        return Response(status_code=204)
    token = request.cookies.get(StaffCookie)
    stream = _events(services, services.listening, token, staff)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(
    services: Services, listening: Listening, token: str | None, staff: Staff
) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    beat_at = clock()
    who = staff.account.username
    if not listening.room(who):
        return
    with listening.ear(who) as heard:
        while listening.hears:
            if clock() >= beat_at:
                try:
                    staff = await run_in_threadpool(services.console.session_of, token)
                except NotLoggedIn:
                    return
                yield "event: beat\ndata: {}\n\n"
                beat_at = clock() + BEAT_EVERY
            try:
                stir = await asyncio.wait_for(heard.get(), LOOK_EVERY)
            except TimeoutError:
                continue
            if staff.account.role == "auditor" or staff.account.office in stir.offices:
                said = json.dumps({"code": stir.code, "kind": stir.kind})
                yield f"event: change\ndata: {said}\n\n"
