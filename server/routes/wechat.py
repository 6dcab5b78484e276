"""What WeChat brings from those who follow the official account. It is known by its signatures alone."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from server.callers import WechatGreeting, WechatMessage, Wired

router = APIRouter(tags=["programs"])
NOTHING = "success"
"""What WeChat takes for "heard, no answer now"."""


@router.get("/wechat", response_class=PlainTextResponse)
async def greet_wechat(said: WechatGreeting) -> PlainTextResponse:
    """Answer WeChat when it tries out this address."""
    return PlainTextResponse(said)


@router.post("/wechat", response_class=PlainTextResponse)
async def hear_wechat(said: WechatMessage, services: Wired) -> Response:
    """Hear one message: the answer goes back at once, or later as a message of its own."""
    assert services.wechat is not None
    text = await services.wechat.door.take(said)
    if text is None:
        return PlainTextResponse(NOTHING)
    return Response(services.wechat.envelope.close(said, text), media_type="application/xml")
