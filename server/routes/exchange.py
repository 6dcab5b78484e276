"""What goes to other programs of the district."""

from uuid import UUID

from fastapi import APIRouter, Response

from server.callers import CurrentStaff, Wired
from server.fhir.desk import ExchangeDesk
from server.schemas import Reason

FHIR_JSON = "application/fhir+json"


class FhirJson(Response):
    """A FHIR resource as JSON."""

    media_type = FHIR_JSON


router = APIRouter(prefix="/api/staff", tags=["exchange"])


@router.post(
    "/tickets/{code}/administrations/{administration}/bundle",
    response_class=FhirJson,
    responses={200: {"content": {FHIR_JSON: {"schema": {"type": "object"}}}}},
)
def read_bundle(
    code: str, administration: UUID, body: Reason, staff: CurrentStaff, services: Wired
) -> FhirJson:
    """One questionnaire of this ticket's resident as a FHIR R4B Bundle, under a pseudonym.

    The same rights and the same record as lifting the veil, with a reason that is kept and shown to the resident.
    """
    desk = ExchangeDesk(services.database, services.clock, services.console.casework, services.intake)
    return FhirJson(desk.bundle(staff, code, administration, body.reason))
