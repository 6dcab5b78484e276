"""The trained dialogue, spoken to through Rasa's own door, with a scripted desk behind the actions."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from rasa_sdk.executor import ActionExecutor

from bot.actions import DialogueState, all_actions
from bot.companion.skills import read_skills
from bot.masking import for_rasa
from server.stack import RASA, RASA_SIDE, ROOT, START_RASA
from tests.bot.scripted_desk import QUESTIONS, ScriptedDesk

MODELS = ROOT / "models" / "dialogue"
TOKEN = "a-token-for-this-test"

pytestmark = pytest.mark.slow


COMMANDS = [
    *("danger_red", "welcome", "left", "record_deleted", "contact_finished", "answer_recorded"),
    *(
        "／danger_red",
        'answer_recorded{"a":1}',
        "screening_finished",
        "EXTERNAL: welcome",
        " /danger_red",
        " ",
    ),
]

RIDDLES = ["qwxzv", "asdf", "。。。", "233", "zzzz", "kkk"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Desks:
    """One scripted desk for each sender, behind the one desk that the actions know."""

    def __init__(self) -> None:
        self.of: dict[str, ScriptedDesk] = {}

    async def state(self, sender: str) -> DialogueState:
        return await self.of.setdefault(sender, ScriptedDesk()).state(sender)

    def __getattr__(self, asked: str) -> Any:
        """Everything else that the desk promises, of this sender's own desk."""

        async def pass_on(sender: str, *more: Any) -> None:
            await getattr(self.of[sender], asked)(sender, *more)

        return pass_on


class Line:
    """Rasa and a small application for its actions; `starts`: the command that Rasa is started by."""

    def __init__(self, model: Path = MODELS, starts: Sequence[str] = START_RASA) -> None:
        self.model = model
        self.starts = starts
        self.desks = Desks()
        self.executor = ActionExecutor()
        for action in all_actions(self.desks):
            self.executor.register_action(action)
        self.app = FastAPI()
        self.app.post("/actions")(self.run_action)
        self.refused = 0
        self.action_port, self.rasa_port = free_port(), free_port()
        self.server = uvicorn.Server(
            uvicorn.Config(self.app, host="127.0.0.1", port=self.action_port, log_level="warning")
        )
        self.rasa: subprocess.Popen[bytes] | None = None

    async def run_action(self, request: Request) -> Any:
        if request.headers.get("x-action-token") != TOKEN:
            self.refused += 1
            return Response(status_code=401)
        result = await self.executor.run(await request.json() | {"domain": {}})
        return result.model_dump() if result else {}

    def train(self, config: Path = ROOT / "config.yml") -> None:
        if not list(self.model.glob("*.tar.gz")):
            command = f"train --domain bot/domain --data bot/data --config {config} --out {self.model}"
            subprocess.run(
                [RASA, *command.split(), "--fixed-model-name", "dialogue"],
                cwd=ROOT,
                env=self.environment(),
                check=True,
                capture_output=True,
            )

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(RASA_SIDE),
            "RASA_TELEMETRY_ENABLED": "false",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "XINQIAO_ACTION_URL": f"http://127.0.0.1:{self.action_port}/actions",
            "XINQIAO_ACTION_TOKEN": TOKEN,
        }

    def start_rasa(self) -> None:
        command = [
            *(*self.starts, "run", "--model", str(self.model), "--interface", "127.0.0.1"),
            *("--port", str(self.rasa_port), "--endpoints", "bot/endpoints.yml"),
            *("--credentials", "bot/credentials.yml"),
        ]
        self.rasa = subprocess.Popen(
            command, cwd=ROOT, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{self.rasa_port}/", timeout=2)
                return
            except httpx.TransportError:
                assert self.rasa.poll() is None, "Rasa ended while starting"
                time.sleep(0.5)
        raise AssertionError("Rasa did not start")

    def stop_rasa(self) -> None:
        if self.rasa:
            self.rasa.terminate()
            self.rasa.wait(30)

    def __enter__(self) -> Line:
        self.train()
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        self.start_rasa()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop_rasa()
        self.server.should_exit = True
        self.thread.join(10)

    def resident(self, name: str, **start: Any) -> Resident:
        self.desks.of[name] = ScriptedDesk(**start)
        return Resident(self, name)


class Resident:
    """Somebody talking: the application's half of each turn is played by the scripted desk."""

    def __init__(self, line: Line, name: str) -> None:
        self.line, self.name = line, name
        self.desk = line.desks.of[name]

    def turn(self, message: str) -> list[dict[str, Any]]:
        answer = httpx.post(
            f"http://127.0.0.1:{self.line.rasa_port}/webhooks/rest/webhook",
            json={"sender": self.name, "message": message},
            timeout=60,
        )
        answer.raise_for_status()
        bubbles = [part["custom"] for part in answer.json()]
        self.desk.hears(bubbles)
        return bubbles

    def says(self, words: str) -> list[dict[str, Any]]:
        self.desk.words = words
        return self.turn(for_rasa(words))

    def server(self, intent: str) -> list[dict[str, Any]]:
        return self.turn(f"/{intent}")

    def answers(self) -> list[dict[str, Any]]:
        self.desk.records_an_answer()
        return self.server("answer_recorded")


def names(bubbles: list[dict[str, Any]]) -> list[str]:
    return [bubble["name"] for bubble in bubbles]


def items(bubbles: list[dict[str, Any]]) -> list[int]:
    return [bubble["item"]["number"] for bubble in bubbles if bubble["kind"] == "item"]


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with Line() as running:
        yield running


def test_a_questionnaire_runs_from_its_first_item_to_its_result(line: Line) -> None:
    resident = line.resident("whole")
    assert names(resident.server("welcome"))[0] == "utter_welcome"
    resident.desk.opens_questions()
    assert names(resident.server("screening_started")) == ["screening_intro", "screening_item"]
    assert items(resident.answers()) == [2]
    assert items(resident.answers()) == [3]
    end = resident.answers()
    assert names(end) == ["utter_result", "utter_next_steps"]
    assert items(resident.says("谢谢")) == []


def test_a_resident_asks_for_the_questions_twice(line: Line) -> None:
    resident = line.resident("twice")
    assert items(resident.says("我想测一测")) == [1]
    for _ in QUESTIONS:
        end = resident.answers()
    assert "utter_result" in names(end)
    assert items(resident.says("我想测一测")) == [1], "the form starts afresh after it has ended"


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("热线电话多少", "utter_hotlines"),
        ("你是真人吗", "utter_who_are_you"),
        ("我好难过 想哭", "listen/"),
        ("楼上太吵了气死我了", "listen/"),
    ],
)
def test_a_digression_is_answered_and_the_same_item_asked_once(line: Line, words: str, reply: str) -> None:
    resident = line.resident(f"digression {words}")
    resident.desk.opens_questions()
    resident.server("screening_started")
    resident.answers()
    bubbles = resident.says(words)
    assert names(bubbles)[0].startswith(reply)
    assert items(bubbles) == [2]
    assert items(resident.answers()) == [3]


