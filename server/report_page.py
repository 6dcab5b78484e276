"""体检式报告 as a page: the summary first, each figure with a link to its footnote. No script, no address of others."""

import base64
import hashlib
from html import escape

from server.report import LOCAL, WORDS, Line, Report
from server.report_paper import (
    cell_words,
    cluster_words,
    levels_sentence,
    made_words,
    missed_heading,
    satisfied_sentence,
    satisfied_words,
)

STYLE = """
@page { size: A4; margin: 16mm }
body { font: .9375rem/1.6 "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif;
  color: #111; background: #fff; max-width: 51rem; margin: 0 auto; padding: 16px }
h1 { font-size: 1.625rem; text-align: center; margin: 8px 0 } h2 { font-size: 1.125rem; margin: 20px 0 6px }
.centre { text-align: center } .small { font-size: .8125rem; color: #333 }
table { width: 100%; border-collapse: collapse } th, td { border: 1px solid #888; padding: 4px 8px; text-align: left }
thead th { background: #eef2f0 } tbody th { font-weight: 400 } td { white-space: nowrap }
section.missed { border: 2px solid #111; padding: 4px 12px 12px; margin-top: 20px } .notes { break-before: page }
.notes li { margin-bottom: 10px } a { color: #0b4f43 } .notes b { display: block }
@media print { body { font-size: 10.5pt; padding: 0 } h1 { font-size: 18pt } h2 { font-size: 12pt; margin: 8pt 0 2pt }
  th, td { padding: 1pt 5pt } a { color: inherit; text-decoration: none } }
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def report_page(report: Report) -> str:
    """The whole page."""
    headings = WORDS["headings"]
    title = f"{report.street} {WORDS['title']}"
    before = WORDS["before"].format(period=report.period.before.words())
    parts = [
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f'<p class="centre">{escape(report.period.words())}　{escape(before)}</p>'
    ]
    if report.running:
        until = f"{report.until.astimezone(LOCAL):%Y-%m-%d %H:%M}"
        parts.append(f'<p class="centre small">{escape(WORDS["running"].format(at=until))}</p>')
    for section in ("served", "clocks"):
        parts.append(f"<section><h2>{escape(headings[section])}</h2>{_table(report.of(section))}</section>")
    parts.append(
        f"<section><h2>{escape(headings['levels'])}{_mark(report.levels_note)}</h2>"
        f"<p>{escape(levels_sentence(report))}</p>"
    )
    if report.period.is_month:
        parts.append(
            f'<table><tbody><tr><th scope="row">{WORDS["columns"]["now"]}</th>'
            f"<td>{escape(cell_words(report.levels))}</td></tr>"
            f'<tr><th scope="row">{WORDS["columns"]["before"]}</th>'
            f"<td>{escape(cell_words(report.levels_before))}</td></tr></tbody></table>"
        )
    parts.append(
        f"</section><section><h2>{escape(headings['satisfied'])}{_mark(report.satisfied_note)}</h2>"
        f"<p>{escape(satisfied_sentence(report))}"
    )
    if report.period.is_month:
        parts.append(f"　{WORDS['columns']['before']}：{escape(satisfied_words(report.satisfied_before))}")
    parts.append("</p>")
    parts.append(
        f'</section><section class="missed"><h2>{escape(missed_heading(report))}</h2>{_table(report.of("missed"))}'
        f'</section><p class="small">{escape(WORDS["first_page_end"])}{escape(WORDS["no_names"])}</p>'
        f'<p class="small">{escape(made_words(report))}</p>'
    )
    if report.clusters:
        lines = "".join(f"<li>{escape(line)}</li>" for line in cluster_words(report))
        parts.append(f"<section><h2>{escape(headings['letters'])}</h2><ul>{lines}</ul></section>")
    notes = "".join(
        _note(one.note, f"{one.name}：{one.sentence}", one.query, one.denominator) for one in report.lines
    )
    words = WORDS["levels"]
    notes += _note(
        report.levels_note,
        f"{words['name']}：{levels_sentence(report)}",
        words["query"],
        words["denominator"] + words["merged"],
    )
    words = WORDS["satisfied"]
    notes += _note(
        report.satisfied_note,
        f"{headings['satisfied']}：{satisfied_sentence(report)}",
        words["query"],
        words["denominator"],
    )
    parts.append(f'<section class="notes"><h2>{escape(headings["notes"])}</h2><ol>{notes}</ol></section>')
    return "".join(parts) + "</main></body></html>"


def _table(lines: list[Line]) -> str:
    columns = WORDS["columns"]
    rows = "".join(
        f'<tr><th scope="row">{escape(line.name)}{_mark(line.note)}</th><td>{escape(line.shown)}</td>'
        f"<td>{escape(line.shown_before)}</td></tr>"
        for line in lines
    )
    head = "".join(f'<th scope="col">{columns[name]}</th>' for name in ("name", "now", "before"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _mark(note: int) -> str:
    return f'<a href="#n{note}">〔{note}〕</a>'


def _note(number: int, sentence: str, query: str, denominator: str) -> str:
    return (
        f'<li id="n{number}" value="{number}"><b>{escape(sentence)}</b>怎么查：{escape(query)}<br>'
        f"分母：{escape(denominator)}</li>"
    )
