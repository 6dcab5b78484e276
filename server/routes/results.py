"""What came of questionnaires: for the resident who answered them, and for the worker on the ticket."""

from fastapi import APIRouter, Response

from escalation.asking_again import AskingAgain
from server.callers import CurrentSession, CurrentStaff, Wired
from server.result_paper import result_paper
from server.results_desk import ResultsDesk
from server.results_schemas import (
    AskingAgainShown,
    OwnResults,
    PlanAskingAgain,
    StopAskingAgain,
    TicketResults,
)
from server.wiring import Services

PDF = "application/pdf"


class Pdf(Response):
    """A sheet of paper."""

    media_type = PDF


router = APIRouter(prefix="/api", tags=["results"])


@router.get("/session/results")
def own_results(session: CurrentSession, services: Wired) -> OwnResults:
    """The caller's own trends: questionnaires completed at least twice. Empty the first time."""
    return _desk(services).own(session)


@router.get(
    "/session/result.pdf",
    response_class=Pdf,
    responses={200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
)
def own_paper(session: CurrentSession, services: Wired) -> Pdf:
    """The caller's own result as a PDF to keep: no name, no question, no answer. Not at a kiosk."""
    sheet = result_paper(services.conversation.state(session, None))
    return Pdf(sheet, headers={"Content-Disposition": 'attachment; filename="result.pdf"'})


@router.get("/staff/tickets/{code}/results")
def ticket_results(code: str, staff: CurrentStaff, services: Wired) -> TicketResults:
    """Every questionnaire of this ticket's resident: reasons, totals, bands, trends. No answer; it is recorded."""
    return _desk(services).of_ticket(staff, code)


@router.post("/staff/tickets/{code}/asking-again")
def ask_again(code: str, body: PlanAskingAgain, staff: CurrentStaff, services: Wired) -> AskingAgainShown:
    """Ask this ticket's resident again every so many days from a day on, in place of whatever plan ran."""
    return _desk(services).ask_again(staff, code, _acts(services), body)


@router.post("/staff/tickets/{code}/asking-again/stop")
def ask_no_more(code: str, body: StopAskingAgain, staff: CurrentStaff, services: Wired) -> AskingAgainShown:
    """Ask this ticket's resident no more."""
    return _desk(services).ask_no_more(staff, code, _acts(services), body)


def _desk(services: Services) -> ResultsDesk:
    return ResultsDesk(services.database, services.clock, services.intake)


def _acts(services: Services) -> AskingAgain:
    casework = services.console.casework
    return AskingAgain(casework.database, casework.clock, casework.policies, casework.telling)
