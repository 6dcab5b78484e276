"""Notices in the console, and the list of telephones for the day when no channel works."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from escalation.in_app import see, unseen
from server.call_list import PAGE_POLICY, as_page
from server.callers import CurrentStaff, Wired
from server.notice_schemas import NoticeList, NoticeShown

router = APIRouter(prefix="/api/staff", tags=["staff"])


@router.get("/notices")
def list_notices(staff: CurrentStaff, services: Wired) -> NoticeList:
    """What the caller's office and the caller have not looked at yet, newest first, with how many there are."""
    with services.database.transaction() as db:
        count, rows = unseen(db, staff.account)
        return NoticeList(count=count, notices=[NoticeShown.of(row) for row in rows])


@router.post("/notices/{notice}/seen")
def see_notice(notice: UUID, staff: CurrentStaff, services: Wired) -> NoticeList:
    """Say that one has looked at a notice. It takes no ticket."""
    with services.database.transaction() as db:
        see(db, staff.account, notice, services.clock())
    return list_notices(staff, services)


@router.get("/call-list", response_class=HTMLResponse)
def read_call_list(staff: CurrentStaff, services: Wired) -> HTMLResponse:
    """值班电话单, to be printed: who is on duty until tomorrow, with telephones, and what is open, without names of
    residents. The read is recorded."""
    page = as_page(services.call_list.for_staff(staff.account))
    return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})
