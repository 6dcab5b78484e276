"""The real dialogue, killed in the middle of a questionnaire, and with nobody behind its actions."""

import time
import uuid
from collections.abc import Iterator

import httpx
import pytest

from bot.conversation import SAFETY_REPLY
from bot.turn import Turn
from storage import embedded
from storage.database import Database
from storage.vault import Keyring, Vault
from tests.support.processes import Nursery
from tests.support.stack import Stack
from tests.support.works import Works, shown

pytestmark = pytest.mark.slow
FIXED = {line.split("⟦")[0] for lines in SAFETY_REPLY.values() for line in lines}
WAKES_UP_IN = 60.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def door(stack: Stack, nursery: Nursery) -> Iterator[Works]:
    """The stack's application, and the means to put another one beside it that asks the same Rasa."""
    database = Database(embedded.url(stack.home / "postgres"), Vault(Keyring.load(stack.home / "keys.json")))
    own = {"XINQIAO_RASA_URL": stack.rasa_url}
    works = Works(nursery, database, stack.home, f"{stack.gateway_url}/notices", own)
    works.base_url = stack.base_url
    yield works
    works.close()
    database.close()


def stands_in(turn: Turn) -> bool:
    """Whether all that was said is fixed text, because the dialogue said nothing."""
    said = [m.text for m in turn.messages if m.author == "program"]
    assert said
    assert all(text.strip() for text in said)
    return all(any(text.startswith(line) for line in FIXED) for text in said)


def test_a_killed_dialogue_comes_back_and_the_questions_go_on_where_they_were(
    stack: Stack, door: Works
) -> None:
    resident = door.resident()
    resident.agrees()
    resident.chooses("start_screening")
    assert not stands_in(resident.answers(1))
    old = stack.kill("rasa")
    turn = resident.says("好几天")
    assert stands_in(turn)
    asked = turn.screening
    assert asked is not None

    stack.back("rasa", old)
    started = time.monotonic()
    while stands_in(
        turn := resident.says("你是谁")
    ):  # its first answer takes longer than anybody is kept waiting
        assert time.monotonic() < started + WAKES_UP_IN
        time.sleep(1)
    assert turn.screening is not None
    assert (turn.screening.instrument, turn.screening.item) == (asked.instrument, asked.item)
    assert any(asked.text in m.text for m in turn.messages if m.kind == "item")

    turn = resident.says("好几天")
    assert not stands_in(turn)
    assert turn.screening is not None
    assert turn.screening.number == asked.number + 1


def test_with_nobody_behind_its_actions_no_thanks_are_said_for_what_is_lost(
    stack: Stack, door: Works
) -> None:
    """Rasa itself goes on without its actions and says thank you (SAFETY, fact 1): we do not repeat that."""
    resident = door.prepared(place="puyan-hall")
    resident.agrees()
    resident.chooses("start_screening")
    while not ((asked := resident.turn.screening).instrument == "phq9" and asked.item == "q9"):
        resident.answers(3)
    stack.stop("app")  # where Rasa's actions are
    door.base_url = f"http://127.0.0.1:{door.port}"
    door.starts("serve")
    door.comes_over(resident)

    webhook = f"{stack.rasa_url}/webhooks/rest/webhook"
    alone = httpx.post(webhook, json={"sender": "nobody", "message": "/screening_finished"}, timeout=60.0)
    assert alone.status_code == 200, "Rasa itself takes it for a success"

    turn = resident.answers(3)
    [ticket] = door.tickets_of(resident)
    assert stands_in(turn)
    assert turn.screening is not None
    assert turn.screening.instrument == "asq"
    stack.until(lambda: all(n.state == "delivered" for n in door.notices_of(ticket)), 60)
    while resident.turn.screening is not None:
        turn = resident.answers(0)
        assert stands_in(turn), [m.text for m in turn.messages]
    assert turn.result is not None
    assert turn.alarm is not None

    body = {"client_id": str(uuid.uuid4()), "text": "我现在就站在楼顶,要跳下去"}
    turn = shown(resident.sends("POST", "/messages", body))
    assert stands_in(turn)
    [ticket] = door.tickets_of(resident)
    assert ticket.rated.key == "red"
