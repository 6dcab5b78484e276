"""What several people do on one ticket: handing over, deciding, reaching, joint work, trips, lowering, reopening."""

from fastapi import APIRouter

from server.callers import CurrentStaff, Wired
from server.schemas import TicketDetail
from server.teamwork_schemas import (
    AnswerLowering,
    AnswerTransfer,
    AskLowering,
    AskPartner,
    AskTransfer,
    ComeBack,
    Decide,
    HandOver,
    OnlyOnce,
    PartnerTaskList,
    RecordAttempt,
    SayResult,
    SetOut,
    TwoPeople,
    Waiting,
    WithReason,
)

router = APIRouter(prefix="/api/staff", tags=["teamwork"])


@router.get("/waiting")
def waiting(staff: CurrentStaff, services: Wired) -> Waiting:
    """What waits for the caller: tickets offered, lowerings to confirm, colleagues who are out, decisions."""
    return services.teamwork.waiting(staff)


@router.post("/tickets/{code}/transfer")
def ask_transfer(code: str, body: AskTransfer, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Ask another office to take the ticket. The sender keeps it, and no clock moves, until it is accepted."""
    return services.teamwork.ask_transfer(staff, code, body)


@router.post("/tickets/{code}/hand-over")
def hand_over(code: str, body: HandOver, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Ask a named colleague of the office to take the ticket; the holder keeps it until then."""
    return services.teamwork.hand_over(staff, code, body)


@router.post("/tickets/{code}/transfer/answer")
def answer_transfer(
    code: str, body: AnswerTransfer, staff: CurrentStaff, services: Wired
) -> TicketDetail | None:
    """Accept, or refuse with a reason. Whoever refuses another office's ticket sees it no longer: then null."""
    return services.teamwork.answer_transfer(staff, code, body)


@router.post("/tickets/{code}/transfer/withdraw")
def withdraw_transfer(code: str, body: OnlyOnce, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Take the asking back while nobody has answered it."""
    return services.teamwork.withdraw_transfer(staff, code, body)


@router.post("/tickets/{code}/take-over")
def take_over(code: str, body: WithReason, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Take a ticket out of somebody else's hand, with a reason that stands on the time line."""
    return services.teamwork.take_over(staff, code, body)


@router.post("/tickets/{code}/to-district")
def to_district(code: str, body: WithReason, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Straight to the district: its desk is told at once, and again until somebody there acts."""
    return services.teamwork.to_district(staff, code, body)


@router.post("/tickets/{code}/decision")
def decide(code: str, body: Decide, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """The district decides whose ticket it is; that stands, and nobody can pass it on after it."""
    return services.teamwork.decide(staff, code, body)


@router.post("/tickets/{code}/attempts")
def record_attempt(code: str, body: RecordAttempt, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Record one try to reach the resident; a failed one sets by when the next must be made."""
    return services.teamwork.record_attempt(staff, code, body)


@router.post("/tickets/{code}/sub-tasks")
def ask_partner(code: str, body: AskPartner, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Ask a partner for one part of the work. It will see this part, and nothing else of the ticket."""
    return services.teamwork.ask_partner(staff, code, body)


@router.post("/tickets/{code}/sub-tasks/{task}/withdraw")
def withdraw_sub_task(
    code: str, task: str, body: OnlyOnce, staff: CurrentStaff, services: Wired
) -> TicketDetail:
    """Take back what was asked of a partner: it is needed no longer."""
    return services.teamwork.withdraw_sub_task(staff, code, task, body)


@router.post("/tickets/{code}/trip")
def set_out(code: str, body: SetOut, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Set out for a visit and say by when one will be heard of. Where two must go, the other is named."""
    return services.teamwork.set_out(staff, code, body)


@router.post("/tickets/{code}/trip/arrived")
def arrived(code: str, body: OnlyOnce, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Say that one has arrived at the door."""
    return services.teamwork.arrived(staff, code, body)


@router.post("/tickets/{code}/trip/back")
def come_back(code: str, body: ComeBack, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Say that one is back and safe, or call for help. A supervisor or the district may end an alarm like this."""
    return services.teamwork.come_back(staff, code, body)


@router.post("/tickets/{code}/two-people")
def two_people(code: str, body: TwoPeople, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Say that nobody visits alone, or, as a supervisor, that it is no longer needed."""
    return services.teamwork.two_people(staff, code, body)


@router.post("/tickets/{code}/lowering")
def ask_lowering(code: str, body: AskLowering, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Find the level too high, with a reason. Nothing changes before a second person has confirmed it."""
    return services.teamwork.ask_lowering(staff, code, body)


@router.post("/tickets/{code}/lowering/answer")
def answer_lowering(code: str, body: AnswerLowering, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Confirm or decline as the second person, who is never the one that asked."""
    return services.teamwork.answer_lowering(staff, code, body)


@router.post("/tickets/{code}/reopen")
def reopen(code: str, body: WithReason, staff: CurrentStaff, services: Wired) -> TicketDetail:
    """Open a closed ticket again, with a reason. It keeps its code, and its chain begins anew."""
    return services.teamwork.reopen(staff, code, body)


@router.get("/sub-tasks")
def list_sub_tasks(staff: CurrentStaff, services: Wired) -> PartnerTaskList:
    """A partner's own list: what is asked of it, by when and where. Nobody else has one."""
    return services.teamwork.sub_tasks(staff)


@router.post("/sub-tasks/{task}/accept")
def accept_sub_task(task: str, body: OnlyOnce, staff: CurrentStaff, services: Wired) -> PartnerTaskList:
    """Say that the partner takes it on."""
    return services.teamwork.accept_sub_task(staff, task, body)


@router.post("/sub-tasks/{task}/done")
def finish_sub_task(task: str, body: SayResult, staff: CurrentStaff, services: Wired) -> PartnerTaskList:
    """Say what came of it; the office that asked is told."""
    return services.teamwork.finish_sub_task(staff, task, body)


@router.post("/sub-tasks/{task}/cannot")
def cannot_do_sub_task(task: str, body: SayResult, staff: CurrentStaff, services: Wired) -> PartnerTaskList:
    """Say that it cannot be done and why; the office that asked is told at once."""
    return services.teamwork.cannot_do_sub_task(staff, task, body)