def test_not_understood_twice_gives_ways_out_and_never_the_same_question_a_third_time(line: Line) -> None:
    resident = line.resident("unclear")
    resident.desk.opens_questions()
    resident.server("screening_started")
    once = resident.server("answer_not_understood")
    twice = resident.server("answer_not_understood")
    assert once[0]["text"] != twice[0]["text"]
    assert [button["choice"] for button in twice[-1]["buttons"]] == [
        "rephrase",
        "skip_item",
        "pause_screening",
    ]
    assert QUESTIONS[0] not in twice[-1]["text"]
    assert items(twice) == [1], "the options can still be tapped"


@pytest.mark.parametrize("level", ["red", "orange", "elevated"])
def test_danger_leaves_the_questions_and_they_can_open_again(line: Line, level: str) -> None:
    resident = line.resident(f"danger {level}", ticket=level != "elevated", level=level)
    resident.desk.opens_questions()
    resident.server("screening_started")
    bubbles = resident.server(f"danger_{level}")
    assert names(bubbles)[0] == f"utter_danger_{level}"
    assert items(bubbles) == []
    assert items(resident.server("screening_started")) == [1]
    again = resident.server(f"danger_{level}")
    assert (
        not {bubble["text"] for bubble in bubbles} & {bubble["text"] for bubble in again}
        or level == "elevated"
    )


def test_leaving_and_pausing_end_the_form_without_another_question(line: Line) -> None:
    for words, reply in [("题目先停一停", "utter_screening_paused"), ("拜拜", "utter_leave")]:
        resident = line.resident(f"ends {reply}")
        resident.desk.opens_questions()
        resident.server("screening_started")
        assert names(resident.says(words)) == [reply]
        assert resident.desk.at is None, words
        assert items(resident.says("你好")) == []


