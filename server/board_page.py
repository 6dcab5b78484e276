"""The public board as a page: large letters, a table, no script, so that any phone and any screen reader has it."""

import base64
import hashlib
from datetime import date
from html import escape

from server.board_schemas import BoardShare, PublicBoard

STYLE = """
body { margin: 0; background: #f6f3ed; color: #1f2b2a; font: 1.125rem/1.7 "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif }
main { max-width: 45rem; margin: 0 auto; padding: 24px 20px 48px }
h1 { font-size: 1.75rem; line-height: 1.35; margin: 0 } p { margin: 8px 0 }
.demo { padding: 6px 12px; background: #fff1cf; color: #5a4300; border-radius: 8px }
table { width: 100%; border-collapse: collapse; margin: 20px 0; background: #fffefb; border-radius: 14px }
caption { text-align: left; padding: 0 0 8px; color: #556361 }
th, td { padding: 12px 16px; border-bottom: 1px solid #e4ded2; text-align: left; vertical-align: top; font-weight: 400 }
td { text-align: right; white-space: nowrap } b { font-size: 1.75rem; font-variant-numeric: tabular-nums }
small { display: block; color: #556361; white-space: normal }
.help { padding: 12px 16px; border-left: 4px solid #0f4f4c; background: #e3efec }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def as_page(board: PublicBoard) -> str:
    """The page. Every share stands with its whole."""
    demo = '<p class="demo">演示环境：数字都是编的。</p>' if board.demo else ""
    week = (
        f"<caption>{_day(board.week_from)}到{_day(board.week_to)}（每周一换成上一周的）</caption>"
        if board.week_from and board.week_to
        else ""
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(line.name)}<small>{escape(line.sentence)}</small></th>'
        f"<td>{_number(line)}</td></tr>"
        for line in board.lines
    )
    table = f"<table>{week}<tbody>{rows}</tbody></table>" if rows else ""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(board.title)}</title><style>{STYLE}</style></head><body><main>{demo}"
        f"<h1>{escape(board.district)} · {escape(board.title)}</h1><p>{escape(board.lead)}</p>{table}"
        f'<p class="help">{escape(board.help)}</p></main></body></html>'
    )


def _number(line: BoardShare) -> str:
    if line.whole is None:
        return "不显示"
    if line.part is None:
        return f"一共 <b>{line.whole}</b>"
    return f"<b>{100 * line.part // line.whole}%</b><small>{line.whole} 里的 {line.part}</small>"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
