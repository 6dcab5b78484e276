"""What the dialogue engine is sent holds nobody's name, telephone, ID number or address, however it is said."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.rasa_client import RasaClient
from storage.database import Database
from tests.privacy.canaries import CANARIES, WORDS_TRUNK, Canary
from tests.support import canary
from tests.support.clock import MovableClock
from tests.support.town import Town


class ListeningRasa:
    """Stands where Rasa listens, and keeps every byte that arrives."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                head = f"{self.requestline}\n{self.headers}".encode()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append(head + body)
                answer = json.dumps([{"text": "我在听。"}]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def heard(self, text: str) -> bool:
        """Whether any request held this text in any form."""
        return any(shape in request for request in self.requests for shape in canary.forms(text).values())


@pytest.fixture
def rasa() -> Iterator[ListeningRasa]:
    rasa = ListeningRasa()
    yield rasa
    rasa.server.shutdown()
    rasa.server.server_close()


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path, rasa: ListeningRasa) -> Iterator[Town]:
    client = RasaClient(rasa.url, 5.0)
    town = Town(database, clock, tmp_path, rasa=client)
    yield town
    town.run(client.close())
    town.close()


DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def ways(who: Canary) -> list[str]:
    """How people say who they are in the middle of a talk, before anybody has asked."""
    phone, number = who.phone, who.id_number
    parted = f"{phone[:3]} {phone[3:7]} {phone[7:]}"
    return [
        f"我叫{who.name}，最近睡不着",
        f"我是{who.name}。{who.words}",
        f"我的名字是{who.name}",
        f"你好，我叫{who.name}，今年67岁，住在{who.address}",
        f"我家在{who.address}，{who.words}",
        f"住{who.address[4:]}",
        f"电话{phone}",
        f"打{parted}找我",
        f"打{parted.replace(' ', '-')}找我",
        f"打{parted.replace(' ', '.')}找我",
        f"打{parted.replace(' ', '，')}找我",
        f"打{phone.translate(WIDE)}找我",
        f"打{phone.translate(DIGITS)}找我",
        f"打{phone.translate(DIGITS).replace('一', '幺')}找我",
        f"微信{phone}@qq.com",
        f"身份证{number}",
        f"身份证{number[:6]} {number[6:14]} {number[14:]}",
        f"身份证号码是{number.translate(WIDE)}，要不要",
    ]


def secrets_of(who: Canary) -> list[str]:
    """What must not arrive, in whole and in telling parts."""
    phone, number = who.phone, who.id_number
    return [
        *(who.name, who.name[1:], who.address, who.address[8:]),
        *(phone, f"{phone[:3]} {phone[3:7]}", f"{phone[:3]}-{phone[3:7]}", f"{phone[:3]}.{phone[3:7]}"),
        *(phone[3:], phone.translate(WIDE)[3:], phone.translate(DIGITS)[3:]),
        phone.translate(DIGITS).replace("一", "幺")[3:],
        *(number, number[6:], number.translate(WIDE)[6:], f"{number[6:14]} {number[14:]}"),
    ]


@pytest.mark.parametrize("who", CANARIES[:2], ids=lambda who: f"canary {who.number}")
def test_who_somebody_is_stays_with_us_however_they_say_it(
    town: Town, rasa: ListeningRasa, who: Canary
) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    for way in ways(who):
        resident.says(way)

    found = [(i, text) for i, text in enumerate(secrets_of(who)) if rasa.heard(text)]
    assert found == []
    assert rasa.heard(WORDS_TRUNK), "or else nothing was sent, and nothing proved"


def test_what_was_told_on_the_card_is_masked_in_all_later_talk(town: Town, rasa: ListeningRasa) -> None:
    who = CANARIES[7]
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("call_me_back")
    for field, value in (
        ("name", who.name),
        ("phone", f"{who.phone[:3]} {who.phone[3:7]} {who.phone[7:]}"),
        ("address", who.address),
        ("safe_to_call", "随时可以"),
        ("trusted_person", who.trusted),
    ):
        resident.tells(field, value)
    rasa.requests.clear()
    for said in (
        f"{who.name}心里难受",
        f"他们都喊{who.name[1:]}，听了就烦",
        f"{who.phone}打不通怎么办",
        f"{who.address}太吵了，睡不着",
        f"{who.trusted}不理我",
        f"妹妹{who.name}不理我，{who.words}",
    ):
        resident.says(said)

    assert [i for i, text in enumerate(secrets_of(who)) if rasa.heard(text)] == []
    assert rasa.heard(WORDS_TRUNK)


def test_what_is_typed_as_the_answer_about_reaching_them_is_not_sent_at_all(
    town: Town, rasa: ListeningRasa
) -> None:
    who = CANARIES[8]
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.chooses("call_me_back")
    for said in (who.name, who.phone, who.address, "可以打", who.trusted):
        assert resident.turn.contact is not None
        resident.says(said)

    assert resident.turn.contact is None
    assert [i for i, text in enumerate(secrets_of(who)) if rasa.heard(text)] == []


def test_what_is_said_to_a_worker_is_not_sent(town: Town, rasa: ListeningRasa) -> None:
    who = CANARIES[9]
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(who.plan)
    officer = town.officer("puyan")
    code = officer.only_ticket()["code"]
    officer.acknowledges(code)
    officer.does("POST", f"/tickets/{code}/chat", {"action": "join"})
    rasa.requests.clear()
    resident.says(who.words)
    resident.says(who.danger)

    assert rasa.requests == []


def test_words_of_danger_reach_the_dialogue_as_a_kind_only(town: Town, rasa: ListeningRasa) -> None:
    who = CANARIES[10]
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says(who.plan)

    assert rasa.requests
    assert not rasa.heard(WORDS_TRUNK)


def test_rasa_knows_a_conversation_by_a_pseudonym_and_nothing_else(town: Town, rasa: ListeningRasa) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("最近睡不着")

    assert not rasa.heard(resident.token)
    bodies = [
        json.loads(request.split(b"\n\n" if b"\n\n" in request else b"\r\n\r\n")[-1])
        for request in rasa.requests
    ]
    assert {frozenset(body) for body in bodies} == {frozenset({"sender", "message"})}
    senders = {body["sender"] for body in bodies}
    assert len(senders) == 1
    assert len(senders.pop()) == 32
