"""Rasa as we start it (`bot/rasa_side/xinqiao_rasa.py`) accepts and refuses what it does when it starts itself."""

import json
import subprocess

import pytest

from server.stack import RASA, RASA_SIDE

ASKED = """
import json, sys
import xinqiao_rasa
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event
from rasa.shared.exceptions import RasaException

def passes(answer):
    try:
        return bool(RemoteAction("action_x", None)._validate_action_result(answer))
    except Exception as error:
        return type(error).__name__

def kind(name):
    try:
        found = Event.resolve_by_type(name)
        return getattr(found, "__name__", None)
    except Exception as error:
        return type(error).__name__

def said():
    return [[passes(answer) for answer in asked["answers"]], [kind(name) for name in asked["events"]]]

asked = json.loads(sys.stdin.read())
as_it_comes = said()
xinqiao_rasa.settle()
print(json.dumps([as_it_comes, said(), said()]))
"""
ANSWERS = [
    {},
    {"events": [], "responses": []},
    {
        "events": [{"event": "slot", "name": "a", "value": 1, "timestamp": None}],
        "responses": [{"text": "好"}],
    },
    {"events": [{"event": "followup", "name": "action_listen"}]},
    {"responses": [{"text": "好", "custom": {"name": "utter_x"}}], "more": 1},
    [],
    "好",
    {"events": {}},
    {"responses": "好"},
    {"responses": ["好"]},
    {"events": [{"name": "a"}]},
    {"events": [{"event": "slot", "name": 3, "value": 1}]},
    {"events": [{"event": "nothing of the kind"}]},
]
EVENTS = ["user", "bot", "slot", "action", "followup", "session_started", "nothing of the kind", "restart"]

pytestmark = pytest.mark.slow


def test_the_same_answers_pass_and_the_same_are_refused() -> None:
    done = subprocess.run(
        [str(RASA.parent / "python"), "-c", ASKED],
        input=json.dumps({"answers": ANSWERS, "events": EVENTS}),
        env={"PYTHONPATH": str(RASA_SIDE), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=True,
    )
    as_it_comes, ours, again = json.loads(done.stdout.splitlines()[-1])
    assert ours == again == as_it_comes
    passed, kinds = ours
    assert passed[:5] == [True] * 5
    assert set(passed[5:]) == {"ValidationError"}
    assert kinds[:3] == ["UserUttered", "BotUttered", "SlotSet"]
