"""`xinqiao report`: the check-up report of a street, for a month or any days, as PDF, page or spreadsheet."""

import re
from datetime import date
from pathlib import Path

import typer


def report(
    street: str = typer.Argument(help="街道代码，例如 puyan；全区写 district"),
    month: str = typer.Option("", "--month", help="哪个月，例如 2026-10；不写就是上个月"),
    first: str = typer.Option("", "--from", help="从哪天，例如 2026-10-08（要和 --to 一起写）"),
    last: str = typer.Option("", "--to", help="到哪天"),
    out: Path | None = typer.Option(None, "--out", help="写成文件：.pdf、.html 或 .xlsx；不写就显示在屏幕上"),
    columns: Path | None = typer.Option(None, "--columns", help="表格的列（yml）；不写就用自带的"),
) -> None:
    """体检式报告：这个街道做了什么、哪些期限没有守住、哪些没有做好。里面没有姓名。"""
    from escalation.errors import NotAllowed, NotThere
    from server.command_line import at_work, stop
    from server.errors import NoPaper
    from server.report import LOCAL
    from server.report_desk import ReportDesk
    from server.report_page import report_page
    from server.report_paper import report_paper
    from server.report_sheet import COLUMNS, ColumnsError, read_columns, report_sheet

    ending = out.suffix.lower() if out else ""
    if ending not in ("", ".pdf", ".html", ".xlsx") or (out and not ending):
        raise stop("文件名要以 .pdf、.html 或 .xlsx 结尾")
    with at_work() as work:
        today = work.clock().astimezone(LOCAL).date()
        period = _period(month, first, last, today)
        if period is None:
            raise stop("时间没有看懂：写 --month 2026-10，或者 --from 2026-10-08 --to 2026-10-20")
        try:
            made = ReportDesk(work.database, work.clock, work.telling).of_district(street, period, "operator")
            if out is None:
                _show(made)
                return
            if ending == ".pdf":
                content = report_paper(made)
            elif ending == ".html":
                content = report_page(made).encode()
            else:
                content = report_sheet(made, read_columns(columns or COLUMNS))
        except NotThere:
            raise stop(f"没有街道 {street}；街道代码见 xinqiao tree") from None
        except NoPaper:
            raise stop("做不出 PDF：字体没有装好，请先运行 make setup") from None
        except (NotAllowed, ColumnsError) as error:
            raise stop(str(error)) from None
    try:
        out.write_bytes(content)
    except OSError as error:
        raise stop(f"写不进 {out}：{error.strerror}") from None
    typer.echo(f"已写入 {out}")


def _period(month: str, first: str, last: str, today: date):  # type: ignore[no-untyped-def]
    from server.report import Period

    try:
        if first or last:
            return None if month else Period(date.fromisoformat(first), date.fromisoformat(last))
        if not month:
            return Period(today, today).this_month.before
        if not re.fullmatch(r"\d{4}-\d{2}", month):
            return None
        return Period.month(int(month[:4]), int(month[5:]))
    except ValueError:
        return None


def _show(made) -> None:  # type: ignore[no-untyped-def]
    from server.report import WORDS
    from server.report_paper import cluster_words, levels_sentence, made_words, missed_heading

    typer.echo(f"{made.street} {WORDS['title']}：{made.period.words()}")
    for section in ("served", "clocks", "missed"):
        heading = missed_heading(made) if section == "missed" else WORDS["headings"][section]
        typer.echo(f"\n{heading}")
        for line in made.of(section):
            typer.echo(f"  {line.name}：{line.shown}（上期 {line.shown_before}）")
    typer.echo(f"\n{WORDS['headings']['levels']}\n  {levels_sentence(made)}")
    for cell in made.levels or ():
        typer.echo(f"  {cell.name}：{cell.count}")
    for line in cluster_words(made):
        typer.echo(f"  {line}")
    typer.echo(f"\n{WORDS['no_names']}{made_words(made)}")
