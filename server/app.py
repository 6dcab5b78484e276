"""The application: routes, pages, and what every request passes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request

from bot.errors import ConversationError
from escalation.errors import TicketNotFound
from server import errors, logs, pages
from server.callers import SessionCookie
from server.errors import TooOften
from server.gate import MESSAGES, Gate
from server.routes import (
    administration,
    assisting,
    bell,
    board,
    campaigns,
    chat,
    companion,
    console,
    desk,
    documents,
    duty,
    exchange,
    gateway,
    internal,
    kiosk,
    notices,
    public,
    reports,
    results,
    teamwork,
    tour,
    wechat,
)
from server.schemas import Problem
from server.settings import settings
from server.wiring import Services, wire

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 405, 409, 413, 422, 429, 503)
}
"""What any route may answer instead: one Chinese sentence, see `server/errors.py`."""


def create_app(services: Services | None = None) -> FastAPI:
    """The application. Without `services` it wires itself from the settings when it starts.

    There is no interactive documentation and no published description: `xinqiao openapi` writes it.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if services is None:
            logs.configure()
            try:
                app.state.services = wire(settings())
            except Exception as error:
                logs.log.critical("cannot start: %s", logs.kind_and_place(error, error.__traceback__))
                raise
            app.state.services.listening.start()
        yield
        await app.state.services.rasa.close()
        app.state.services.close()

    app = FastAPI(
        title="心桥 Xinqiao",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    if services is not None:
        app.state.services = services
    errors.install(app)
    for router in (
        chat.router,
        companion.router,
        assisting.router,
        public.router,
        console.router,
        internal.router,
        desk.router,
        duty.router,
        administration.router,
        notices.router,
        gateway.router,
        teamwork.router,
        exchange.router,
        campaigns.router,
        board.router,
        results.router,
        reports.router,
        documents.router,
        wechat.router,
        bell.router,
        tour.router,
        kiosk.router,
        kiosk.staff_router,
    ):
        app.include_router(router, responses=PROBLEMS)
    pages.install(app)

    async def oversize(request: Request, text: str) -> None:
        wired: Services = request.app.state.services
        if request.url.path != MESSAGES:
            code, address = request.url.path.split("/")[3], public.address_of(request)
            with suppress(TicketNotFound, TooOften):
                await run_in_threadpool(wired.progress.hear_oversize, code, address, text)
            return
        try:
            session = wired.conversation.session_of(request.cookies.get(SessionCookie))
        except ConversationError:
            return
        await wired.conversation.hear_oversize(session, text)

    app.add_middleware(Gate, oversize=oversize)
    return app
