"""The demo's gateway shows what it took, and only to the machine it runs on."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.bad_gateway import MODES, BadGateway, bad_gateway

NOTICE = {"ticket": "K-0731-7", "text": "红色工单 K-0731-7", "link": "http://127.0.0.1:8300/console/"}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[BadGateway]:
    with bad_gateway(tmp_path / "gateway") as running:
        yield running


@pytest.fixture
def client(gateway: BadGateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gateway.base_url, trust_env=False) as client:
        yield client


def send(client: httpx.Client, key: str = "k1", **changes: object) -> httpx.Response:
    return client.post("/notices", json=NOTICE | changes, headers={"Idempotency-Key": key})


def test_what_was_taken_is_listed_and_written_down(
    client: httpx.Client, gateway: BadGateway, tmp_path: Path
) -> None:
    receipt = send(client).json()["receipt"]

    [kept] = client.get("/received").json()["notices"]
    assert (kept["key"], kept["receipt"], kept["notice"]) == ("k1", receipt, NOTICE)
    file = tmp_path / "gateway" / "notices.jsonl"
    assert json.loads(file.read_text(encoding="utf-8"))["notice"] == NOTICE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_same_key_is_one_notice(client: httpx.Client) -> None:
    assert send(client).json() == send(client).json()
    received = client.get("/received").json()
    assert received["attempts"] == 2
    assert [kept["times"] for kept in received["notices"]] == [2]


def test_the_page_shows_the_notices_and_renews_itself(client: httpx.Client) -> None:
    send(client, text="红色工单 <script>alert(1)</script>", link="javascript:alert(1)")
    page = client.get("/")
    assert "红色工单 &lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "javascript:" not in page.text
    assert page.headers["Refresh"] == "3"
    assert "演示" in page.text


def test_the_page_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    send(client)
    page = client.get("/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert 'src="' not in page.text
    assert page.text.count("stylesheet") == 1
    assert client.get("/style.css").headers["Content-Type"].startswith("text/css")


def test_it_can_be_told_how_to_behave(client: httpx.Client) -> None:
    assert client.put("/behaviour", json={"mode": "error500", "times": 2}).status_code == 200
    assert [send(client).status_code for _ in range(3)] == [500, 500, 200]
    assert set(client.get("/behaviour").json()["modes"]) == set(MODES)


@pytest.mark.parametrize(
    "wish", [{"mode": "dance"}, {}, {"mode": 7}, {"mode": ["hang"]}, {"mode": "hang", "times": 0}, [], "hang"]
)
def test_a_wish_that_it_does_not_know_changes_nothing(client: httpx.Client, wish: object) -> None:
    answer = client.put("/behaviour", json=wish)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert send(client).status_code == 200


def test_a_page_from_elsewhere_cannot_speak_to_it(client: httpx.Client, gateway: BadGateway) -> None:
    assert client.get("/received", headers={"Host": "evil.example"}).status_code == 403
    assert (
        client.put("/behaviour", json={"mode": "hang"}, headers={"Host": "evil.example"}).status_code == 403
    )
    assert client.post("/notices", content="{}", headers={"Content-Type": "text/plain"}).status_code == 400
    assert gateway.attempts == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 5000, b"{" + b" " * 100_000 + b"}"]
)
def test_a_notice_that_cannot_be_read_is_not_taken(
    client: httpx.Client, gateway: BadGateway, body: bytes
) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k1"}
    assert client.post("/notices", content=body, headers=headers).status_code == 400
    assert gateway.received == []


def test_other_addresses_do_not_exist(client: httpx.Client) -> None:
    assert client.get("/elsewhere").status_code == 404
    assert client.post("/elsewhere", json={}).status_code == 404
    assert client.put("/elsewhere", json={}).status_code == 404


def start(tmp_path: Path, port: int, **environment: str) -> "subprocess.Popen[str]":
    code = "from server.commands.gateway import gateway; import typer; typer.run(gateway)"
    own = {"XINQIAO_GATEWAY_PORT": str(port), "XINQIAO_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with start(tmp_path, port) as process:
        assert process.stdout is not None
        assert str(port) in process.stdout.readline()
        assert httpx.get(f"http://127.0.0.1:{port}/received", trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_taken_port_is_one_clear_line(tmp_path: Path, gateway: BadGateway) -> None:
    port = gateway.base_url.rpartition(":")[2]
    with start(tmp_path, int(port)) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.strip() == f"端口 {port} 被占用，演示网关没有启动。"


def test_it_does_not_run_where_people_live(tmp_path: Path) -> None:
    with start(tmp_path, 0, XINQIAO_MODE="live") as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "演示" in said
