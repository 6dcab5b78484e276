"""The staff's side. Every route asks who is calling; another office's ticket is 404, like one that is not there."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from server.callers import CurrentStaff, HalfStaff, StaffCookie, Wired, set_staff_cookie
from server.schemas import (
    ChatAction,
    ChatShown,
    CloseTicket,
    DeskCallShown,
    IdentityShown,
    Login,
    Me,
    PlanFollowUps,
    Reason,
    RecordCall,
    RecordFollowUp,
    RecordReferral,
    RecordVisit,
    TicketDetail,
    TicketList,
    WordsShown,
    WorkerSays,
)

router = APIRouter(prefix="/api/staff", tags=["staff"])


@router.post("/login")
def login(body: Login, response: Response, services: Wired, request: Request) -> Me:
    """Log in. Ten wrong tries in 15 minutes for one account and address close the door for a while."""
    address = request.client.host if request.client else "?"
    token, me = services.console.login(body.username, body.password, address)
    set_staff_cookie(response, token, services.settings)
    return me


@router.post("/logout", status_code=204)
def logout(staff: HalfStaff, response: Response, services: Wired) -> None:
    """End this session on the server."""
    services.console.logout(staff)
    response.delete_cookie(StaffCookie, path="/", secure=True, httponly=True, samesite="strict")


@router.get("/me")
def me(staff: HalfStaff, services: Wired) -> Me:
    """Who is logged in, and whether a second factor is still wanted of them."""
    return services.console.me(staff)


@router.get("/tickets")
def list_tickets(staff: CurrentStaff, services: Wired, view: str = "open") -> TicketList:
    """The tickets of the caller's office by next deadline. Views: open, mine, due, overdue, follow_up, closed."""
    return services.console.tickets(staff, view)


@router.get("/tickets/{code}")
def read_ticket(code: str, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """One ticket: clocks, reasons, time line. The read is recorded."""
    return services.console.ticket(staff, code)


@router.post("/tickets/{code}/acknowledge")
def acknowledge(code: str, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Take the ticket. 409 with the holder's name when somebody else has it."""
    return services.console.acknowledge(staff, code)


@router.post("/tickets/{code}/calls")
def record_call(code: str, body: RecordCall, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Record an attempt to telephone and what came of it."""
    return services.console.record_call(staff, code, body)


@router.post("/tickets/{code}/visits")
def record_visit(code: str, body: RecordVisit, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Record a visit, also late: the form never refuses because a date has passed."""
    return services.console.record_visit(staff, code, body)


@router.post("/tickets/{code}/referrals")
def record_referral(code: str, body: RecordReferral, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Record to whom the resident was referred, and whether they agreed."""
    return services.console.record_referral(staff, code, body)


@router.post("/tickets/{code}/follow-ups")
def plan_follow_ups(code: str, body: PlanFollowUps, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Plan follow-ups so many hours from now; they are rows of the office, not of a person."""
    return services.console.plan_follow_ups(staff, code, body)


@router.post("/tickets/{code}/follow-ups/{follow_up}")
def record_follow_up(
    code: str, follow_up: UUID, body: RecordFollowUp, staff: CurrentStaff, services: Wired
) -> TicketDetail:
    """Record what a follow-up found."""
    return services.console.record_follow_up(staff, code, follow_up, body)


@router.post("/tickets/{code}/close")
def close(code: str, body: CloseTicket, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Close with an outcome. 409 that names what is missing: nobody closes red without having seen the person."""
    return services.console.close(staff, code, body)


@router.post("/tickets/{code}/identity")
def open_identity(code: str, body: Reason, staff: CurrentStaff, services: Wired) -> IdentityShown:
    """Open name, telephone and address, with a reason that is kept and shown to the resident."""
    return services.console.open_identity(staff, code, body.reason)


@router.post("/tickets/{code}/words")
def open_words(code: str, body: Reason, staff: CurrentStaff, services: Wired) -> list[WordsShown]:
    """Lift the veil from the resident's own words, with a reason that is kept."""
    return services.console.open_words(staff, code, body.reason)


@router.get("/tickets/{code}/chat")
def read_chat(code: str, staff: CurrentStaff, services: Wired) -> ChatShown:
    """The conversation since the worker joined; nothing said before."""
    return services.console.chat(staff, code)


@router.post("/tickets/{code}/chat")
def join_or_leave_chat(code: str, body: ChatAction, staff: CurrentStaff, services: Wired) -> ChatShown:
    """Come into the chat (the program falls silent), or hand it back."""
    return services.console.join_or_leave_chat(staff, code, body.action)


@router.post("/tickets/{code}/chat/messages")
def say_in_chat(code: str, body: WorkerSays, staff: CurrentStaff, services: Wired) -> ChatShown:
    """Write to the resident, under one's own role and name."""
    return services.console.say_in_chat(staff, code, body.client_id, body.text)


@router.get("/desk-calls")
def list_desk_calls(staff: CurrentStaff, services: Wired) -> list[DeskCallShown]:
    """Who is waiting at a kiosk of this office for a human being."""
    return services.console.desk_calls(staff)


@router.post("/desk-calls/{call}/answer")
def answer_desk_call(call: UUID, staff: CurrentStaff, services: Wired) -> list[DeskCallShown]:
    """Say that one is going there."""
    return services.console.answer_desk_call(staff, call)
