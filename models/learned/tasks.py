"""The questions that learned models answer, and where their corpus and their trained folder stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).resolve().parent.parent
TRAINED = MODELS / "trained"


@dataclass(frozen=True)
class Task:
    """One question to a text. `labels` is the closed list of answers; empty: whatever the corpus names."""

    name: str
    corpus: Path
    labels: tuple[str, ...] = ()
    ordinary: tuple[str, ...] = ()
    """Other tasks whose lines are ordinary talk to this one: its first label, for learning and for choosing."""
    but: frozenset[str] = frozenset()
    """Labels of those tasks whose lines are not ordinary here."""


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            "crisis",
            MODELS / "crisis" / "corpus",
            ("none", "elevated", "crisis"),
            ordinary=("emotion", "topic", "life_event"),
            but=frozenset({"bullying", "violence", "domestic_violence", "loneliness", "shame_or_guilt"}),
        ),
        Task("emotion", MODELS / "context" / "corpus" / "emotion"),
        Task("topic", MODELS / "context" / "corpus" / "topic"),
        Task("life_event", MODELS / "context" / "corpus" / "life_event"),
    )
}


def trained_folder(task: str) -> Path:
    """Where set-up puts the model of a task; it is not part of the repository."""
    return TRAINED / TASKS[task].name
