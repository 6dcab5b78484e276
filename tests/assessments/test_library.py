"""A file that is wrong is refused when it is read, with the field named; what is read is what stands there."""

import random
from pathlib import Path

import pytest
import yaml

from assessments.errors import LibraryError, UnknownInstrument, UnknownItem
from assessments.library import FOLDER, Library, content_hash, instrument_from, problems_in
from assessments.scoring import next_extra, score_answers


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


def contradiction(**given):
    when = given.get("when", {"items": given.get("items", ["q1"]), "at_least": 1})
    return lambda d: d.update(
        contradictions=[{"id": "odd", "name": given.get("name", "对不上"), "when": when}]
    )


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
    (lambda d: d["items"][0].update(reversed=True), "items[1].reversed"),
    (lambda d: d["items"][1].update(id="q1"), "items[2].id"),
    (lambda d: d["items"][1].update(number="1"), "items[2].id"),
    (lambda d: d["items"][1].update(text=""), "items[2].text"),
    (lambda d: d["items"].clear(), "items"),
    (lambda d: d["options"][0].update(value="0"), "options[1].value"),
    (lambda d: d["options"][0].update(value=True), "options[1].value"),
    (lambda d: d["options"][0].update(value=1), "options"),
    (lambda d: d["options"][0].update(label="好几天"), "options"),
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
    (lambda d: d.update(result_for="everybody"), "result_for"),
    (lambda d: d.update(event_first="yes"), "文件.event_first"),
    (lambda d: d.update(contradictions={}), "contradictions"),
    (contradiction(items=["q10"]), "contradictions[1].when.items"),
    (contradiction(items=["q9"]), "contradictions[1].when"),
    (contradiction(items=["q1"], name=""), "contradictions[1].name"),
    (contradiction(when={"measure": "total", "at_least": 3}), "contradictions[1].when"),
    (contradiction(when={"not": {"items": ["q1"], "at_least": 1}}), "contradictions[1].when"),
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


def test_a_form_may_wait_for_an_event_and_keep_its_result_for_workers():
    library = Library.from_files()
    assert library["pcl5"].event_first
    assert library["pcl5"].result_for == "staff"
    assert [form.id for form in library.every() if form.event_first or form.result_for == "staff"] == ["pcl5"]


def test_answers_about_danger_are_never_among_those_that_are_doubted():
    for form in Library.from_files().every():
        doubted = str([doubt.when for doubt in form.contradictions])
        assert not [item.id for item in form.items if item.critical and f"'{item.id}'" in doubted], form.id


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
        library["phq9"].item("q11")
    assert "phq9" in library
    assert "mbi" not in library
    assert len(library) == len(list(library))


# --- the rest of the vocabulary ----------------------------------------------------------------------


@pytest.fixture
def changed(tmp_path: Path):
    """Writes one shipped form, changed, into a folder of its own, and returns what is wrong with it."""

    def write(form: str, change) -> list[tuple[str, int | None]]:
        (path,) = FOLDER.rglob(f"{form}.yml")
        data = yaml.safe_load(path.read_text("utf-8"))
        change(data)
        (tmp_path / path.name).write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
        return [problem.field for problem in problems_in(tmp_path)]

    return write


def item(number, **fields):
    return lambda data: data["items"][number - 1].update(fields)


def scoring(**fields):
    return lambda data: data["scoring"].update(fields)


def subscale(number, **fields):
    return lambda data: data["scoring"]["subscales"][number - 1].update(fields)


def flag(number, when):
    return lambda data: data["flags"][number - 1].update(when=when)


