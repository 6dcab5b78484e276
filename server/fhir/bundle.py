"""One administration of one form as a FHIR Bundle: answers, figures, level and ticket, under a pseudonym.

The form itself is only named: its wording may be a district's licence, and whoever may see answers need not have that.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.resource import Resource

from assessments.errors import IncompleteAnswers
from assessments.instrument import Answers, Instrument
from assessments.scoring import score_answers
from escalation.triage import LevelPolicy, Triage, triage_alone, triage_answer, worst
from server.fhir import names
from server.fhir.observation import observations_of
from server.fhir.reading import made, plain
from server.fhir.response import response_of
from server.fhir.risk import risk_of
from server.fhir.task import TicketFacts, task_of

Data = dict[str, Any]
PSEUDONYM = f"{names.BASE}/pseudonym"


@dataclass(frozen=True, slots=True)
class Answered:
    """One administration: the edition that was answered, the answers that hold, and when."""

    id: UUID
    form: Instrument
    answers: Answers
    finished: bool
    authored: datetime


def subject_of(pseudonym: str) -> Data:
    """A person as a stable name that says nothing about them."""
    return {"type": "Patient", "identifier": {"system": PSEUDONYM, "value": pseudonym}}


def bundle_of(
    answered: Answered, policy: LevelPolicy, *, pseudonym: str, ticket: TicketFacts | None, at: datetime
) -> Bundle:
    """Everything that follows from this administration; `at` is when it was put together.

    The level is that of this form alone, by `policy`; of an incomplete set it is what single answers say, and there is
    no figure. The same administration always has the same addresses.
    """
    form, answers, subject = answered.form, answered.answers, subject_of(pseudonym)
    where = f"urn:uuid:{answered.id}"
    found: list[tuple[str, Resource]] = [
        (
            where,
            response_of(
                form, answers, subject=subject, authored=answered.authored,
                status="completed" if answered.finished else "in-progress",
            ),
        )
    ]  # fmt: skip
    try:
        score = score_answers(form, answers)
        triage = triage_alone(score, policy)
        figures = observations_of(
            form, score, subject=subject, effective=answered.authored, derived_from=where
        )
        found += [(_address(answered, f"figure {number}"), one) for number, one in enumerate(figures)]
    except IncompleteAnswers:
        triage = of_single_answers(form, answers, policy)
    based_on = [address for address, _ in found]
    risk = risk_of(triage, policy, subject=subject, occurred=answered.authored, derived_from=based_on)
    found.append((_address(answered, "level"), risk))
    if ticket is not None:
        found.append((_address(answered, f"ticket {ticket.code}"), task_of(ticket, subject=subject)))
    return made(
        Bundle,
        {
            "resourceType": "Bundle",
            "type": "collection",
            "timestamp": at.isoformat(),
            "entry": [{"fullUrl": address, "resource": plain(one)} for address, one in found],
        },
    )


def of_single_answers(form: Instrument, answers: Answers, policy: LevelPolicy) -> Triage:
    """What the answers of an incomplete set say one by one."""
    return worst(*(triage_answer(form.id, item, value, policy) for item, value in answers.items()))


def _address(answered: Answered, what: str) -> str:
    return f"urn:uuid:{uuid5(answered.id, what)}"
