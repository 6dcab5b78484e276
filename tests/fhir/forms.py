"""All forms, and answer sets that each of them asks for."""

import random

from assessments.instrument import Instrument, Item
from assessments.library import Library

LIBRARY = Library.from_files()
FORMS = sorted(LIBRARY.every(), key=lambda form: form.id)
IDS = [form.id for form in FORMS]
NIGHT = {"q1": 22 * 60 + 30, "q2": 20, "q3": 6 * 60 + 45, "q4": 25199}
"""Times that belong together: PSQI's 22:30, 20 minutes, 6:45, and hours that no decimal number writes exactly."""


def some_value(item: Item, chance: random.Random) -> int:
    """A value that the form offers."""
    return NIGHT[item.id] if item.measured is not None else chance.choice(item.options).value


def complete(form: Instrument, chance: random.Random) -> dict[str, int | None]:
    """Answers as a resident gives them: every question that is asked after the ones before it."""
    answers: dict[str, int | None] = {}
    while (item := form.next_item(answers)) is not None:
        answers[item.id] = some_value(item, chance)
    return answers


def partial(form: Instrument, chance: random.Random) -> dict[str, int | None]:
    """Some questions answered, some refused, some not reached."""
    return {
        item.id: None if chance.random() < 0.3 else some_value(item, chance)
        for item in form.items
        if chance.random() < 0.7
    }
