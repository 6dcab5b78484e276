"""One's own result as a sheet of paper: what was said, what helps, who is there. No name, no question, no answer."""

from zoneinfo import ZoneInfo

from bot.errors import Locked, NothingToAnswer
from bot.turn import Turn
from server.errors import NoPaper
from server.paper import Paper, PaperError
from server.results_desk import WORDS

LOCAL = ZoneInfo("Asia/Shanghai")


class NothingYet(NothingToAnswer):
    """No screening of this conversation has been rated."""

    sentence = WORDS["own"]["nothing_yet"]


class NotHere(NothingToAnswer):
    """A kiosk is everybody's: nothing is saved from it."""

    sentence = WORDS["own"]["not_here"]


def result_paper(turn: Turn) -> bytes:
    """The PDF of the result that this turn shows. The secret code of a ticket is not on it: paper gets lost.

    Refuses at a kiosk (`NotHere`), on a phone that was lent (`Locked`), and before there is a result (`NothingYet`).
    """
    if turn.door == "kiosk":
        raise NotHere()
    if turn.locked:
        raise Locked()
    result = turn.result
    if result is None:
        raise NothingYet()
    words = WORDS["paper"]
    at = result.at.astimezone(LOCAL)
    try:
        paper = Paper(words["title"])
        paper.heading(words["title"])
        paper.paragraph(words["made"].format(at=f"{at.year} 年 {at.month} 月 {at.day} 日"))
        paper.section(words["level"])
        if result.level_word:
            paper.paragraph(result.level_word)
        paper.paragraph(result.sentence)
        paper.section(words["tonight"])
        paper.steps(result.tonight)
        if we_do := _without_code(result.we_do, turn.alarm.code if turn.alarm else None):
            paper.section(words["we_do"])
            paper.paragraph(we_do)
        paper.section(words["talk_to"])
        paper.paragraph(words["danger"])
        for line in turn.hotlines:
            paper.paragraph(f"{line.number}　{line.name}　{line.for_what}")
        paper.rule()
        paper.paragraph(words["footer"], small=True)
        return paper.bytes()
    except PaperError as error:
        raise NoPaper() from error


def _without_code(text: str | None, code: str | None) -> str:
    """Without the sentence that says the ticket's secret code."""
    sentences = [part for part in (text or "").split("。") if part and (code is None or code not in part)]
    return "".join(f"{part}。" for part in sentences)
