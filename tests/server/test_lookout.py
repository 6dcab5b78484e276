"""The lookout rings people when nobody else can: after two misses, again and again, and once when all is well."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from escalation.channels import Notice, PermanentFailure, Receipt
from server.lookout import Lookout, State, heard, readiness_of, told, within

AGAIN = 300.0


class Telephone:
    """A gateway of the lookout's own. `broken` raises whatever it is."""

    name = "telephone"

    def __init__(self) -> None:
        self.rang: list[Notice] = []
        self.broken: Exception | None = None

    def send(self, notice: Notice) -> Receipt:
        if self.broken:
            raise self.broken
        self.rang.append(notice)
        return Receipt(self.name, "1")


class Service:
    """What is asked; `wrong` is its answer."""

    def __init__(self) -> None:
        self.wrong: Sequence[str] = ()
        self.left = False

    def __call__(self, *, leaving: bool = False) -> Sequence[str]:
        self.left = self.left or leaving
        return self.wrong


class Corner:
    """A lookout with two telephones and a clock that moves ten seconds with each look."""

    def __init__(self) -> None:
        self.service, self.first, self.second, self.now = Service(), Telephone(), Telephone(), 0.0
        self.lookout = Lookout(
            self.service, [self.first, self.second], name="hall", link="https://x.test/console/", demo=False,
            every=10, again_after=AGAIN, clock=lambda: self.now,
        )  # fmt: skip

    def looks(self, times: int, *wrong: str) -> None:
        self.service.wrong = wrong
        for _ in range(times):
            self.lookout.look()
            self.now += 10


@pytest.fixture
def corner() -> Corner:
    return Corner()


def test_one_miss_is_no_alarm_and_two_are(corner: Corner) -> None:
    corner.looks(1, "away")
    corner.looks(1)
    corner.looks(1, "away")
    assert corner.first.rang == []
    corner.looks(1, "away")
    [told] = corner.first.rang
    assert "没有应答" in told.text
    assert corner.second.rang == [], "the second gateway is for when the first does not take it"


def test_it_rings_every_five_minutes_until_all_is_well_and_then_says_so(corner: Corner) -> None:
    corner.looks(2 + 2 * 30, "watch_silent")
    assert len(corner.first.rang) == 3
    corner.looks(1)
    assert len(corner.first.rang) == 3, "one good answer between bad ones is not yet well"
    corner.looks(20)
    assert [n.level_word for n in corner.first.rang] == ["故障", "故障", "故障", "恢复"]
    corner.looks(2, "disk")
    assert corner.first.rang[-1].level_word == "故障", "a new trouble is told at once"
    assert len({n.key for n in corner.first.rang}) == 5


def test_a_gateway_that_fails_is_passed_over_and_tried_again(corner: Corner) -> None:
    corner.first.broken = PermanentFailure("no")
    corner.looks(2, "database")
    assert len(corner.second.rang) == 1
    corner.second.broken = RuntimeError("something that nobody thought of")
    corner.looks(31, "database")
    assert len(corner.second.rang) == 1
    corner.first.broken = None
    corner.looks(1, "database")
    assert len(corner.first.rang) == 1, "as soon as one takes it, not five minutes later"


def test_a_notice_says_what_is_wrong_and_speaks_of_nobody(corner: Corner) -> None:
    corner.looks(2, "notices_waiting", "delivery_silent", "something new")
    [notice] = corner.first.rang
    assert (notice.ticket_code, notice.place) == ("看护", "心桥")
    assert "通知积压、通知发送、其他" in notice.text
    assert len(notice.text) <= 140
    corner.lookout.demo = True
    corner.looks(60)
    assert corner.first.rang[-1].text.startswith("【演示】")


def test_a_question_that_breaks_counts_as_a_miss(corner: Corner) -> None:
    def broken(*, leaving: bool = False) -> Sequence[str]:
        raise RuntimeError

    corner.lookout.ask = broken
    for _ in range(2):
        corner.lookout.look()
    assert len(corner.first.rang) == 1


def test_it_says_good_bye_when_it_is_stopped(corner: Corner) -> None:
    stop = threading.Event()
    stop.set()
    corner.lookout.watch(stop)
    assert corner.service.left


def test_the_rule_alone() -> None:
    state, tell = heard(State(misses=1), False, 0, AGAIN)
    assert tell == "trouble"
    state, tell = heard(told(state, "trouble", 0), False, AGAIN - 1, AGAIN)
    assert tell is None
    assert heard(state, False, AGAIN, AGAIN)[1] == "trouble"


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.server.body  # type: ignore[attr-defined]
        if body is None:
            while not self.server.over.wait(0.2):  # type: ignore[attr-defined]
                try:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n" if not hasattr(self, "begun") else b"X-A: b\r\n")
                    self.begun = True
                except OSError:
                    self.server.let_go.set()  # type: ignore[attr-defined]
                    return
            return
        status, text = body
        self.server.asked.append(dict(self.headers))  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.asked, server.over, server.let_go = [], threading.Event(), threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "wrong"),
    [
        (200, '{"ready": true, "wrong": []}', ()),
        (503, '{"ready": false, "wrong": ["database"]}', ("database",)),
        (200, '{"ready": false, "wrong": ["disk"]}', ("disk",)),
        (503, '{"ready": true, "wrong": []}', ("away",)),
        (200, "<html>登录</html>", ("away",)),
        (200, "[]", ("away",)),
        (200, '{"ready": true}', ("away",)),
        (200, "[" * 60000, ("away",)),
        (302, "{}", ("away",)),
    ],
)
def test_only_an_answer_as_agreed_is_believed(server, status: int, body: str, wrong: tuple[str, ...]) -> None:
    server.body = (status, body)
    ask = readiness_of(f"http://127.0.0.1:{server.server_port}", "hall", "secret", patience=5)
    assert tuple(ask()) == wrong
    assert server.asked[0]["Lookout-Name"] == "hall"
    assert "Lookout-Leaves" not in server.asked[0]


def test_a_server_that_drips_is_left_in_time_and_nobody_listens_to_it_any_more(server) -> None:
    server.body = None
    before = threading.active_count()
    assert tuple(readiness_of(f"http://127.0.0.1:{server.server_port}", "a", "b", patience=0.4)()) == (
        "away",
    )
    assert server.let_go.wait(10)
    for _ in range(200):
        if threading.active_count() <= before:
            break
        time.sleep(0.02)
    assert threading.active_count() <= before


def test_nobody_there_is_away() -> None:
    assert tuple(readiness_of("http://127.0.0.1:9", "a", "b")()) == ("away",)


@pytest.mark.parametrize("url", ["ftp://x", "x:8300", "http://", "http://u:p@x", "http://x?y=1", ""])
def test_an_address_that_cannot_be_asked_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        readiness_of(url, "a", "b")


def test_what_takes_too_long_is_given_up() -> None:
    with pytest.raises(TimeoutError):
        within(0.05, lambda: time.sleep(1))
    with pytest.raises(ZeroDivisionError):
        within(1, lambda: 1 / 0)


def test_it_stands_without_the_application_and_the_database() -> None:
    told = "import sys, server.lookout, server.commands.lookout, server.settings, server.logs\n"
    told += "import escalation.channels.webhook\n"
    told += "print([m for m in ('sqlalchemy', 'psycopg', 'fastapi', 'rasa_sdk', 'bot') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
