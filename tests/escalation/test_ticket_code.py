"""Codes that an elderly resident can read to a worker over the telephone, and nobody can guess."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.ticket_code import LETTERS, new_code, new_name, normalise, valid, valid_name

random = st.binary(min_size=16, max_size=16)


@given(random)
def test_a_new_code_is_valid_and_written_in_groups(chance: bytes) -> None:
    code = new_code(lambda n: chance[:n])
    assert re.fullmatch(rf"[{LETTERS}]-\d{{4}}-\d{{4}}-\d{{4}}-\d", code)
    assert valid(code)
    assert normalise(code) == code


@given(random)
def test_a_tickets_name_is_short(chance: bytes) -> None:
    name = new_name(lambda n: chance[:n])
    assert re.fullmatch(rf"[{LETTERS}]-\d{{4}}-\d", name)
    assert valid_name(name)
    assert normalise(name) == name


@given(random)
def test_a_name_is_not_a_residents_code(chance: bytes) -> None:
    assert not valid(new_name(lambda n: chance))
    assert not valid_name(new_code(lambda n: chance))


def test_a_code_is_too_large_to_guess() -> None:
    assert math.log2(len(LETTERS) * 10**12) >= 40


def test_codes_do_not_follow_each_other() -> None:
    codes = [new_code() for _ in range(500)]
    assert len(set(codes)) == 500
    assert codes != sorted(codes)
    assert {code[0] for code in codes} == set(LETTERS)


def test_no_letter_looks_like_a_digit_or_another() -> None:
    assert not set(LETTERS) & set("BGILOQSZDEPTCVUN")


@given(random, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_sign_is_noticed(chance: bytes, position: int, off: int) -> None:
    signs = list(new_code(lambda n: chance).replace("-", ""))
    kinds = LETTERS if position == 0 else "0123456789"
    signs[position] = kinds[(kinds.index(signs[position]) + off) % 10]
    assert not valid("".join(signs))


@given(random, st.integers(1, 12))
def test_two_digits_swapped_are_noticed(chance: bytes, position: int) -> None:
    signs = list(new_code(lambda n: chance).replace("-", ""))
    a, b = signs[position], signs[position + 1]
    signs[position], signs[position + 1] = b, a
    assert valid("".join(signs)) is (a == b)


CODE = new_code(lambda n: b"xinqiao-xinqiao!")
SIGNS = CODE.replace("-", "")


@pytest.mark.parametrize(
    "typed",
    [
        CODE.lower(),
        SIGNS,
        SIGNS.lower(),
        f"  {CODE} ",
        CODE.replace("-", " "),
        CODE.replace("-", "—"),
        CODE.replace("-", "－"),
        CODE.replace("-", ""),
        "".join(chr(ord(sign) + 0xFEE0) for sign in CODE),
        SIGNS[0] + SIGNS[1:].translate(str.maketrans("0123456789", "零一二三四五六七八九")),
        SIGNS[0] + SIGNS[1:].translate(str.maketrans("0123456789", "〇幺两三四五六七八九")),
        SIGNS[0] + SIGNS[1:].replace("0", "O").replace("1", "l"),
    ],
)
def test_a_code_is_understood_however_it_is_typed_or_said(typed: str) -> None:
    assert normalise(typed) == CODE
    assert valid(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "K",
        "0731",
        CODE[:-1],
        CODE + "1",
        "B" + CODE[1:],
        "x" * 10_000,
        "K-07三1-",
        "\ud800",
        CODE + "\x00",
    ],
)
def test_what_is_no_code_is_not_one(typed: str) -> None:
    assert normalise(typed) == ""
    assert not valid(typed)
    assert not valid_name(typed)


@given(st.text())
def test_any_text_is_answered(typed: str) -> None:
    assert valid(typed) in (True, False)
    assert normalise(normalise(typed)) == normalise(typed)


def test_something_that_is_no_text_is_no_code() -> None:
    assert normalise(None) == ""  # type: ignore[arg-type]
