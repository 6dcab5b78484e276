"""Who is calling: a resident's conversation, a member of staff, a program of ours, or nobody. Authorization begins
here.

`CurrentSession` and `CurrentStaff` are the only ways for a route to learn of a person; `tests/structure`
checks that each route uses one of them or stands on the short public list.
"""

import hmac
import re
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Header, HTTPException, Request, Response

from escalation.channels.sms import signature
from escalation.kiosks import OLDEST_PARCEL, KioskDevice
from residents.session import ResidentSession
from server.board_desk import must_look
from server.console import Staff
from server.errors import AnotherPerson, NotLoggedIn
from server.settings import Settings
from server.wechat.envelope import Envelope
from server.wechat.errors import NotFromWechat, NotReadable
from server.wechat.messages import Said
from server.wiring import Services

SIGNED_WITHIN = timedelta(minutes=5)
SHORTEST_TOKEN = 32
SessionCookie = "__Host-xq_resident"
StaffCookie = "__Host-xq_staff"
StaffPerson = "X-Xinqiao-Person"
"""For whom the console's page stands: the cookie is the browser's, and another tab may have changed it."""


def wired(request: Request) -> Services:
    """Everything the application was put together from."""
    return request.app.state.services


Wired = Annotated[Services, Depends(wired)]


def current_session(request: Request) -> ResidentSession:
    """The conversation whose cookie came along; 401 without one, or when it has ended."""
    services: Services = request.app.state.services
    return services.conversation.session_of(request.cookies.get(SessionCookie))


def current_staff(request: Request) -> Staff:
    """The member of staff whose cookie came along, with today's rights; 401 without one, and 409 when the page that
    asks stands for somebody else."""
    services: Services = request.app.state.services
    return _meant(request, services.console.session_of(request.cookies.get(StaffCookie)))


def half_staff(request: Request) -> Staff:
    """The same, although a second factor is still wanted: for giving or binding it, and for logging out."""
    services: Services = request.app.state.services
    return _meant(request, services.console.half_session_of(request.cookies.get(StaffCookie)))


def _meant(request: Request, staff: Staff) -> Staff:
    """The same person, unless the page says that it stands for another: what one officer wrote must never be recorded
    in the name of a colleague who has logged in beside them. A caller that says nothing means whoever it is."""
    services: Services = request.app.state.services
    said = request.headers.get(StaffPerson)
    if said is not None and not hmac.compare_digest(said.encode(), services.console.person(staff).encode()):
        raise AnotherPerson()
    return staff


def rasa_service(request: Request, x_action_token: Annotated[str, Header()] = "") -> None:
    """Rasa, by the token of this run."""
    services: Services = request.app.state.services
    if not hmac.compare_digest(x_action_token.encode(), services.settings.action_token.encode()):
        raise NotLoggedIn()


async def gateway_service(
    request: Request, x_timestamp: Annotated[str, Header()] = "", x_signature: Annotated[str, Header()] = ""
) -> None:
    """The gateway for text messages, by its signature over this minute and this body; closed without a token."""
    services: Services = request.app.state.services
    token = services.settings.gateway_token.get_secret_value()
    if len(token) < SHORTEST_TOKEN or not re.fullmatch(r"[0-9]{1,12}", x_timestamp):
        raise NotLoggedIn()
    right = signature(token, x_timestamp, await request.body())
    late = abs(services.clock().timestamp() - int(x_timestamp)) > SIGNED_WITHIN.total_seconds()
    if late or not hmac.compare_digest(x_signature.encode(), right.encode()):
        raise NotLoggedIn()


def current_kiosk(request: Request, x_kiosk_key: Annotated[str, Header()] = "") -> KioskDevice:
    """A machine in a hall, by its key; 401 without one, or when it was replaced. It never says who stands there."""
    services: Services = request.app.state.services
    device = services.kiosks.device_of(x_kiosk_key) if x_kiosk_key else None
    if device is None:
        raise NotLoggedIn()
    return device


def kiosk_with_parcels(request: Request, x_kiosk_key: Annotated[str, Header()] = "") -> KioskDevice:
    """A machine as above, or one whose key was ended while somebody's answers still waited on it: those are heard."""
    services: Services = request.app.state.services
    if not x_kiosk_key:
        raise NotLoggedIn()
    device = services.kiosks.device_of(x_kiosk_key, ended_after=services.clock() - OLDEST_PARCEL)
    if device is None:
        raise NotLoggedIn()
    return device


async def wechat_greeting(request: Request) -> str:
    """WeChat, trying out the address that was entered on the account's page; what it wants to hear back."""
    keeper = _wechat(request)
    asked = request.query_params
    said = asked.get("echostr", "")
    if not re.fullmatch(r"[A-Za-z0-9_=+/-]{1,200}", said):
        raise NotLoggedIn()
    try:
        keeper.greet(asked.get("signature", ""), asked.get("timestamp", ""), asked.get("nonce", ""))
    except NotFromWechat:
        raise NotLoggedIn() from None
    return said


async def wechat_message(request: Request) -> Said:
    """One message of WeChat's, by its two signatures and opened with our key; closed unless it is set up."""
    keeper = _wechat(request)
    asked = request.query_params
    parts = [asked.get(name, "") for name in ("signature", "msg_signature", "timestamp", "nonce")]
    try:
        return keeper.open(await request.body(), *parts)
    except NotFromWechat:
        raise NotLoggedIn() from None
    except NotReadable:
        raise HTTPException(400) from None


def _wechat(request: Request) -> Envelope:
    services: Services = request.app.state.services
    if services.wechat is None:
        raise NotLoggedIn()
    return services.wechat.envelope


def wall_viewer(request: Request, x_wall_key: Annotated[str, Header()] = "") -> None:
    """Whoever may stand before the wall screen: an unattended screen by its key, closed without one, or somebody
    of the staff whose role may look."""
    services: Services = request.app.state.services
    key = services.settings.wall_key.get_secret_value()
    if len(key) >= SHORTEST_TOKEN and hmac.compare_digest(x_wall_key.encode(), key.encode()):
        return
    must_look(services.console.session_of(request.cookies.get(StaffCookie)).account)


CurrentSession = Annotated[ResidentSession, Depends(current_session)]
CurrentStaff = Annotated[Staff, Depends(current_staff)]
HalfStaff = Annotated[Staff, Depends(half_staff)]
RasaService = Annotated[None, Depends(rasa_service)]
WechatGreeting = Annotated[str, Depends(wechat_greeting)]
WechatMessage = Annotated[Said, Depends(wechat_message)]
GatewayService = Annotated[None, Depends(gateway_service)]
WallViewer = Annotated[None, Depends(wall_viewer)]
CurrentKiosk = Annotated[KioskDevice, Depends(current_kiosk)]
KioskWithParcels = Annotated[KioskDevice, Depends(kiosk_with_parcels)]


def set_session_cookie(response: Response, token: str, settings: Settings) -> None:
    """Keep the conversation on this phone for 24 hours; a kiosk's cookie dies with its wipe."""
    _set(response, SessionCookie, token, 24 * 3600)


def set_staff_cookie(response: Response, token: str, settings: Settings) -> None:
    """Keep a member of staff logged in for one shift at most."""
    _set(response, StaffCookie, token, 12 * 3600)


def _set(response: Response, name: str, token: str, seconds: int) -> None:
    response.set_cookie(name, token, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict")
