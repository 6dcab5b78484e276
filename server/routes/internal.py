"""What programs ask of the application: Rasa its actions, the supervisor whether all is well."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from rasa_sdk.interfaces import (
    ActionExecutionRejection,
    ActionMissingDomainException,
    ActionNotFoundException,
)

from server.callers import RasaService, Wired
from server.health import health

router = APIRouter(tags=["programs"])


@router.post("/api/rasa/actions")
async def run_action(request: Request, caller: RasaService, services: Wired) -> JSONResponse:
    """Run one action for Rasa. Rasa names the conversation by its pseudonym and learns nothing else."""
    try:
        result = await services.actions.run(action_call(await request.body()))
    except ActionExecutionRejection as rejected:
        return JSONResponse({"error": "rejected", "action_name": rejected.action_name}, status_code=400)
    except ActionNotFoundException as unknown:
        return JSONResponse({"error": "unknown", "action_name": unknown.action_name}, status_code=404)
    except ActionMissingDomainException:  # Rasa then sends it along
        return JSONResponse({"error": "domain wanted"}, status_code=449)
    return JSONResponse(result.model_dump() if result else {})


def action_call(body: bytes) -> dict[str, Any]:
    """What Rasa sends, as far as the actions count on it; anything else is refused, not guessed at."""
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestValidationError([]) from None
    if not isinstance(call, dict) or not all(
        isinstance(call.get(p, {}), dict) for p in ("tracker", "domain")
    ):
        raise RequestValidationError([])
    named = (call.get("next_action"), call.get("tracker", {}).get("sender_id"))
    if not all(isinstance(name, str) and name.isascii() and name.isprintable() for name in named):
        raise RequestValidationError([])
    return call


@router.get("/healthz")
def read_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "up"}


@router.get("/readyz")
def read_readiness(services: Wired) -> JSONResponse:
    """Whether an alarm would get through now; 503 with the reasons when it would not."""
    found = health(services.database, services.clock())
    return JSONResponse(found, status_code=200 if found["ready"] else 503)
