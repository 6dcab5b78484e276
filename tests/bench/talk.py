"""How long a turn of talk takes, with one person and with ten, and what each program weighs."""

import asyncio
import statistics
import time
import uuid
from contextlib import nullcontext
from pathlib import Path

import httpx

from server.callers import SessionCookie
from tests.support.stack import Stack

SAID = (
    "这几天睡不好，翻来覆去的",
    "厂里加班多，吃力得很",
    "家里人也不晓得我难受",
    "有什么电话可以打吗",
    "想跟人说说话",
    "孩子不听话，我着急",
    "谢谢你听我说",
    "心里闷，饭也吃不下",
)
IN_DANGER = "我不想活了"


async def person(base_url: str, turns: int, pause: float) -> list[float]:
    """One person's talk: seconds for each turn."""
    seconds = []
    async with httpx.AsyncClient(base_url=base_url, headers={"Origin": base_url}, timeout=60) as http:
        opened = await http.post("/api/sessions", json={"door": "phone"})
        http.headers["Cookie"] = f"{SessionCookie}={opened.cookies[SessionCookie]}"
        http.cookies.clear()
        ticks = {"chat": True, "screening": True, "contact": False, "share": False}
        await http.put("/api/session/consents", json=ticks)
        for number in range(turns):
            began = time.perf_counter()
            answer = await http.post(
                "/api/session/messages",
                json={"client_id": str(uuid.uuid4()), "text": SAID[number % len(SAID)]},
            )
            seconds.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.status_code
            assert any(m["author"] == "program" for m in answer.json()["messages"])
            await asyncio.sleep(pause)
        began = time.perf_counter()
        answer = await http.post(
            "/api/session/messages", json={"client_id": str(uuid.uuid4()), "text": IN_DANGER}
        )
        assert answer.json()["alarm"]
        danger = time.perf_counter() - began
        await http.delete("/api/session/record")
    return [*seconds, -danger]


async def measure(base_url: str, people: int, turns: int, pause: float) -> dict[str, float]:
    """Turns of so many people at once."""
    talks = await asyncio.gather(*(person(base_url, turns, pause) for _ in range(people)))
    ordinary = [s for talk in talks for s in talk if s >= 0]
    danger = [-s for talk in talks for s in talk if s < 0]
    return {
        "people": people,
        "turns": len(ordinary),
        "p50_ms": round(statistics.median(ordinary) * 1000),
        "p95_ms": round(statistics.quantiles(ordinary, n=20)[18] * 1000),
        "danger_turn_p50_ms": round(statistics.median(danger) * 1000),
    }


def memory(pids: dict[str, int]) -> dict[str, int]:
    """Resident memory in MiB of each program, its children included."""
    weights = dict.fromkeys(pids, 0)
    parents: dict[int, int] = {}
    resident: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        pid = int(status.parent.name)
        parents[pid] = int(fields["PPid"])
        resident[pid] = int(fields.get("VmRSS", "0 kB").split()[0]) // 1024
    for pid, size in resident.items():
        for name, root in pids.items():
            at = pid
            while at and at != root:
                at = parents.get(at, 0)
            if at == root:
                weights[name] += size
    return weights


def figures(at: str | None, turns: int, pause: float) -> dict[str, object]:
    """The talk of one person, ten and fifty, at a running Xinqiao or at a complete one of our own."""
    with nullcontext() if at else Stack() as stack:
        base_url = stack.base_url if stack else str(at)
        asyncio.run(measure(base_url, 1, 5, 0.1))  # the first turns of a new Rasa are not like the others
        one = asyncio.run(measure(base_url, 1, turns, pause))
        ten = asyncio.run(measure(base_url, 10, turns, pause))
        fifty = asyncio.run(measure(base_url, 50, max(4, turns // 5), pause))
        found: dict[str, object] = {"one": one, "ten": ten, "fifty": fifty}
        found["ten_to_one_p95"] = round(ten["p95_ms"] / one["p95_ms"], 2)
        if stack is not None:
            names = ("postgres", "gateway", "rasa", "app", "jobs")
            found["memory_mib"] = memory({name: stack.pid(name) for name in names})
        return found
