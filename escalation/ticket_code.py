"""Codes that people read aloud: the resident's code, and the ticket's name for staff.

    resident's code   K-0731-4482-9056-7   one letter, twelve digits, a check digit
    ticket's name     K-0731-7             one letter, four digits, a check digit

Both are random, so that nobody learns from them how many tickets there are or which came next. The
resident's code opens the progress page and is therefore a secret of 43 bits (10 letters x 10^12). Throttling
must do the rest: where wrong codes are answered at most a hundred times a minute in all, somebody who wants
any one of ten thousand open tickets guesses for about twenty years. The ticket's name opens nothing; it may
stand in notices and on paper, and the table that keeps it must be asked whether it is free.

Digits, because they are the easiest thing to say and to type for every age; the letter marks the beginning
and is one that neither looks like a digit nor sounds like another. The check digit (Damm) finds every single
wrong digit and every two neighbours swapped.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable

from residents.check_digit import damm

RandomBytes = Callable[[int], bytes]

LETTERS = "AFHJKMRWXY"
SECRET_DIGITS, NAME_DIGITS = 12, 4

_HEARD = str.maketrans("零〇一幺二两三四五六七八九oilzsbq", "0011223456789" + "0112580", "")
_FILLING = re.compile(r"[\s\-‐‑‒–—―−_·•.,、。~～]+")


def new_code(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """A resident's code. `random_bytes(n)` gives n random bytes; only a cryptographic source will do."""
    return _written(_make(random_bytes, SECRET_DIGITS))


def new_name(random_bytes: RandomBytes = secrets.token_bytes) -> str:
    """A ticket's name for staff and notices. Not a secret and not unique by itself: one in 100,000."""
    return _written(_make(random_bytes, NAME_DIGITS))


def normalise(text: str) -> str:
    """A code as we write it, from how it was typed or said: lower case, full width, missing dashes, 幺 for 1.

    What cannot be a code is given back as an empty text. Says nothing about the check digit: ask `valid`.
    """
    if not isinstance(text, str) or len(text) > 60:
        return ""
    letters = _FILLING.sub("", unicodedata.normalize("NFKC", text)).lower()
    letters = letters[:1].upper() + letters[1:].translate(_HEARD)
    if len(letters) not in (NAME_DIGITS + 2, SECRET_DIGITS + 2) or letters[0] not in LETTERS:
        return ""
    return _written(letters) if re.fullmatch(r"[0-9]+", letters[1:]) else ""


def valid(code: str) -> bool:
    """Whether a text is a resident's code with a fitting check digit, however it was written."""
    return _checks(code, SECRET_DIGITS)


def valid_name(name: str) -> bool:
    """Whether a text is a ticket's name with a fitting check digit, however it was written."""
    return _checks(name, NAME_DIGITS)


def _checks(text: str, digits: int) -> bool:
    letters = normalise(text).replace("-", "")
    return len(letters) == digits + 2 and damm(str(LETTERS.index(letters[0])) + letters[1:]) == "0"


def _make(random_bytes: RandomBytes, digits: int) -> str:
    number = int.from_bytes(random_bytes(16), "big") % 10 ** (digits + 1)
    text = f"{number:0{digits + 1}d}"
    return LETTERS[int(text[0])] + text[1:] + damm(text)


def _written(letters: str) -> str:
    body, check = letters[1:-1], letters[-1]
    groups = [body[i : i + 4] for i in range(0, len(body), 4)]
    return "-".join([letters[0], *groups, check])
