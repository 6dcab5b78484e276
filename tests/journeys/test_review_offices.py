"""Which office has a ticket when the resident says where they live, and who keeps it in hand."""

from residents.resident import Disclosure
from tests.support.town import Officer, Resident, Town

HOME = "浦沿街道东冠社区3幢101室"


def on_the_roof(town: Town) -> Resident:
    resident = town.resident(place="changhe-hall")
    resident.agrees(share=False)
    resident.says("我现在就站在楼顶，要跳下去")
    return resident


def told(town: Town, street: str) -> int:
    town.jobs()
    return sum(f".office.{town.office_code(street)}." in notice.key for notice in town.channel.sent)


def sees(officer: Officer, code: str) -> bool:
    return officer.asks("GET", f"/tickets/{code}").status_code == 200


def test_the_district_has_it_in_hand_and_keeps_it_when_an_address_is_said(town: Town) -> None:
    resident = on_the_roof(town)
    town.passes(minutes=31)
    duty = town.officer("desk", "duty_officer")
    code = duty.only_ticket()["code"]
    duty.acknowledges(code)
    resident.tells("address", HOME)

    assert sees(duty, code), "nobody loses a case in hand"
    assert sees(town.officer("puyan"), code)
    assert told(town, "puyan") == 1


def test_the_office_of_the_address_is_told_although_another_has_it_in_hand(town: Town) -> None:
    resident = on_the_roof(town)
    officer = town.officer("changhe")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    resident.tells("address", HOME)

    assert sees(officer, code)
    assert sees(town.officer("puyan"), code)
    assert told(town, "puyan") == 1
    with town.database.transaction() as db:
        offices = {d.office for d in db.query(Disclosure).filter_by(ticket_code=code)}
    assert offices == {town.office_code("changhe"), town.office_code("puyan")}


def test_who_took_it_at_the_second_office_keeps_it_when_the_district_is_told(town: Town) -> None:
    resident = on_the_roof(town)
    officer = town.officer("changhe")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    resident.tells("address", HOME)
    town.passes(minutes=16)
    second = town.officer("puyan", name="何苗")
    second.acknowledges(code)
    second.on(code, "calls", outcome="no_answer")
    town.passes(hours=1, minutes=30)

    assert sees(second, code)
    assert sees(town.officer("desk", "duty_officer"), code)


def test_an_address_that_moves_a_ticket_nobody_has_is_passed_on_with_its_basis(town: Town) -> None:
    resident = on_the_roof(town)
    resident.tells("address", HOME)
    code = town.officer("puyan").only_ticket()["code"]

    assert told(town, "puyan") == 1
    with town.database.transaction() as db:
        offices = [d.office for d in db.query(Disclosure).filter_by(ticket_code=code).order_by(Disclosure.at)]
    assert sorted(offices) == sorted([town.office_code("changhe"), town.office_code("puyan")])
