"""The wall screen, for staff who may look and for an unattended screen with its key; and the public board."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from server.board_desk import BoardDesk
from server.board_page import PAGE_POLICY, as_page
from server.board_schemas import Board, BoardMap, PublicBoard
from server.callers import WallViewer, Wired
from server.wiring import Services

router = APIRouter(tags=["board"])


@router.get("/api/board")
def read_board(caller: WallViewer, services: Wired) -> Board:
    """The wall screen: the last week that is over, in counts that can be shown; no name, no small number."""
    return _desk(services).board()


@router.get("/api/board/map")
def read_map(caller: WallViewer, services: Wired) -> BoardMap:
    """The district's own map, where it has one."""
    return _desk(services).map()


@router.get("/api/public/board")
def read_public_board(services: Wired) -> PublicBoard:
    """How many were helped last week, what was in time and what was late: for everybody, no small number."""
    return _desk(services).public()


@router.get("/board", response_class=HTMLResponse)
def read_public_page(services: Wired) -> HTMLResponse:
    """The public board as a page that any phone can show: no script, no picture."""
    page = as_page(_desk(services).public())
    return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})


def _desk(services: Services) -> BoardDesk:
    chosen = services.settings
    return BoardDesk(
        services.database, services.clock, services.districts, chosen.mode == "demo", chosen.board_map
    )
