"""The guided tour of the demo district."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from server.callers import Wired
from server.plain_page import plain_page
from server.tour import Tour

router = APIRouter(tags=["public"], default_response_class=HTMLResponse)
THIS_MACHINE = ("127.0.0.1", "::1")
FORWARDED = {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"}
"""Behind somebody's own front door everybody seems to sit at this machine."""


@router.get("/tour")
def take_tour(services: Wired, request: Request) -> HTMLResponse:
    """Ten stops through the demo district: what to press, and where. In live mode there is no such page."""
    if services.settings.mode == "live":
        raise HTTPException(404)
    here = (
        request.client is not None
        and request.client.host in THIS_MACHINE
        and request.url.hostname in (*THIS_MACHINE, "localhost")
        and not FORWARDED & set(request.headers)
    )
    tour = Tour(services, request.app.openapi()["paths"], here)
    return plain_page(tour.title, tour.html(), True)