WRONG = [
    ("phq4", flag(1, {"measure": "anxious", "at_least": 3}), "flags[1].when.measure"),
    ("phq4", flag(1, {"measure": "anxiety"}), "flags[1].when"),
    ("phq4", flag(1, {"measure": "anxiety", "at_least": 7}), "flags[1].when"),
    ("phq4", flag(1, {"measure": "anxiety", "at_least": "3"}), "flags[1].when.at_least"),
    ("phq4", flag(1, {"flag": "depression_positive"}), "flags[1].when.flag"),
    ("phq4", flag(1, {"items": ["q9"], "at_least": 1}), "flags[1].when.items"),
    ("phq4", flag(1, {"items": ["q1"], "at_least": 4}), "flags[1].when.at_least"),
    ("phq4", flag(1, {"items": ["q1"], "at_least": 1, "how_many": 2}), "flags[1].when.how_many"),
    ("phq4", flag(1, {"all": [{"flag": "x"}]}), "flags[1].when.all"),
    ("phq4", flag(1, {"item": "q1", "is": 7}), "flags[1].when.is"),
    ("phq4", flag(1, "always"), "flags[1].when"),
    ("phq4", flag(1, {"not": {}, "flag": "x"}), "flags[1].when"),
    ("phq4", lambda d: d["flags"][1].update(id="anxiety_positive"), "flags[2].id"),
    ("phq4", lambda d: d["flags"][1].update(id="cut_off"), "flags[2].id"),
    ("phq4", subscale(1, mean=["q1"]), "scoring.subscales[1]"),
    ("phq4", subscale(1, sum=["q1", "q1"]), "scoring.subscales[1].sum"),
    ("phq4", subscale(1, sum=["q5"]), "scoring.subscales[1].sum"),
    ("phq4", subscale(1, id="total"), "scoring.subscales[1].id"),
    ("phq4", subscale(2, id="anxiety"), "scoring.subscales[2].id"),
    ("phq4", subscale(1, rounded=True), "scoring.subscales[1].rounded"),
    ("phq4", scoring(total=["mood"]), "scoring.total"),
    ("phq4", scoring(total="mean"), "scoring.total"),
    ("phq4", scoring(standard_score={"times": 0}), "scoring.standard_score.times"),
    ("phq4", scoring(bands_on="standard_score"), "scoring.bands_on"),
    ("phq4", scoring(high_is_good="yes"), "scoring.high_is_good"),
    ("phq4", lambda d: d["bands"][3].update({"when": {"flag": "anxiety_positive"}}), "bands[4]"),
    ("phq4", lambda d: d["bands"][3].pop("from"), "bands"),
    ("who5", lambda d: d["bands"][2].update({"from": 101}), "bands"),
    ("who5", lambda d: d["cut_off"].update(at_most=51), "cut_off.at_most"),
    ("who5", lambda d: d["cut_off"].update(at_least=50), "cut_off"),
    ("who5", lambda d: d["cut_off"].update(measure="percent"), "cut_off.measure"),
    ("cssrs_screener", lambda d: d["bands"][0].update({"from": 0}), "bands"),
    ("cssrs_screener", scoring(standard_score={"times": 2}), "scoring.standard_score"),
    ("gds15", item(1, reverse="yes"), "items[1].reverse"),
    ("gds15", item(12, attention={"at_least": 2, "reason": "x"}), "items[12].attention.at_least"),
    ("psqi", item(2, reverse=True), "items[2].reverse"),
    ("psqi", item(2, recode=None), "items[2].recode"),
    ("psqi", item(2, recode={16: 1, 0: 0}), "items[2].recode"),
    ("psqi", item(2, recode={0: "0"}), "items[2].recode"),
    ("psqi", item(1, input="time"), "items[1].input"),
    ("psqi", item(1, options=[{"value": 0}, {"value": 1}]), "items[1].options"),
    ("psqi", item(3, needed=False), "scoring.subscales[4].percent.to"),
    ("psqi", subscale(4, percent={"asleep": "q2", "from": "q1", "to": "q3"}), "scoring.subscales[4].percent.asleep"),
    ("scl90", subscale(1, mean=[]), "scoring.subscales[1].mean"),
    ("scl90", lambda d: d["scoring"]["subscales"][11].pop("at_least"), "scoring.subscales[12]"),
    ("scl90", lambda d: d["norms"]["of"].update(sleep={"mean": 1, "sd": 1}), "norms.of.sleep"),
    ("scl90", lambda d: d["norms"]["of"]["anxiety"].update(sd=0), "norms.of.anxiety.sd"),
    ("scl90", lambda d: d["norms"].pop("source"), "norms.source"),
    ("cbi", lambda d: d["items"][0].update(needed=False), "scoring.subscales[1].mean"),
    ("phq15", item(5, only_for={"item": "sex", "is": "woman"}), "items[5].only_for.is"),
    ("phq15", item(5, only_for={"item": "q15", "is": 1}), "items[5].only_for.item"),
    ("isi", lambda d: d["other_numbers"].pop(), "other_numbers"),
    ("isi", lambda d: d.update(translation="own"), "translation"),
    ("isi", lambda d: d.update(wording="private"), "wording"),
    ("isi", lambda d: d.update(wording="shipped", translation="own"), "options[1].label"),
    ("isi", lambda d: d.update(wording="licensed", translation="published"), "options[1].label"),
    ("isi", lambda d: d.update(licence={}), "licence"),
    ("phq9", lambda d: d["extras"][0].pop("asked_when"), "extras[1].asked_when"),
    ("phq9", lambda d: d["extras"][0].update(scored=True), "extras[1].scored"),
    ("phq9", lambda d: d["extras"][0].update(number="9"), "extras[1].id"),
    ("gds15", lambda d: d["reliability"].update(alpha=1.79), "reliability"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "change", "field"), WRONG)
def test_what_the_vocabulary_does_not_know_is_refused_with_its_field(changed, form, change, field):
    assert changed(form, change)[:1] == [field]


def test_no_file_however_wrong_comes_through_as_anything_but_a_problem_with_a_line(tmp_path):
    shuffle = random.Random(8)
    files = sorted(FOLDER.rglob("*.yml"))
    odd = [
        None,
        [],
        {},
        "",
        3,
        1.5,
        True,
        "x",
        -1,
        {"a": 1},
        [[]],
        [{}],
        float("inf"),
        ["q1"],
        10**30,
        {1: 2},
        [None],
    ]
    for _ in range(400):
        path = shuffle.choice(files)
        data = yaml.safe_load(path.read_text("utf-8"))
        node, key = shuffle.choice(list(places(data)))
        if shuffle.random() < 0.25:
            del node[key]
        else:
            node[key] = shuffle.choice(odd)
        written = tmp_path / path.name
        written.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
        for problem in problems_in(tmp_path):
            assert problem.file == path.name
        written.unlink()


