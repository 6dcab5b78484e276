"""A worker's safety on a visit (H23, R18): two where violence is near, a timer, and an alarm that does not stop."""

import uuid

import pytest

from escalation.trips import needs_two
from tests.support.town import Officer, Resident, Town


@pytest.fixture
def officer(town: Town) -> Officer:
    resident: Resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我不想活了")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.on(code, "calls", outcome="spoke")
    return officer


def alarms(town: Town) -> list[str]:
    """Whom the alarms of this trip reached, round by round."""
    keys = [n.key.split(".") for n in town.channel.sent if ".trip." in n.key]
    return [audience for _, audience in sorted((key[6], key[2]) for key in keys)]


def test_who_is_not_heard_of_in_time_alarms_the_lead_within_a_minute_then_the_district(
    town: Town, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "trip", minutes=30)
    officer.on(code, "trip/arrived")
    town.passes(minutes=29)
    assert alarms(town) == []
    town.passes(minutes=1)
    assert alarms(town) == ["supervisor"]
    town.passes(minutes=5)
    assert alarms(town) == ["supervisor", "district_desk", "supervisor"]
    town.passes(minutes=15)
    assert len(alarms(town)) == 9, "again and again"
    desk = town.officer("desk", "duty_officer", "周平")
    assert [(t["code"], t["overdue"]) for t in desk.does("GET", "/waiting")["trips"]] == [(code, True)]

    officer.on(code, "trip/back", how="safe")
    town.passes(minutes=20)
    assert len(alarms(town)) == 9
    assert officer.does("GET", f"/tickets/{code}")["team"]["trip"] is None


def test_whoever_comes_back_in_time_alarms_nobody(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "trip", minutes=30)
    town.passes(minutes=29)
    officer.on(code, "trip/back", how="safe")
    town.passes(minutes=30)
    assert alarms(town) == []


def test_a_call_for_help_is_told_to_both_at_once_and_only_a_person_ends_it(
    town: Town, officer: Officer
) -> None:
    code = officer.only_ticket()["code"]
    officer.on(code, "trip", minutes=60)
    officer.on(code, "trip/back", how="help")
    town.jobs()
    assert alarms(town) == ["district_desk", "supervisor"]
    town.passes(minutes=6)
    assert len(alarms(town)) == 4

    lead = town.officer("puyan", "supervisor", "钱敏")
    body = {"client_id": str(uuid.uuid4()), "how": "safe"}
    assert lead.asks("POST", f"/tickets/{code}/trip/back", body).status_code == 409, "how do they know?"
    lead.on(code, "trip/back", how="safe", note="民警到场，人平安")
    town.passes(minutes=20)
    assert len(alarms(town)) == 4


def test_where_violence_is_near_nobody_sets_out_alone(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我今晚就拿刀去砍死他们全家")
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    seen = officer.acknowledges(code)
    assert seen["team"]["two_people"]
    alone = {"client_id": str(uuid.uuid4()), "minutes": 30}
    refused = officer.asks("POST", f"/tickets/{code}/trip", alone)
    assert refused.status_code == 409
    assert "两个人" in refused.json()["sentence"]
    assert officer.on(code, "trip", minutes=30, companion="何苗")["team"]["trip"]["companion"] == "何苗"


def test_a_worker_may_ask_for_two_and_only_a_lead_takes_it_back(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    assert officer.on(code, "two-people", needed=True, reason="门口有两条大狗")["team"]["two_people"]
    back = {"client_id": str(uuid.uuid4()), "needed": False, "reason": "狗已经拴起来了"}
    assert officer.asks("POST", f"/tickets/{code}/two-people", back).status_code == 409
    lead = town.officer("puyan", "supervisor", "钱敏")
    assert not lead.on(code, "two-people", needed=False, reason="狗已经拴起来了")["team"]["two_people"]


def test_nobody_goes_for_longer_than_the_policy_lets_them(town: Town, officer: Officer) -> None:
    code = officer.only_ticket()["code"]
    body = {"client_id": str(uuid.uuid4()), "minutes": 121}
    assert "120 分钟" in officer.asks("POST", f"/tickets/{code}/trip", body).json()["sentence"]


@pytest.mark.parametrize(
    ("rules", "two"),
    [
        ((), False),
        (("words.plan",), False),
        (("words.threat",), True),
        (("words.violence", "words.plan"), True),
    ],
)
def test_which_rules_want_two(rules: tuple[str, ...], two: bool) -> None:
    assert needs_two(rules) is two
