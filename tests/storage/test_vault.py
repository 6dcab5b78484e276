"""What people said stays sealed, and a seal that was tampered with is never taken for silence."""

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import KeyringDamaged, KeyringExists, KeyringMissing, SealBroken
from storage.vault import Keyring, Vault
from tests.storage.letters import Letter, Postcard

WORDS = "我叫余秀兰，住在浦沿街道，电话13812345678"
RING = Keyring({"ka": b"a" * 32, "kb": b"b" * 32}, active="ka", home="ka")


def letter(vault: Vault, text: str = WORDS) -> Letter:
    written = Letter()
    vault.seal(written, "text", text)
    return written


def sealed(written: Letter) -> bytes:
    assert written.text_sealed is not None
    return written.text_sealed


def test_a_letter_is_read_again(vault):
    assert vault.open(letter(vault), "text") == WORDS


@settings(max_examples=200)
@given(st.text())
def test_any_text_is_read_again(text):
    vault = Vault(RING)
    readable = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert vault.open(letter(vault, text), "text") == readable


def test_a_lone_surrogate_does_not_keep_a_message_from_being_stored(vault):
    assert vault.open(letter(vault, "救我\ud83d"), "text") == "救我\ufffd"


def test_nothing_said_is_not_the_same_as_an_empty_sentence(vault):
    silent, empty = Letter(), letter(vault, "")
    vault.seal(silent, "text", None)
    assert vault.open(silent, "text") is None
    assert vault.open(empty, "text") == ""


def test_the_same_words_never_look_the_same(vault):
    one, two = letter(vault), letter(vault)
    assert sealed(one) != sealed(two)
    assert WORDS.encode() not in sealed(one)


def test_short_answers_cannot_be_told_apart_by_their_length(vault):
    lengths = {len(sealed(letter(vault, text))) for text in ("是", "不是", "几乎每天", "我不想说")}
    assert len(lengths) == 1


def test_a_seal_moved_to_another_row_column_or_table_is_refused(vault):
    mine, yours, card = letter(vault), letter(vault, "别的话"), Postcard()
    mine.text_sealed, yours.text_sealed = yours.text_sealed, mine.text_sealed
    mine.name_sealed = letter(vault).text_sealed
    card.id, card.text_sealed = yours.id, mine.text_sealed
    for entity, name in ((mine, "text"), (yours, "text"), (mine, "name"), (card, "text")):
        with pytest.raises(SealBroken):
            vault.open(entity, name)


def test_a_seal_moved_within_one_row_is_refused(vault):
    mine = letter(vault)
    mine.name_sealed = mine.text_sealed
    with pytest.raises(SealBroken):
        vault.open(mine, "name")


def test_every_flipped_bit_is_noticed(vault):
    written = letter(vault)
    whole = sealed(written)
    for place in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        written.text_sealed = bytes(changed)
        with pytest.raises(SealBroken):
            vault.open(written, "text")


def test_every_shortened_seal_is_noticed(vault):
    written = letter(vault)
    whole = sealed(written)
    for length in range(len(whole)):
        written.text_sealed = whole[:length]
        with pytest.raises(SealBroken):
            vault.open(written, "text")


def test_the_name_of_another_key_is_refused():
    vault = Vault(RING)
    written = letter(vault)
    for name in (b"kb", b"kx"):
        written.text_sealed = sealed(written).replace(b"ka", name, 1)
        with pytest.raises(SealBroken):
            vault.open(written, "text")


def test_another_ring_opens_nothing(vault, tmp_path):
    written = letter(vault)
    stranger = Vault(Keyring.create(tmp_path / "other.json"))
    with pytest.raises(SealBroken):
        stranger.open(written, "text")


def test_a_broken_seal_tells_where_and_not_what(vault):
    written = letter(vault)
    written.text_sealed = sealed(written)[:-1] + b"\0"
    with pytest.raises(SealBroken) as refused:
        vault.open(written, "text")
    assert "letter.text_sealed" in str(refused.value)
    assert str(written.id) in str(refused.value)
    assert refused.value.__cause__ is None
    assert WORDS not in repr(refused.value)


def test_neither_vault_nor_ring_nor_entity_prints_a_secret(vault):
    key = next(iter(vault.keyring.keys.values()))
    shown = f"{vault!r} {vault.keyring!r} {letter(vault)!r}"
    assert repr(key) not in shown
    assert key.hex() not in shown
    assert "余秀兰" not in shown


def test_only_text_is_sealed_and_only_into_a_sealed_column(vault):
    with pytest.raises(TypeError):
        vault.seal(Letter(), "text", 3)
    with pytest.raises(AttributeError):
        vault.seal(Letter(), "adress", "浦沿")


def test_a_telephone_is_found_again_by_its_index_and_by_no_other(vault):
    assert vault.index("phone", "13812345678") == vault.index("phone", "13812345678")
    assert vault.index("phone", "13812345678") != vault.index("phone", "13812345679")
    assert vault.index("phone", "13812345678") != vault.index("name", "13812345678")


def test_a_signature_holds_for_its_purpose_and_its_words_only(vault):
    mac = vault.sign("place", b"puyan-3")
    assert vault.check("place", b"puyan-3", mac)
    assert not vault.check("place", b"puyan-4", mac)
    assert not vault.check("progress", b"puyan-3", mac)
    assert not vault.check("place", b"puyan-3", b"")
    assert not vault.check("place", b"puyan-3", mac[:-1])


def test_a_new_key_leaves_everything_old_readable(tmp_path):
    path = tmp_path / "keys.json"
    before = Vault(Keyring.create(path))
    old, mac, index = letter(before), before.sign("place", b"hub"), before.index("phone", "138")

    after = Vault(Keyring.rotate(path))

    assert after.keyring.active != before.keyring.active
    assert after.open(old, "text") == WORDS
    assert after.check("place", b"hub", mac)
    assert after.index("phone", "138") == index
    new = letter(after)
    assert after.open(new, "text") == WORDS
    with pytest.raises(SealBroken):
        before.open(new, "text")
    assert Keyring.load(path) == after.keyring


def test_a_key_ring_is_for_its_owner_alone_and_is_never_overwritten(tmp_path):
    path = tmp_path / "deep" / "keys.json"
    ring = Keyring.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(KeyringExists):
        Keyring.create(path)
    assert Keyring.load(path) == ring
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(
    "body", ["", "{}", "[]", '{"active": "a", "home": "a", "keys": {"a": "c2hvcnQ="}}', "\x00\x01"]
)
def test_what_is_no_key_ring_is_refused_and_left_alone(tmp_path: Path, body: str):
    path = tmp_path / "keys.json"
    path.write_text(body)
    with pytest.raises(KeyringDamaged):
        Keyring.load(path)
    assert path.read_text() == body


def test_a_missing_key_ring_is_not_replaced_by_a_new_one(tmp_path):
    with pytest.raises(KeyringMissing):
        Keyring.load(tmp_path / "keys.json")
    assert not list(tmp_path.iterdir())
