"""The lookout: a program of its own that asks whether an alarm would get through, and rings people when not.

It needs neither the database nor the application, only an address to ask and gateways of its own to ring over, so
that it can stand on another machine. What it says is about the service, never about a ticket or a person.
"""

import contextlib
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from escalation.channels import Channel, ChannelFailure, Notice
from server.stopping import Stop

log = logging.getLogger("xinqiao.lookout")

MISSES = 2
"""How many questions in a row must go wrong before people are rung, or right before they are told that all is well."""
ASK_WITHIN = 5.0
RING_WITHIN = 10.0
LARGEST_ANSWER = 64 * 1024
_WRONG = {
    "away": "没有应答",
    "database": "数据库",
    "watch_silent": "后台时钟",
    "delivery_silent": "通知发送",
    "notices_waiting": "通知积压",
    "steps_waiting": "超时上报",
    "clock_skew": "服务器时间",
    "disk": "磁盘",
}

T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """What the lookout remembers: questions gone wrong or right in a row, and what people were last told, and when."""

    misses: int = 0
    hits: int = 0
    trouble_told: bool = False
    told_at: float | None = None


def heard(state: State, well: bool, now: float, again_after: float) -> tuple[State, str | None]:
    """Count one answer. Says what people are to be told now: `trouble`, `well`, or nothing.

    Trouble is told after `MISSES` in a row, and again each `again_after` seconds until it is over; then that all is
    well. Being told counts only when somebody could be told: see `told`.
    """
    state = replace(state, misses=0 if well else state.misses + 1, hits=state.hits + 1 if well else 0)
    if not well and state.misses >= MISSES:
        due = not state.trouble_told or state.told_at is None or now - state.told_at >= again_after
        return state, "trouble" if due else None
    if well and state.trouble_told and state.hits >= MISSES:
        return state, "well"
    return state, None


def told(state: State, what: str, now: float) -> State:
    """Somebody could be told; until then the same is told with each question."""
    return replace(state, trouble_told=what == "trouble", told_at=now)


class Asks(Protocol):
    """Asks once; the names of what is wrong, `away` when nobody answers as they should."""

    def __call__(self, *, leaving: bool = False) -> Sequence[str]: ...


class Lookout:
    """Asks, and rings."""

    def __init__(
        self,
        ask: Asks,
        channels: Sequence[Channel],
        *,
        name: str,
        link: str,
        demo: bool,
        every: float,
        again_after: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ask = ask
        self.channels = channels
        self.name = name
        self.link = link
        self.demo = demo
        self.every = every
        self.again_after = again_after
        self.clock = clock
        self.state = State()
        self.rung = 0

    def look(self) -> None:
        """Ask once and ring if people are to know. Whatever goes wrong, the next look comes."""
        try:
            wrong = self.ask()
        except Exception as error:
            log.error("cannot ask: %s", type(error).__name__)
            wrong = ("away",)
        self.state, tell = heard(self.state, not wrong, self.clock(), self.again_after)
        if tell is not None:
            log.warning("%s: %s", tell, ", ".join(wrong) or "-")
            if self.ring(tell, wrong):
                self.state = told(self.state, tell, self.clock())

    def ring(self, what: str, wrong: Sequence[str]) -> bool:
        """Tell people over the first gateway that takes it; False when none did."""
        self.rung += 1
        notice = self._notice(what, wrong, datetime.now(UTC))
        for channel in self.channels:
            try:
                within(RING_WITHIN, lambda channel=channel: channel.send(notice))  # type: ignore[misc]
            except (ChannelFailure, TimeoutError) as error:
                log.error("could not ring over %s: %s", channel.name, type(error).__name__)
            except Exception as error:  # a gateway that breaks us must not silence the next
                log.error("broke while ringing: %s", type(error).__name__)
            else:
                return True
        return False

    def watch(self, stop: Stop) -> None:
        """Look until told to stop; then say that this was in order, so that nobody misses us."""
        while not stop.wait(0.0):
            began = self.clock()
            self.look()
            stop.wait(max(0.0, self.every - (self.clock() - began)))
        with contextlib.suppress(Exception):
            self.ask(leaving=True)

    def _notice(self, what: str, wrong: Sequence[str], now: datetime) -> Notice:
        found = "、".join(dict.fromkeys(_WRONG.get(name, "其他") for name in wrong))
        text = (
            f"心桥的后台有故障（{found}），工单可能没有人通知 · 现在 · 请看工作台并打电话，同时叫运维"
            if what == "trouble"
            else "心桥的后台恢复了 · 请看一遍工作台有没有漏下的"
        )
        return Notice(
            ticket_code="看护",
            level_word="故障" if what == "trouble" else "恢复",
            place="心桥",
            respond_by=now,
            link=self.link,
            text=("【演示】" if self.demo else "") + text,
            key=f"lookout.{self.name}.{what}.{now:%Y%m%dT%H%M%S}.{self.rung}",
        )


def within(seconds: float, act: Callable[[], T]) -> T:
    """Do it in a thread of its own; `TimeoutError` when it takes longer, for whatever reason."""
    result: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            result.append(act())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not result:
        raise TimeoutError
    return result[0]


def readiness_of(
    url: str, name: str, token: str, *, certificate: str | None = None, patience: float = ASK_WITHIN
) -> Asks:
    """Asks `/readyz` at this address, as the lookout of this name.

    Raises `ValueError` for what is no http(s) address. `certificate` is a file with the authority to be believed.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError("the address must be http(s)://host[:port]")
    headers = {"Lookout-Name": name, "Lookout-Token": token, "Accept": "application/json"}
    path = parts.path.rstrip("/") + "/readyz"

    def ask(*, leaving: bool = False) -> Sequence[str]:
        connection = _connection(parts.scheme, parts.hostname or "", parts.port, certificate, patience)
        opened: list[socket.socket] = []

        def exchange() -> tuple[int, Any]:
            connection.connect()
            opened.append(connection.sock)
            connection.request("GET", path, headers=headers | ({"Lookout-Leaves": "yes"} if leaving else {}))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read(LARGEST_ANSWER))

        try:
            status, body = within(patience, exchange)
        except (OSError, http.client.HTTPException, ValueError, RecursionError):
            return ("away",)
        finally:
            for one in opened:  # whoever drips is not listened to any longer
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            connection.close()
        return _wrong(status, body)

    return ask


def _wrong(status: int, body: object) -> Sequence[str]:
    """What an answer says is wrong; one that is not as agreed is no answer."""
    if not isinstance(body, Mapping) or not isinstance(body.get("wrong"), list):
        return ("away",)
    names = tuple(str(name)[:40] for name in body["wrong"])
    if status == 200 and body.get("ready") is True and not names:
        return ()
    return names or ("away",)


def _connection(
    scheme: str, host: str, port: int | None, certificate: str | None, patience: float
) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=patience)
    import ssl

    trusted = ssl.create_default_context(cafile=certificate)
    return http.client.HTTPSConnection(host, port, timeout=patience, context=trusted)
