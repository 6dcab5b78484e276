"""A level as a FHIR RiskAssessment: which level, by which rules of which table. No answer and no word of anybody."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fhir.resources.R4B.riskassessment import RiskAssessment

from escalation.triage import LevelPolicy, Reason, Triage
from server.fhir import names
from server.fhir.reading import made

Data = dict[str, Any]
NOT_RATED = "not-rated"
LEVELS = names.system("levels")
RULES = names.system("level-rules")


def risk_of(
    triage: Triage,
    policy: LevelPolicy,
    *,
    subject: Data,
    occurred: datetime | None = None,
    derived_from: Iterable[str] = (),
) -> RiskAssessment:
    """The level; `not-rated` is no level and never a low one.

    `basis` names each rule that fired by its id, after where the answers and figures stand; `reasonCode` has the
    rule's fixed sentence. `method` is the exact edition of the table of levels.
    """
    level = triage.level
    basis: list[Data] = [{"reference": reference} for reference in derived_from]
    basis += [{"identifier": {"system": RULES, "value": reason.rule}} for reason in _once(triage)]
    data: Data = {
        "resourceType": "RiskAssessment",
        "status": "final",
        "method": {"coding": [{"system": names.system("level-tables"), "code": policy.edition}]},
        "subject": subject,
        "prediction": [
            {
                "qualitativeRisk": {
                    "coding": [{"system": LEVELS, "code": NOT_RATED if level is None else level.key}],
                    "text": "未评" if level is None else f"{level.colour}色",
                }
            }
        ],
    }
    if basis:
        data["basis"] = basis
    if triage.reasons:
        data["reasonCode"] = [
            {"coding": [{"system": RULES, "code": reason.rule}], "text": policy.worker_sentence(reason)}
            for reason in _once(triage)
        ]
    if occurred is not None:
        data["occurrenceDateTime"] = occurred.isoformat()
    return made(RiskAssessment, data)


def _once(triage: Triage) -> list[Reason]:
    """Each rule once, the deciding one first."""
    return list({reason.rule: reason for reason in reversed(triage.reasons)}.values())[::-1]
