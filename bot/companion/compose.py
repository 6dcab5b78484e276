"""How a listening reply is put together, from the bank of sentences: pure, and the same for the same conversation.

At most two bubbles: one that says back or finds it understandable, one that asks, offers or only stays. What was said
before decides which: a first word on a topic is answered differently from a fifth, nothing is said twice in a
conversation, and after a few questions comes a reply that asks nothing.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from bot.companion.bank import Bank, Piece
from bot.companion.manner import MANNERS
from bot.companion.own_words import carriers, said_lately
from bot.companion.points import Point, in_matter

NAME = "listen/"
"""What stands before a piece's id in the name of its bubble."""

ANY = "any"
EMOTIONS = ("joy", "sadness", "anger", "fear", "surprise", "shame_or_guilt", "loneliness", "relief")
FEELINGS = frozenset(f"feeling_{emotion}" for emotion in EMOTIONS)
"""The bank's files that speak to a feeling and to no topic."""
FEW_WORDS = frozenset({"numb", "crying", "cannot_say", "sigh"})
"""Topics on which little is said and nothing asked for the first two replies."""
MOODS = frozenset(
    {
        *(
            "low_mood",
            "worry",
            "anger",
            "tired",
            "overwhelmed",
            "crying",
            "numb",
            "dont_know_why",
            "cannot_say",
        ),
        *(
            "nobody_understands",
            "self_blame",
            "emptiness",
            "shame",
            "loneliness",
            "injustice",
            "missing_someone",
        ),
    }
)
"""A mood beside a matter: said within the conversation about a death or a quarrel, it stays within it."""
TOOK_IT_IN = ("takes_up", "agrees")
"""Who has taken something up, or sees it now, is asked about that and not about the trouble."""
_SECOND = ("ask", "ask", "offer", "ask", "present")
_FIRST = ("reflect", "validate", "validate", "reflect", "validate")


@dataclass(frozen=True)
class Heard:
    """What a reply is made from.

    `topic` and `beside` name files of the bank: what it is about, and a mood said within it. `said` are the ids of
    pieces said in this conversation, in order. `echoes` are the placeholders that can be filled. `seed` makes
    conversations differ. `manner` is how it is meant (`manner.py`), and a file of the bank as well;
    to who `refuses` nothing is offered. `points` are what it comes to within its topic (`points.py`), and are `leading`
    where they say better than the topic's own file what was told. `own` is how a clause of their own words is meant
    that may be said back, where nothing of ours fits better.
    """

    topic: str | None = None
    beside: str | None = None
    feeling: str | None = None
    said: Sequence[str] = ()
    echoes: frozenset[str] = frozenset()
    brief: bool = False
    seed: str = ""
    manner: str | None = None
    refuses: bool = False
    points: tuple[Point, ...] = ()
    leading: bool = False
    own: str | None = None


@cache
def bank_topics() -> Mapping[str, str]:
    """The bank's file for each topic of the context reader."""
    return dict(yaml.safe_load((Path(__file__).parent / "topics.yml").read_text("utf-8")))


def thread_of(said: Sequence[str], bank: Bank) -> str | None:
    """The topic that the conversation is on: that of the last piece that had one."""
    for piece in reversed(said):
        topic = piece.partition(".")[0]
        if topic in bank and topic != ANY and topic not in FEELINGS and topic not in MANNERS:
            return topic
    return None


def on_topic(said: Sequence[str], topic: str) -> int:
    """How many replies were given on this topic already: each has one piece that begins it."""
    return sum(
        piece.partition(".")[0] == topic and piece.split(".")[1] in ("reflect", "validate") for piece in said
    )


def compose(bank: Bank, heard: Heard) -> tuple[Piece, ...]:
    """One or two pieces, never one that was said before; the one said longest ago when the bank is used up."""
    topic = heard.topic if heard.topic in bank else None
    turn = on_topic(heard.said, topic) if topic else _unnamed(heard.said)
    stage = "first" if turn == 0 else "going_on" if turn < 4 else "later"
    first, second = _FIRST[turn % len(_FIRST)], _SECOND[turn % len(_SECOND)]
    if topic in FEW_WORDS and turn < 2:
        second = "present"
    asked = heard.manner == "asks_how" and turn > 0  # no exercise with the first word
    if asked and _piece(bank, heard, "offer", [topic or heard.manner], stage, ()):
        second = "offer"
    if heard.refuses and second == "offer":
        second = "ask"
    own = () if heard.brief else _own_words(heard, topic)
    chosen: list[Piece] = []
    for kind in [second] if heard.brief and turn > 0 else [first, second]:
        if own and (not chosen or kind == "ask"):
            chosen.append(own[len(chosen)])
            continue
        sources = _sources(heard, kind, topic)
        if (pointed := _pointed(heard, kind, topic, first=kind == first and not chosen)) is not None:
            chosen.append(pointed)
            continue
        piece = _piece(bank, heard, kind, [*sources, _feeling(bank, heard, kind, topic), ANY], stage, chosen)
        if piece is None and kind == "offer":
            piece = _piece(bank, heard, "ask", [topic, ANY], stage, chosen)
        if piece is not None:
            chosen.append(piece)
    return tuple(chosen) or (_longest_ago(bank, heard),)


