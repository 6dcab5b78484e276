"""The slot in which a language model may speak: when it is asked, for how long, and what is done with its answer.

It has no tools, is told this conversation's masked words alone, and has no vote on risk. Whatever it says is screened
sentence by sentence, and one sentence that fails takes the whole answer with it. What it says can bring the chat to be
read for danger once more by the crisis reader, whose reading counts; nothing it says lowers anything.
"""

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from models.counsellor.errors import ModelAway
from models.counsellor.frame import Frame, Said
from models.counsellor.screen import Screen
from models.counsellor.voice import Voice

T = TypeVar("T")
log = logging.getLogger("xinqiao")

TOGETHER = 10
"""So many of a resident's messages in a row are also read as one text."""


@dataclass(frozen=True)
class Reply:
    """What to say. `text` may be shown as it stands, in these `bubbles`.

    `why` says why it is not the model's: the ids of what was wrong, or a word such as above, turns, late. `away`:
    nobody was heard, so that other fixed words may do as well. `raises`: the crisis reader found danger in the chat
    as a whole, and somebody must act on that before anything is said.
    """

    text: str
    source: Literal["model", "fixed"]
    why: tuple[str, ...] = ()
    bubbles: tuple[str, ...] = ()
    away: bool = False
    raises: bool = False


class Rest:
    """Leaves a model alone for a while after failures in a row; then one at a time may try it again."""

    def __init__(self, failures: int, seconds: float, monotonic: Callable[[], float]) -> None:
        self._most = failures
        self._seconds = seconds
        self._monotonic = monotonic
        self._failures = 0
        self._until = 0.0

    def may_ask(self) -> bool:
        """Whether the model may be asked now. Who is let through after a rest begins the next one."""
        if self._failures < self._most:
            return True
        if self._monotonic() < self._until:
            return False
        self._until = self._monotonic() + self._seconds
        return True

    def failed(self) -> None:
        """Nothing usable came."""
        self._failures += 1
        self._until = self._monotonic() + self._seconds

    def heard(self) -> None:
        """An answer came, whatever it was worth."""
        self._failures = 0


class Counsellor:
    """The counsellor.

    `reads` is the crisis reader: none, elevated or crisis for any text; one that fails has not said none.
    `first_seconds` are for the first words, waiting in line included; `total_seconds` for all of the answer. `reply`
    never raises: when nothing may be shown it gives the fixed script.
    """

    def __init__(
        self,
        voice: Voice,
        screen: Screen,
        frame: Frame,
        reads: Callable[[str], str],
        *,
        first_seconds: float = 3.0,
        total_seconds: float = 8.0,
        at_once: int = 4,
        rest_after: int = 3,
        rest_seconds: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.voice = voice
        self.screen = screen
        self.frame = frame
        self.first_seconds = first_seconds
        self.total_seconds = total_seconds
        self.counts: Counter[str] = Counter()
        self._reads = reads
        self._rest = Rest(rest_after, rest_seconds, monotonic)
        self._line = asyncio.Semaphore(at_once)

    async def reply(self, history: Sequence[Said], words: str, *, above: bool = False) -> Reply:
        """Answer these words of a resident, after all that was said before in this conversation.

        `above`: something in this conversation was elevated or more. Then the model is not asked at all.
        """
        if above:
            return self._fixed("above", history, ("above",))
        answers = sum(said.by_model for said in history)
        if answers >= self.frame.limits.answers:
            return self._fixed("rest", history, ("turns",))
        reading = await _in_thread(self._read, words)
        if reading == "none" and answers and answers % self.frame.limits.reread_every == 0:
            reading = await _in_thread(self._read_all, history, words)
        if reading != "none":
            return self._fixed("danger", history, ("chat",), raises=True)
        if not self._rest.may_ask():
            return self._fixed("away", history, ("resting",), away=True)
        try:
            sentences, wrong = await self._listen(history, words)
        except ModelAway as trouble:
            self._rest.failed()
            return self._fixed("away", history, (trouble.kind,), away=True)
        except Exception as error:  # whatever breaks in a library, the resident is answered
            self._rest.failed()
            log.error("counsellor: %s", type(error).__name__)
            return self._fixed("away", history, ("broken",), away=True)
        self._rest.heard()
        if "danger" in wrong:
            reading = await _in_thread(self._read_all, history, words)
            return self._fixed("danger", history, tuple(sorted(wrong)), raises=reading != "none")
        if wrong:
            return self._fixed("replaced", history, tuple(sorted(wrong)))
        self.counts["model"] += 1
        return Reply("".join(sentences), "model", bubbles=self._bubbles(sentences))

    async def _listen(self, history: Sequence[Said], words: str) -> tuple[list[str], set[str]]:
        """The screened sentences of one whole answer, or what is wrong with it. `ModelAway` for none."""
        said = [one.text for one in history if one.author == "program"][-self.frame.limits.remember :]
        listening = self.screen.listen(said)
        began = asyncio.get_running_loop().time()
        try:
            async with (
                asyncio.timeout_at(began + self.first_seconds) as limit,
                self._line,
                aclosing(self.voice.say(self.frame.asked(history, words))) as pieces,
            ):
                async for piece in pieces:
                    if piece.strip():
                        limit.reschedule(began + self.total_seconds)
                    if wrong := await _in_thread(listening.hear, piece):
                        return [], wrong
        except TimeoutError:
            raise ModelAway("late") from None
        wrong = await _in_thread(listening.end)
        return listening.sentences, wrong

    def _read(self, words: str) -> str:
        try:
            return self._reads(words)
        except Exception:  # not read is not harmless
            return "unread"

    def _read_all(self, history: Sequence[Said], words: str) -> str:
        """What the crisis reader says of the whole chat: each thing a resident said, and what stands together."""
        said = [one.text for one in history if one.author == "resident"] + [words]
        runs = ["。".join(said[at : at + TOGETHER]) for at in range(0, len(said), TOGETHER // 2)]
        return next((reading for text in (*said, *runs) if (reading := self._read(text)) != "none"), "none")

    def _fixed(
        self,
        kind: str,
        history: Sequence[Said],
        why: tuple[str, ...],
        *,
        away: bool = False,
        raises: bool = False,
    ) -> Reply:
        self.counts.update(why)
        level = logging.INFO if kind in ("above", "rest") else logging.WARNING
        log.log(level, "counsellor: %s in place of the model (%s)", kind, ", ".join(why))
        bubbles = self.frame.stands_in(kind, history)
        return Reply("\n".join(bubbles), "fixed", why, bubbles, away, raises)

    def _bubbles(self, sentences: Sequence[str]) -> tuple[str, ...]:
        """One bubble, or two when one would be a wall."""
        whole = "".join(sentences).strip()
        if len(whole) <= self.frame.limits.bubble or len(sentences) < 2:
            return (_one_line(whole),)
        at = 1
        while at < len(sentences) - 1 and len("".join(sentences[: at + 1])) <= self.frame.limits.bubble:
            at += 1
        return (_one_line("".join(sentences[:at])), _one_line("".join(sentences[at:])))


async def _in_thread(act: Callable[..., T], *args: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, partial(act, *args))


def _one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", "", text).strip()
