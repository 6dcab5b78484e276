"""Turns errors into HTTP, in one place: one Chinese sentence each, never what somebody sent, never a 500."""

import logging
from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from bot import errors as bot
from escalation import errors as escalation
from storage.errors import SealBroken, StorageError

log = logging.getLogger("xinqiao")


class NotLoggedIn(Exception):
    """Nobody is calling, where somebody must."""


class AnotherPerson(Exception):
    """The page stands for one member of staff, and its browser's cookie for another."""


class TooOften(Exception):
    """One address asks too often."""


class TooLarge(Exception):
    """More bytes than a request may have."""


class NoPaper(Exception):
    """A sheet of paper cannot be made here: the font is missing, or it lacks a letter."""


_BROKEN = "我们这边出了故障，刚才的话可能没有存下来，请稍后再发一次。要是现在有危险，请直接打 120 或 110。"
_ANSWERS: dict[type[Exception], tuple[int, str, str | None]] = {
    bot.SessionMoved: (401, "session_moved", None),
    bot.SessionOver: (401, "session_over", None),
    bot.NothingToAnswer: (409, "nothing_to_answer", None),
    bot.CodeUnknown: (404, "code_unknown", None),
    bot.Locked: (409, "locked", None),
    bot.AgeNotSaid: (409, "age_not_said", None),
    bot.GuardianMissing: (409, "guardian_missing", None),
    bot.ConsentMissing: (409, "consent_missing", None),
    bot.MessageTooLong: (413, "message_too_long", None),
    bot.Unstorable: (422, "unstorable", None),
    escalation.FollowUpNotFound: (404, "not_found", None),
    escalation.DeskCallNotFound: (404, "not_found", None),
    escalation.SubTaskNotFound: (404, "not_found", None),
    escalation.TicketNotFound: (404, "not_found", "没有这张工单。"),
    escalation.TicketHeld: (409, "held", None),
    escalation.NotAllowed: (409, "not_allowed", None),
    escalation.CannotClose: (409, "cannot_close", None),
    escalation.IdentityClosed: (
        403,
        "identity_closed",
        "居民没有同意转交联系方式，也没有生命危险，不能查看。可以在对话里联系。",
    ),
    escalation.LoginRefused: (401, "login_refused", "用户名或密码不对。"),
    escalation.LoginThrottled: (429, "login_throttled", "试的次数太多了，请 15 分钟后再试。"),
    escalation.SecondFactorRefused: (
        409,
        "second_factor_refused",
        "验证码不对，或者已经用过了。请等下一个数字，或用一个纸上的备用码。",
    ),
    escalation.SecondFactorMissing: (403, "second_factor_missing", "还要第二道验证，才能打开这一页。"),
    escalation.PinRefused: (409, "pin_refused", "口令不对。"),
    escalation.PinThrottled: (429, "pin_throttled", "试的次数太多了，请 15 分钟后再试。"),
    escalation.RosterError: (422, "wrong_roster", None),
    escalation.PersonnelError: (422, "wrong_personnel", None),
    escalation.NotThere: (404, "not_found", "没有这一条。"),
    NotLoggedIn: (401, "not_logged_in", "请先登录。"),
    AnotherPerson: (
        409,
        "another_person",
        "这个浏览器里换了另一位同事登录，所以这一步没有算数。请您重新登录再做，写好的还在。",
    ),
    TooOften: (429, "too_often", "操作太快了，请过一分钟再试。"),
    TooLarge: (413, "too_large", "内容太长了，麻烦分成几段再发。"),
    NoPaper: (503, "no_paper", "现在做不出这张纸，请稍后再试，或者先抄下来。"),
    SealBroken: (503, "broken", _BROKEN),
    StorageError: (503, "broken", _BROKEN),
    SQLAlchemyError: (503, "broken", _BROKEN),
}
_BY_STATUS = {
    404: ("not_found", "没有这个页面。"),
    405: ("not_allowed", "这里不能这样操作。"),
    401: ("not_logged_in", "请先登录。"),
}


def install(app: FastAPI) -> None:
    """Register every answer. Whatever is not listed is a fault of ours: logged by kind, answered kindly."""
    for kind, (status, problem, sentence) in _ANSWERS.items():
        app.add_exception_handler(kind, _answer(status, problem, sentence))
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


def problem(request: Request, status: int, name: str, sentence: str) -> JSONResponse:
    """One problem as JSON, with the hotlines beside it for residents."""
    body: dict[str, object] = {"problem": name, "sentence": sentence, "hotlines": []}
    services = getattr(request.app.state, "services", None)
    if services is not None and not request.url.path.startswith("/api/staff"):
        body["hotlines"] = [line.model_dump() for line in services.turns.hotlines()]
    headers = {"Cache-Control": "no-store"}
    if status == 429:
        headers["Retry-After"] = "60"
    return JSONResponse(body, status_code=status, headers=headers)


def _answer(status: int, name: str, sentence: str | None) -> Callable[[Request, Exception], Response]:
    def handler(request: Request, error: Exception) -> Response:
        if status >= 500:
            log.error("fault %s at %s", type(error).__name__, _route(request))
        answer: Response = problem(request, status, name, sentence or str(error))
        if status == 401 and request.url.path == "/api/session/leave":
            # Who leaves with a cookie that opens nothing any more need not keep it; and a device whose conversation
            # has gone on elsewhere has left already, so that it hears yes.
            from server.callers import SessionCookie

            if name == "session_moved":
                answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
            answer.delete_cookie(SessionCookie, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    return handler


def _refused(request: Request, error: Exception) -> JSONResponse:
    """What was sent has the wrong form. Its content is neither repeated nor logged."""
    return problem(request, 422, "wrong_form", "内容的格式不对，请检查后再试。您写的没有丢。")


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    name, sentence = _BY_STATUS.get(error.status_code, ("refused", "这个请求没有办法处理。"))
    if error.status_code == 400:
        sentence = "内容的格式不对，请检查后再试。您写的没有丢。"
    return problem(request, error.status_code, name, sentence)


def _fault(request: Request, error: Exception) -> JSONResponse:
    log.error("fault %s at %s", type(error).__name__, _route(request))
    return problem(request, 503, "broken", _BROKEN)


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return getattr(route, "path", "unknown")