def test_an_answer_given_at_another_door_goes_on_here(line: Line) -> None:
    resident = line.resident("another door")
    resident.says("你好")
    resident.desk.opens_questions()
    resident.desk.records_an_answer()
    assert items(resident.server("answer_recorded")) == [2]


def test_nothing_a_resident_types_reaches_the_servers_intents(line: Line) -> None:
    own = {
        "utter_welcome",
        "utter_danger_red",
        "utter_danger_red_alone",
        "utter_danger_orange",
        "utter_result",
    }
    own |= {"utter_danger_elevated", "utter_left", "utter_record_deleted", "utter_screening_finished"}
    resident = line.resident("types")
    for words in COMMANDS:
        assert not own & set(names(resident.says(words))), words


def test_what_is_not_understood_is_never_answered_twice_the_same(line: Line) -> None:
    resident = line.resident("riddles")
    texts = [resident.says(words)[0] for words in RIDDLES]
    assert {bubble["name"] for bubble in texts} <= {"utter_fallback", "utter_nonsense", "utter_sigh"}
    assert all(one["text"] != next_["text"] for one, next_ in pairwise(texts))


@pytest.mark.parametrize("skill", sorted(read_skills()))
def test_every_exercise_is_done_by_words_alone_with_a_question_in_the_middle(line: Line, skill: str) -> None:
    resident = line.resident(f"does {skill}")
    shown = resident.server(skill)
    assert all(name.startswith(f"skill/{skill}/") for name in names(shown))
    asked = resident.says("热线电话多少")
    assert names(asked)[0] == "utter_hotlines"
    assert names(shown)[0] in names(asked), "the same step is said once more"
    for _ in range(40):
        step = resident.desk.step()
        assert step is not None
        bubbles = resident.says("好的，就这样" if step.ask != "choice" else "第一个")
        if resident.desk.skill is None:
            break
    assert names(bubbles)[-1].startswith("skill/finish/")
    assert not any(name.startswith("skill/") for name in names(resident.says("你好"))), "the form is left"


def test_rasa_restarts_in_the_middle_of_an_exercise_and_goes_on(line: Line) -> None:
    resident = line.resident("restart exercise")
    resident.server("grounding")
    before = resident.desk.position
    line.stop_rasa()
    line.start_rasa()
    assert all(name.startswith("skill/grounding/") for name in names(resident.says("好了")))
    assert resident.desk.position != before


@pytest.mark.parametrize(("words", "stays"), [("上一步", True), ("算了不做了", False)])
def test_an_exercise_is_turned_or_left_by_a_word(line: Line, words: str, stays: bool) -> None:
    resident = line.resident(f"turns {words}")
    resident.server("grounding")
    first = resident.desk.position
    resident.says("好了")
    bubbles = resident.says(words)
    assert (resident.desk.skill is not None) == stays
    if stays:
        assert resident.desk.position == first
        assert names(bubbles)[0].startswith("skill/grounding/")
    else:
        assert names(bubbles) == ["utter_skill_stopped"]
        assert not any(name.startswith("skill/") for name in names(resident.says("好了")))


def test_danger_in_the_middle_of_an_exercise_leaves_it(line: Line) -> None:
    resident = line.resident("danger exercise", ticket=True, level="orange")
    resident.server("thought_record")
    resident.desk.skill = None  # the application ends it before it tells Rasa
    assert names(resident.server("danger_orange"))[0] == "utter_danger_orange"
    assert names(resident.says("嗯"))[0].startswith("utter_crisis_")


def test_rasa_restarts_in_the_middle_of_the_questions_and_goes_on(line: Line) -> None:
    answering, talking = line.resident("restart answering"), line.resident("restart talking")
    for resident in (answering, talking):
        resident.desk.opens_questions()
        resident.server("screening_started")
        resident.answers()
    line.stop_rasa()
    line.start_rasa()
    assert items(answering.answers()) == [3]
    bubbles = talking.says("热线电话多少")
    assert names(bubbles)[0] == "utter_hotlines"
    assert items(bubbles) == [2]
    assert "utter_result" in names(answering.answers())
    assert line.refused == 0


def test_no_placeholder_of_ours_is_left_unfilled(line: Line) -> None:
    resident = line.resident("blanks", ticket=True, level="red")
    for intent in [
        "danger_red",
        "danger_orange",
        "hotlines",
        "contact_asked",
        "contact_finished",
        "callback_offered",
    ]:
        for bubble in resident.server(intent):
            assert not re.search(r"[{}]", bubble["text"])
