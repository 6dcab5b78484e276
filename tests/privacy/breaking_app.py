"""The application with a fault behind every route: each answers whatever it is asked by raising an exception.

    python -m tests.privacy.breaking_app PORT

The exceptions, one kind after the other, carry what was sent to the route; so do warnings, threads and
destructors that fail on the way. Nothing of it may stand in this process's log.
"""

import asyncio
import gc
import logging
import sys
import threading
import warnings
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.exc import DataError
from starlette.requests import Request

from server import logs
from server.app import create_app
from server.routes import chat, console, duty, gateway, internal, notices, public, teamwork


class Strict(BaseModel):
    number: int


class Bad:
    """Fails when it is collected."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __del__(self) -> None:
        raise RuntimeError(self.text)


def plain(text: str) -> None:
    raise RuntimeError(text)


def chained(text: str) -> None:
    try:
        raise KeyError(text)
    except KeyError as error:
        raise LookupError(text) from error


def noted(text: str) -> None:
    error = ValueError(text)
    error.add_note(text)
    raise error


def grouped(text: str) -> None:
    raise ExceptionGroup(text, [ValueError(text), KeyError(text)])


def quoting(text: str) -> None:
    Strict.model_validate({"number": text})


def database(text: str) -> None:
    raise DataError(f"INSERT {text}", {"said": text}, ValueError(text))


def encoding(text: str) -> None:
    f"{text}\ud800".encode()


def named_after_it(text: str) -> None:
    raise OSError(5, text, text)


def thread(text: str) -> None:
    failing = threading.Thread(target=plain, args=(text,), name=text)
    failing.start()
    failing.join()


def destructor(text: str) -> None:
    Bad(text)
    gc.collect()


def warning(text: str) -> None:
    warnings.warn(text, stacklevel=1)


def library(text: str) -> None:
    logging.getLogger("rasa_sdk.executor").error(f"failed on {text}")
    logging.getLogger("uvicorn.error").error("failed on %s", text)
    logging.getLogger("apscheduler").error("failed\n" + text)
    logging.getLogger("asyncio").error(ValueError(text))
    logging.getLogger("anything").warning("%s", text, stack_info=True)


def forgotten(text: str) -> None:
    """A task whose failure nobody asks for: asyncio tells of it when the task is collected."""

    async def fail() -> None:
        raise RuntimeError(text)

    def begin() -> None:
        task = loop.create_task(fail())
        loop.call_later(0.01, lambda: (task.done(), gc.collect()))

    loop = LOOP[0]
    loop.call_soon_threadsafe(begin)


FAULTS = (
    *(plain, chained, noted, grouped, quoting, database, encoding, named_after_it),
    *(thread, destructor, warning, library, forgotten),
)
LOOP: list[asyncio.AbstractEventLoop] = []


def broken(fault: Any) -> Any:
    async def endpoint(request: Request) -> Any:
        LOOP[:] = [asyncio.get_running_loop()]
        text = (await request.body()).decode() or request.headers["x-canary"]
        fault(text)
        raise RuntimeError(text)

    return endpoint


def the_app() -> FastAPI:
    """The application without its collaborators."""

    class Nothing:
        def hotlines(self) -> list[Any]:
            return []

        async def close(self) -> None:
            pass

    return create_app(SimpleNamespace(turns=Nothing(), rasa=Nothing(), close=lambda: None))  # type: ignore[arg-type]


def main(port: int) -> None:
    faults = cycle(FAULTS)
    routed = (chat, console, internal, public, duty, notices, gateway, teamwork)
    for router in (module.router for module in routed):
        for number, route in enumerate(router.routes):
            assert isinstance(route, APIRoute)
            router.routes[number] = APIRoute(
                route.path, broken(next(faults)), methods=list(route.methods), include_in_schema=False
            )
    app = the_app()
    logs.configure()
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_config=None, server_header=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
