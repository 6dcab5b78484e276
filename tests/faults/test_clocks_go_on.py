"""One thing that cannot be handled does not keep the clocks' process from everybody else."""

import uuid

import pytest
from sqlalchemy import text

from server.jobs import AT_MOST, delivery_round, watch_round
from storage.errors import SealBroken
from tests.support.town import Town


def unread_words_of(town: Town, words: str, *, damaged: bool) -> None:
    """Somebody's words that were kept, and then the process died before it had read them."""
    resident = town.resident(place="xixing-hall")
    resident.agrees()
    moment = town.clock.advance(seconds=1)
    resident.says(words)
    with town.database.transaction() as db:
        theirs = "author = 'resident' AND at = :moment"
        db.execute(text(f"UPDATE message SET read_at = NULL WHERE {theirs}"), {"moment": moment})
        if damaged:
            turned = "set_byte(text_sealed, 30, 255 - get_byte(text_sealed, 30))"
            db.execute(text(f"UPDATE message SET text_sealed = {turned} WHERE {theirs}"), {"moment": moment})


def test_words_whose_seal_does_not_open_are_not_taken_for_harmless(town: Town) -> None:
    unread_words_of(town, "今天天气不错", damaged=True)
    for _ in range(3):
        town.passes(minutes=1)
    assert town.officer("xixing").only_ticket()["level"] == "orange"


def test_what_is_overdue_moves_up_although_somebodys_words_cannot_be_acted_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我现在就站在楼顶,要跳下去")
    code = town.officer("puyan").only_ticket()["code"]
    town.jobs()
    rung = town.channel.rang(code)
    unread_words_of(town, "今天天气不错", damaged=False)
    unread_words_of(town, "我不想活了", damaged=False)
    conversation = town.services.conversation
    act = conversation._act
    tried = []

    def stumbles(session: object, message_id: uuid.UUID) -> object:
        tried.append(message_id)
        if len(tried) == 1:
            raise SealBroken("told to stumble")
        return act(session, message_id)

    monkeypatch.setattr(conversation, "_act", stumbles)
    town.clock.advance(minutes=16)
    with pytest.raises(SealBroken):
        watch_round(town.services)
    assert len(tried) == 2, "the words behind them are read all the same"
    delivery_round(town.services, town.channel)
    assert town.channel.rang(code) == rung + 1, "the supervisor is told"


def test_a_round_ends_however_much_is_waiting(town: Town) -> None:
    """A long queue before a slow gateway is not a round that hangs."""
    kiosk = town.resident(place="xixing-hall", door="kiosk")
    for _ in range(AT_MOST + 1):
        kiosk.does("POST", "/person", {"client_id": str(uuid.uuid4())})
    delivery_round(town.services, town.channel)
    assert len(town.channel.sent) == AT_MOST
    delivery_round(town.services, town.channel)
    assert len(town.channel.sent) == AT_MOST + 1
