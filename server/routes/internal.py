"""What programs ask of the application: Rasa its actions, the supervisor whether all is well."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from server.callers import RasaService, Wired
from server.health import health

router = APIRouter(tags=["programs"])


@router.post("/api/rasa/actions")
async def run_action(request: Request, caller: RasaService, services: Wired) -> JSONResponse:
    """Run one action for Rasa. Rasa names the conversation by its pseudonym and learns nothing else."""
    body: dict[str, Any] = await request.json()
    try:
        result = await services.actions.run(body)
    except ActionExecutionRejection as rejected:
        return JSONResponse({"error": "rejected", "action_name": rejected.action_name}, status_code=400)
    except ActionNotFoundException as unknown:
        return JSONResponse({"error": "unknown", "action_name": unknown.action_name}, status_code=404)
    return JSONResponse(result.model_dump() if result else {})


@router.get("/healthz")
def read_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "up"}


@router.get("/readyz")
def read_readiness(services: Wired) -> JSONResponse:
    """Whether an alarm would get through now; 503 with the reasons when it would not."""
    found = health(services.database, services.clock())
    return JSONResponse(found, status_code=200 if found["ready"] else 503)
