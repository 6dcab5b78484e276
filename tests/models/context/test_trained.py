"""What set-up has trained keeps what the card promises, on lines that no training has seen."""

from __future__ import annotations

import pytest

from models.context import ContextReader
from models.context.labels import NONE, TASKS
from models.context.measure import Measured, measure
from models.learned.tasks import TRAINED

PROMISED = {
    "emotion": (0.85, 0.55),
    "topic": (0.80, 0.45),
    "life_event": (0.80, 0.50),
}  # right when said, said at all


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    assert all((TRAINED / task).is_dir() for task in TASKS), "set-up has not trained the models"
    return {one.task: one for one in measure(ContextReader.from_folder(TRAINED))}


@pytest.mark.parametrize("task", TASKS)
def test_the_reader_is_right_when_it_speaks_and_speaks_often_enough(
    task: str, measured: dict[str, Measured]
) -> None:
    counts = [one for label, one in measured[task].reader.items() if label != NONE]
    right, said, lines = (
        sum(column) for column in zip(*((c.right, c.said, c.lines) for c in counts), strict=True)
    )
    precision, coverage = PROMISED[task]
    figures = f"{task}: right {right} of {said} said, of {lines} lines; was it trained in too few steps?"
    assert right >= precision * said, figures
    assert right >= coverage * lines, figures
