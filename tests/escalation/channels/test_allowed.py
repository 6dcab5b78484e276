"""B10: no robot's address leads anywhere but to the hosts on the list, whatever is typed and whatever DNS says."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from escalation.channels import PermanentFailure, TemporaryFailure
from escalation.channels.allowed import AllowedHosts
from escalation.channels.exchange import Exchange
from escalation.channels.wecom import WecomChannel
from server.local_https import certificate_for
from tests.escalation.channels.notices import a_notice

ROBOT = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"
PUBLIC = ("101.89.15.104", "101.226.129.204")
ELSEWHERE = [
    "http://qyapi.weixin.qq.com/send?key=k",
    "https://qyapi.weixin.qq.com:8443/send?key=k",
    "https://me:pw@qyapi.weixin.qq.com/send?key=k",
    "https://qyapi.weixin.qq.com@10.0.0.1/send?key=k",
    "https://qyapi.weixin.qq.com.evil.example/send?key=k",
    "https://evil.example/qyapi.weixin.qq.com?key=k",
    "https://evil.example#qyapi.weixin.qq.com",
    "https://127.0.0.1/send?key=k",
    "https://localhost/send?key=k",
    "https://10.0.0.1/send?key=k",
    "https://192.168.1.1/send?key=k",
    "https://169.254.169.254/latest/meta-data?key=k",
    "https://2130706433/send?key=k",
    "https://0x7f000001/send?key=k",
    "https://0177.0.0.1/send?key=k",
    "https://127.1/send?key=k",
    "https://[::1]/send?key=k",
    "https://[::ffff:10.0.0.1]/send?key=k",
    "https://[fe80::1]/send?key=k",
    "https://qyapi.weixin.qq.com\\@10.0.0.1/send?key=k",
    "https://qyapi.weixin.qq.com\r\nHost: evil.example/send?key=k",
    "https://ｑyapi.weixin.qq.com/send?key=k",
    "file:///etc/passwd?key=k",
    "gopher://10.0.0.1:5432/_?key=k",
    "//qyapi.weixin.qq.com/send?key=k",
    "https:///send?key=k",
    "https://qyapi.weixin.qq.com/" + "k" * 2000,
]
INSIDE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "2002:0a00:0001::1",
    "64:ff9b::a00:1", "::10.0.0.1", "nonsense",
]  # fmt: skip


class Recorder:
    """A client that is connected to nothing, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b'{"errcode": 0}'))


def hosts(*answers: str) -> AllowedHosts:
    return AllowedHosts(["qyapi.weixin.qq.com"], resolve=lambda host: answers)


@pytest.mark.parametrize("address", ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_an_address_off_the_list_is_never_called(address: str) -> None:
    recorder = Recorder()
    with pytest.raises(PermanentFailure) as failure:
        WecomChannel(hosts(*PUBLIC), 1, recorder.client).send(a_notice(to=address))
    assert recorder.asked == []
    assert "evil" not in str(failure.value)


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("beside", [(), PUBLIC], ids=["alone", "among public ones"])
def test_a_name_that_leads_inside_is_never_called(inside: str, beside: tuple[str, ...]) -> None:
    recorder = Recorder()
    with pytest.raises(PermanentFailure):
        WecomChannel(hosts(*beside, inside), 1, recorder.client).send(a_notice(to=ROBOT))
    assert recorder.asked == []


def test_what_was_checked_is_what_is_connected_to() -> None:
    """DNS that changes its mind between the check and the use is not asked a second time."""
    recorder, asked = Recorder(), []

    def turncoat(host: str) -> tuple[str, ...]:
        asked.append(host)
        return PUBLIC if len(asked) == 1 else ("10.0.0.1",)

    listed = AllowedHosts(["qyapi.weixin.qq.com"], resolve=turncoat)
    WecomChannel(listed, 1, recorder.client).send(a_notice(to=ROBOT))
    [request] = recorder.asked
    assert asked == ["qyapi.weixin.qq.com"]
    assert request.url.host == PUBLIC[0]
    assert request.headers["Host"] == "qyapi.weixin.qq.com"
    assert request.extensions["sni_hostname"] == "qyapi.weixin.qq.com"


def test_a_redirect_leads_nowhere() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.host))
        return httpx.Response(302, stream=httpx.ByteStream(b""), headers={"Location": "http://10.0.0.1/"})

    willing = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    with pytest.raises(PermanentFailure):
        WecomChannel(hosts(*PUBLIC), 1, willing).send(a_notice(to=ROBOT))
    assert asked == [PUBLIC[0]]


def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    listed = AllowedHosts(["nobody.invalid"])
    with pytest.raises(TemporaryFailure):
        WecomChannel(listed, 1).send(a_notice(to="https://nobody.invalid/send?key=k"))


def test_the_machine_itself_is_allowed_in_a_demo_only() -> None:
    here = "http://127.0.0.1:9/send?key=k"
    assert AllowedHosts([], loopback=True).check(here).port == 9
    with pytest.raises(PermanentFailure):
        AllowedHosts([]).check(here)
    with pytest.raises(PermanentFailure):
        AllowedHosts([], loopback=True).check("http://10.0.0.1/send?key=k")


def test_a_pinned_host_must_still_show_its_own_certificate(tmp_path: Path) -> None:
    with listening_with_tls(tmp_path) as (port, trusting):
        exchange = Exchange(5, httpx.Client(verify=trusting, trust_env=False))
        right = httpx.URL(f"https://localhost:{port}/")
        assert exchange.post(right, b"{}", pinned=("127.0.0.1",)) == b"localhost"
        with pytest.raises(TemporaryFailure):
            exchange.post(httpx.URL(f"https://robot.example:{port}/"), b"{}", pinned=("127.0.0.1",))


def test_the_next_address_is_tried_when_nobody_is_at_the_first(tmp_path: Path) -> None:
    with listening_with_tls(tmp_path) as (port, trusting):
        exchange = Exchange(5, httpx.Client(verify=trusting, trust_env=False))
        url = httpx.URL(f"https://localhost:{port}/")
        assert exchange.post(url, b"{}", pinned=("::1", "127.0.0.1")) == b"localhost"


@contextmanager
def listening_with_tls(folder: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A server for `localhost` that answers with the name it was called by, and who trusts it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            name = self.headers["Host"].rpartition(":")[0].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(name)))
            self.end_headers()
            self.wfile.write(name)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    made = certificate_for(folder, "127.0.0.1", datetime.now(UTC))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(made.certificate, made.key)
    server.socket = inside.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1], ssl.create_default_context(cafile=str(made.authority))
    finally:
        server.shutdown()
        server.server_close()
