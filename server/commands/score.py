"""`xinqiao score INSTRUMENT`: answers in, one JSON object per line; scores out, one per line."""

import json
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, BinaryIO

import typer

from assessments.errors import (
    AnswersDisagree,
    AssessmentError,
    IncompleteAnswers,
    LibraryError,
    UnknownInstrument,
)
from assessments.instrument import Answers, Instrument
from assessments.library import Library
from assessments.printed import answers_of, numbering
from assessments.scoring import Score, attention_items, score_answers
from escalation.level_policy import read_level_policy
from escalation.triage import LevelPolicy, triage_alone
from server.settings import settings

LONGEST_LINE = 64 * 1024


class BadLine(ValueError):
    """A line that is not one set of answers. The message is fixed: it never repeats the line."""


def score(instrument: str) -> None:
    """Score answers read from standard input, one JSON object per line, such as {"1": 0, "2": 3}.

    Keys are the item numbers of the published form, values what it prints; clock times as "22:30", hours as
    numbers, sex as "male" or "female". Knows every instrument, those without wording too.

    Prints one JSON object per line, in the order of the lines, and flushes each: instrument, version, total,
    subscales, band, critical, missing, level; and standard_score, flags and attention for a form that has them.
    A figure that is undefined is null. A bad line or an answer that the form does not offer prints {"error": …}
    and the next line is read. Incomplete answers have no total, band or level. The level is that of this form
    alone and clears nobody.
    """
    try:
        form = Library.from_files(texts=settings().instrument_texts).to_score(instrument)
    except UnknownInstrument:
        typer.echo("没有这份量表，请检查名称", err=True)
        raise typer.Exit(2) from None
    except LibraryError as error:
        typer.echo(f"✗ {error}", err=True)
        raise typer.Exit(2) from None
    policy = read_level_policy()
    out = sys.stdout.buffer
    for line in lines_of(sys.stdin.buffer):
        out.write(json.dumps(score_line(line, form, policy), ensure_ascii=False).encode() + b"\n")
        out.flush()


def score_line(line: bytes | None, form: Instrument, policy: LevelPolicy) -> dict[str, Any]:
    """What is printed for one line; `None` is a line that was too long to keep."""
    try:
        printed = _printed(line)
        answers = answers_of(form, printed)
        numbers = {item.id: number for number, item in numbering(form, printed).items()}
        return answers_line(answers, form, policy, numbers)
    except (BadLine, AssessmentError) as error:
        return {"error": str(error)}


def answers_line(
    answers: Answers, form: Instrument, policy: LevelPolicy, numbers: Mapping[str, str]
) -> dict[str, Any]:
    """What is printed for one answer set; `numbers` are the printed numbers by item id. Raises `AssessmentError`."""
    try:
        scored = score_answers(form, answers)
    except AnswersDisagree as disagreement:
        return {"error": str(disagreement)}
    except IncompleteAnswers as incomplete:
        attention = attention_items(form, answers)
        return _incomplete(incomplete, attention, form, numbers)
    return _complete(scored, form, numbers, policy)


def lines_of(source: BinaryIO, longest: int = LONGEST_LINE) -> Iterator[bytes | None]:
    """The lines of a stream, with bounded memory: one that is too long comes as `None`."""
    while line := source.readline(longest + 1):
        if len(line) <= longest or line.endswith(b"\n"):
            yield line
            continue
        while (rest := source.readline(longest)) and not rest.endswith(b"\n"):
            pass
        yield None


def _printed(line: bytes | None) -> dict[str, Any]:
    if line is None:
        raise BadLine("这一行太长")
    try:
        data = json.loads(
            line.decode("utf-8-sig"),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=Decimal,
        )
    except BadLine:
        raise
    except (ValueError, ArithmeticError, RecursionError):
        raise BadLine("这一行不是有效的 JSON") from None
    if not isinstance(data, dict):
        raise BadLine('每一行要写成 {"题号": 分值}')
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadLine("同一题写了两次")
    return found


def _no_constant(_: str) -> None:
    raise BadLine("NaN 和 Infinity 不是分值")


def _complete(
    scored: Score, form: Instrument, numbers: Mapping[str, str], policy: LevelPolicy
) -> dict[str, Any]:
    level = triage_alone(scored, policy).level
    return _line(
        form,
        total=scored.total,
        standard_score=scored.standard_score,
        subscales={scale.id: scored.subscales.get(scale.id) for scale in form.scoring.subscales},
        band=scored.band,
        flags=dict(scored.flags),
        critical=[numbers[item] for item in scored.critical],
        attention=[numbers[item] for item in scored.attention],
        level=level.key if level else None,
    )


def _incomplete(
    incomplete: IncompleteAnswers, attention: tuple[str, ...], form: Instrument, numbers: Mapping[str, str]
) -> dict[str, Any]:
    return _line(
        form,
        critical=[numbers[item] for item in incomplete.critical],
        attention=[numbers[item] for item in attention],
        missing=[numbers[item] for item in incomplete.missing],
    )


def _line(
    form: Instrument,
    *,
    critical: list[str],
    attention: list[str],
    missing: list[str] | None = None,
    total: int | None = None,
    standard_score: int | None = None,
    subscales: dict[str, int | float | None] | None = None,
    band: str | None = None,
    flags: dict[str, bool] | None = None,
    level: str | None = None,
) -> dict[str, Any]:
    """One line, with the fields that this form has."""
    line: dict[str, Any] = {"instrument": form.id, "version": form.version, "total": total}
    if form.scoring.times is not None:
        line["standard_score"] = standard_score
    line |= {"subscales": subscales or {}, "band": band}
    if form.flags:
        line["flags"] = flags or {}
    line["critical"] = critical
    if any(item.attention is not None for item in form.items):
        line["attention"] = attention
    return line | {"missing": missing or [], "level": level}
