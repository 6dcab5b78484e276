"""What a turn of the conversation is in WeChat, where there are no cards and no buttons: words and digits. Pure.

A digit stands for what the last message offered, in this order: the open question's options, the choices of the
question about reaching somebody, the buttons of the last bubble. `meant` says when a whole message is a wish ("退出").
Everything else is words, as at every door.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml

import bot
from bot.turn import AlarmShown, ContactShown, HotlineShown, MessageShown, ResultShown, ScreeningShown, Turn

WORDING: dict[str, Any] = yaml.safe_load((Path(bot.__path__[0]) / "wechat_wording.yml").read_text("utf-8"))
MOST_BYTES = 1900
"""WeChat takes 2,048 bytes in one message."""
Wish = Literal["agree", "disagree", "leave", "erase", "hotlines", "person", "page", "skip", "pause"]


@dataclass(frozen=True)
class Offer:
    """What one digit stands for: `act` is choose, answer or contact, `value` what is chosen."""

    act: str
    value: str
    title: str


@dataclass(frozen=True)
class Fixed:
    """Sentences of the door itself, what they offer, and which wishes they ask to be told in words."""

    texts: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    asks: tuple[Wish, ...] = ()


@dataclass(frozen=True)
class Asked:
    """The wishes that our last message asked for ("请再回复一次“删除”").

    `by`: the mark of the message that it answered, which is never taken for the reply. `then`: the mark of the first
    message after it, which alone may be the reply, however often WeChat sends it.
    """

    wishes: tuple[Wish, ...] = ()
    by: str = ""
    then: str = ""

    def heard_by(self, mark: str) -> "Asked":
        """What still holds for the message of this mark, which comes next or comes again."""
        if mark == self.by or self.then not in ("", mark):
            return Asked()
        return Asked(self.wishes, self.by, mark)


@dataclass(frozen=True)
class Spoken:
    """One answer: its messages in order, what its digits stand for, and what of the page was told with it."""

    texts: tuple[str, ...]
    menu: tuple[Offer, ...]
    card_told: bool
    result_told_at: datetime | None


def spoken(
    turn: Turn,
    fixed: Fixed,
    link: str,
    *,
    card_told: bool = False,
    result_told_at: datetime | None = None,
) -> Spoken:
    """The new bubbles of `turn`, the door's own sentences, and what the page would show beside them."""
    bubbles = [_bubble(m) for m in turn.messages if m.author != "resident"]
    new = [m for m in turn.messages if m.author == "program"]
    said = [text for text in bubbles if text]
    if turn.screening is not None:  # its card follows, in words and with digits
        said = [_bubble(m) for m in turn.messages if m.author != "resident" and m.kind != "item"]
    head: list[str] = []
    if turn.alarm is not None and (not card_told or any(m.kind == "danger" for m in new)):
        head.append(_card(turn.alarm, link))
        card_told = True
    elif turn.alarm is not None and (said or fixed.texts):
        head.append(_reminder(turn.alarm))
    tail = list(fixed.texts)
    open_result = turn.result is not None and turn.screening is None
    if open_result and turn.result is not None and turn.result.at != result_told_at:
        tail.append(_result(turn.result))
        result_told_at = turn.result.at
    menu: tuple[Offer, ...] = ()
    talks = bool(said or tail) and turn.worker is None and turn.stage != "ended"
    if talks and turn.screening is not None:
        tail.append(_question(turn.screening))
        menu = tuple(Offer("answer", str(o.value), o.label) for o in turn.screening.options)
    elif talks and turn.contact is not None:
        tail.append(_contact(turn.contact))
        menu = tuple(Offer("contact", choice, choice) for choice in turn.contact.choices)
    elif talks:
        menu = fixed.offers or _buttons(turn, new)
        if menu:
            tail.append(WORDING["choose_by_digit"] + "\n" + _digits([o.title for o in menu]))
    return Spoken(messages_of([*said, *head, *tail], head), menu, card_told, result_told_at)


def messages_of(parts: Sequence[str], first: Sequence[str] = ()) -> tuple[str, ...]:
    """The parts as few messages as WeChat takes. Where they need more than one, `first` stands in the first."""
    pieces = _packed(parts)
    if len(pieces) > 1 and first:
        pieces = _packed([*first, *(part for part in parts if part not in first)])
    return tuple(pieces)


def _packed(parts: Sequence[str]) -> list[str]:
    pieces: list[str] = []
    for line in "\n\n".join(part.strip() for part in parts if part.strip()).split("\n"):
        for piece in _short(line):
            joined = f"{pieces[-1]}\n{piece}" if pieces else piece
            if pieces and len(joined.encode()) <= MOST_BYTES:
                pieces[-1] = joined
            else:
                pieces.append(piece)
    return [piece.strip() for piece in pieces if piece.strip()]


def _short(line: str) -> list[str]:
    found = [""]
    for sign in line:
        if len((found[-1] + sign).encode()) > MOST_BYTES:
            found.append("")
        found[-1] += sign
    return found


def wish_of(words: str) -> Wish | None:
    """The wish that this whole message may be, if it may be one."""
    return _found(words, "commands") or _found(words, "replies")


