"""The frame in which the model speaks: what it is told, what stands in for it, and how much it may say."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from models.counsellor.errors import FrameError

FRAME = Path(__file__).parent / "frame.yml"
KINDS = ("replaced", "away", "danger", "above", "rest")
NEEDED = ("不是真人", "不下诊断", "办法", "电话", "保密", "药", "医生")


@dataclass(frozen=True)
class Said:
    """One thing that was said in this conversation, masked. `by_model`: the counsellor model said it."""

    author: Literal["resident", "program"]
    text: str
    by_model: bool = False


@dataclass(frozen=True)
class Limits:
    """How much may be said, in signs, sentences, question marks, answers and bubbles; see `frame.yml`."""

    sentence: int
    answer: int
    sentences: int
    questions: int
    bubble: int
    remember: int
    answers: int
    reread_every: int


@dataclass(frozen=True)
class Frame:
    """`frame.yml`. `edition` names the version and its content, and is kept with everything the model says."""

    edition: str
    label: str
    system: str
    fixed: Mapping[str, tuple[tuple[str, ...], ...]]
    buttons: tuple[Mapping[str, str], ...]
    speaks_for: frozenset[str]
    limits: Limits

    @classmethod
    def from_file(cls, path: Path = FRAME) -> "Frame":
        """Read the frame; `FrameError` when anything of it is missing or empty."""
        raw = path.read_bytes()
        top = yaml.safe_load(raw)
        try:
            fixed = {kind: _variants(kind, top["fixed"][kind]) for kind in KINDS}
            limits = Limits(**{name: _count(name, n) for name, n in top["limits"].items()})
            system, label, version = top["system"].strip(), top["label"].strip(), str(top["version"])
            buttons = tuple({"title": b["title"], "choice": b["choice"]} for b in top["buttons"])
            speaks_for = frozenset(top["speaks_for"])
        except (KeyError, TypeError, AttributeError) as error:
            raise FrameError(f"frame.yml: {type(error).__name__}") from None
        if missing := [words for words in NEEDED if words not in system]:
            raise FrameError(f"frame.yml: the system frame does not speak of {missing}")
        if not label or not speaks_for:
            raise FrameError("frame.yml: a label and what the model may speak for are needed")
        edition = f"{version}-{hashlib.sha256(raw).hexdigest()[:8]}"
        return cls(edition, label, system, fixed, buttons, speaks_for, limits)

    def asked(self, history: Sequence[Said], words: str) -> list[dict[str, str]]:
        """What the model is sent: the frame, the last of this conversation, and what was said now."""
        roles = {"resident": "user", "program": "assistant"}
        told = [{"role": "system", "content": self.system}]
        for said in [*history[-self.limits.remember :], Said("resident", words)]:
            role = roles[said.author]
            if told[-1]["role"] == role:  # some templates take turns strictly
                told[-1]["content"] += "\n" + said.text
            else:
                told.append({"role": role, "content": said.text})
        if len(told) > 1 and told[1]["role"] == "assistant":
            del told[1]
        return told

    def stands_in(self, kind: str, history: Sequence[Said]) -> tuple[str, ...]:
        """The bubbles of the fixed script of this kind: the next variation after the one said last."""
        variants = self.fixed[kind]
        said = [s.text for s in history if s.author == "program"]
        times = [max((i for i, text in enumerate(said) if text == v[0]), default=-1) for v in variants]
        return variants[times.index(min(times))]


def _variants(kind: str, raw: Any) -> tuple[tuple[str, ...], ...]:
    found = tuple(tuple(str(line).strip() for line in variant) for variant in raw)
    if not found or not all(v and all(v) and len(v) <= 2 for v in found):
        raise FrameError(f"frame.yml: fixed.{kind} needs variations of one or two bubbles")
    return found


def _count(name: str, number: Any) -> int:
    if not isinstance(number, int) or number < 1:
        raise FrameError(f"frame.yml: limits.{name} must be a number above zero")
    return number
