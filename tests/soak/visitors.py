"""Simulated residents over HTTP: each asks again, with the same id, until it is answered, as the page does.

What each of them sent stands in the ledger, which knows nothing of the database: whether a ticket came of it is
asked of the tables afterwards (`tests/soak/verdict.py`).
"""

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from bot.transcript import CLAIM
from server.callers import SessionCookie

Danger = Literal["none", "words", "answers", "both"]
IN_DANGER: tuple[Danger, ...] = ("words", "answers", "both")
ORDINARY = ("这几天睡不好", "厂里加班多，吃力得很", "谢谢你听我说", "有什么电话可以打吗")
CRISIS = ("我不想活了", "我攒了一瓶安眠药，今晚就吃下去", "遗书写好了，孩子托给我姐了")
ASK_AGAIN = (429, 500, 502, 503)
PATIENCE_SECONDS = 300.0
LONGEST_FORM = 60


class NoAnswer(Exception):
    """Nothing that could be shown to somebody came back for as long as anybody would try."""


@dataclass
class Visit:
    """One resident's visit, as they saw it. `token` is their cookie; `shown`: the ticket's name on the crisis card.

    `spoke`: what is dangerous was said and answered, so that somebody must come. Who gives up before an answer came
    may be heard or not: nobody but the hotlines on their page can promise them anything.
    """

    danger: Danger
    token: str = ""
    shown: str | None = None
    card: bool = False
    spoke: bool = False
    gave_up: bool = False
    finished: bool = False
    words: int = 0
    answers: int = 0


@dataclass
class Ledger:
    """Everything that was sent, by whom, and what was strange about the answers."""

    visits: list[Visit] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)

    @property
    def severe(self) -> list[Visit]:
        return [one for one in self.visits if one.spoke]

    def refuse(self, sentence: str) -> None:
        """Something that must not happen; it has the kind of request and the status, never words."""
        self.strange.append(sentence)


