"""Wording that a district has a licence for completes a form; what does not fit it exactly is refused."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from assessments.errors import LibraryError
from assessments.library import FOLDER, Library, instrument_from, problems_in
from assessments.scoring import score_answers

ISI_TEXT = {
    "id": "isi",
    "version": "1",
    "holder": "滨江区卫生健康局",
    "licence": "2026-10-01 与版权方签订，编号 A-123，可在本区电子筛查中使用",
    "checked_on": date(2026, 10, 8),
    "options": {value: f"选项{value}" for value in range(5)},
    "items": {f"q{n}": f"占位句子{n}" for n in range(1, 8)},
}
EPDS_TEXT = {
    **ISI_TEXT,
    "id": "epds",
    "items": {
        f"q{n}": {"text": f"占位句子{n}", "options": {value: f"选项{value}" for value in range(4)}}
        for n in range(1, 11)
    },
}
del EPDS_TEXT["options"]


@pytest.fixture
def district(tmp_path: Path):
    """Writes a district's folder of texts, and returns it."""
    folder = tmp_path / "texts"
    folder.mkdir()

    def write(*texts, cut_offs=None, name=None) -> Path:
        for text in texts:
            path = folder / (name or f"{text['id']}.text.yml")
            path.write_text(yaml.safe_dump(text, allow_unicode=True, sort_keys=False), "utf-8")
        if cut_offs is not None:
            (folder / "cut_offs.yml").write_text(yaml.safe_dump(cut_offs), "utf-8")
        return folder

    return write


def test_a_text_completes_its_form_which_is_then_asked_and_scored_as_before(district):
    bare = Library.from_files().to_score("isi")
    library = Library.from_files(texts=district(ISI_TEXT, EPDS_TEXT))
    isi = library["isi"]

    assert isi.next_item({}).text == "占位句子1"
    assert isi.items[6].label(4) == "选项4"
    assert (isi.wording, isi.translation, isi.licence.holder) == ("licensed", "published", "滨江区卫生健康局")
    assert library["epds"].item("q10").label(3) == "选项3"
    assert isi.content_hash != bare.content_hash
    answers = {item.id: 2 for item in isi.items}
    assert score_answers(isi, answers) == score_answers(bare, answers)
    assert len(library) == len(Library.from_files()) + 2


def without(text, *names):
    return {key: value for key, value in text.items() if key not in names}


TEXTS_REFUSED = [
    (without(ISI_TEXT, "licence"), "licence"),
    (without(ISI_TEXT, "holder"), "holder"),
    (without(ISI_TEXT, "checked_on"), "checked_on"),
    (without(ISI_TEXT, "options"), "options"),
    ({**ISI_TEXT, "licence": "有"}, "licence"),
    ({**ISI_TEXT, "holder": " "}, "holder"),
    ({**ISI_TEXT, "checked_on": "十月"}, "checked_on"),
    ({**ISI_TEXT, "version": "2"}, "version"),
    ({**ISI_TEXT, "bands": []}, "bands"),
    ({**ISI_TEXT, "items": without(ISI_TEXT["items"], "q7")}, "items"),
    ({**ISI_TEXT, "items": {**ISI_TEXT["items"], "q8": "多出来的"}}, "items.q8"),
    ({**ISI_TEXT, "items": {**ISI_TEXT["items"], "q3": ""}}, "items.q3"),
    ({**ISI_TEXT, "items": {**ISI_TEXT["items"], "q3": {"text": "x", "reverse": True}}}, "items.q3"),
    ({**ISI_TEXT, "options": {**ISI_TEXT["options"], 5: "多出来的"}}, "options.5"),
    ({**ISI_TEXT, "options": {**ISI_TEXT["options"], 4: None}}, "options.4"),
    ({**ISI_TEXT, "options": without(ISI_TEXT["options"], 4)}, "options"),
    ({**ISI_TEXT, "id": "phq9"}, "id"),
    ({**EPDS_TEXT, "items": {**EPDS_TEXT["items"], "q1": "没有选项"}}, "items.q1.options"),
]


@pytest.mark.parametrize(("text", "field"), TEXTS_REFUSED)
def test_a_text_that_does_not_fit_its_form_is_refused(district, text, field):
    folder = district(text)
    with pytest.raises(LibraryError) as refusal:
        Library.from_files(texts=folder)
    assert (refusal.value.file, refusal.value.field) == (f"{text['id']}.text.yml", field)
    assert [problem.field for problem in problems_in(FOLDER, folder)] == [field]


def test_a_text_for_a_form_that_we_do_not_have_and_a_file_that_nobody_reads_are_refused(district):
    folder = district({**ISI_TEXT, "id": "mbi"})
    assert [(p.file, p.why) for p in problems_in(FOLDER, folder)] == [("mbi.text.yml", "没有这份量表")]
    (folder / "mbi.text.yml").rename(folder / "isi.yml")
    with pytest.raises(LibraryError, match="不会有人读"):
        Library.from_files(texts=folder)
    with pytest.raises(LibraryError, match="没有这个文件夹"):
        Library.from_files(texts=folder / "nowhere")


def test_a_district_chooses_another_published_cut_off_and_no_other(district):
    answers = {item.id: 0 for item in Library.from_files().to_score("gds15").items}  # five points
    assert score_answers(Library.from_files().to_score("gds15"), answers).flags == {"cut_off": False}

    chosen = Library.from_files(texts=district(cut_offs={"gds15": 5})).to_score("gds15")
    assert score_answers(chosen, answers).flags == {"cut_off": True}
    assert chosen.content_hash != Library.from_files().to_score("gds15").content_hash

    who5 = Library.from_files(texts=district(cut_offs={"who5": 28})).to_score("who5")
    for raw, reached in ((7, True), (8, False)):  # times 4: 28 and 32; at most 28 is in
        answers = {"q1": 5, "q2": raw - 5, "q3": 0, "q4": 0, "q5": 0}
        assert score_answers(who5, answers).flags == {"cut_off": reached}

    for wrong, field in (({"gds15": 6}, "gds15"), ({"gad7": 10}, "gad7"), ({"mbi": 1}, "mbi"), ([], "文件")):
        with pytest.raises(LibraryError) as refusal:
            Library.from_files(texts=district(cut_offs=wrong))
        assert (refusal.value.file, refusal.value.field) == ("cut_offs.yml", field)


def test_every_edition_makes_the_same_form_again_a_completed_one_too(district):
    library = Library.from_files(texts=district(ISI_TEXT, cut_offs={"gds15": 10}))
    editions = library.editions()
    assert set(editions) == {form.id for form in library.every()}
    for form in library.every():
        assert instrument_from(editions[form.id], f"instrument:{form.id}") == form