def is_command(words: str) -> bool:
    """Whether this whole message means a wish and hardly anything else."""
    return _found(words, "commands") is not None


def meant(words: str, asked: Sequence[Wish], turn: Turn) -> Wish | None:
    """The wish that this whole message is where the conversation stands; None when it is words like any others.

    A person in the chat hears everything; what the last message asked for in so many words is that; a command is taken
    where nobody listens who might be meant. What may be an answer too is a wish only while nothing is open, and gives
    or takes back consent only where none was given yet.
    """
    command, wish = _found(words, "commands"), wish_of(words)
    if wish in ("skip", "pause"):
        return wish if turn.screening is not None and turn.worker is None else None
    if wish in asked:
        return wish
    if turn.worker is not None:
        return None
    if command is not None:
        return command
    if wish in ("agree", "disagree") and turn.consents.chat:
        return None
    return None if _open_question(turn) else wish


def _found(words: str, kind: str) -> Wish | None:
    plain = normal(words)
    return next((wish for wish, known in WORDING["words"][kind].items() if plain in known), None)


def _open_question(turn: Turn) -> bool:
    """Whether something waits for an answer: a form, how to reach them, a step of an exercise, or the last bubbles."""
    if turn.screening is not None or turn.contact is not None or turn.skill is not None:
        return True
    said = [message.author for message in turn.messages]
    since = len(said) - said[::-1].index("resident") if "resident" in said else 0
    return any(message.buttons or re.search("[?？]", message.text) for message in turn.messages[since:])


def offer_of(words: str, menu: Sequence[Offer]) -> Offer | None:
    """What was chosen of the last message's menu: by its digit, or by its very words."""
    plain = normal(words)
    if re.fullmatch(r"[0-9]{1,2}", plain) and 1 <= int(plain) <= len(menu):
        return menu[int(plain) - 1]
    return next((offer for offer in menu if normal(offer.title) == plain), None)


def normal(words: str) -> str:
    """A whole message in ordinary width, without the marks around it."""
    return unicodedata.normalize("NFKC", words).strip(" \t\r\n。.!！,，“”\"'~～、;；:：?？()（）【】[]")


def is_not_shown(words: str) -> bool:
    """Whether WeChat itself wrote this, in the place of something that it does not hand on (a sticker)."""
    return normal(words) in [normal(one) for one in WORDING["words"]["not_shown"]]


def kind_words(kind: str) -> str:
    """What to say to something that is not written words."""
    kinds: Mapping[str, str] = WORDING["kinds"]
    return kinds.get(kind, kinds["other"])


def hotline_words(lines: Sequence[HotlineShown]) -> str:
    """The telephone lines, each with its hours."""
    return WORDING["hotlines"] + "\n" + "\n".join(line.sentence for line in lines)


def _bubble(message: MessageShown) -> str:
    if message.author == "worker":
        return WORDING["worker"].format(name=message.author_name or "", text=message.text)
    return message.text


def _card(alarm: AlarmShown, link: str) -> str:
    code = WORDING["card"].format(code=alarm.code, link=f"{link}/t") if alarm.code else ""
    lines = "\n".join(line.sentence for line in alarm.hotlines)
    return f"{alarm.sentence}\n{code or WORDING['card_without_code']}\n{lines}"


def _reminder(alarm: AlarmShown) -> str:
    if alarm.code is None:
        return WORDING["reminder_without_code"]
    return WORDING["reminder"].format(code=alarm.code)


def _result(result: ResultShown) -> str:
    words = f"{result.level_word}。{result.sentence}" if result.level_word else result.sentence
    tonight = WORDING["tonight"] + "\n" + "\n".join(f"· {one}" for one in result.tonight)
    parts = (result.thanks, words, tonight, result.we_do or "", result.talk_to)
    return WORDING["result_title"] + "\n" + "\n".join(part for part in parts if part)


def _question(asked: ScreeningShown) -> str:
    lines = [WORDING["question"].format(number=asked.number, of=asked.of)]
    if asked.number == 1:
        lines = [asked.title, asked.intro, *lines]
    lines += [asked.timeframe, asked.text]
    if asked.options:
        lines += [_digits([option.label for option in asked.options]), WORDING["answer_by_digit"]]
    else:
        example = WORDING["examples"][asked.input.unit if asked.input else "hours"]
        lines.append(WORDING["answer_in_words"].format(example=example))
    return "\n".join(line for line in lines if line)


def _contact(asked: ContactShown) -> str:
    choices = _digits(asked.choices)
    return "\n".join(line for line in (asked.text, asked.hint, choices, WORDING["contact_declined"]) if line)


def _buttons(turn: Turn, new: Sequence[MessageShown]) -> tuple[Offer, ...]:
    last = next((m.buttons for m in reversed(new) if m.buttons), [])
    if not last and turn.skill is not None:
        last = turn.skill.buttons
    return tuple(Offer("choose", button.choice, button.title) for button in last)


def _digits(titles: Sequence[str]) -> str:
    return "\n".join(f"{number} {title}" for number, title in enumerate(titles, 1))
