"""The clause of somebody's own words that counts, turned to them: said back where no sentence of ours fits better.

Pure, and shy: nothing when unsure. Of the newest message alone, what stands after 但是 first, one short clause in plain
Chinese: no danger, no blow, nothing bodily, no name, number or place, no 你, nothing that judges whoever says it. Rasa
never sees it; it is looked for again where a sentence with its placeholder is kept (`echoes.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.companion.bank import Piece, wrong_sentence
from bot.companion.manner import manner_of, what_counts
from bot.masking import for_rasa

PLACEHOLDERS = {
    "asks": "所问",
    "wonders": "所想",
    "weighs_up": "所选",
    "ifs": "所虑",
    "doubts": "所忧",
    "faces": "所遇",
    "wishes": "所盼",
    "plans": "打算",
    "tells": "所说",
}
"""How a clause is meant, in the order in which that is looked for, and the ⟦…⟧ that it fills."""
ASKED = ("asks", "wonders", "weighs_up")
"""What is asked is said back only where the sentence ends with it: half a question asks something else."""
FACED = ("ifs", "faces")
"""What somebody asks what to do about."""
SHORTEST, LONGEST = 4, 16
_LEFT = {
    "asks": 7,
    "wonders": 7,
    "weighs_up": 6,
    "ifs": 4,
    "doubts": 4,
    "faces": 5,
    "wishes": 5,
    "plans": 4,
    "tells": 5,
}
"""So many signs are left of a clause when a last “this problem” or “my state” is taken away."""
LATELY = 4
"""So many sentences are two replies."""
_SENTENCE = re.compile("[。！？!?；;…~～\n]+")
_CLAUSE = re.compile("[，,、 ：:]+")
_CHINESE = re.compile("[\u4e00-\u9fff]+")


@dataclass(frozen=True)
class OwnWords:
    """One clause, already turned (我 is 您), and how it is meant: a key of `PLACEHOLDERS`."""

    kind: str
    words: str


@cache
def _book() -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "own_words.yml").read_text("utf-8"))
    return read


@cache
def _words(name: str) -> re.Pattern[str]:
    return re.compile(_book()["words"][name])


def own_words(text: str) -> OwnWords | None:
    """The clause that counts of one message, or None. What is asked goes before what is feared, wished, planned, told;
    of several the last, since it is what somebody comes out at."""
    if not text.strip() or text.startswith("/") or _words("unsafe").search(text):
        return None
    for part in dict.fromkeys((what_counts(text), text)):
        clauses = list(_clauses(part))
        faced = _faced(clauses)
        for kind in PLACEHOLDERS:
            if kind == "plans" and part != what_counts(text) and manner_of(text) != "takes_up":
                continue  # a plan before a 但是 is not what it comes out at, unless that is one too
            for before, clause, ends in faced if kind in FACED else reversed(clauses):
                if (ends or kind not in ASKED) and (said := _turned(kind, clause, before)) is not None:
                    return OwnWords(kind, said)
    return None


def _clauses(text: str) -> Iterator[tuple[str, str, bool]]:
    """Each clause, with what stands before it in its sentence, and whether it ends that."""
    for sentence in _SENTENCE.split(text):
        clauses = [clause for clause in _CLAUSE.split(sentence) if clause]
        for at, clause in enumerate(clauses):
            yield "".join(clauses[:at]), clause, at == len(clauses) - 1


def _asked(found: re.Match[str]) -> str:
    """What was found, without the words that only lead on (如何才能 is 如何); 应该……吗 is 该不该……."""
    if kept := found.groupdict().get("bare"):
        return f"该不该{kept}"
    return re.sub("(怎么|如何|怎样)样?(才?能够?|可以|去|来|更好地|有效地?)+", r"\1", found["said"])


def _faced(clauses: Sequence[tuple[str, str, bool]]) -> list[tuple[str, str, bool]]:
    """The clause that a “what shall I do” is asked of: what stands before it, in the same clause or the one before."""
    for at in range(len(clauses) - 1, -1, -1):
        if _words("what_now").search(clauses[at][1]):
            return [clauses[at - 1]] if at else []
        if clauses[at][1].endswith(("怎么办", "咋办", "怎么办呢")):
            return [clauses[at]]
    return []


def _turned(kind: str, clause: str, before: str) -> str | None:
    """What of this clause can be said back as that, in the second person; None where it cannot."""
    bare = _words("fillers").sub("", clause)
    if kind == "faces":
        bare = _words("endings").sub("", bare)
    found = _words(kind).search(bare)
    if found is None or _words("never").search(bare) or for_rasa(bare) != bare:
        return None
    if kind == "plans" and _words("habit").search(before + clause):
        return None
    if kind in ("tells", "doubts") and not bare.startswith("我") and _words("another").search(before):
        return None
    said = _words("endings").sub("", _asked(found))
    if kind == "faces" and _words("only_a_mood").search(said):
        return None
    if kind == "tells" and (not _words("weighs").search(said) or _words("only_a_mood").search(said)):
        return None
    if len(_words("empty").sub("", said)) < _LEFT[kind]:
        return None
    if not _CHINESE.fullmatch(said) or _words("unturned").search(said) or _words("dangling").search(said):
        return None
    said = _words("between").sub("我", said)
    said = re.sub("(?<=希望)我(?=能|可以|会)", "自己", said)
    said = re.sub("(?<!自)我", "您", said)
    return said if SHORTEST <= len(said) <= LONGEST else None


@cache
def carriers() -> Mapping[str, Mapping[str, tuple[Piece, ...]]]:
    """The sentences that a clause is said back in, and the questions that follow it, by how it is meant. Read once;
    `ValueError` names the sentence that breaks a rule of the bank or does not hold its clause once."""
    return {
        kind: {
            "reflect": tuple(_carrier(kind, "reflect", text) for text in sentences["reflect"]),
            "ask": tuple(_carrier(kind, "ask", text) for text in sentences["ask"]),
        }
        for kind, sentences in _book()["carriers"].items()
    }


def _carrier(kind: str, said: str, text: str) -> Piece:
    holder = f"⟦{PLACEHOLDERS[kind]}⟧"
    wrong = wrong_sentence("ask" if said == "ask" else "present", {"text": text.replace(holder, "…")})
    if wrong or text.count(holder) != (said == "reflect"):
        raise ValueError(f"own_words.yml: {kind} {said} “{text}”: {wrong or 'holds its clause once'}")
    mark = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:8]
    return Piece(
        f"own.{said}.{mark}", text, said, None, None, None, PLACEHOLDERS[kind] if holder in text else None
    )


def said_lately(said: Sequence[str]) -> bool:
    """Whether one of the last two replies said somebody's own words back: at most one in three does."""
    marks = {piece.id.rpartition(".")[2] for kinds in carriers().values() for piece in kinds["reflect"]}
    return any(piece.rpartition(".")[2] in marks for piece in said[-LATELY:])


def instead(text: str) -> str:
    """This bubble, or a plain sentence where its clause could not be filled in: no placeholder is ever read."""
    return _book()["instead"] if any(f"⟦{holder}⟧" in text for holder in PLACEHOLDERS.values()) else text
