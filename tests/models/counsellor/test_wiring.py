"""What the settings make of the counsellor: nothing, a model, or a line in the log and no model."""

import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.actions.wording import read_wording
from bot.companion.bank import read_bank
from bot.companion.compose import NAME
from bot.companion.points import read_points
from models.counsellor.errors import FrameError
from models.counsellor.frame import Frame, Said
from models.counsellor.screen import read_rules
from server.settings import Settings
from server.wiring import counsellor_of
from tests.models.counsellor.scene import FRAME, NUMBERS, reads
from tests.models.counsellor.test_screen import heard

KEY = "a-key-that-nobody-may-read"


def settings(**more: Any) -> Settings:
    return Settings(_env_file=None, counsellor_key=KEY, **more)  # type: ignore[call-arg]


def made(**more: Any) -> Any:
    return counsellor_of(settings(**more), NUMBERS, reads)


def test_off_is_the_default() -> None:
    assert made() is None


def test_a_server_of_this_machine_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    counsellor = made(counsellor="remote", counsellor_model="qwen")
    assert counsellor.voice.where == "here"
    assert counsellor.first_seconds <= 3
    assert not caplog.text


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"counsellor_url": "https://8.8.8.8/v1"}, "outside our own network, and that was not allowed"),
        ({"counsellor_url": "http://8.8.8.8/v1", "counsellor_external": True}, "over https"),
        ({"counsellor_url": "http://169.254.169.254/v1", "counsellor_external": True}, "outside"),
        ({"counsellor_url": f"http://user:{KEY}@127.0.0.1/v1"}, "nothing secret in it"),
        ({"counsellor_url": "nonsense"}, "must be http(s)"),
        ({"counsellor": "local", "counsellor_folder": Path("no/such/folder")}, "not whole"),
    ],
)
def test_what_cannot_be_used_is_logged_and_left_out(
    more: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The application starts all the same: nobody in danger waits until a model is mended."""
    with caplog.at_level(logging.INFO, "xinqiao"):
        assert made(**{"counsellor": "remote", **more}) is None
    assert reason in caplog.text
    assert "left out" in caplog.text
    assert KEY not in caplog.text
    assert "8.8.8.8" not in caplog.text


def test_words_that_leave_the_building_are_spoken_of(caplog: pytest.LogCaptureFixture) -> None:
    more = {"counsellor_url": "https://models.example/v1", "counsellor_external": True}
    assert made(counsellor="remote", **more).voice.where == "outside"
    assert "residents' masked words leave the building" in caplog.text
    assert "models.example" not in caplog.text


def test_the_key_is_in_no_description_of_anything() -> None:
    chosen = settings(counsellor="remote")
    assert KEY not in repr(chosen)
    assert KEY not in str(chosen.model_dump())
    assert KEY not in repr(made(counsellor="remote").voice)


@pytest.mark.parametrize(
    "more",
    [{"counsellor_first_seconds": 3.1}, {"counsellor_first_seconds": 0}, {"counsellor_total_seconds": 10}],
)
def test_nobody_waits_longer_than_was_promised(more: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        settings(**more)


def test_what_the_model_may_speak_for_are_things_the_dialogue_says() -> None:
    assert FRAME.speaks_for <= {*read_wording(), NAME.removesuffix("/")}
    never = ("danger", "hotlines", "screening", "contact", "left", "leave", "record", "privacy", "who_are")
    assert not [name for name in FRAME.speaks_for if any(word in name for word in never)]


def test_what_people_wrote_for_the_same_places_passes_the_screen() -> None:
    """The dialogue's own listening words are good answers: the screen would let a model say them.

    Of a few, the crisis reader wants a second look when a model says them; people may ask 哪一刻觉得最撑不下去. What
    can be done (`way`) may name a number that is in the reviewed knowledge; a model never may.
    """
    named = {"亲人": "您妈妈", "工作": "夜班", "多久": "三个月", "时候": "半夜"}
    pieces = [piece for kinds in read_bank().values() for pieces in kinds.values() for piece in pieces]
    pieces += [piece for point in read_points().values() for kind in point.kinds.values() for piece in kind]
    said = [p.text.replace(f"⟦{p.echo}⟧", named[p.echo]) if p.echo else p.text for p in pieces]
    said += [
        bubble
        for name in FRAME.speaks_for - {"utter_fallback", "listen"}
        for variation in read_wording()[name]
        for bubble in variation.bubbles
    ]
    ways = {piece.text for point in read_points().values() for piece in point.kinds["way"]}
    stopped = {
        bubble: wrong
        for bubble in said
        if (wrong := heard(bubble) - ({"number"} if bubble in ways else set()))
    }
    looked_at = {bubble for bubble, wrong in stopped.items() if wrong == {"danger"}}
    assert stopped.keys() == looked_at
    assert len(looked_at) <= len(said) / 50


def test_the_fixed_script_says_nothing_that_a_model_may_not() -> None:
    rules = [rule for rule in read_rules() if not rule.raw]
    for variants in FRAME.fixed.values():
        for line in (line for variant in variants for line in variant):
            assert not [rule.id for rule in rules if rule.hits(line)], line
            assert len(line) <= 60
            assert line.count("？") <= 1


def test_the_frame_is_always_first_and_turns_alternate() -> None:
    history = [
        Said("program", "您好"),
        Said("resident", "嗯"),
        Said("resident", "累"),
        Said("program", "我在听"),
    ]
    roles = [message["role"] for message in FRAME.asked(history, "厂里加班")]
    assert roles == ["system", "user", "assistant", "user"]
    assert FRAME.asked([], "您好")[0]["content"] == FRAME.system
    long = [Said("resident" if n % 2 else "program", f"第{n}句") for n in range(100)]
    assert len(FRAME.asked(long, "您好")) <= FRAME.limits.remember + 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("不下诊断", "不诊断"), ("label: 〔程序写的〕", "label: ''"), ("sentence: 60", "sentence: 0"),
        ("  rest:", "  end:"),
        ("  answer: 120", "  answers: 120"), ("speaks_for:", "speaks_of:"), ("version:", "versions:"),
    ],
)  # fmt: skip
def test_a_frame_with_something_missing_is_refused(tmp_path: Path, before: str, after: str) -> None:
    text = Path("models/counsellor/frame.yml").read_text("utf-8")
    assert before in text
    (tmp_path / "frame.yml").write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(FrameError):
        Frame.from_file(tmp_path / "frame.yml")


def test_the_edition_changes_with_every_word(tmp_path: Path) -> None:
    text = Path("models/counsellor/frame.yml").read_text("utf-8")
    (tmp_path / "frame.yml").write_text(text.replace("家常话", "家常的话"), "utf-8")
    assert Frame.from_file(tmp_path / "frame.yml").edition != FRAME.edition
