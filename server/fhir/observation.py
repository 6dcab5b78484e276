"""A score as FHIR Observations: one for each figure and each second result. No level and no answer stands in them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fhir.resources.R4B.observation import Observation

from assessments.instrument import Instrument
from assessments.scoring import Score
from server.fhir import names
from server.fhir.reading import made

Data = dict[str, Any]
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
TITLES = {"total": "总分", "standard_score": "标准分"}


def observations_of(
    form: Instrument,
    score: Score,
    *,
    subject: Data | None = None,
    effective: datetime | None = None,
    derived_from: str | None = None,
) -> list[Observation]:
    """The total, the standard score, the subscales that are defined, and the flags, in this order.

    The figure that the bands are on carries the band as its interpretation: a screening result and never a diagnosis.
    `derived_from` is where the answers stand.
    """
    data: Data = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "survey"}]}],
    }
    if subject is not None:
        data["subject"] = subject
    if effective is not None:
        data["effectiveDateTime"] = effective.isoformat()
    if derived_from is not None:
        data["derivedFrom"] = [{"reference": derived_from}]
    return [made(Observation, data | found) for found in _found(form, score)]


def _found(form: Instrument, score: Score) -> Iterator[Data]:
    figures = {"total": score.total, "standard_score": score.standard_score, **score.subscales}
    titles = TITLES | {scale.id: scale.name for scale in form.scoring.subscales}
    band = next(band for band in form.bands if band.id == score.band)
    interpretation = {
        "coding": [{"system": names.system(f"{form.id}/bands"), "code": band.id}],
        "text": band.name,
    }
    with_band = form.scoring.bands_on if form.scoring.has_total else None
    for name, figure in figures.items():
        if figure is None:
            continue
        data: Data = {"code": _code(form, name, titles[name]), "valueQuantity": _quantity(figure)}
        if name == with_band:
            data["interpretation"] = [interpretation]
        yield data
    if with_band is None:
        code = _code(form, "band", "结果分段")
        yield {"code": code, "valueCodeableConcept": interpretation}
    for flag in form.flags:
        yield {"code": _code(form, flag.id, flag.name), "valueBoolean": score.flags[flag.id]}


def _quantity(figure: int | float) -> Data:
    return {"value": figure, "unit": "{score}", "system": names.UCUM, "code": "{score}"}


def _code(form: Instrument, name: str, title: str) -> Data:
    """Our own code, after LOINC's where one is known."""
    own = {"system": names.system(f"{form.id}/results"), "code": name}
    loinc = names.loinc_of("totals", form.id) if name == "total" else None
    return {"coding": [own] if loinc is None else [loinc, own], "text": f"{form.title}：{title}"}