def _own_words(heard: Heard, topic: str | None) -> tuple[Piece, ...]:
    """Their own words said back, and the question that follows them; nothing where that was done lately, or where each
    sentence for it was said."""
    if heard.own is None or said_lately(heard.said):
        return ()
    said = [
        sorted(
            (piece for one in carriers()[heard.own][kind] if (piece := in_matter(one, topic, heard.said))),
            key=lambda piece: _shuffled(heard.seed, piece.id),
        )
        for kind in ("reflect", "ask")
    ]
    return (said[0][0], said[1][0]) if all(said) else ()


def _unnamed(said: Sequence[str]) -> int:
    """How many replies were given to what had no topic."""
    return sum(piece.partition(".")[0] in (ANY, *MANNERS) for piece in said) // 2


def _sources(heard: Heard, kind: str, topic: str | None) -> list[str | None]:
    """Where a piece is looked for first. The matter is named by its topic, and what is wanted of us by the manner:
    who has taken something up is asked about that; who asks how hears of their own matter, and then of a way."""
    if heard.manner in TOOK_IT_IN:
        return [heard.manner, topic]
    if kind in ("reflect", "validate"):
        named = [heard.beside, topic] if heard.beside else [topic]
        return [*named, heard.manner]
    if kind == "offer":
        return [topic or (heard.manner if heard.manner == "asks_how" else None)]
    return [heard.manner, topic]


def _pointed(heard: Heard, kind: str, topic: str | None, *, first: bool) -> Piece | None:
    """What the points of the message say: to who asks how a way, to who wonders how such a thing comes about. Who has
    taken something up is asked about that, and who is torn about the two ways."""
    if heard.manner in TOOK_IT_IN or (first and not heard.leading):
        return None
    if heard.manner == "asks_how" and not first and not heard.refuses:
        kinds: tuple[str, ...] = ("way",)
    elif first:
        kinds = ("validate", "reflect") if heard.manner == "wonders" else (kind, "reflect", "validate")
    else:
        kinds = ("ask",) if kind == "ask" and heard.manner != "torn" else ()
    for one in kinds:
        for point in heard.points:
            said = [in_matter(piece, topic, heard.said) for piece in point.kinds[one]]
            if fresh := [piece for piece in said if piece is not None]:
                return min(fresh, key=lambda piece: _shuffled(heard.seed, piece.id))
    return None


def _feeling(bank: Bank, heard: Heard, kind: str, topic: str | None) -> str | None:
    name = f"feeling_{heard.feeling}"
    return name if heard.feeling and name in bank and kind in ("reflect", "validate", "ask") else None


def _piece(
    bank: Bank, heard: Heard, kind: str, sources: Sequence[str | None], stage: str, chosen: Sequence[Piece]
) -> Piece | None:
    """The first source that still has something to say; within it what fits the stage best, echoes first."""
    for source in sources:
        fresh = [p for p in _fitting(bank, source, kind, stage, heard) if p not in chosen]
        if fresh:
            echoed = any(p.echo for p in chosen)
            return min(
                fresh,
                key=lambda p: (
                    source != ANY and p.stage != stage,
                    bool(p.echo) == echoed,
                    _shuffled(heard.seed, p.id),
                ),
            )
    return None


def _fitting(bank: Bank, source: str | None, kind: str, stage: str, heard: Heard) -> Iterator[Piece]:
    for piece in bank.get(source or "", {}).get(kind, ()):
        fits = piece.stage in (None, stage) and (piece.echo is None or piece.echo in heard.echoes)
        if fits and piece.id not in heard.said:
            yield piece


def _longest_ago(bank: Bank, heard: Heard) -> Piece:
    """Everything was said once: what only stays, and was said longest ago, is said again."""
    present = [p for p in bank[ANY]["present"] if p.echo is None]
    last = {piece: at for at, piece in enumerate(heard.said)}
    return min(present, key=lambda p: last.get(p.id, -1))


def _shuffled(seed: str, piece: str) -> str:
    return hashlib.sha256(f"{seed}.{piece}".encode()).hexdigest()
