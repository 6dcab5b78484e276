"""`xinqiao score INSTRUMENT`: answers in, one JSON object per line; scores out, one per line."""

import json
import sys
from typing import Any, BinaryIO

import typer

from assessments.errors import AssessmentError, IncompleteAnswers, UnknownInstrument
from assessments.instrument import Answers, Instrument
from assessments.library import Library
from assessments.scoring import Score, score_answers
from escalation.level_policy import read_level_policy
from escalation.triage import LevelPolicy, triage_alone

LONGEST_LINE = 64 * 1024


class BadLine(ValueError):
    """A line that is not one set of answers. The message is fixed: it never repeats the line."""


def score(instrument: str) -> None:
    """Score answers read from standard input, one JSON object per line, such as {"1": 0, "2": 3}.

    Prints one JSON object per line, in the order of the lines, and flushes each: instrument, version, total,
    subscales, band, critical, missing, level. Keys are the item numbers of the published form. A bad line or
    an answer that the form does not offer prints {"error": …} and the next line is read. Incomplete answers
    have no total, band or level. The level is that of this form alone and clears nobody.
    """
    try:
        form = Library.from_files()[instrument]
    except UnknownInstrument:
        typer.echo("没有这份量表，请检查名称", err=True)
        raise typer.Exit(2) from None
    policy = read_level_policy()
    out = sys.stdout.buffer
    for line in _lines(sys.stdin.buffer):
        out.write(json.dumps(score_line(line, form, policy), ensure_ascii=False).encode() + b"\n")
        out.flush()


def score_line(line: bytes | None, form: Instrument, policy: LevelPolicy) -> dict[str, Any]:
    """What is printed for one line; `None` is a line that was too long to keep."""
    try:
        answers = _answers(line, form)
        try:
            return _complete(score_answers(form, answers), form, policy)
        except IncompleteAnswers as incomplete:
            return _incomplete(incomplete, form)
    except (BadLine, AssessmentError) as error:
        return {"error": str(error)}


def _lines(source: BinaryIO) -> Any:
    """The lines of a stream, with bounded memory: one that is too long comes as `None`."""
    while line := source.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE or line.endswith(b"\n"):
            yield line
            continue
        while (rest := source.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        yield None


def _answers(line: bytes | None, form: Instrument) -> Answers:
    if line is None:
        raise BadLine("这一行太长")
    try:
        data = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    except BadLine:
        raise
    except (ValueError, RecursionError):
        raise BadLine("这一行不是有效的 JSON") from None
    if not isinstance(data, dict):
        raise BadLine('每一行要写成 {"题号": 分值}')
    return {form.item_numbered(number).id: value for number, value in data.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadLine("同一题写了两次")
    return found


def _no_constant(_: str) -> None:
    raise BadLine("NaN 和 Infinity 不是分值")


def _complete(scored: Score, form: Instrument, policy: LevelPolicy) -> dict[str, Any]:
    level = triage_alone(scored, policy).level
    return {
        "instrument": form.id,
        "version": form.version,
        "total": scored.total,
        "subscales": dict(scored.subscales),
        "band": scored.band,
        "critical": _numbers(form, scored.critical),
        "missing": [],
        "level": level.key if level else None,
    }


def _incomplete(incomplete: IncompleteAnswers, form: Instrument) -> dict[str, Any]:
    return {
        "instrument": form.id,
        "version": form.version,
        "total": None,
        "subscales": {},
        "band": None,
        "critical": _numbers(form, incomplete.critical),
        "missing": _numbers(form, incomplete.missing),
        "level": None,
    }


def _numbers(form: Instrument, items: tuple[str, ...]) -> list[str]:
    return [form.item(item).number for item in items]
