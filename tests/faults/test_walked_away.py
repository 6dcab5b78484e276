"""R17, H18: somebody walks away after any item. What is alarming was acted on at that item, and stays."""

import pytest

from tests.support.town import Town


@pytest.mark.parametrize("q9", [1, 2, 3])
def test_who_walks_away_after_an_item_has_a_ticket_if_any_answer_was_alarming(town: Town, q9: int) -> None:
    """Everything after the alarming answer is another place where the browser may be closed."""
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    officer, alarming, places = town.officer("puyan"), False, []
    while (asked := resident.turn.screening) is not None:
        places.append((asked.instrument, asked.item))
        value = q9 if asked.item == "q9" else 1 if asked.instrument == "asq" else 2
        resident.answers(value)
        alarming = alarming or asked.item == "q9" or asked.instrument == "asq"
        assert len(officer.tickets()) == int(alarming), places[-1]
    assert {instrument for instrument, _ in places} >= {"phq9", "asq"}
    assert len(places) == len(set(places))


def test_who_never_comes_back_is_followed_up_all_the_same(town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    while (asked := resident.turn.screening).item != "q9":
        resident.answers(2)
    assert asked.instrument == "phq9"
    resident.answers(1)
    code = town.officer("puyan").only_ticket()["code"]
    town.jobs()
    assert town.channel.rang(code) == 1
    told = town.channel.rang(code)
    town.passes(hours=2, minutes=1)
    assert town.channel.rang(code) > told, "the next step is taken although nobody said another word"
