"""What anybody may ask without saying who they are: the first screen, the hotlines, and progress by code."""

from fastapi import APIRouter, Request, Response

from bot.turn import EntrancesShown, HotlineShown
from server.administration_schemas import TypedPlace, TypedPlaceShown
from server.callers import Wired
from server.progress_schemas import HowItWent, ProgressPage, Reminders, Wish, WishTaken
from server.schemas import DistrictShown

router = APIRouter(prefix="/api", tags=["public"])


@router.get("/district")
def read_district(services: Wired, place: str | None = None) -> DistrictShown:
    """What the first screen says before a conversation begins. A bad place code is simply no place."""
    return services.front_door.district(place)


@router.get("/entrances")
def read_entrances(services: Wired, place: str | None = None) -> EntrancesShown:
    """The ways to the questionnaires, that of the scanned place first."""
    return services.front_door.entrances(place)


@router.post("/places/typed")
def read_typed_place(body: TypedPlace, services: Wired, request: Request) -> TypedPlaceShown:
    """The eight digits of a poster instead of its picture. Digits of no poster are no place, and no error."""
    services.limits.allow("typed_place", address_of(request))
    return services.places_desk.typed(body.code)


@router.get("/hotlines")
def read_hotlines(services: Wired) -> list[HotlineShown]:
    """The telephone lines with their hours, and which of them answer now."""
    return services.front_door.hotlines()


@router.get("/progress/{code}")
def read_progress(code: str, services: Wired, request: Request) -> ProgressPage:
    """Where a matter stands: no name, no level, no reason. Guessing is throttled; an unknown code is 404.

    Only wrong codes count, so that a hall behind one address can look as often as it likes.
    """
    return services.progress.look(code, address_of(request))


@router.get(
    "/progress/{code}/qr", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}}
)
def draw_progress_code(code: str, services: Wired) -> Response:
    """The address of this code's page as a picture. It is drawn for every well-formed code, anybody's or not."""
    return Response(services.progress.qr(code), media_type="image/svg+xml")


@router.post("/progress/{code}/wishes")
def make_wish(code: str, body: Wish, services: Wired, request: Request) -> WishTaken:
    """Say when it suits, that one is not at home, that one objects, or thanks. Read for danger before anything else."""
    return services.progress.wish(code, address_of(request), body)


@router.put("/progress/{code}/reminders")
def set_reminders(code: str, body: Reminders, services: Wired, request: Request) -> ProgressPage:
    """Say whether one wants to be asked again some day. A no is kept, and no plan is made against it."""
    return services.progress.remind(code, address_of(request), body.wanted)


@router.put("/progress/{code}/how-it-went")
def say_how_it_went(code: str, body: HowItWent, services: Wired, request: Request) -> ProgressPage:
    """After a matter is closed: say with one tap how it was handled. Only the first answer is kept; 409 before."""
    return services.progress.how_it_went(code, address_of(request), body.answer)


def address_of(request: Request) -> str:
    """Where a request comes from, for counting."""
    return request.client.host if request.client else "?"
