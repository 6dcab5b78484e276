"""Server-sent events of an OpenAI-compatible server, read strictly and up to a size."""

import json
from collections.abc import AsyncIterator
from typing import Any

from models.counsellor.errors import ModelAway

LARGEST = 256 * 1024
LONGEST_LINE = 16 * 1024
OVER = "[DONE]"


async def events(raw: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any] | None]:
    """The JSON object of each event; None for the sign that all is over. `ModelAway` for anything else.

    Only whole lines count: what a broken line held is never looked at.
    """
    begun, total = b"", 0
    async for piece in raw:
        total += len(piece)
        if total > LARGEST:
            raise ModelAway("too_large")
        begun += piece
        *lines, begun = begun.split(b"\n")
        for line in lines:
            if (event := _event(line)) is not _NOTHING:
                yield event
                if event is None:
                    return
        if len(begun) > LONGEST_LINE:
            raise ModelAway("too_large")
    if begun.strip():
        raise ModelAway("cut_off")


_NOTHING: dict[str, Any] = {}


def _event(line: bytes) -> dict[str, Any] | None:
    if len(line) > LONGEST_LINE:
        raise ModelAway("too_large")
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ModelAway("not_utf8") from None
    field, _, value = text.partition(":")
    if field in ("", "event", "id", "retry"):  # an empty line, a comment, or what we have no use for
        return _NOTHING
    if field != "data":
        raise ModelAway("not_a_stream")
    value = value.strip()
    if value == OVER:
        return None
    try:
        event = json.loads(value)
    except (ValueError, RecursionError):
        raise ModelAway("not_json") from None
    if not isinstance(event, dict):
        raise ModelAway("malformed")
    return event or _NOTHING


def piece_of(event: dict[str, Any]) -> tuple[str, bool]:
    """What one event says, and whether the model has ended by itself. `ModelAway` for all that is no plain words.

    Thinking aloud (`reasoning_content`) is not shown; a call of a tool, an error and an answer that was cut short
    are refused.
    """
    if event.get("error") is not None:
        raise ModelAway("error")
    choices = event.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise ModelAway("malformed")
    if not choices:  # how much was used
        return "", False
    if len(choices) > 1 or choices[0].get("index", 0) != 0:
        raise ModelAway("several_answers")
    delta = choices[0].get("delta")
    if delta is None:
        delta = {}
    if not isinstance(delta, dict):
        raise ModelAway("malformed")
    if delta.get("tool_calls") or delta.get("function_call"):
        raise ModelAway("tool_call")
    if delta.get("role") not in (None, "", "assistant"):
        raise ModelAway("role")
    words = delta.get("content")
    if words is not None and not isinstance(words, str):
        raise ModelAway("malformed")
    why = choices[0].get("finish_reason")
    if why not in (None, "", "stop"):
        raise ModelAway({"length": "cut_off", "tool_calls": "tool_call"}.get(str(why), "finished_otherwise"))
    return words or "", why == "stop"
