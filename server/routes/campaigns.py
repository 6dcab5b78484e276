"""Group screenings, for the district's administrator. Every route asks who is calling."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from server.callers import CurrentStaff, Wired
from server.campaign_desk import POSTER_POLICY
from server.campaign_schemas import AddCampaign, CampaignList

router = APIRouter(prefix="/api/staff", tags=["campaigns"])


@router.get("/campaigns")
def list_campaigns(staff: CurrentStaff, services: Wired) -> CampaignList:
    """All group screenings, with what may be published of those that are over. The read is recorded."""
    return services.campaigns.every(staff)


@router.post("/campaigns")
def add_campaign(body: AddCampaign, staff: CurrentStaff, services: Wired) -> CampaignList:
    """Make a group screening at a place that has a code."""
    return services.campaigns.add(staff, body)


@router.get("/campaigns/{code}/poster", response_class=HTMLResponse)
def read_poster(code: str, staff: CurrentStaff, services: Wired) -> HTMLResponse:
    """The poster, to be printed: the code of the place, and what is promised. The read is recorded."""
    page = services.campaigns.poster(staff, code)
    return HTMLResponse(page, headers={"Content-Security-Policy": POSTER_POLICY})
