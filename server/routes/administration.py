"""Administration: second factor, audit, rules, sentences, places and the tree. Every route asks who is calling."""

import csv
import io
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from server.administration_schemas import (
    AuditCheckShown,
    AuditPage,
    BeginSecond,
    DecideRules,
    LookAtTree,
    Marked,
    MarkReviewed,
    PaperCodes,
    PlaceList,
    ProposeRules,
    RehearsalShown,
    RehearseRules,
    RulesShown,
    SaveTree,
    SearchAudit,
    SearchSentences,
    SecondOffered,
    SecondShown,
    SentencePage,
    TreeLooked,
    TreeShown,
    TypedCode,
)
from server.callers import CurrentStaff, HalfStaff, Wired
from server.places_desk import SHEET_POLICY

router = APIRouter(prefix="/api/staff", tags=["administration"])


@router.get("/second-factor")
def read_second_factor(staff: HalfStaff, services: Wired) -> SecondShown:
    """Where this log-in stands: what it still needs before anything else opens."""
    return services.second.shown(staff)


@router.post("/second-factor")
def give_second_factor(body: TypedCode, staff: HalfStaff, services: Wired, request: Request) -> SecondShown:
    """Give the number from the telephone, or a code from paper. Five wrong numbers in 15 minutes shut this door."""
    return services.second.give(staff, body.code, _address(request))


@router.post("/second-factor/begin")
def begin_second_factor(
    body: BeginSecond, staff: HalfStaff, services: Wired, request: Request
) -> SecondOffered:
    """Offer a new secret, after the password. Whoever has one gives it first."""
    return services.second.begin(staff, body.password, _address(request))


@router.post("/second-factor/confirm")
def confirm_second_factor(body: TypedCode, staff: HalfStaff, services: Wired) -> PaperCodes:
    """Bind what was offered, with the first number. The eight codes for paper are in this answer and nowhere else."""
    return services.second.confirm(staff, body.code)


@router.post("/second-factor/papers")
def renew_paper_codes(
    body: BeginSecond, staff: CurrentStaff, services: Wired, request: Request
) -> PaperCodes:
    """Eight new codes for paper, after the password; the old ones open nothing any more."""
    return services.second.papers(staff, body.password, _address(request))


@router.post("/audit/search")
def search_audit(body: SearchAudit, staff: CurrentStaff, services: Wired) -> AuditPage:
    """The audit trail, newest first. The look is recorded, without the words that were looked for."""
    return services.audit_desk.search(staff, body)


@router.post("/audit/check")
def check_audit(staff: CurrentStaff, services: Wired) -> AuditCheckShown:
    """Walk over the whole chain now, and say what was found."""
    return services.audit_desk.check(staff)


@router.get("/rules")
def list_rules(staff: CurrentStaff, services: Wired) -> RulesShown:
    """The files that decide, and what waits for a second person."""
    return services.rules_desk.every(staff)


@router.post("/rules/rehearse")
def rehearse_rules(body: RehearseRules, staff: CurrentStaff, services: Wired) -> RehearsalShown:
    """What a changed file would have done on the last month. Changes nothing."""
    return services.rules_desk.rehearse(staff, body)


@router.post("/rules/proposals")
def propose_rules(body: ProposeRules, staff: CurrentStaff, services: Wired) -> RulesShown:
    """Ask a second administrator to bring a rehearsed file into force."""
    return services.rules_desk.propose(staff, body)


@router.post("/rules/proposals/{proposal}")
def decide_rules(proposal: UUID, body: DecideRules, staff: CurrentStaff, services: Wired) -> RulesShown:
    """Approve or refuse what somebody else asked for, or take back what one asked for oneself."""
    return services.rules_desk.decide(staff, proposal, body)


@router.post("/sentences/search")
def search_sentences(body: SearchSentences, staff: CurrentStaff, services: Wired) -> SentencePage:
    """Every sentence that the program may say, those to be read first in front."""
    return services.content_desk.search(staff, body)


@router.post("/sentences/reviewed")
def mark_reviewed(body: MarkReviewed, staff: CurrentStaff, services: Wired) -> Marked:
    """Write down who read which sentences on which day, as they stand now."""
    return services.content_desk.mark(staff, body)


@router.get("/places")
def list_places(staff: CurrentStaff, services: Wired) -> PlaceList:
    """The places with a code of their own, and the number that is read aloud on the telephone."""
    return services.places_desk.places(staff)


@router.get("/places/{place}/poster", response_class=HTMLResponse)
def read_place_poster(place: str, staff: CurrentStaff, services: Wired) -> HTMLResponse:
    """The sheet of one place, for A4 paper. Printing is recorded."""
    return _paper(services.places_desk.poster(staff, place))


@router.get("/offices/{office}/posters", response_class=HTMLResponse)
def read_office_posters(office: str, staff: CurrentStaff, services: Wired) -> HTMLResponse:
    """The sheets of all places of one office, a page each. Printing is recorded."""
    return _paper(services.places_desk.posters(staff, office))


@router.get("/tree")
def read_tree(staff: CurrentStaff, services: Wired) -> TreeShown:
    """The district's tree as it stands, in lines."""
    return services.places_desk.in_force(staff)


@router.get("/tree/table", response_class=Response)
def read_tree_table(staff: CurrentStaff, services: Wired) -> Response:
    """The tree as a table (CSV), to be changed and brought back."""
    out = io.StringIO()
    csv.writer(out).writerows(services.places_desk.table(staff))
    headers = {"Content-Disposition": 'attachment; filename="district.csv"'}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/tree/look")
def look_at_tree(body: LookAtTree, staff: CurrentStaff, services: Wired) -> TreeLooked:
    """What a table of the tree would change, or everything that is wrong with it, by line. Saves nothing."""
    return services.places_desk.look(staff, body)


@router.post("/tree")
def save_tree(body: SaveTree, staff: CurrentStaff, services: Wired) -> TreeLooked:
    """Bring a table into force that was looked at."""
    return services.places_desk.save(staff, body)


def _address(request: Request) -> str:
    return request.client.host if request.client else "?"


def _paper(page: str) -> HTMLResponse:
    return HTMLResponse(page, headers={"Content-Security-Policy": SHEET_POLICY})
