"""Sheets of paper: what is on them is read back and looked at; what cannot be written is refused."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pypdfium2
import pytest

from bot.errors import Locked
from bot.turn import HotlineShown, ResultDetail, ResultShown
from server.errors import NoPaper
from server.paper import FONTS, Paper, PaperError
from server.result_paper import NotHere, NothingYet, result_paper
from server.settings import ROOT
from tests.support.town import Resident, Town

CODE = "K-4821-7"


def turn(**more: Any) -> Any:
    result = ResultShown(
        thanks="谢谢您",
        sentence="这段时间您挺不容易的。",
        level_word="建议有人帮忙",
        tonight=["今晚请尽量别一个人待着", "告诉一个信得过的人您的感受", "难受得厉害就打旁边的电话"],
        we_do=f"我们已请浦沿司法所的工作人员联系您，15 分钟内会有人回应。您的编号是 {CODE}，记下它。",
        talk_to="随时点“找真人”。",
        details=[ResultDetail(title="心情九问", total=17, out_of=27, words="都答了")],
        at=datetime(2026, 11, 22, 17, 30, tzinfo=UTC),
    )
    line = HotlineShown(
        number="12356", name="心理援助热线", for_what="想找人说说", hours="今天 8:00–次日 2:00", open_now=True,
        sentence="现在有人接",
    )  # fmt: skip
    fields = {"door": "phone", "locked": False, "result": result, "hotlines": [line]}
    return SimpleNamespace(**{**fields, "alarm": SimpleNamespace(code=CODE), **more})


def read(sheet: bytes) -> str:
    document = pypdfium2.PdfDocument(sheet)
    return "".join(page.get_textpage().get_text_bounded() for page in document)


def flat(text: str) -> str:
    return "".join(text.split())


def test_the_sheet_says_the_sentence_the_steps_the_lines_and_the_day_in_hangzhou() -> None:
    said = flat(read(result_paper(turn())))
    for words in (
        "给自己的一张纸", "2026年11月23日", "建议有人帮忙", "这段时间您挺不容易的", "1.今晚请尽量别一个人待着",
        "3.难受得厉害就打旁边的电话", "浦沿司法所的工作人员联系您", "12356", "想找人说说", "120或110",
        "不是看病的结论",
    ):  # fmt: skip
        assert flat(words) in said, words


def test_nothing_is_on_it_by_which_somebody_is_found_or_scored() -> None:
    said = flat(read(result_paper(turn())))
    for words in (CODE, "编号", "心情九问", "17", "27", "得分", "今天", "橙", "红色"):
        assert words not in said, words


def test_it_carries_its_own_font_and_little_of_it() -> None:
    sheet = result_paper(turn())
    assert b"FontFile2" in sheet
    assert b"NotoSansSC" in sheet.replace(b" ", b"")
    assert len(sheet) < 200_000
    assert not [field for field in (b"/Author", b"/JavaScript", b"/URI") if field in sheet]


def test_it_looks_like_a_page(tmp_path: Path) -> None:
    page = pypdfium2.PdfDocument(result_paper(turn()))[0]
    assert [round(side) for side in page.get_size()] == [595, 842]
    picture = page.render(scale=2).to_pil()
    folder = ROOT / "build" / "screenshots" / "paper"
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / "result.png")
    grey = picture.convert("L")
    width, height = grey.size
    ink = [sum(1 for x in range(0, width, 2) if grey.getpixel((x, y)) < 128) for y in range(0, height, 2)]
    margin = int(len(ink) * 20 / 297)
    assert sum(ink[:margin]) == 0 == sum(ink[-margin:])
    assert sum(1 for row in ink if row) > 100
    columns = [x for x in range(0, width, 2) for y in range(0, height, 8) if grey.getpixel((x, y)) < 128]
    assert min(columns) > width * 20 / 210
    assert max(columns) < width * 190 / 210


def test_a_long_sheet_goes_on_to_a_second_page() -> None:
    paper = Paper("长")
    for _ in range(60):
        paper.paragraph("慢慢来，不着急。" * 6)
    assert len(pypdfium2.PdfDocument(paper.bytes())) > 1


@pytest.mark.parametrize("text", ["\U000304de", "😀", "\x00", "\u202e", "\ud800"])
def test_a_letter_that_the_font_lacks_is_refused_and_not_left_out(text: str) -> None:
    with pytest.raises(PaperError, match=r"U\+"):
        Paper("x").paragraph(f"您好{text}")


def test_without_the_font_there_is_no_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PaperError, match="make setup"):
        Paper("x", tmp_path)
    assert FONTS.is_dir()
    monkeypatch.setattr(Paper.__init__, "__defaults__", (tmp_path,))
    with pytest.raises(NoPaper):
        result_paper(turn())


def test_it_is_refused_at_a_kiosk_on_a_lent_phone_and_before_there_is_a_result() -> None:
    for refused, more in (
        (NotHere, {"door": "kiosk"}),
        (Locked, {"locked": True}),
        (NothingYet, {"result": None}),
    ):
        with pytest.raises(refused):
            result_paper(turn(**more))


def test_not_rated_has_a_sheet_too() -> None:
    plain = turn()
    plain.result = plain.result.model_copy(update={"level_word": None, "we_do": None})
    plain.alarm = None
    assert "接下来" not in flat(read(result_paper(plain)))


def test_the_route_hands_it_to_its_resident(town: Town) -> None:
    resident: Resident = town.resident(place="puyan-hall")
    resident.agrees()
    assert resident.sends("GET", "/result.pdf").status_code == 409
    resident.completes(mood=2, worry=2)
    answer = resident.sends("GET", "/result.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    shown = resident.turn.result
    assert shown is not None
    said = flat(read(answer.content))
    assert [step for step in shown.tonight if flat(step) not in said] == []
