"""Sheets of paper as PDF: A4, Chinese, with the font inside, so that they look the same on every phone and printer.

The font is Noto Sans SC (SIL Open Font License 1.1) from the pages' packages; fpdf2 puts only the letters that are used
into a file. A letter that the font does not have is never left out silently: `Paper` refuses with `PaperError`.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, WrapMode
from fpdf.fonts import FontFace

from server.settings import ROOT

FONTS = ROOT / "node_modules" / "@fontsource" / "noto-sans-sc" / "files"
PLAIN = "noto-sans-sc-chinese-simplified-400-normal.woff"
BOLD = "noto-sans-sc-chinese-simplified-700-normal.woff"
FAMILY = "noto-sans-sc"
MARGIN_MM = 22.0
LINE_MM = 7.5
_UNITS = re.compile(
    r"[（《“‘〔]*(?:[!-'*-~]{1,40}|[^（《“‘〔])[。，、；：！？）》”’…〕]*\s*|[（《“‘〔]+", re.DOTALL
)
"""What is not broken: a letter, or a word or number, with the brackets before it and the stops behind it."""
NO_LETTER = "〓"
"""Stands for a letter that the font does not have, where a sheet is wanted all the same: to be written in by hand."""


class PaperError(RuntimeError):
    """The sheet cannot be made: the font is missing, or it lacks a letter."""


@cache
def letters(font: Path) -> frozenset[int]:
    """The code points that a font has."""
    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


class _Pages(FPDF):
    """Pages with a number at their foot and, where it is said, a mark across each of them."""

    numbered = False
    mark = ""

    def header(self) -> None:
        """The mark, pale and slanting, beneath what is written."""
        if self.mark:
            self.set_font(FAMILY, "B", 38)
            self.set_text_color(225)
            with self.rotation(35, self.w / 2, self.h / 2):
                self.set_xy(0, self.h / 2 - 10)
                self.cell(self.w, 20, self.mark, align="C")
            self.set_text_color(0)
            self.set_xy(self.l_margin, self.t_margin)

    def footer(self) -> None:
        """— 1 —, as an office numbers its pages."""
        if self.numbered:
            self.set_y(-15)
            self.set_font(FAMILY, "", 9)
            self.cell(0, 6, f"— {self.page_no()} —", align="C")


class Paper:
    """One document, written from top to bottom. `title` stands in its properties; no author, no name of a person.

    `mark` stands pale across every page. `instead`: what is put for a letter that the font lacks; without it such a
    letter is refused.
    """

    def __init__(
        self,
        title: str,
        folder: Path = FONTS,
        *,
        margin: float = MARGIN_MM,
        numbered: bool = False,
        mark: str = "",
        instead: str = "",
    ) -> None:
        self._fonts = (folder / PLAIN, folder / BOLD)
        if not all(font.is_file() for font in self._fonts):
            raise PaperError("the font for sheets of paper is not installed: make setup")
        self._instead = instead
        self.replaced = False
        self._pdf = _Pages(format="A4")
        self._pdf.numbered, self._pdf.mark = numbered, mark
        self._pdf.set_title(title)
        self._pdf.set_lang("zh-CN")
        self._pdf.set_margin(margin)
        self._pdf.set_auto_page_break(True, margin)
        self._pdf.add_font(FAMILY, "", self._fonts[0])
        self._pdf.add_font(FAMILY, "B", self._fonts[1])
        self._pdf.add_page()

    def heading(self, text: str) -> None:
        """The title of the sheet."""
        self._write(text, 20, bold=True, line=11)
        self._pdf.ln(2)

    def section(self, text: str) -> None:
        """The heading of a part."""
        self._pdf.ln(4)
        self._write(text, 13, bold=True)

    def paragraph(self, text: str, *, small: bool = False) -> None:
        """One paragraph."""
        self._write(text, 9 if small else 12, line=5.5 if small else LINE_MM)

    def steps(self, lines: Sequence[str]) -> None:
        """Numbered lines."""
        for number, line in enumerate(lines, start=1):
            self._write(f"{number}. {line}", 12)

    def rule(self) -> None:
        """A thin line across."""
        self._pdf.ln(4)
        y = self._pdf.get_y()
        self._pdf.set_line_width(0.2)
        self._pdf.line(self._pdf.l_margin, y, self._pdf.w - self._pdf.r_margin, y)
        self._pdf.ln(3)

    def title(self, text: str, *, size: float = 22) -> None:
        """The title of an official sheet: in the middle, with air beneath."""
        self._write(text, size, bold=True, line=size / 2, align="C")
        self._pdf.ln(2)

    def line(
        self,
        text: str,
        *,
        align: Literal["L", "C", "R"] = "L",
        size: float = 12,
        bold: bool = False,
        height: float | None = None,
    ) -> None:
        """Some text of one size, at the left, in the middle or at the right."""
        self._write(text, size, bold=bold, line=height or size * 0.6, align=align)

    def body(self, text: str, *, size: float = 12) -> None:
        """A paragraph of a letter: its first line begins two letters in."""
        self._write(f"\u3000\u3000{text}", size, line=size * 0.65)

    def gap(self, millimetres: float) -> None:
        """Some air."""
        self._pdf.ln(millimetres)

    def boxes(self, lines: Sequence[str], *, size: float = 11, height: float = 6.2) -> None:
        """Lines with a small square to tick before each: the font has no such letter, so it is drawn."""
        side = size * 0.28
        for text in lines:
            if self._pdf.will_page_break(height):
                self._pdf.add_page()
            x, y = self._pdf.get_x(), self._pdf.get_y()
            self._pdf.set_line_width(0.25)
            self._pdf.rect(x + 1, y + (height - side) / 2, side, side)
            self._pdf.set_left_margin(x + side + 2.5)
            self._write(text, size, line=height)
            self._pdf.set_left_margin(x)
            self._pdf.set_x(x)

    def table(
        self,
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        *,
        head: Sequence[str] = (),
        size: float = 10.5,
        height: float = 6.5,
        bold_first: bool = False,
        lines: bool = True,
        least: float = 0,
    ) -> None:
        """Rows with their columns in these proportions; `head` is said again on each page. `least`: how high a row
        is at least, in millimetres."""
        self._font(size)
        borders = TableBordersLayout.ALL if lines else TableBordersLayout.HORIZONTAL_LINES
        with self._pdf.table(
            width=self._pdf.epw,
            col_widths=tuple(widths),
            line_height=height,
            first_row_as_headings=bool(head),
            headings_style=FontFace(emphasis="BOLD", fill_color=(238, 242, 240)),
            borders_layout=borders,
            text_align=Align.L,
            wrapmode=WrapMode.CHAR,
            padding=(0.6, 1.6, 0.6, 1.6),
            min_row_height=least or None,
        ) as table:
            for number, cells in enumerate([head, *rows] if head else rows):
                row = table.row()
                for column, cell in enumerate(cells):
                    bold = (bool(head) and number == 0) or (bold_first and column == 0)
                    style = FontFace(emphasis="BOLD") if bold else None
                    row.cell(self._known(cell, bold), style=style)
        self._pdf.set_x(self._pdf.l_margin)

    @property
    def pages(self) -> int:
        """How many pages there are by now."""
        return self._pdf.page_no()

    def new_page(self) -> None:
        """Go on at the top of the next page."""
        self._pdf.add_page()

    def bytes(self) -> bytes:
        """The finished file."""
        return bytes(self._pdf.output())

    def signature(self, lines: Sequence[str], *, size: float = 12) -> None:
        """Lines one beneath the other in the right half, with room to sign."""
        left = self._pdf.l_margin
        self._pdf.set_left_margin(self._pdf.w * 0.55)
        for text in lines:
            self._pdf.set_x(self._pdf.l_margin)
            self._write(text, size, line=size * 0.8)
        self._pdf.set_left_margin(left)
        self._pdf.set_x(left)

    def _wrapped(self, text: str) -> str:
        """The paragraph with its breaks: words and numbers stay whole, and no line begins with a full stop."""
        room = self._pdf.w - self._pdf.r_margin - self._pdf.l_margin - 2 * self._pdf.c_margin - 0.1
        lines, line = [], ""
        for unit in _UNITS.findall(text):
            if not line or self._pdf.get_string_width(line + unit.rstrip()) <= room:
                line += unit
                continue
            lines.append(line)
            line = unit
        return "\n".join([*lines, line])

    def _font(self, size: float, bold: bool = False) -> None:
        self._pdf.set_font(FAMILY, "B" if bold else "", size)

    def _known(self, text: str, bold: bool) -> str:
        """The text, if the font has all of its letters; what it lacks is replaced where that was asked for."""
        known = letters(self._fonts[int(bold)])
        unknown = {letter for letter in text if ord(letter) not in known and letter != "\n"}
        if not unknown:
            return text
        if self._instead:
            self.replaced = True
            return "".join(self._instead if letter in unknown else letter for letter in text)
        raise PaperError(f"the font has no {', '.join(f'U+{ord(letter):04X}' for letter in sorted(unknown))}")

    def _write(
        self,
        text: str,
        size: float,
        *,
        bold: bool = False,
        line: float = LINE_MM,
        align: Literal["L", "C", "R"] = "L",
    ) -> None:
        text = self._known(text, bold)
        self._font(size, bold)
        text = "\n".join(self._wrapped(paragraph) for paragraph in text.split("\n"))
        self._pdf.multi_cell(
            0, line, text, align=align, wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT"
        )
