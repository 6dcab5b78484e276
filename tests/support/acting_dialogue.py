"""A dialogue without Rasa that says what the real actions say: the project's own rules and actions, with the nearest
example in the place of the trained reader of intents. For tests of what a conversation says, told in milliseconds.

What Rasa itself makes of rules and forms is tested with Rasa (`tests/stories`, `tests/bot/test_rasa_line.py`).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rasa_sdk.executor import ActionExecutor

from bot.rasa_client import RasaSilent, _bubbles
from bot.transcript import Bubble

BOT = Path(__file__).resolve().parents[2] / "bot"
SURE = 0.35
FORMS = {"screening_form": "screening_answer", "skill_form": "skill_answer"}


@cache
def rules() -> Mapping[str, list[str]]:
    """The actions that follow an intent, by intent."""
    found: dict[str, list[str]] = {}
    for page in sorted((BOT / "data" / "rules").glob("*.yml")):
        for rule in yaml.safe_load(page.read_text("utf-8"))["rules"]:
            steps = rule["steps"]
            if "intent" in steps[0]:
                found[steps[0]["intent"]] = [s["action"] for s in steps[1:] if "action" in s]
    return found


@cache
def _examples() -> tuple[list[tuple[str, float]], Mapping[str, list[tuple[int, int]]]]:
    """All examples with their lengths, and in which of them each run of signs stands."""
    found: list[tuple[str, float]] = []
    stands: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for page in sorted((BOT / "data" / "nlu").glob("*.yml")):
        for entry in yaml.safe_load(page.read_text("utf-8"))["nlu"]:
            for line in entry["examples"].splitlines() if "intent" in entry else ():
                grams = _grams(re.sub(r"\[(.*?)\]\(\w+\)", r"\1", line.removeprefix("- ")))
                for gram, times in grams.items():
                    stands[gram].append((len(found), times))
                found.append((entry["intent"], _length(grams)))
    return found, stands


def nearest(text: str) -> str:
    """The intent of the most similar example; `nlu_fallback` where none is similar."""
    grams = _grams(text)
    length = _length(grams)
    examples, stands = _examples()
    same: Counter[int] = Counter()
    for gram, times in grams.items():
        for at, there in stands.get(gram, ()):
            same[at] += times * there
    best, most = "nlu_fallback", SURE
    for at, shared in same.items():
        intent, size = examples[at]
        if shared / (length * size) > most:
            best, most = intent, shared / (length * size)
    return best


def _grams(text: str) -> Counter[str]:
    return Counter(text[at : at + n] for n in (1, 2, 3) for at in range(len(text) - n + 1))


def _length(grams: Counter[str]) -> float:
    return math.sqrt(sum(n * n for n in grams.values()))


@cache
def _not_answers() -> frozenset[str]:
    domain = yaml.safe_load((BOT / "domain" / "replies_skills.yml").read_text("utf-8"))
    return frozenset(domain["slots"]["skill_answer"]["mappings"][0]["not_intent"])


class ActingDialogue:
    """Keeps the promises of `RasaClient`. `executor` are the application's own actions, given once it is wired."""

    def __init__(self) -> None:
        self.executor: ActionExecutor | None = None
        self.heard: list[tuple[str, str]] = []
        self.loops: dict[str, str | None] = {}
        self.silent = False

    async def send(self, sender: str, message: str, *, patient: bool = False) -> list[Bubble]:
        self.heard.append((sender, message))
        if self.silent:
            raise RasaSilent("scripted")
        intent = message.removeprefix("/") if message.startswith("/") else nearest(message)
        said: list[Any] = []
        loop = self.loops.get(sender)
        if loop is None:  # as after a restart: the tracker begins where the application stands
            await self._run(sender, "action_session_start", intent, message, said)
            loop = self.loops.get(sender)
        fills = {
            "screening_form": intent in ("answer_recorded", "screening_started"),
            "skill_form": intent not in _not_answers(),
        }
        if loop and fills[loop]:
            await self._form(sender, loop, intent, message, said, filled=True)
        else:
            for action in rules().get(intent, ["action_lost_thread"]):
                await self._run(sender, action, intent, message, said)
            asked = any(
                part["custom"]["name"].startswith("skill/") or part["custom"]["kind"] == "item"
                for part in said
            )
            if self.loops.get(sender) and not asked:
                await self._form(sender, self.loops[sender] or "", intent, message, said)
        if not said:
            raise RasaSilent("nothing")
        return _bubbles(said)

    async def _form(
        self, sender: str, form: str, intent: str, message: str, said: list[Any], *, filled: bool = False
    ) -> None:
        self.loops[sender] = form
        slots = {FORMS[form]: "something"} if filled else {}
        await self._run(sender, f"validate_{form}", intent, message, said, slots)
        if self.loops.get(sender) is None:
            await self._run(
                sender,
                "action_result" if form == "screening_form" else "action_skill_finished",
                intent,
                message,
                said,
            )
        else:
            await self._run(sender, f"action_ask_{form}_{FORMS[form]}", intent, message, said)

    async def _run(
        self, sender: str, action: str, intent: str, message: str, said: list[Any], slots: Any = None
    ) -> None:
        if action == "action_deactivate_loop":
            self.loops[sender] = None
            return
        if action in FORMS:
            await self._form(sender, action, intent, message, said)
            return
        assert self.executor is not None
        tracker = {
            "sender_id": sender,
            "slots": dict(slots or {}),
            "latest_message": {"text": message, "intent": {"name": intent}, "entities": []},
            "events": [],
            "paused": False,
            "followup_action": None,
            "active_loop": {"name": self.loops.get(sender)},
            "latest_action_name": None,
        }
        done = await self.executor.run(
            {"next_action": action, "sender_id": sender, "tracker": tracker, "domain": {}, "version": "3"}
        )
        result = done.model_dump() if hasattr(done, "model_dump") else done
        for part in result["responses"]:
            if part.get("custom"):
                said.append({"custom": part["custom"]})
        for event in result["events"]:
            if event["event"] == "active_loop":
                self.loops[sender] = event["name"]
            elif event["event"] == "slot" and event["name"] == "requested_slot" and event["value"] is None:
                self.loops[sender] = None
            elif event["event"] == "followup":
                await self._run(sender, event["name"], intent, message, said)

    async def close(self) -> None:
        """Nothing to let go of."""
