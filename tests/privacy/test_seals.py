"""P03 on real tables: a sealed value in another row, column or person is refused and reported, never shown."""

from itertools import permutations

import pytest
from sqlalchemy import text

from tests.privacy.canaries import CANARIES, Canary
from tests.support.town import Officer, Resident, Town

SENTENCE = "我们这边出了故障"


def in_danger(town: Town, who: Canary) -> Resident:
    """Somebody whose ticket is open and who has told how they can be reached."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(who.plan)
    for field, value in (
        ("name", who.name),
        ("phone", who.phone),
        ("address", who.address),
        ("safe_to_call", "可以打"),
        ("trusted_person", who.trusted),
    ):
        resident.tells(field, value)
    return resident


def swap(town: Town, table: str, first: str, second: str, where: str = "TRUE") -> None:
    """Let two columns of one table, or one column of two rows, change places."""
    with town.database.transaction() as db:
        rows = db.execute(
            text(f"SELECT id, {first} AS one, {second} AS two FROM {table} WHERE {where} ORDER BY id LIMIT 2")
        ).all()
        if first != second:
            row = rows[0]
            db.execute(
                text(f"UPDATE {table} SET {first} = :two, {second} = :one WHERE id = :id"),
                {"id": row.id, "one": row.one, "two": row.two},
            )
            return
        assert len(rows) == 2
        for row, other in permutations(rows):
            db.execute(
                text(f"UPDATE {table} SET {first} = :other WHERE id = :id"),
                {"id": row.id, "other": other.one},
            )


def refuses_kindly(answer, *people: Canary) -> None:
    assert answer.status_code == 503
    assert SENTENCE in answer.json()["sentence"]
    for who in people:
        for word in (who.name, who.name[1:], who.phone, who.address, who.words, who.plan):
            assert word not in answer.text


@pytest.fixture
def two(town: Town) -> tuple[Resident, Resident, Officer, list[str]]:
    """Two people in danger, and the officer who has both their tickets."""
    first, second = in_danger(town, CANARIES[0]), in_danger(town, CANARIES[1])
    officer = town.officer("puyan")
    codes = [ticket["code"] for ticket in officer.tickets()]
    for code in codes:
        officer.acknowledges(code)
        officer.on(code, "calls", outcome="spoke", note=CANARIES[2].note)
    return first, second, officer, codes


def test_words_in_another_message_are_refused_to_everybody(town: Town, two) -> None:
    first, second, officer, codes = two
    swap(town, "message", "text_sealed", "text_sealed", "author = 'resident'")

    for resident in (first, second):
        refuses_kindly(resident.sends("GET", ""), *CANARIES[:2])
        refuses_kindly(resident.sends("GET", "/record"), *CANARIES[:2])
    for code in codes:
        refuses_kindly(officer.asks("POST", f"/tickets/{code}/words", {"reason": "了解情况"}), *CANARIES[:2])


@pytest.mark.parametrize("field", ["name", "address"])
def test_one_persons_identity_never_stands_for_anothers(town: Town, two, field: str) -> None:
    _, _, officer, codes = two
    swap(town, "identity", f"{field}_sealed", f"{field}_sealed")

    for code in codes:
        refuses_kindly(
            officer.asks("POST", f"/tickets/{code}/identity", {"reason": "上门前核对"}), *CANARIES[:2]
        )
    if field == "name":
        refuses_kindly(officer.asks("GET", "/tickets"), *CANARIES[:2])


def test_a_field_in_another_column_of_the_same_person_is_refused(town: Town, two) -> None:
    _, _, officer, codes = two
    swap(town, "identity", "name_sealed", "address_sealed")

    answers = [officer.asks("POST", f"/tickets/{code}/identity", {"reason": "上门前核对"}) for code in codes]
    assert sorted(answer.status_code for answer in answers) == [200, 503]
    refuses_kindly(max(answers, key=lambda answer: answer.status_code), *CANARIES[:2])


def test_a_workers_note_on_another_ticket_is_refused(town: Town, two) -> None:
    _, _, officer, codes = two
    swap(town, "ticket_event", "note_sealed", "note_sealed", "note_sealed IS NOT NULL")

    for code in codes:
        refuses_kindly(officer.asks("GET", f"/tickets/{code}"), CANARIES[2])


def test_a_score_or_an_answer_of_another_is_refused(town: Town) -> None:
    people = [town.resident(place="puyan-hall") for _ in range(2)]
    for resident in people:
        resident.agrees()
        resident.completes(mood=1, worry=1)
    swap(town, "administration", "score_sealed", "score_sealed", "instrument = 'phq2'")

    assert {resident.sends("GET", "").status_code for resident in people} == {503}


def test_one_flipped_bit_is_not_an_empty_field(town: Town, two) -> None:
    _, _, officer, codes = two
    with town.database.transaction() as db:
        bit = "8 * length(phone_sealed) - 3"
        flipped = f"set_bit(phone_sealed, {bit}, 1 - get_bit(phone_sealed, {bit}))"
        db.execute(text(f"UPDATE identity SET phone_sealed = {flipped}"))
    for code in codes:
        refuses_kindly(officer.asks("GET", f"/tickets/{code}"), *CANARIES[:2])


def test_words_that_cannot_be_opened_hold_up_nobody_elses_clock(town: Town) -> None:
    """What is not readable is not harmless, and a damaged row of one person must not silence the watch."""
    damaged, other = town.resident(place="puyan-hall"), town.resident(place="puyan-hall")
    for resident in (damaged, other):
        resident.agrees()
        resident.says("今天天气不错")
    with town.database.transaction() as db:
        db.execute(text("UPDATE message SET read_at = NULL WHERE author = 'resident'"))
    swap(town, "message", "text_sealed", "text_sealed", "author = 'resident'")
    other.agrees()

    ill = town.resident(place="puyan-hall")
    ill.agrees()
    ill.says(CANARIES[4].plan)
    town.clock.advance(minutes=1)
    for _ in range(5):
        town.clock.advance(minutes=4)
        town.jobs()

    officer = town.officer("puyan")
    tickets = officer.tickets()
    red = next(ticket for ticket in tickets if ticket["level"] == "red")
    assert town.channel.rang(red["code"]) >= 2, "nobody acknowledged, so the next was told"
    assert len([t for t in tickets if t["level"] == "orange"]) == 2, "nobody knows what these two said"
