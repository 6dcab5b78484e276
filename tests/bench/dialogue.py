"""How many turns a second one Rasa takes, ours beside what `rasa init` would have set up, on the same examples, rules
and actions in the same run; and how each reads the sentences that were kept aside.

The default trains for hours with its own hundred epochs. Its speed does not depend on how long it was trained, its F1
does: the figure says with how many epochs it was made. It is started by Rasa's own command, and once more as we start
ours (`bot/rasa_side`), so that it can be told what the start is worth and what the pipeline.
"""

import asyncio
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from server.stack import RASA, ROOT, START_RASA
from tests.bench.talk import SAID, memory
from tests.bot.test_rasa_line import Line

PEOPLE = (1, 10, 50)
AS_OURS = "default, started as ours"
HELD_OUT = sorted((ROOT / "tests" / "stories").glob("nlu_held_out*.yml"))


def measure(epochs: int, turns: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Both, one after the other, and their ratio."""
    found: dict[str, Any] = {"epochs_of_the_default": epochs}
    with tempfile.TemporaryDirectory() as folder:
        default = Path(folder) / "default.yml"
        words = (Path(__file__).parent / "default_dialogue.yml").read_text("utf-8")
        default.write_text(words.replace("EPOCHS", str(epochs)), "utf-8")
        for name, config, starts in (
            ("ours", ROOT / "config.yml", START_RASA),
            ("default", default, (str(RASA),)),
            (AS_OURS, default, START_RASA),
        ):
            say(f"dialogue: {name} …")
            found[name] = _one(config, Path(folder) / config.stem, starts, turns, say)
    for name, other in (("throughput_ratio", "default"), ("throughput_ratio_started_alike", AS_OURS)):
        found[name] = {
            f"{people}": round(
                found["ours"]["talk"][str(people)]["per_second"]
                / found[other]["talk"][str(people)]["per_second"],
                2,
            )
            for people in PEOPLE
        }
    return found


def _one(
    config: Path, model: Path, starts: Sequence[str], turns: int, say: Callable[[str], None]
) -> dict[str, Any]:
    line = Line(model, starts)
    began = time.perf_counter()
    line.train(config)
    trained = time.perf_counter() - began
    began = time.perf_counter()
    with line:
        started = time.perf_counter() - began
        assert line.rasa is not None
        url = f"http://127.0.0.1:{line.rasa_port}/webhooks/rest/webhook"
        asyncio.run(_talk(line, url, 1, 10))
        talk = {}
        for people in PEOPLE:
            say(f"dialogue: {people} talk …")
            talk[str(people)] = asyncio.run(_talk(line, url, people, max(4, turns // people)))
        weight = memory({"rasa": line.rasa.pid})["rasa"]
    say("dialogue: what was kept aside is read …")
    return {
        "training_s": round(trained),
        "start_s": round(started, 1),
        "memory_mib": weight,
        "talk": talk,
        "held_out": _held_out(line, model),
    }


async def _talk(line: Line, url: str, people: int, turns: int) -> dict[str, Any]:
    """So many people who each wait for their answer before they go on."""
    seconds: list[float] = []
    names = [f"{people}-{number}-{time.monotonic_ns()}" for number in range(people)]
    for name in names:
        line.resident(name)

    async def person(name: str) -> None:
        async with httpx.AsyncClient(timeout=120) as http:
            for number in range(turns):
                began = time.perf_counter()
                answer = await http.post(url, json={"sender": name, "message": SAID[number % len(SAID)]})
                seconds.append(time.perf_counter() - began)
                line.desks.of[name].hears([part["custom"] for part in answer.json()])

    began = time.perf_counter()
    await asyncio.gather(*map(person, names))
    whole = time.perf_counter() - began
    return {
        "turns": len(seconds),
        "per_second": round(len(seconds) / whole, 1),
        "p50_ms": round(statistics.median(seconds) * 1000),
        "p95_ms": round(statistics.quantiles(seconds, n=20)[18] * 1000),
    }


def _held_out(line: Line, model: Path) -> dict[str, Any]:
    """The intents of the sentences that were kept aside, as Rasa's own test counts them."""
    entries = [e for page in HELD_OUT for e in yaml.safe_load(page.read_text("utf-8"))["nlu"]]
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "nlu.yml"
        asked.write_text(yaml.safe_dump({"version": "3.1", "nlu": entries}, allow_unicode=True), "utf-8")
        command = [RASA, "test", "nlu", "--nlu", asked, "--model", model, "--out", folder, "--no-plot"]
        subprocess.run(
            [str(part) for part in command], cwd=ROOT, env=line.environment(), check=True, capture_output=True
        )
        report = json.loads((Path(folder) / "intent_report.json").read_text("utf-8"))
    return {
        "sentences": int(report["weighted avg"]["support"]),
        "f1_weighted": round(report["weighted avg"]["f1-score"], 3),
        "f1_macro": round(report["macro avg"]["f1-score"], 3),
    }
