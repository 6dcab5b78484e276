"""A ticket as a FHIR Task. Our four states are four of Task's own; who holds it and where the resident is stay here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir.resources.R4B.task import Task

from escalation.triage import Level
from server.fhir import names
from server.fhir.reading import made

Data = dict[str, Any]
STATES = {
    "requested": "requested",
    "accepted": "accepted",
    "in-progress": "in-progress",
    "completed": "completed",
}
PRIORITIES = {Level.RED: "stat", Level.ORANGE: "asap", Level.YELLOW: "urgent"}


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What of a ticket goes out: its name for staff, its kind, state, level, office and times."""

    code: str
    kind: str
    state: str
    level: Level
    office: str
    opened_at: datetime
    changed_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    due_at: datetime | None = None


def task_of(ticket: TicketFacts, *, subject: Data) -> Task:
    """The ticket. Raises `KeyError` for a state that is none of the four."""
    period: Data = {"start": ticket.opened_at.isoformat()}
    if ticket.closed_at is not None:
        period["end"] = ticket.closed_at.isoformat()
    data: Data = {
        "resourceType": "Task",
        "identifier": [{"system": names.system("tickets"), "value": ticket.code}],
        "status": STATES[ticket.state],
        "intent": "order",
        "priority": PRIORITIES.get(ticket.level, "routine"),
        "code": {"coding": [{"system": names.system("ticket-kinds"), "code": ticket.kind}]},
        "for": subject,
        "executionPeriod": period,
        "authoredOn": ticket.opened_at.isoformat(),
        "owner": {
            "type": "Organization",
            "identifier": {"system": names.system("offices"), "value": ticket.office},
        },
    }
    if ticket.changed_at is not None:
        data["lastModified"] = ticket.changed_at.isoformat()
    if ticket.due_at is not None:
        data["restriction"] = {"period": {"end": ticket.due_at.isoformat()}}
    if ticket.outcome is not None:
        data["businessStatus"] = {
            "coding": [{"system": names.system("ticket-outcomes"), "code": ticket.outcome}]
        }
    return made(Task, data)
