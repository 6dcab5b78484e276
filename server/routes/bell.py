"""The weekly bell's link: a page with one button. Looking answers nothing, because programs open links too."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from server.callers import Wired
from server.plain_page import plain_page

router = APIRouter(prefix="/bell", tags=["public"], default_response_class=HTMLResponse)


@router.get("/{token}")
def see_bell(token: str, services: Wired) -> HTMLResponse:
    """What the link in a bell's notice opens: that this is a trial, and a button that says that a person has it."""
    if not services.bells.rings(token):
        return _over()
    return plain_page(
        "每周试铃",
        "<p>这是每周一次的试铃，看看真有事的时候找不找得到您。这不是工单，不用出动。</p>"
        "<form method=post><button>我收到了</button></form>",
        services.telling.demo,
    )


@router.post("/{token}")
def answer_bell(token: str, services: Wired) -> HTMLResponse:
    """A person has pressed the button. A link that is over says so."""
    if not services.bells.answer_link(token):
        return _over()
    return plain_page("每周试铃", "<p>收到了，谢谢。这一周不用再答了。</p>", services.telling.demo)


def _over() -> HTMLResponse:
    return plain_page("每周试铃", "<p>这次试铃已经过去了，不用答复。下一次响的时候再点开就行。</p>", False)
