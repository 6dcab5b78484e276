"""Sheets of paper as PDF: A4, Chinese, with the font inside, so that they look the same on every phone and printer.

The font is Noto Sans SC (SIL Open Font License 1.1) from the pages' packages; fpdf2 puts only the letters that are used
into a file. A letter that the font does not have is never left out silently: `Paper` refuses with `PaperError`.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import WrapMode

from server.settings import ROOT

FONTS = ROOT / "node_modules" / "@fontsource" / "noto-sans-sc" / "files"
PLAIN = "noto-sans-sc-chinese-simplified-400-normal.woff"
BOLD = "noto-sans-sc-chinese-simplified-700-normal.woff"
FAMILY = "noto-sans-sc"
MARGIN_MM = 22.0
LINE_MM = 7.5


class PaperError(RuntimeError):
    """The sheet cannot be made: the font is missing, or it lacks a letter."""


@cache
def letters(font: Path) -> frozenset[int]:
    """The code points that a font has."""
    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


class Paper:
    """One document, written from top to bottom. `title` stands in its properties; no author, no name of a person."""

    def __init__(self, title: str, folder: Path = FONTS) -> None:
        self._fonts = (folder / PLAIN, folder / BOLD)
        if not all(font.is_file() for font in self._fonts):
            raise PaperError("the font for sheets of paper is not installed: make setup")
        self._pdf = FPDF(format="A4")
        self._pdf.set_title(title)
        self._pdf.set_lang("zh-CN")
        self._pdf.set_margin(MARGIN_MM)
        self._pdf.set_auto_page_break(True, MARGIN_MM)
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
        self._pdf.line(MARGIN_MM, y, self._pdf.w - MARGIN_MM, y)
        self._pdf.ln(3)

    def bytes(self) -> bytes:
        """The finished file."""
        return bytes(self._pdf.output())

    def _write(self, text: str, size: float, *, bold: bool = False, line: float = LINE_MM) -> None:
        known = letters(self._fonts[int(bold)])
        unknown = {letter for letter in text if ord(letter) not in known and letter != "\n"}
        if unknown:
            raise PaperError(
                f"the font has no {', '.join(f'U+{ord(letter):04X}' for letter in sorted(unknown))}"
            )
        self._pdf.set_font(FAMILY, "B" if bold else "", size)
        self._pdf.multi_cell(0, line, text, align="L", wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT")
