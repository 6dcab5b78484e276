"""What can go wrong in this package: one base error and its short family."""

from collections.abc import Sequence
from dataclasses import dataclass


class ResidentsError(Exception):
    """Base of every error of this package. Carries no words, names or addresses of residents."""


class DistrictError(ResidentsError):
    """A district's file says something that cannot be followed; names the file and the place in it."""

    def __init__(self, file: str, path: str, problem: str) -> None:
        super().__init__(f"{file}: {path}: {problem}")
        self.file, self.path, self.problem = file, path, problem


class HotlineError(DistrictError):
    """A hotline's entry is incomplete, or promises hours that cannot be right."""


class BadPlaceCode(ResidentsError):
    """A place code that we did not make, or no longer stand by.

    `kind` is for programs (`unsigned`, `expired`, `other_site`, `damaged`, `foreign`, `too_long`);
    `reason` is a sentence that can be shown to the person who scanned it.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


@dataclass(frozen=True)
class TableProblem:
    """One mistake in a table: its line, or None where the whole file is meant, and what to mend."""

    line: int | None
    text: str

    def __str__(self) -> str:
        return f"第 {self.line} 行：{self.text}" if self.line is not None else f"整个文件：{self.text}"


class TableRefused(ResidentsError):
    """A table was not taken; all that is wrong with it, in the order of its lines."""

    def __init__(self, problems: Sequence[TableProblem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda p: (p.line or 0, p.text)))
        super().__init__("；".join(str(problem) for problem in self.problems[:3]))
