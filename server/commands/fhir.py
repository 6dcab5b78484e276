"""`xinqiao fhir`: forms and answers to other programs and from them, one JSON object per line."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from assessments.errors import AssessmentError, LibraryError, UnknownInstrument
from assessments.instrument import Instrument
from assessments.library import Library
from assessments.printed import answers_of as printed_answers
from assessments.printed import printed_of
from assessments.scoring import score_answers
from escalation.level_policy import read_level_policy
from server.commands.score import answers_line, lines_of
from server.fhir import names
from server.fhir.errors import FhirError
from server.fhir.form_import import draft_of, draft_text, required_and_missing
from server.fhir.observation import observations_of
from server.fhir.questionnaire import questionnaire_of
from server.fhir.reading import LONGEST_LINE, form_or_answers, json_from, json_of, resource_from
from server.fhir.response import answers_of, form_named, hours_of, response_of
from server.settings import settings

fhir = typer.Typer(
    help="FHIR R4B：把量表、作答交给别的系统，或从那里读进来、算分。每行一个 JSON 对象。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@fhir.command()
def export(
    instruments: Annotated[list[str] | None, typer.Argument(help="量表的 id；缺省为全部")] = None,
    answers: Annotated[
        bool,
        typer.Option(
            "--answers", help="从标准输入读作答（和 xinqiao score 一样），写成 QuestionnaireResponse"
        ),
    ] = False,
    licensed_wording: Annotated[
        bool, typer.Option("--licensed-wording", help="连同本区补充的文字一起写出；要先看许可是不是允许")
    ] = False,
) -> None:
    """写出 Questionnaire；或者用 --answers，把一份量表的作答一行一行写成 QuestionnaireResponse。"""
    library = _library()
    try:
        forms = [library.to_score(name) for name in instruments or []] or list(library.every())
    except UnknownInstrument:
        raise _stop("没有这份量表，请检查名称") from None
    if not answers:
        for form in sorted(forms, key=lambda form: form.id):
            _write(json_of(questionnaire_of(form, licensed_wording=licensed_wording)))
        return
    if len(instruments or []) != 1:
        raise _stop("--answers 要写明一份量表")
    _each_line(lambda line: json_of(response_of(forms[0], printed_answers(forms[0], json_from(line)))))


@fhir.command(name="import")
def import_(
    drafts: Annotated[
        Path | None,
        typer.Option("--drafts", help="把读入的量表写成这个文件夹里的草稿 <id>.yml；不覆盖已有的"),
    ] = None,
) -> None:
    """读入 Questionnaire（得一份草稿）或 QuestionnaireResponse（得每题的作答，可以再交给 xinqiao score）。

    草稿缺 rights、setting 和 checked_on，也没有人核对过文字；补上并通过 instruments check 以前，不会给任何人用。
    """
    if drafts is not None and not drafts.is_dir():
        raise _stop(f"没有这个文件夹：{drafts.name}")
    library = _library()
    _each_line(lambda line: _taken_in(form_or_answers(line), library, drafts))


@fhir.command()
def score(
    observations: Annotated[
        bool, typer.Option("--observations", help="得分写成 FHIR Observation，每个分数一行")
    ] = False,
) -> None:
    """给 QuestionnaireResponse 算分：每行一份作答，每行得一个结果，和 xinqiao score 一样。"""
    library, policy = _library(), read_level_policy()

    def scored(line: bytes | None) -> str:
        response = resource_from(line, QuestionnaireResponse)
        form = _form_of(response, library)
        answers = answers_of(form, response)
        if observations:
            found = observations_of(form, score_answers(form, answers), subject=None)
            return "\n".join(json_of(one) for one in found)
        numbers = {item.id: item.number for item in form.items}
        return _json(answers_line(answers, form, policy, numbers))

    _each_line(scored)


def _taken_in(resource: Questionnaire | QuestionnaireResponse, library: Library, drafts: Path | None) -> str:
    if isinstance(resource, QuestionnaireResponse):
        form = _form_of(resource, library)
        return _json({"instrument": form.id, "answers": dict(_printed(form, resource))})
    draft = draft_of(resource)
    missing = required_and_missing(draft)
    if drafts is None:
        return _json({"draft": draft, "missing": missing})
    path = drafts / f"{draft['id']}.yml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(draft_text(resource))
    except FileExistsError:
        raise FhirError(f"{path.name} 已经有了，不覆盖") from None
    return _json({"draft": path.name, "missing": missing})


def _printed(form: Instrument, response: QuestionnaireResponse) -> Iterator[tuple[str, Any]]:
    """The answers as the form prints them, by its numbers."""
    for name, value in answers_of(form, response).items():
        item = form.item(name)
        hours = item.measured is not None and item.measured.unit == "hours" and value is not None
        yield item.number, float(hours_of(value)) if hours and value is not None else printed_of(item, value)


def _form_of(response: QuestionnaireResponse, library: Library) -> Instrument:
    try:
        return library.to_score(form_named(response))
    except UnknownInstrument:
        raise FhirError(f"没有这份量表：questionnaire 要写 {names.QUESTIONNAIRE}<量表 id>") from None


def _each_line(answer: Callable[[bytes | None], str]) -> None:
    """One answer for each line, flushed at once; a line that cannot be used says why, and the next one is read."""
    for line in lines_of(sys.stdin.buffer, LONGEST_LINE):
        try:
            _write(answer(line))
        except (FhirError, AssessmentError) as error:
            _write(_json({"error": str(error)}))


def _write(line: str) -> None:
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, default=str)


def _library() -> Library:
    try:
        return Library.from_files(texts=settings().instrument_texts)
    except LibraryError as error:
        raise _stop(str(error)) from None


def _stop(words: str) -> typer.Exit:
    typer.echo(f"✗ {words}", err=True)
    return typer.Exit(2)
