"""The resident's side: one conversation, the same for the phone and the kiosk.

Every route but the first asks who is calling (the session cookie). Nothing a resident sends appears in an
address. Every request that changes something carries a `client_id`; sent twice, it is answered twice alike.
"""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from bot.errors import CodeUnknown
from bot.turn import CodeGiven, Erased, Turn
from server.callers import CurrentSession, SessionCookie, Wired, set_session_cookie
from server.schemas import (
    Answer,
    CallPerson,
    Choose,
    Enter,
    GiveConsents,
    GiveContact,
    Login,
    OpenSession,
    Redeem,
    Say,
)

router = APIRouter(prefix="/api", tags=["resident"])


@router.post("/sessions", status_code=201)
async def open_session(body: OpenSession, response: Response, services: Wired, request: Request) -> Turn:
    """Begin a conversation, or go on with the one of the last 24 hours on this phone.

    `place` is the signed code from the poster; a bad one is not an error, the conversation then has no place.
    """
    address = request.client.host if request.client else "?"
    token, turn = await services.conversation.open(
        body.door,
        body.place,
        request.cookies.get(SessionCookie) if body.door == "phone" else None,
        may_begin=partial(services.limits.allow, "open_session", address),
    )
    set_session_cookie(response, token, services.settings)
    return turn


@router.post("/sessions/moved", status_code=201)
def redeem_code(body: Redeem, response: Response, services: Wired, request: Request) -> Turn:
    """Go on here with a conversation of another device, by its one-time code; that device is shut.

    Only wrong codes count for the throttle, so that a hall behind one address can move as often as it likes.
    """
    address = request.client.host if request.client else "?"
    services.limits.refuse("code", address)
    services.limits.refuse("code_all", "*")
    try:
        token, turn = services.moving.redeem(body.code, body.door)
    except CodeUnknown:
        services.limits.allow("code", address)
        services.limits.allow("code_all", "*")
        raise
    set_session_cookie(response, token, services.settings)
    return turn


@router.post("/session/code")
def give_code(session: CurrentSession, services: Wired) -> CodeGiven:
    """A one-time code by which this conversation goes on at another device within a day."""
    return services.moving.give(session)


@router.post("/session/entrance")
async def enter(body: Enter, session: CurrentSession, services: Wired) -> Turn:
    """Come in by an entrance: its questionnaires begin."""
    return await services.conversation.enter(
        session, body.client_id, body.entrance, body.length, body.age, body.guardian
    )


@router.post("/session/unlock", status_code=204)
def unlock(
    body: Login, session: CurrentSession, services: Wired, response: Response, request: Request
) -> None:
    """End the questionnaire on a phone that was handed over: the worker signs in again."""
    address = request.client.host if request.client else "?"
    services.moving.unlock(session, services.console.desk.check(body.username, body.password, address))
    response.delete_cookie(SessionCookie, path="/", secure=True, httponly=True, samesite="strict")


@router.get("/session")
def read_session(session: CurrentSession, services: Wired, after: UUID | None = None) -> Turn:
    """The state of the conversation, with the bubbles after `after` (all of them without it)."""
    return services.conversation.state(session, after)


@router.put("/session/consents")
async def give_consents(body: GiveConsents, session: CurrentSession, services: Wired) -> Turn:
    """Record the four ticks as they stand now. Taking one back is as easy as giving it."""
    return await services.conversation.consent(session, body.model_dump())


@router.post("/session/messages")
async def post_message(body: Say, session: CurrentSession, services: Wired) -> Turn:
    """Hear one message: kept and read for danger before anything else can fail."""
    return await services.conversation.reply(session, body.client_id, body.text)


@router.post("/session/choices")
async def post_choice(body: Choose, session: CurrentSession, services: Wired) -> Turn:
    """Press a button that a bubble or the page offers."""
    return await services.conversation.choose(session, body.client_id, body.choice)


@router.post("/session/answers")
async def post_answer(body: Answer, session: CurrentSession, services: Wired) -> Turn:
    """Answer one item by tapping, change an earlier answer, or decline it (`value` null)."""
    return await services.conversation.answer(
        session, body.client_id, body.administration, body.item, body.value
    )


@router.post("/session/contact")
async def post_contact(body: GiveContact, session: CurrentSession, services: Wired) -> Turn:
    """Say how one can be reached, one thing at a time, or decline it (`value` null)."""
    return await services.conversation.contact(session, body.client_id, body.field, body.value)


@router.post("/session/person")
async def call_person(body: CallPerson, session: CurrentSession, services: Wired) -> Turn:
    """Ask for a human being: at a kiosk somebody of the hall, on a phone a worker in the chat."""
    return await services.conversation.call_person(session, body.client_id)


@router.post("/session/leave")
async def leave(session: CurrentSession, services: Wired, response: Response) -> Turn:
    """Stop at once. What was said stays as the consent has it; a ticket stays open."""
    turn = await services.conversation.leave(session)
    response.delete_cookie(SessionCookie, path="/", secure=True, httponly=True, samesite="strict")
    if turn.door == "kiosk":  # somebody else stands there next
        response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return turn


@router.delete("/session/record")
async def erase(session: CurrentSession, services: Wired, response: Response) -> Erased:
    """Erase this person's words, answers and identity; an open ticket keeps only what reaching them needs."""
    erased = await services.conversation.erase(session)
    response.delete_cookie(SessionCookie, path="/", secure=True, httponly=True, samesite="strict")
    return erased


@router.get("/session/record")
def export(session: CurrentSession, services: Wired) -> JSONResponse:
    """Everything that is kept about the caller, as one JSON file."""
    return JSONResponse(
        services.conversation.export(session),
        headers={"Content-Disposition": 'attachment; filename="my-record.json"', "Cache-Control": "no-store"},
    )
