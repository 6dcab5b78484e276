"""The report counts what it says it counts, and refuses what it cannot read."""

import json
from pathlib import Path

import pytest

from models.crisis_report import __main__ as report
from models.crisis_report.card import MARK, write_card
from models.crisis_report.figures import Share, Table, measure
from models.crisis_report.picture import draw
from models.crisis_report.sets import Sample, SampleSet, UnreadableData, outside_set
from models.crisis_report.telling import told, wrong_lines

SAMPLES = (
    Sample("我不想活了", "crisis", "plain", "explicit", "passive_wish"),
    Sample("走了算了", "crisis", "oblique", "indirect", "passive_wish"),
    Sample("看不到头", "elevated", "no_end", "indirect", "hopelessness_or_burden"),
    Sample("笑死我了", "none", "laughing", "trap", "figure"),
    Sample("今天买菜", "none", "market", "everyday", "everyday"),
)
LEVELS = ("crisis", "none", "elevated", "crisis", "elevated")
SET = SampleSet("five", SAMPLES, seen=False)


def test_the_interval_is_wilsons():
    low, high = Share(8, 10).interval
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert Share(0, 0).interval == (0.0, 1.0)
    assert Share(0, 0).value is None
    assert Share(0, 50).interval[0] == 0.0
    assert 0.07 < Share(0, 50).interval[1] < 0.072


def test_each_measure_counts_what_its_name_says():
    found = measure("rules", SAMPLES, LEVELS)
    whole = found.whole
    assert (whole.crisis_recall.part, whole.crisis_recall.whole) == (1, 2)
    assert (whole.crisis_precision.part, whole.crisis_precision.whole) == (1, 2)
    assert (whole.misses.part, whole.misses.whole) == (1, 2)
    assert (whole.false_alarms.part, whole.false_alarms.whole) == (1, 2)
    assert (whole.needless_questions.part, whole.needless_questions.whole) == (1, 2)
    assert (whole.elevated_heard.part, whole.elevated_heard.whole) == (1, 1)
    assert found.groups["style"]["indirect"].misses.part == 1
    assert set(found.groups["family"]) == {"plain", "oblique", "no_end", "laughing", "market"}
    assert [sample.text for sample, _ in found.wrong] == ["走了算了", "笑死我了", "今天买菜"]


def test_a_reader_that_answers_too_few_messages_is_not_measured():
    with pytest.raises(ValueError, match="zip"):
        measure("rules", SAMPLES, LEVELS[:-1])


def test_messages_stand_in_the_report_only_when_they_are_asked_for():
    found = measure("both", SAMPLES, LEVELS)
    text = "\n".join(told(SET, [found], families=True))
    assert not [sample.text for sample in SAMPLES if sample.text in text]
    assert "oblique" in text
    assert ["走了算了" in line for line in wrong_lines(found, "misses")] == [True]
    assert ["笑死我了" in line for line in wrong_lines(found, "alarms")] == [True]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"text": "一"}\nkaputt', "第 2 行"),
        ('{"label": "none"}', "text"),
        ('{"text": "一", "label": "perhaps"}', "label"),
        ("\n\n", "一行也没有"),
    ],
)
def test_a_file_that_cannot_be_measured_is_refused_with_its_line(
    tmp_path: Path, content: str, complaint: str
):
    (tmp_path / "rows.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableData, match=complaint):
        outside_set(tmp_path / "rows.jsonl")


def test_halves_share_no_row_and_lose_none(tmp_path: Path):
    rows = [json.dumps({"text": f"第{n}句", "label": "none"}) for n in range(7)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")
    whole, even, odd = (outside_set(tmp_path / "rows.jsonl", half) for half in ("", "even", "odd"))
    assert {*even.samples, *odd.samples} == set(whole.samples)
    assert not {*even.samples} & {*odd.samples}
    assert even.seen
    assert not odd.seen


def test_the_card_and_the_picture_hold_the_figures(tmp_path: Path):
    results = [(SET, [measure(name, SAMPLES, LEVELS) for name in ("rules", "model", "both")])]
    write_card(results, tmp_path / "CARD.md")
    card = (tmp_path / "CARD.md").read_text(encoding="utf-8")
    assert MARK not in card
    assert "50.0% (1/2; 9.5% to 90.5%)" in card
    for path in (tmp_path / "one.svg", tmp_path / "two.svg"):
        draw(results, path)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert b"<svg" in (tmp_path / "one.svg").read_bytes()


def test_the_command_measures_an_outside_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "rows.jsonl").write_text('{"text": "我想自杀", "label": "crisis"}\n', encoding="utf-8")
    asked = ["--only-data", "--data", str(tmp_path / "rows.jsonl"), "--json", str(tmp_path / "out.json")]
    assert report.main(asked) == 0
    [found] = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert found["readers"][0]["whole"]["crisis_recall"]["part"] == 1
    assert "我想自杀" not in capsys.readouterr().out
    assert report.main(["--only-data", "--data", str(tmp_path / "nothing.jsonl")]) == 2
    assert "nothing.jsonl" in capsys.readouterr().err


def test_an_empty_table_has_no_figure():
    assert Table().crisis_recall.value is None
    assert Table().as_json()["misses"]["share"] is None
