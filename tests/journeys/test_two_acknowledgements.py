"""Two people for red, where the district wants it (TK5): the chain goes on until both have taken the ticket."""

import pytest

from escalation.policy import FOLDER
from storage import edition
from tests.support.town import Officer, Town

RED = {"mood": 3, "q9": 3, "asq": 1, "asq5": 1}


@pytest.fixture
def officer(town: Town) -> Officer:
    """Somebody of the office of a red ticket, in a district that wants two."""
    shipped = (FOLDER / "home_visit.yml").read_text("utf-8")
    wanted = shipped.replace("acknowledgements: 1   #", "acknowledgements: 2   #")
    assert wanted != shipped
    town.jobs()
    with town.database.transaction() as db:
        edition.save(db, "policy:home_visit", wanted, "周平", town.clock.now)
    town.jobs()
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.completes(**RED)
    return town.officer("puyan")


def test_the_chain_goes_on_until_a_second_person_has_it(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    seen = officer.acknowledges(code)
    assert (seen["team"]["acknowledgements_wanted"], seen["team"]["missing"]) == (2, 1)
    assert seen["ticket"]["holder"] == "沈青"
    officer.on(code, "calls", outcome="spoke")
    assert officer.acknowledges(code)["team"]["missing"] == 1, "the same person is not a second one"
    town.passes(minutes=16)
    assert [n for n in town.channel.sent if ".supervisor." in n.key and ".step" in n.key]

    second = town.officer("puyan", "supervisor", "钱敏")
    seen = second.acknowledges(code)
    assert seen["team"]["missing"] == 0
    assert [a["name"] for a in seen["team"]["acknowledgements"]] == ["沈青", "钱敏"]
    assert seen["ticket"]["holder"] == "沈青"
    told = [n.key for n in town.channel.sent if ".step" in n.key]
    town.passes(minutes=30)
    assert [n.key for n in town.channel.sent if ".step" in n.key] == told


def test_a_third_is_told_who_has_it(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    town.officer("puyan", "supervisor", "钱敏").acknowledges(code)
    refused = town.officer("puyan", name="何苗").asks("POST", f"/tickets/{code}/acknowledge")
    assert refused.status_code == 409
    assert "沈青" in refused.json()["sentence"]


def test_what_lapses_wants_two_again(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    town.passes(minutes=16)
    seen = officer.does("GET", f"/tickets/{code}")
    assert (seen["ticket"]["holder"], seen["team"]["missing"]) == (None, 2)
    assert seen["team"]["acknowledgements"] == []
