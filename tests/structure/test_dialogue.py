"""Promises of the dialogue's files that no single conversation would notice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.actions import all_actions
from bot.actions.crisis import read_script
from bot.actions.replies import OR_STAY, REPLIES
from bot.actions.wording import read_wording
from bot.companion.bank import read_bank
from bot.companion.compose import FEELINGS, bank_topics
from bot.companion.knowledge_files import read_doors
from bot.companion.manner import MANNERS
from bot.companion.skills import read_skills
from bot.conversation import DIALOGUE_CHOICES, SKILL_CHOICES
from tests.bot.scripted_desk import ScriptedDesk

ROOT = Path(__file__).resolve().parents[2]
BOT = ROOT / "bot"
PAGES = sorted((BOT / "domain").glob("*.yml"))

CHOICES = {
    *DIALOGUE_CHOICES,
    *SKILL_CHOICES,
    *read_skills(),
    "step_next",
    *(f"know_{door.entry}" for door in read_doors()),
    *("start_screening", "continue_screening", "pause_screening", "breathing", "talk", "hotlines", "leave"),
    *("delete_record", "export_record", "call_me_back", "call_person", "who_are_you", "help", "not_now"),
    *("rephrase", "skip_item"),
}
SENT_BY_THE_SERVER = {
    *("welcome", "screening_started", "answer_recorded", "answer_not_understood", "screening_paused"),
    *("screening_finished", "contact_asked", "contact_finished", "danger_red", "danger_orange"),
    *(
        "danger_elevated",
        "callback_offered",
        "left",
        "record_deletion_asked",
        "record_deleted",
        "worker_left",
    ),
    *("skill_moved", "skill_finished", "skill_stopped", "breathing_box", "breathing_478"),
}
MADE_BY_RASA = {"nlu_fallback"}
NEVER_SAID = (
    "诊断",
    "患者",
    "重点人",
    "高危",
    "异常",
    "患有",
    "治疗",
    "完全保密",
    "想不开",
    "别想太多",
    "永远陪",
)


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def domain(key: str) -> set[str]:
    return {entry for page in PAGES for entry in read(page).get(key, ())}


def examples() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for page in sorted((BOT / "data" / "nlu").glob("*.yml")):
        for entry in read(page)["nlu"]:
            if "intent" in entry:
                lines = entry["examples"].splitlines()
                found.setdefault(entry["intent"], []).extend(
                    line.removeprefix("- ").strip() for line in lines
                )
    return found


def held_out() -> list[str]:
    pages = sorted((ROOT / "tests" / "stories").glob("nlu_held_out*.yml"))
    entries = [entry for page in pages for entry in read(page)["nlu"]]
    return [line.removeprefix("- ").strip() for entry in entries for line in entry["examples"].splitlines()]


def bubbles() -> Iterator[tuple[str, str]]:
    for name, variations in read_wording().items():
        for variation in variations:
            for bubble in variation.bubbles:
                yield name, bubble


def test_each_action_that_the_domain_names_is_registered_and_the_other_way_round() -> None:
    registered = [action.name() for action in all_actions(ScriptedDesk())]
    assert set(registered) == domain("actions")
    assert len(registered) == len(set(registered))


def test_each_action_is_used_by_a_rule_or_by_rasa_itself() -> None:
    rules = "".join(page.read_text(encoding="utf-8") for page in (BOT / "data" / "rules").glob("*.yml"))
    by_rasa = {
        *("action_session_start", "action_ask_screening_form_screening_answer", "validate_screening_form"),
        *("action_ask_skill_form_skill_answer", "validate_skill_form"),
        "action_lost_thread",
    }
    unused = {action for action in domain("actions") if f"- action: {action}\n" not in rules + "\n"}
    assert unused == by_rasa


def test_what_residents_may_mean_has_at_least_25_different_examples() -> None:
    by_intent = examples()
    assert set(by_intent) == domain("intents") - SENT_BY_THE_SERVER - MADE_BY_RASA
    thin = {intent: len(set(lines)) for intent, lines in by_intent.items() if len(set(lines)) < 25}
    assert not thin


def test_no_words_teach_rasa_the_servers_intents() -> None:
    """An intent without examples cannot be predicted from any text: only the server's slash reaches it."""
    assert domain("intents") >= SENT_BY_THE_SERVER
    assert not SENT_BY_THE_SERVER & set(examples())


def test_no_example_stands_twice_and_none_is_held_out() -> None:
    lines = [line for found in examples().values() for line in found]
    assert sorted({line for line in lines if lines.count(line) > 1}) == []
    assert not set(held_out()) & set(lines)


