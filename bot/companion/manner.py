"""How a message is meant, whatever it is about: it asks for a way, is torn between two, or has taken something up.

Pure, and read from the words alone (`manners.yml`). What stands after 但是 counts more than what stands before
it: who says "谢谢，我会试试，但是我还是怕" is afraid, and has taken up nothing yet.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

MANNERS = ("asks_how", "torn", "takes_up", "agrees", "wonders")
"""In the order in which they are looked for; each is a file of the bank."""
_KNOWS_HOW = re.compile(
    "(思考|想一想|想想|(?<!不)知道|考虑|学会|明白|懂得?|清楚)(了)?(之后)?(应?该)?(如何|怎么|怎样)"
)
_ASKING = re.compile(
    "[？?]|不知道|怎么|如何|怎样|吗|呢|纠结|犹豫|担心|害怕|很难|难以(?!避免)|棘手|做不到|舍不得"
)
_GOES_ON = re.compile(
    "我?(还是)?(会|愿意|决定)(去|再|努力|继续|试|尝试|坚持|做|保持|相信|积极|尽力|慢慢|学)|我相信我(可以|能|会)"
)
LITTLE = 16
"""At most so many signs are left of a message that only says thanks."""
ENOUGH = 6
"""So many signs after a 但是 make it the part that counts."""


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    read = yaml.safe_load((Path(__file__).parent / "manners.yml").read_text("utf-8"))
    return {
        name: re.compile(read[name])
        for name in ("but", "polite", "refuses", "stuck", "lighter", "only_thanked", *MANNERS)
    }


def what_counts(text: str) -> str:
    """The part of a message that its writer comes out at: what follows the last 但是, without the thanks."""
    patterns = _patterns()
    tail = _after_last(patterns["but"], text)
    part = tail if len(tail.strip()) >= ENOUGH else text
    return patterns["polite"].sub("", part).strip("，。！？,.!? ") or part


def _after_last(pattern: re.Pattern[str], text: str) -> str:
    hits = list(pattern.finditer(text))
    return text[hits[-1].end() :] if hits else text


def manner_of(text: str) -> str | None:
    """One of `MANNERS`, or None for what is simply told."""
    part, patterns = what_counts(text), _patterns()
    opposed = _after_last(patterns["but"], text) != text
    if not opposed and "怎么做了" in part:
        return "takes_up"
    asked = text.rstrip().endswith(("？", "?")) or _ASKING.search(_KNOWS_HOW.sub("", part))
    weighed = asked or patterns["stuck"].search(_KNOWS_HOW.sub("", part))
    if not opposed and patterns["takes_up"].search(part) and not weighed:
        return "takes_up"
    for manner in ("asks_how", "torn"):
        if patterns[manner].search(part):
            return manner
    if patterns["wonders"].search(text):
        return "wonders"
    if opposed and _GOES_ON.match(part) and not patterns["stuck"].search(part):
        return "takes_up"
    if opposed or text.rstrip().endswith(("？", "?", "吗", "呢")):
        return None
    if not patterns["takes_up"].search(part) and patterns["agrees"].search(text):
        return "agrees"
    polite = patterns["polite"].search(text) is not None and len(part) <= ENOUGH
    if patterns["stuck"].search(part) or re.search("[？?]", part):
        return None
    return "takes_up" if polite or patterns["takes_up"].search(part) else None


def only_thanks(text: str) -> bool:
    """Whether somebody says thanks and that it has helped, and hardly anything besides."""
    patterns = _patterns()
    rest = patterns["polite"].sub("", text)
    thanked = patterns["polite"].search(text) is not None and re.search("谢", text) is not None
    if thanked and patterns["only_thanked"].search(rest):
        return True
    return (
        thanked
        and len(rest) <= LITTLE
        and patterns["lighter"].search(text) is not None
        and manner_of(rest) in (None, "agrees")
    )


def refuses(text: str) -> bool:
    """Whether somebody wants nothing done now: after "不写了，我就想说说话" nothing is offered."""
    return _patterns()["refuses"].search(text) is not None
