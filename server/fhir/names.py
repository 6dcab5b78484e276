"""The addresses and code systems of what we hand out, and the LOINC codes that are known.

`BASE` is a name, not a place: nothing is fetched from it.
"""

from functools import cache
from pathlib import Path
from typing import Any

from assessments.instrument import Instrument, Item, Option
from assessments.reading import read_yaml

BASE = "https://xinqiao.example/fhir"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"

QUESTIONNAIRE = f"{BASE}/Questionnaire/"
RULES = f"{BASE}/StructureDefinition/instrument-rules"
"""On a Questionnaire and on its items: what FHIR has no word for (bands, critical answers, …), as JSON."""
OPTION_VALUE = f"{BASE}/StructureDefinition/option-value"
"""On an option whose code is a word (`male`): the value that is kept."""
CONTENT_HASH = f"{BASE}/StructureDefinition/content-hash"
"""On what was answered: exactly which edition of the form it was."""
CONTENT = f"{BASE}/instrument-content"

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
HIDDEN = "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden"
CONTROL = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
LOWEST = "http://hl7.org/fhir/StructureDefinition/minValue"
HIGHEST = "http://hl7.org/fhir/StructureDefinition/maxValue"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
DECLINED = "asked-declined"

SCORE = "score."
"""How the link ids of computed figures begin: `score.total`."""


def system(name: str) -> str:
    """One of our own code systems."""
    return f"{BASE}/CodeSystem/{name}"


def canonical(instrument: Instrument) -> str:
    """The address of one version of a form, as an answer set names it."""
    return f"{QUESTIONNAIRE}{instrument.id}|{instrument.version}"


def coding_of(instrument: Instrument, item: Item, option: Option) -> dict[str, str]:
    """An option as a code of its item: the value printed on the form, or the word for it."""
    code = str(option.value) if option.key is None else option.key
    return {"system": system(f"{instrument.id}/{item.id}"), "code": code}


def logical_id(name: str) -> str:
    """A FHIR id: no underscores."""
    return name.replace("_", "-")


def loinc_of(kind: str, instrument_id: str) -> dict[str, str] | None:
    """The LOINC code of a form (`panels`) or its total (`totals`), where one was found; never a guess."""
    found = _loinc()[kind].get(instrument_id)
    return None if found is None else {"system": LOINC, "code": found["code"], "display": found["display"]}


@cache
def _loinc() -> Any:
    return read_yaml(Path(__file__).parent / "loinc.yml")
