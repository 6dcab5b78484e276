"""Documents of a ticket, on the screen and as PDF, and the day's doors on paper. Each opening is recorded."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from escalation.papers import Papers
from server.callers import CurrentStaff, Wired
from server.documents import BlockKind, Document, Kind, as_paper, day_plan
from server.documents_desk import DocumentsDesk
from server.errors import NoPaper
from server.paper import PaperError
from server.routes.results import PDF, Pdf
from server.shapes import Body
from server.wiring import Services

router = APIRouter(prefix="/api/staff", tags=["documents"])
_PDF: dict[int | str, dict[str, object]] = {
    200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}


class OpenDocument(Body):
    """`asked`: the resident was asked, face to face, and agreed to have it printed (the safety plan alone)."""

    asked: bool = False


class Pair(BaseModel):
    label: str
    text: str


class BlockShown(BaseModel):
    kind: BlockKind
    heading: str
    lines: list[str]
    pairs: list[Pair]


class DocumentShown(BaseModel):
    """One document, ready to be shown or printed."""

    kind: Literal["visit_kit", "visit_record", "family_sheet", "referral_letter", "safety_plan"]
    title: str
    number: str | None
    blocks: list[BlockShown]
    foot: list[str]


@router.post("/tickets/{code}/documents/{kind}")
def open_document(
    code: str, kind: Kind, body: OpenDocument, staff: CurrentStaff, services: Wired
) -> DocumentShown:
    """One document of this ticket. Only who holds it or leads the office; the resident sees that it was opened."""
    made = _desk(services).open(staff, code, kind, asked=body.asked, form="screen")
    return DocumentShown(
        kind=kind,
        title=made.title,
        number=made.number,
        blocks=[
            BlockShown(
                kind=block.kind,
                heading=block.heading,
                lines=list(block.lines),
                pairs=[Pair(label=label, text=text) for label, text in block.pairs],
            )
            for block in made.blocks
        ],
        foot=list(made.foot),
    )


@router.post("/tickets/{code}/documents/{kind}/pdf", response_class=Pdf, responses=_PDF)
def open_document_paper(
    code: str, kind: Kind, body: OpenDocument, staff: CurrentStaff, services: Wired
) -> Pdf:
    """The same on A4 paper: an opening of its own."""
    made = _desk(services).open(staff, code, kind, asked=body.asked, form="paper")
    return _sheet(made)


@router.get("/day-plan/pdf", response_class=Pdf, responses=_PDF)
def read_day_plan_paper(staff: CurrentStaff, services: Wired) -> Pdf:
    """Today's doors on paper: codes and times, no name. The read is recorded like the list's."""
    return _sheet(day_plan(services.desk_book.day_plan(staff), staff.account.name))


def _sheet(made: Document) -> Pdf:
    try:
        content = as_paper(made)
    except PaperError as error:
        raise NoPaper() from error
    return Pdf(content, headers={"Content-Disposition": f'inline; filename="{made.kind}.pdf"'})


def _desk(services: Services) -> DocumentsDesk:
    casework = services.console.casework
    return DocumentsDesk(
        services.database,
        services.clock,
        lambda: services.district,
        Papers(casework.database, casework.clock, casework.policies, casework.telling),
        lambda: [(line.number, line.name) for line in services.turns.hotlines()],
    )
