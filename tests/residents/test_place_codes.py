"""A poster's code is believed when we signed it and it still counts; everything else is refused kindly."""

import hashlib
import hmac
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from residents.district import load_district
from residents.errors import BadPlaceCode
from residents.place_codes import PlaceCode, make, read

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
END = date(2027, 11, 20)


def sign(purpose: str, payload: bytes, key: bytes = b"ours") -> bytes:
    return hmac.new(key, purpose.encode() + b"|" + payload, hashlib.sha256).digest()[:16]


def check(purpose: str, payload: bytes, mac: bytes) -> bool:
    return hmac.compare_digest(sign(purpose, payload), mac)


def foreign_sign(purpose: str, payload: bytes) -> bytes:
    return sign(purpose, payload, b"theirs")


GOOD = make(sign, "puyan-hall", END)


def refused(text: str | bytes, now: datetime = NOW, own_url: str | None = None) -> BadPlaceCode:
    with pytest.raises(BadPlaceCode) as error:
        read(check, text, now, own_url=own_url)
    return error.value


def test_a_code_that_we_made_names_its_place() -> None:
    assert read(check, GOOD, NOW) == PlaceCode("puyan-hall", "binjiang", END)
    assert read(check, GOOD.encode(), NOW).place == "puyan-hall"
    assert read(check, f" {GOOD}\n", NOW).place == "puyan-hall"


def test_every_place_of_the_district_fits_on_a_poster() -> None:
    for place in load_district("binjiang").places:
        text = make(sign, place.code, END)
        assert len(text) <= 60
        assert re.fullmatch(r"[A-Za-z0-9._-]+", text)
        assert read(check, text, NOW).place == place.code


def test_a_code_counts_through_its_last_day() -> None:
    text = make(sign, "puyan-hall", NOW.date())
    assert read(check, text, NOW + timedelta(hours=17))
    assert refused(text, NOW + timedelta(days=1)).kind == "expired"


def test_a_poster_may_be_scanned_by_many() -> None:
    assert {read(check, GOOD, NOW) for _ in range(50)} == {PlaceCode("puyan-hall", "binjiang", END)}


def test_a_link_to_our_own_page_is_read() -> None:
    own = "https://xinqiao.example:8300"
    assert read(check, f"{own}/q/{GOOD}", NOW, own_url=own).place == "puyan-hall"
    assert read(check, f"{own}/q/{GOOD}", NOW, own_url=own + "/").place == "puyan-hall"


body, _, mac = GOOD.rpartition(".")
place, site, end = body.split(".")

BAD = [
    # unsigned
    ("puyan-hall", "unsigned"),
    (f"{place}.{site}", "unsigned"),
    (body, "unsigned"),
    (body + ".", "unsigned"),
    # another site's
    (make(sign, "puyan-hall", END, site="xihu"), "other_site"),
    (make(foreign_sign, "puyan-hall", END), "damaged"),
    (f"{place}.xihu.{end}.{mac}", "other_site"),
    # damaged or changed
    ("", "damaged"),
    (".", "damaged"),
    ("...", "damaged"),
    (GOOD[:-1], "damaged"),
    (GOOD[1:], "damaged"),
    (GOOD + "A", "damaged"),
    (GOOD + "=", "damaged"),
    (GOOD.upper(), "damaged"),
    (GOOD.replace("puyan-hall", "xixing-hall"), "damaged"),
    (f"{place}.{site}.zzzz.{mac}", "damaged"),
    (f"{place}.{site}.0{end}.{mac}", "damaged"),
    (f"{body}.{'A' * 22}", "damaged"),
    (f"{body} {mac}", "damaged"),
    (GOOD.replace(".", "。"), "damaged"),
    (GOOD.translate({ord(c): ord(c) + 0xFEE0 for c in "abcdefghijklmnopqrstuvwxyz"}), "damaged"),
    (b"\xff\xfe\xfd", "damaged"),
    ("浦沿街道".encode("gb18030"), "damaged"),
    ("\ud800" + GOOD, "damaged"),
    (GOOD + "\x00", "damaged"),
    # somebody else's address
    ("javascript:alert(1)", "foreign"),
    (f"javascript:{GOOD}", "foreign"),
    ("data:text/html,<script>", "foreign"),
    (f"https://evil.example/q/{GOOD}", "foreign"),
    (f"https://xinqiao.example@evil.example/q/{GOOD}", "foreign"),
    (f"https://xinqiao.example.evil.example/q/{GOOD}", "foreign"),
    (f"//evil.example/q/{GOOD}", "foreign"),
    (f"\\\\evil.example\\{GOOD}", "foreign"),
    (f"https://xinqiao.example/q/../console/{GOOD}", "foreign"),
    (f"https://xinqiao.example/q/{GOOD}?next=//evil.example", "foreign"),
    (f"https://xinqiao.example/q/{GOOD}#x", "foreign"),
    ("weixin://dl/business", "foreign"),
    ("tel:120", "foreign"),
    ("../../etc/passwd", "foreign"),
    # far too long
    ("A" * 2953, "too_long"),
    (b"\xff" * 2953, "too_long"),
    (GOOD * 60, "too_long"),
]


@pytest.mark.parametrize(("text", "kind"), BAD)
def test_what_is_not_ours_is_refused_kindly(text: str | bytes, kind: str) -> None:
    error = refused(text, own_url="https://xinqiao.example")
    assert error.kind == kind
    assert "不扫码也可以直接聊" in error.reason
    assert len(error.reason) < 60


def test_the_refusal_does_not_repeat_what_was_scanned() -> None:
    assert "wang-fang" not in str(refused("wang-fang-13800000000"))


def test_a_link_is_foreign_when_we_do_not_know_our_own_address() -> None:
    assert refused(f"https://xinqiao.example/q/{GOOD}").kind == "foreign"


alphabet = st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789._-:/\\ =\x00浦\ud800")


@settings(max_examples=2000, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet, max_size=80), st.binary(max_size=300)))
@example(GOOD + ".")
@example("." * 200)
def test_nothing_that_we_did_not_sign_is_believed(text: str | bytes) -> None:
    error = refused(text, own_url="https://xinqiao.example")
    assert error.kind in {"unsigned", "damaged", "foreign", "too_long", "other_site"}


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.characters(codec="utf-8"))
def test_no_single_change_goes_unnoticed(position: int, letter: str) -> None:
    changed = GOOD[:position] + letter + GOOD[position + 1 :]
    if changed != GOOD and changed.strip() != GOOD:
        refused(changed)


def test_a_signature_has_one_spelling_only() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    believed = [letter for letter in letters if _is_believed(GOOD[:-1] + letter)]
    assert believed == [GOOD[-1]]


def _is_believed(text: str) -> bool:
    try:
        read(check, text, NOW)
    except BadPlaceCode:
        return False
    return True


@settings(deadline=None)
@given(st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True), st.dates(NOW.date()))
def test_what_is_made_can_be_read(code: str, expires: date) -> None:
    assert read(check, make(sign, code, expires), NOW) == PlaceCode(code, "binjiang", expires)


@pytest.mark.parametrize("code", ["", "Puyan", "浦沿", "a b", "a.b", "x" * 41, "../a"])
def test_only_codes_are_signed(code: str) -> None:
    with pytest.raises(ValueError, match="codes"):
        make(sign, code, END)
    with pytest.raises(ValueError, match="codes"):
        make(sign, "puyan-hall", END, site=code)


def test_an_end_in_another_century_is_not_signed() -> None:
    with pytest.raises(ValueError, match="1970"):
        make(sign, "puyan-hall", date(1969, 12, 31))
