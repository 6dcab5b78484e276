"""`xinqiao instruments`: which questionnaires there are, and whether their files can be used."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from assessments.errors import LibraryError
from assessments.instrument import Instrument
from assessments.library import FOLDER, Library, problems_in
from escalation.level_policy import read_level_policy
from escalation.triage import LevelPolicy
from server.settings import settings

instruments = typer.Typer(
    help="量表：列出来，或检查文件写得对不对。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
HEADINGS = ("量表", "文字", "题", "分段", "许可", "核对于")
WORDING = {
    "shipped": "随附",
    "licensed": "本区补充",
    "pending": "待写",
    "skeleton": "只有骨架",
}
WIDEST_RIGHTS = 48
Texts = Annotated[
    Path | None, typer.Option("--texts", help="本区补充文字的文件夹；缺省为设置 XINQIAO_INSTRUMENT_TEXTS")
]


@instruments.command("list")
def list_(texts: Texts = None) -> None:
    """列出全部量表：文字是随附还是骨架、几题、怎么分段、许可、哪天核对的。"""
    try:
        library = Library.from_files(texts=texts or settings().instrument_texts)
    except LibraryError as error:
        raise stop(str(error)) from None
    rows = [row_of(form) for form in sorted(library.every(), key=lambda form: form.id)]
    typer.echo("\n".join(table((HEADINGS, *rows))))


@instruments.command("check")
def check(
    folder: Annotated[Path | None, typer.Argument(help="量表的文件夹；缺省为随程序提供的")] = None,
    texts: Texts = None,
) -> None:
    """检查每一份量表和本区补充的文字：哪个文件、哪一行、哪里不对。全对才以 0 结束。"""
    folder = folder or FOLDER
    texts = texts or settings().instrument_texts
    if not folder.is_dir():
        raise stop(f"没有这个文件夹：{folder.name}")
    files = sum(1 for _ in folder.rglob("*.yml"))
    if not files:
        raise stop(f"{folder.name} 里没有 .yml 文件")
    problems = [str(problem) for problem in problems_in(folder, texts)]
    if not problems:
        problems = list(unheard(Library.from_files(folder, texts), read_level_policy()))
    for problem in problems:
        typer.echo(f"✗ {problem}", err=True)
    if problems:
        raise stop(f"{files} 个文件，{len(problems)} 处不对。")
    typer.echo(f"✓ {files} 个文件，都对。")


def unheard(forms: Iterable[Instrument], policy: LevelPolicy) -> Iterator[str]:
    """Critical items of forms that residents may be asked, for which the table of levels has no rule.

    A form that is only scored may have them; before it is asked, somebody has to decide what an answer starts.
    """
    for form in forms:
        for item in form.items:
            if item.critical is None:
                continue
            rules = [r for r in policy.answers if r.instrument == form.id and item.id in r.items]
            if item.critical.at_least not in [rule.at_least for rule in rules]:
                yield (
                    f"{form.id}.yml: 第 {item.number} 题答 {item.critical.at_least} 分及以上要马上处理，"
                    "但分级表的 answers 里没有对应的规则；先补上，才能给居民用"
                )
            if item.critical.refusal_counts and not any(rule.refused for rule in rules):
                yield f"{form.id}.yml: 第 {item.number} 题不愿回答也算数，但分级表里没有 refused 的规则"


def row_of(form: Instrument) -> tuple[str, ...]:
    """One row of the list, for a person."""
    scored = sum(item.scored for item in form.items)
    others = len(form.items) - scored + len(form.extras)
    return (
        form.id,
        WORDING[form.wording] + ("（自译）" if form.translation == "own" else ""),
        f"{scored}+{others}" if others else str(scored),
        " ".join(bands_of(form)),
        _shortened(form.licence.statement if form.licence else form.rights),
        form.checked_on,
    )


def bands_of(form: Instrument) -> Iterator[str]:
    """Each band with where it starts: a score, or a rule of the form's own."""
    for band in form.bands:
        if band.start is not None:
            yield f"{band.start}={band.id}"
        else:
            yield f"规则={band.id}" if band.when is not None else band.id


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns that line up where Chinese signs are two wide."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    if _width(text) <= WIDEST_RIGHTS:
        return text
    while _width(text) > WIDEST_RIGHTS - 2:
        text = text[:-1]
    return text + "…"


def stop(words: str) -> typer.Exit:
    """End with one sentence on what is wrong."""
    typer.echo(f"✗ {words}", err=True)
    return typer.Exit(1)
