"""One administration for another program: whoever may lift the veil gets it, it is recorded, and it names nobody."""

import json
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.bundle import Bundle
from sqlalchemy import select

from assessments.administration import Administration
from assessments.library import Library
from residents.resident import Disclosure
from server.fhir.reading import json_of, resource_from
from server.fhir.response import answers_of
from storage.audit import AuditEntry
from tests.support.canary import forms
from tests.support.town import Officer, Resident, Town
from tests.support.towns import town  # noqa: F401 - a fixture

LIBRARY = Library.from_files()
SAID = ("王桂花", "13812345678", "浦沿街道东冠路88号2幢", "我最近睡不着觉心里烦")
REASON = "转给社区卫生服务中心接着看"


class Matter:
    """A resident who has told everything and answered a screening, and who works around the ticket."""

    def __init__(self, town: Town) -> None:  # noqa: F811
        self.town = town
        self.resident: Resident = town.resident(place="puyan-hall")
        self.resident.agrees()
        self.resident.says(SAID[3])
        self.resident.completes(mood=2, q9=1, asq=0)
        for field, value in (("name", SAID[0]), ("phone", SAID[1]), ("address", SAID[2])):
            self.resident.tells(field, value)
        self.officer = town.officer("puyan")
        self.code = self.officer.only_ticket()["code"]
        self.known: set[str] = set()
        self.phq9 = self.administration("phq9")

    def administration(self, instrument: str) -> str:
        """The newest one that nobody has seen yet."""
        with self.town.database.transaction() as db:
            rows = select(Administration.id).where(Administration.instrument == instrument)
            fresh = [str(found) for found in db.scalars(rows) if str(found) not in self.known]
            self.known.update(fresh)
            return fresh[0]

    def asks(self, who: Officer, administration: str | None = None, **body: Any) -> Any:
        path = f"/tickets/{self.code}/administrations/{administration or self.phq9}/bundle"
        return who.asks("POST", path, body or {"reason": REASON})

    def recorded(self, action: str) -> list[dict[str, Any]]:
        with self.town.database.transaction() as db:
            rows = db.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()
            return [
                {"actor": row.actor, "subject": row.subject, "details": dict(row.details)} for row in rows
            ]

    def disclosures(self) -> list[str]:
        with self.town.database.transaction() as db:
            rows = db.scalars(select(Disclosure).where(Disclosure.fields == "words")).all()
            return [self.town.database.vault.open(row, "reason") or "" for row in rows]


@pytest.fixture
def matter(town: Town) -> Matter:  # noqa: F811
    return Matter(town)


def test_the_holder_gets_the_answers_and_their_score(matter: Matter) -> None:
    matter.officer.acknowledges(matter.code)
    answer = matter.asks(matter.officer)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/fhir+json")
    bundle = resource_from(answer.content, Bundle)
    kinds = [one.resource.get_resource_type() for one in bundle.entry]
    assert kinds[0] == "QuestionnaireResponse"
    assert kinds[-2:] == ["RiskAssessment", "Task"]
    answers = answers_of(LIBRARY.to_score("phq9"), bundle.entry[0].resource)
    assert answers == {f"q{n}": 1 if n == 9 else 2 for n in range(1, 10)}
    assert bundle.entry[1].resource.valueQuantity.value == 17
    assert bundle.entry[-1].resource.identifier[0].value == matter.code
    assert json_of(bundle) == answer.text


def test_nothing_of_the_person_is_in_it(matter: Matter) -> None:
    matter.officer.acknowledges(matter.code)
    body = matter.asks(matter.officer).content
    for said in SAID:
        assert not [shape for shape in forms(said).values() if shape in body]
    with matter.town.database.transaction() as db:
        row = db.get_one(Administration, UUID(matter.phq9))
        ids = (str(row.resident_id), str(row.session_id), row.resident_id.hex)
    assert not [one for one in ids if one.encode() in body]
    people = {
        one["resource"].get("subject", {}).get("identifier", {}).get("value")
        for one in json.loads(body)["entry"][:2]
    }
    assert len(people) == 1
    assert len(people.pop()) == 32


def test_it_is_recorded_like_lifting_the_veil(matter: Matter) -> None:
    matter.officer.acknowledges(matter.code)
    assert matter.recorded("words.opened") == []
    assert matter.asks(matter.officer).status_code == 200
    [opened], [exported] = matter.recorded("words.opened"), matter.recorded("answers.exported")
    assert opened["actor"] == exported["actor"] == matter.officer.username
    assert exported["subject"] == f"ticket:{matter.code}"
    assert exported["details"]["administration"] == matter.phq9
    assert matter.disclosures() == [REASON]


def test_nobody_without_the_right_to_the_words_gets_it_and_nothing_is_recorded(matter: Matter) -> None:
    assert matter.asks(matter.officer).status_code == 409, "not taken yet"
    matter.officer.acknowledges(matter.code)
    colleague = matter.town.officer("puyan", "social_worker", "陈一")
    auditor = matter.town.officer("desk", "auditor", "吴清")
    stranger = matter.town.officer("xixing", name="何苗")
    assert [matter.asks(who).status_code for who in (colleague, auditor, stranger)] == [409, 409, 404]
    assert matter.asks(matter.officer, reason="").status_code == 422
    assert matter.recorded("answers.exported") == []
    assert matter.disclosures() == []
    assert matter.asks(matter.town.officer("puyan", "supervisor", "钱敏")).status_code == 200


def test_another_persons_answers_are_like_none(matter: Matter) -> None:
    matter.officer.acknowledges(matter.code)
    other = matter.town.resident(place="puyan-hall")
    other.agrees()
    other.completes(mood=2)
    theirs = matter.administration("phq9")
    answer = matter.asks(matter.officer, theirs)
    none = matter.asks(matter.officer, "00000000-0000-4000-8000-000000000001")
    assert (answer.status_code, answer.json()) == (404, none.json())
    assert matter.recorded("answers.exported") == []
    assert matter.disclosures() == [], "what is not there has opened nothing"