def places(node):
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from places(node[key])


def test_a_problem_names_its_line(tmp_path):
    lines = (FOLDER / "phq9.yml").read_text("utf-8").splitlines()
    wrong = next(n for n, line in enumerate(lines, 1) if "at_least: 1" in line)
    lines[wrong - 1] = lines[wrong - 1].replace("at_least: 1", "at_least: 7")
    lines.append("colour: red")
    (tmp_path / "phq9.yml").write_text("\n".join(lines) + "\n", "utf-8")

    found = {problem.field: problem.line for problem in problems_in(tmp_path)}
    assert found == {"items[9].critical.at_least": wrong, "文件.colour": len(lines)}
    assert str(problems_in(tmp_path)[1]).startswith(f"phq9.yml 第 {wrong} 行: items[9].critical.at_least: ")


def test_a_file_that_is_not_yaml_names_its_line(tmp_path):
    (tmp_path / "phq9.yml").write_text("id: phq9\n\tversion: 1\n", "utf-8")
    assert [problem.line for problem in problems_in(tmp_path)] == [2]
    (tmp_path / "phq9.yml").write_text("id: phq9\nversion: 1\nid: phq9\n", "utf-8")
    assert [(problem.line, problem.why) for problem in problems_in(tmp_path)] == [(3, "读不懂：id 写了两次")]


# --- forms without wording ---------------------------------------------------------------------------


def test_a_form_without_wording_is_scored_and_never_comes_to_somebody_who_asks():
    library = Library.from_files()
    for form in library.every():
        offered = form.id in library
        assert offered is all(item.text and all(o.label for o in item.options) for item in form.items)
        assert offered is (form in list(library))
        assert library.to_score(form.id) is form
        if not offered:
            with pytest.raises(UnknownInstrument):
                library[form.id]
    assert "scl90" not in library
    assert {"scl90", "psqi", "epds"} <= {form.id for form in library.every()}


def test_the_licensed_ones_carry_no_wording():
    licensed = [
        "cssrs_screener",
        "scl90",
        "sds",
        "sas",
        "epds",
        "psqi",
        "isi",
        "ais",
        "pss10",
        "sdq_self",
        "mssmhs",
    ]
    for form in licensed:
        skeleton = Library.from_files().to_score(form)
        assert skeleton.wording == "skeleton"
        assert not any(item.text for item in skeleton.items)
        assert {option.label for item in skeleton.items for option in item.options} <= {"", "是", "否"}


# --- editions ----------------------------------------------------------------------------------------

EDITIONS = Path(__file__).with_name("editions")
HASHES = {
    "phq9_1": "cafc0f3e41b863d12b913ecbc2d51cef86d0cd1e4bc89d093330453d4d95fdaa",
    "asq_1": "8d3302d12e237a2581c5ee73acd8fcb5cc58bbfdc1cce61256356af996ca18ab",
}


@pytest.mark.parametrize("name", HASHES)
def test_an_edition_that_an_older_program_kept_is_read_and_named_as_it_was(name):
    old = instrument_from((EDITIONS / f"{name}.yml").read_text("utf-8"), f"instrument:{name}")
    assert old.content_hash == HASHES[name]
    assert old.version == "1"


def test_an_old_administration_is_scored_by_its_own_edition():
    old = instrument_from((EDITIONS / "asq_1.yml").read_text("utf-8"), "instrument:asq")
    bands = {
        score_answers(old, dict(zip(("q1", "q2", "q3", "q4", "q5"), given, strict=False))).band
        for given in ((0, 0, 0, 0), (1, 0, 0, 0, 0), (1, 0, 0, 0, 1))
    }
    assert bands == {"negative", "non_acute_positive", "acute_positive"}


def test_an_extra_question_is_called_for_by_the_score_and_only_when_it_has_words(changed):
    (path,) = FOLDER.rglob("phq9.yml")
    data = yaml.safe_load(path.read_text("utf-8"))
    extra = data["extras"][0]
    extra.update(text="占位", options=[{"value": v, "label": f"选项{v}"} for v in range(4)])
    worded = instrument_from(yaml.safe_dump(data, allow_unicode=True), "phq9.yml")
    nothing = {f"q{n}": 0 for n in range(1, 10)}

    assert next_extra(worded, nothing) is None
    assert next_extra(worded, nothing | {"q3": 1}).id == "q10"
    assert next_extra(worded, nothing | {"q3": 1, "q10": None}) is None
    assert next_extra(worded, {"q3": 3}) is None
    assert worded.next_item(nothing | {"q3": 1}) is None

    extra.update(text=None, options=[{"value": v} for v in range(4)])
    bare = instrument_from(yaml.safe_dump(data, allow_unicode=True), "phq9.yml")
    assert next_extra(bare, nothing | {"q3": 1}) is None
