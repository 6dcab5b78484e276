"""Every route of the application, whichever router it came from, with what it asks of its caller."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from server.app import create_app
from server.callers import (
    current_kiosk,
    current_session,
    current_staff,
    gateway_service,
    half_staff,
    kiosk_with_parcels,
    rasa_service,
    wall_viewer,
    wechat_greeting,
    wechat_message,
)

ASKS = {
    current_session: "resident",
    current_staff: "staff",
    rasa_service: "rasa",
    gateway_service: "gateway",
    half_staff: "staff",
    current_kiosk: "kiosk",
    kiosk_with_parcels: "kiosk",
    wechat_greeting: "wechat",
    wechat_message: "wechat",
    wall_viewer: "wall",
}


@dataclass(frozen=True)
class Entry:
    """One route: what is called how, who must be calling (None: anybody), and whether it is documented."""

    method: str
    path: str
    caller: str | None
    documented: bool
    handler: Callable[..., Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@cache
def entries() -> tuple[Entry, ...]:
    """All routes that answer a request, without the folders of built files."""
    return tuple(_entries(create_app().routes))


def folders() -> list[str]:
    """Where built files are served from."""
    return [route.path for route in create_app().routes if isinstance(route, Mount)]


def _entries(routes: list[Any]) -> Iterator[Entry]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _entries(inner.routes)
        elif isinstance(route, APIRoute):
            found = {ASKS[call] for call in _calls(route.dependant) if call in ASKS}
            assert len(found) <= 1, f"{route.path} asks two kinds of callers"
            for method in route.methods:
                yield Entry(
                    method, route.path, next(iter(found), None), route.include_in_schema, route.endpoint
                )
        elif isinstance(route, Route):
            for method in sorted(route.methods or ()):
                yield Entry(method, route.path, None, False, route.endpoint)
        else:
            assert isinstance(route, Mount), f"a kind of route that nobody looks at: {type(route).__name__}"


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for part in dependant.dependencies:
        yield from _calls(part)
