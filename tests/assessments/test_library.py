"""A file that is wrong is refused when it is read, with the field named; what is read is what stands there."""

from pathlib import Path

import pytest
import yaml

from assessments.errors import LibraryError, UnknownInstrument, UnknownItem
from assessments.library import FOLDER, Library, content_hash


@pytest.fixture
def written(tmp_path: Path):
    """Writes PHQ-9's file, changed, into a folder of its own, and returns the folder."""

    def write(change, name: str = "phq9") -> Path:
        data = yaml.safe_load((FOLDER / "phq9.yml").read_text("utf-8"))
        change(data)
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
        return tmp_path

    return write


def no_change(data):
    pass


def critical_without(field):
    def change(data):
        del data["items"][8]["critical"][field]

    return change


def critical_blank(data):
    data["items"][8]["critical"]["say"] = "  "


def second_band_from(start):
    def change(data):
        data["bands"][1]["from"] = start

    return change


def bands(*starts):
    def change(data):
        data["bands"] = [{"from": start, "id": f"b{start}", "name": "段"} for start in starts]

    return change


REFUSED = [
    (lambda d: d.pop("source"), "source"),
    (lambda d: d.update(source=" "), "source"),
    (lambda d: d.pop("rights"), "rights"),
    (lambda d: d.update(rights=""), "rights"),
    (lambda d: d.pop("setting"), "setting"),
    (lambda d: d.update(version=1), "version"),
    (lambda d: d.update(translation="official"), "translation"),
    (lambda d: d.update(wording_compared=["one"]), "wording_compared"),
    (lambda d: d.update(checked_on="recently"), "checked_on"),
    (lambda d: d.update(minutes="2"), "minutes"),
    (lambda d: d.update(reversed=["q1"]), "文件.reversed"),
    (lambda d: d["items"][0].update(reverse=True), "items[1].reverse"),
    (lambda d: d["items"][1].update(id="q1"), "items[2].id"),
    (lambda d: d["items"][1].update(number="1"), "items[2].id"),
    (lambda d: d["items"][1].update(text=""), "items[2].text"),
    (lambda d: d["items"].clear(), "items"),
    (lambda d: d["options"][0].update(value="0"), "items[1].options.value"),
    (lambda d: d["options"][0].update(value=True), "items[1].options.value"),
    (lambda d: d["options"][0].update(value=1), "items[1].options"),
    (lambda d: d["options"][0].update(label="好几天"), "items[1].options"),
    (critical_without("reason"), "items[9].critical.reason"),
    (critical_without("say"), "items[9].critical.say"),
    (critical_without("at_least"), "items[9].critical.at_least"),
    (critical_blank, "items[9].critical.say"),
    (lambda d: d["items"][8]["critical"].update(at_least=7), "items[9].critical.at_least"),
    (
        lambda d: d["items"][0].update(asked_after={"items": ["q9"], "at_least": 1}),
        "items[1].asked_after.items",
    ),
    (second_band_from(0), "bands"),
    (second_band_from(12), "bands"),
    (second_band_from(5.0), "bands[2].from"),
    (bands(1, 5), "bands"),
    (bands(0, 28), "bands"),
    (bands(), "bands"),
    (lambda d: d["bands"][1].update(id="minimal"), "bands"),
    (lambda d: d["bands"][1].update(item="q10"), "bands[2].item"),
]


@pytest.mark.parametrize(("change", "field"), REFUSED)
def test_a_wrong_file_is_refused_with_its_field(written, change, field):
    with pytest.raises(LibraryError) as refusal:
        Library.from_files(written(change))
    assert (refusal.value.file, refusal.value.field) == ("phq9.yml", field)


def test_the_same_id_in_two_files_is_refused(written, tmp_path):
    (tmp_path / "noncommercial").mkdir()
    folder = written(no_change)
    (folder / "noncommercial" / "phq9.yml").write_text((folder / "phq9.yml").read_text("utf-8"), "utf-8")
    with pytest.raises(LibraryError, match="已经在另一个文件里用过"):
        Library.from_files(folder)


def test_a_file_under_another_name_is_refused(written):
    with pytest.raises(LibraryError, match="文件名"):
        Library.from_files(written(no_change, name="depression"))


def test_a_key_written_twice_is_refused(tmp_path):
    (tmp_path / "phq9.yml").write_text((FOLDER / "phq9.yml").read_text("utf-8") + "\nrights: 没有\n", "utf-8")
    with pytest.raises(LibraryError, match="写了两次"):
        Library.from_files(tmp_path)


def test_a_file_that_is_not_yaml_is_refused(tmp_path):
    (tmp_path / "phq9.yml").write_text("id: [", "utf-8")
    with pytest.raises(LibraryError, match="读不懂"):
        Library.from_files(tmp_path)


def test_the_content_hash_names_the_wording_and_not_the_white_space(written):
    shipped = Library.from_files()["phq9"]
    reordered = Library.from_files(written(no_change))["phq9"]
    reworded = Library.from_files(written(lambda d: d["items"][0].update(text="换了说法")))["phq9"]

    assert reordered.content_hash == shipped.content_hash
    assert reworded.content_hash != shipped.content_hash
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})


def test_what_the_library_does_not_hold_is_refused_by_name_only():
    library = Library.from_files()
    with pytest.raises(UnknownInstrument):
        library["../../etc/passwd"]
    with pytest.raises(UnknownItem):
        library["phq9"].item("q10")
    assert "phq9" in library
    assert "mbi" not in library
    assert len(library) == len(list(library))
