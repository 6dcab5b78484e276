"""What programs ask of the application: Rasa its actions, the supervisor whether all is well."""

import hmac
import json
import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from rasa_sdk.interfaces import (
    ActionExecutionRejection,
    ActionNotFoundException,
)

from server.callers import RasaService, Wired

router = APIRouter(tags=["programs"])
LOOKOUT_NAME = r"[A-Za-z0-9._-]{1,40}"


@router.post("/api/rasa/actions")
async def run_action(request: Request, caller: RasaService, services: Wired) -> JSONResponse:
    """Run one action for Rasa. Rasa names the conversation by its pseudonym and learns nothing else."""
    try:
        result = await services.actions.run(action_call(await request.body()))
    except ActionExecutionRejection as rejected:
        return JSONResponse({"error": "rejected", "action_name": rejected.action_name}, status_code=400)
    except ActionNotFoundException as unknown:
        return JSONResponse({"error": "unknown", "action_name": unknown.action_name}, status_code=404)
    return JSONResponse(result.model_dump() if result else {})


def action_call(body: bytes) -> dict[str, Any]:
    """What Rasa sends, as far as the actions count on it; anything else is refused, not guessed at."""
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestValidationError([]) from None
    if not isinstance(call, dict) or not isinstance(call.get("tracker", {}), dict):
        raise RequestValidationError([])
    named = (call.get("next_action"), call.get("tracker", {}).get("sender_id"))
    if not all(isinstance(name, str) and name.isascii() and name.isprintable() for name in named):
        raise RequestValidationError([])
    return call | {"domain": {}}  # no action of ours asks for it


@router.get("/healthz")
def read_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "up"}


@router.get("/readyz")
def read_readiness(
    services: Wired,
    lookout_token: Annotated[str | None, Header(include_in_schema=False)] = None,
    lookout_name: Annotated[str | None, Header(include_in_schema=False)] = None,
    lookout_leaves: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> JSONResponse:
    """Whether an alarm would get through now; 503 with the reasons when it would not.

    A lookout that shows its token is remembered with the time of its question, and missed when it asks no more.
    """
    shown, expected = (lookout_token or "").encode(), services.settings.lookout_token.encode()
    if shown and hmac.compare_digest(shown, expected) and re.fullmatch(LOOKOUT_NAME, lookout_name or ""):
        services.health.asked_by(lookout_name or "", leaving=lookout_leaves is not None)
    found = services.health.look()
    asked = {name: at.isoformat() for name, at in sorted(found.lookouts.items())}
    body = {
        "ready": found.ready,
        "wrong": found.wrong,
        "lookouts_asked_at": asked,
        "crisis_reader": found.crisis_reader,
    }
    return JSONResponse(body, status_code=200 if found.ready else 503)
