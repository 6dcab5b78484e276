"""The one place where the dialogue speaks.

Every bubble leaves as a custom message that carries the name of its response, so that the application can
count what was said and the same words are never said twice in a row.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from bot.actions.desk import DialogueState
from bot.actions.wording import Button, Variation, read_wording


def variant_of(name: str, state: DialogueState) -> int:
    """Which variation comes next: the one said least often, the first of them in the file's order."""
    return state.said.get(name, 0) % len(read_wording()[name])


def last_variation(name: str, state: DialogueState) -> Variation:
    """The variation of this response that was said last in this conversation (the first, if none was)."""
    variations = read_wording()[name]
    return variations[max(0, state.said.get(name, 0) - 1) % len(variations)]


def say(dispatcher: CollectingDispatcher, state: DialogueState, name: str, **blanks: str) -> None:
    """Say one response of the domain in the variation that is due.

    Every bubble is one message. The first is named after the response, a second one `<name>/2`, so that
    counting names counts responses. `blanks` fill `{words}` in the text; personal echoes stay ⟦placeholders⟧,
    which the application fills. An unknown name raises `KeyError`.
    """
    number = variant_of(name, state)
    variation = read_wording()[name][number]
    last = len(variation.bubbles) - 1
    for at, text in enumerate(variation.bubbles):
        bubble = message(
            name if at == 0 else f"{name}/{at + 1}",
            text.format(**blanks),
            variant=number,
            buttons=variation.buttons if at == last else (),
            exercise=variation.exercise if at == last else None,
        )
        dispatcher.utter_message(json_message=bubble)


def message(
    name: str,
    text: str,
    *,
    variant: int = 0,
    kind: str | None = None,
    buttons: tuple[Button, ...] = (),
    exercise: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One bubble as the application receives it."""
    bubble: dict[str, Any] = {
        "name": name,
        "variant": variant,
        "kind": kind or ("exercise" if exercise else "buttons" if buttons else "text"),
        "text": text,
        "buttons": [{"title": button.title, "choice": button.choice} for button in buttons],
        **more,
    }
    if exercise:
        bubble["exercise"] = exercise
    return bubble