def test_examples_are_masked_and_hold_no_slash() -> None:
    for lines in [*examples().values(), held_out()]:
        for line in lines:
            assert not line.startswith("/")
            assert not re.search(r"1[3-9]\d{9}", line), line
            assert set(re.findall(r"\]\((.*?)\)", line)) <= {"kin", "work", "local_place"}, line


def test_no_bubble_is_a_wall() -> None:
    long = {(name, len(text)) for name, text in bubbles() if len(text) > (120 if "_en_" in name else 60)}
    assert not long
    many = {
        name for name, variations in read_wording().items() if any(len(v.bubbles) > 2 for v in variations)
    }
    assert not many


@pytest.mark.parametrize("word", NEVER_SAID)
def test_a_word_that_residents_never_read(word: str) -> None:
    assert not [name for name, text in bubbles() if word in text]


def test_no_response_repeats_its_own_words() -> None:
    for name, variations in read_wording().items():
        assert len({variation.bubbles for variation in variations}) == len(variations), name


def test_each_response_is_said_by_an_action() -> None:
    code = "".join(page.read_text(encoding="utf-8") for page in (BOT / "actions").glob("*.py"))
    by_name = {f"utter_{skill}" for skill in (*REPLIES, *OR_STAY)}
    by_name |= {name for name in read_wording() if name.startswith(("utter_contact_", "utter_danger_"))}
    by_name |= {line.say for lines in read_script().values() for line in lines}
    unsaid = {name for name in read_wording() if name not in by_name and f'"{name}"' not in code}
    assert not unsaid
    assert by_name <= set(read_wording())


def test_buttons_carry_only_choices_that_the_application_handles() -> None:
    wording = read_wording().values()
    used = {
        button.choice for variations in wording for variation in variations for button in variation.buttons
    }
    assert used <= CHOICES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_page_of_wording_names_its_owner_and_the_state_of_its_review(page: Path) -> None:
    if "responses" in read(page):
        assert re.match(r"# Owner: .+\. Review: .+\.\n", page.read_text(encoding="utf-8"))


def test_each_intent_has_a_rule_and_a_story() -> None:
    rules = {
        step["intent"]
        for page in (BOT / "data" / "rules").glob("*.yml")
        for rule in read(page)["rules"]
        for step in rule["steps"]
        if "intent" in step
    }
    told = "".join(page.read_text("utf-8") for page in (ROOT / "tests" / "stories").glob("test_*.yml"))
    intents = domain("intents")
    assert intents == rules
    assert sorted(i for i in intents if f"- intent: {i}\n" not in told) == []


def test_each_topic_of_the_bank_is_an_intent_or_known_by_words_and_each_intent_has_a_topic() -> None:
    topics = set(read_bank()) - FEELINGS - {"any", *MANNERS}
    by_words = set(read(BOT / "companion" / "anchors.yml")["topics"])
    listened = {
        rule["steps"][0]["intent"] for rule in read(BOT / "data" / "rules" / "listening.yml")["rules"]
    }
    assert listened <= topics
    assert topics - listened <= by_words
    assert set(MANNERS) <= set(read_bank())
    assert set(bank_topics().values()) <= topics


def test_what_leads_out_of_an_exercise_is_known_to_its_form() -> None:
    """An intent that the form takes as an answer would never reach its own rule in the middle of an exercise."""
    page = read(BOT / "domain" / "replies_skills.yml")
    not_answers = set(page["slots"]["skill_answer"]["mappings"][0]["not_intent"])
    assert not_answers <= domain("intents")
    assert not_answers >= SENT_BY_THE_SERVER - {"skill_moved"}
    assert not_answers >= {"go_back", "cancel_it", "leave", "hotlines", "call_person", "delete_record"}


def test_every_danger_rule_leaves_the_questions_first() -> None:
    for rule in read(BOT / "data" / "rules" / "danger.yml")["rules"]:
        assert rule["steps"][1:3] == [{"action": "action_deactivate_loop"}, {"active_loop": None}]


def test_rasa_holds_no_secret_and_only_rules_decide() -> None:
    endpoints = read(BOT / "endpoints.yml")
    assert endpoints["action_endpoint"]["url"] == "${XINQIAO_ACTION_URL}"
    assert endpoints["action_endpoint"]["headers"] == {"X-Action-Token": "${XINQIAO_ACTION_TOKEN}"}
    assert endpoints["tracker_store"] == {"type": "InMemory"}
    assert [policy["name"] for policy in read(ROOT / "config.yml")["policies"]] == ["RulePolicy"]
    assert list(read(BOT / "credentials.yml")) == ["rest"]