class Phone:
    """One resident's browser. `at_once`: what changes something is sent so often at once, and once more later."""

    def __init__(
        self, base_url: Callable[[], str], ledger: Ledger, *, at_once: int = 1, patience: float = PATIENCE_SECONDS
    ) -> None:  # fmt: skip
        self.base_url = base_url
        self.ledger = ledger
        self.at_once = at_once
        self.patience = patience
        self.http = httpx.AsyncClient(timeout=30, trust_env=False)
        self.cookie = ""

    async def asks(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request, asked again with the same body until it is answered; `NoAnswer` when patience is at its end."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            base = self.base_url()
            headers = {"Origin": base, **({"Cookie": self.cookie} if self.cookie else {})}
            try:
                answer = await self.http.request(method, base + path, json=body, headers=headers)
            except httpx.HTTPError:
                self.ledger.counts["asked again"] += 1
            else:
                self.http.cookies.clear()
                if answer.status_code not in ASK_AGAIN:
                    return answer
                self.ledger.counts[f"asked again after {answer.status_code}"] += 1
            await asyncio.sleep(1.0)
        raise NoAnswer()

    async def does(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """One request that must work, however often it is sent; the same id must have the same answer."""
        began = time.monotonic()
        answers = list(await asyncio.gather(*(self.asks(method, path, body) for _ in range(self.at_once))))
        claimed = time.monotonic() - began < CLAIM.total_seconds()
        if self.at_once > 1:
            answers.append(await self.asks(method, path, body))
        if len({(one.status_code, one.text) for one in answers}) > 1 and "client_id" in body:
            if claimed:
                self.ledger.refuse(f"{method} {path}: answered differently {_differing(answers)}")
            else:  # whoever worked on it was slower than a claim lasts, and another answered again
                self.ledger.counts["answered differently, more slowly than a claim lasts"] += 1
        if answers[-1].status_code != 200:
            self.ledger.refuse(f"{method} {path}: {answers[-1].status_code}")
            raise NoAnswer()
        self.ledger.counts["requests"] += len(answers)
        return answers[-1].json()  # type: ignore[no-any-return]

    async def comes(self, place: str | None = None) -> str:
        """Open a conversation and agree to everything; the cookie's value."""
        opened = await self.asks("POST", "/api/sessions", {"door": "phone", "place": place})
        if opened.status_code != 201:
            self.ledger.refuse(f"no conversation could be opened: {opened.status_code}")
            raise NoAnswer()
        token = opened.cookies[SessionCookie]
        self.cookie = f"{SessionCookie}={token}"
        ticks = {"chat": True, "screening": True, "contact": True, "share": True}
        await self.does("PUT", "/api/session/consents", ticks)
        return token

    async def says(self, words: str) -> dict[str, Any]:
        body = {"client_id": str(uuid.uuid4()), "text": words}
        return await self.does("POST", "/api/session/messages", body)

    async def chooses(self, choice: str) -> dict[str, Any]:
        body = {"client_id": str(uuid.uuid4()), "choice": choice}
        return await self.does("POST", "/api/session/choices", body)

    async def answers(self, asked: dict[str, Any], value: int) -> dict[str, Any]:
        body = {
            "client_id": str(uuid.uuid4()),
            "administration": asked["administration"],
            "item": asked["item"],
            "value": value,
        }
        return await self.does("POST", "/api/session/answers", body)


async def visit(phone: Phone, chance: random.Random, share: float, *, pause: float = 1.0) -> Visit:
    """Somebody comes, talks, answers the questions and goes. With the chance `share` they are in danger."""
    danger: Danger = chance.choice(IN_DANGER) if chance.random() < share else "none"
    one = Visit(danger)
    phone.ledger.visits.append(one)
    try:
        one.token = await phone.comes()
        for _ in range(chance.randint(1, 2)):
            await _tells(phone, one, chance.choice(ORDINARY))
            await asyncio.sleep(chance.uniform(0.2, 2.0) * pause)
        if danger in ("words", "both"):
            turn = await _tells(phone, one, chance.choice(CRISIS))
            one.spoke = True
            _look(one, turn)
        if danger != "words":
            await _screening(phone, one, chance, pause)
        one.finished = True
    except NoAnswer:
        one.gave_up = True
    finally:
        await phone.http.aclose()
    return one


def _differing(answers: Sequence[httpx.Response]) -> str:
    """Which statuses there were and which parts of the answers differ: never what they say."""
    statuses, bodies = [one.status_code for one in answers], [one.json() for one in answers]
    parts = sorted(
        {name for body in bodies for name in body if any(o.get(name) != body[name] for o in bodies)}
    )
    return f"{statuses} in {', '.join(parts)}"


async def _tells(phone: Phone, one: Visit, words: str) -> dict[str, Any]:
    turn = await phone.says(words)
    one.words += 1
    return turn


async def _screening(phone: Phone, one: Visit, chance: random.Random, pause: float) -> None:
    """Answer whatever is asked: somebody in danger says so in each form, somebody else never does."""
    turn = await phone.chooses("start_screening")
    high = one.danger != "none"
    for _ in range(LONGEST_FORM):
        if (asked := turn["screening"]) is None:
            return
        value = _value(asked, high, chance)
        turn = await phone.answers(asked, value)
        one.answers += 1
        if high:
            one.spoke = one.spoke or asked["item"] == "q9" or asked["instrument"] == "asq"
            _look(one, turn)
        await asyncio.sleep(chance.uniform(0.05, 0.4) * pause)
    phone.ledger.refuse("a screening without an end")


def _value(asked: dict[str, Any], high: bool, chance: random.Random) -> int:
    if asked["instrument"] == "asq":
        return int(high)
    if not high:
        return 0 if asked["item"] == "q9" else chance.randint(0, 1)
    return chance.randint(1, 3) if asked["item"] == "q9" else chance.randint(2, 3)


def _look(one: Visit, turn: dict[str, Any]) -> None:
    if (alarm := turn["alarm"]) is not None:
        one.card, one.shown = True, alarm["code"] or one.shown
