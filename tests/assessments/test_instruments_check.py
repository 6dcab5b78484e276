"""`xinqiao instruments`: what a clinician reads who has changed a file, and what stands in the list."""

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from assessments.library import FOLDER, Library
from escalation.level_policy import read_level_policy
from server.commands import instruments as command
from server.commands.instruments import instruments, table, unheard


@pytest.fixture
def run():
    """Runs the verb, and gives back how it ended and what it said."""

    def go(*words: str | Path) -> tuple[int, str]:
        finished = CliRunner().invoke(instruments, [str(word) for word in words])
        assert finished.exception is None or isinstance(finished.exception, SystemExit)
        return finished.exit_code, finished.output

    return go


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files."""
    return Path(shutil.copytree(FOLDER, tmp_path / "instruments"))


def replace(path: Path, old: str, new: str) -> int:
    """Change the first line that has `old`, and say which one it was."""
    lines = path.read_text("utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if old in line)
    lines[number - 1] = lines[number - 1].replace(old, new)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return number


def test_what_we_ship_is_all_right(run):
    code, said = run("check")
    assert (code, said) == (0, "✓ 29 个文件，都对。\n")


def test_every_wrong_file_is_named_with_its_line_and_why(run, folder):
    reversed_at = replace(folder / "gds15.yml", "reverse: true", "reversed: true")
    replace(folder / "sds.yml", "from: 63", "from: 43")
    (folder / "k6.yml").write_text("id: [\n", "utf-8")

    code, said = run("check", folder)

    assert code == 1
    lines = said.splitlines()
    assert f"✗ gds15.yml 第 {reversed_at} 行: items[1].reversed: 不认识这一项" in lines
    assert any(line.startswith("✗ sds.yml 第 ") and "分段重叠" in line for line in lines)
    assert any(line.startswith("✗ k6.yml 第 ") and "读不懂" in line for line in lines)
    assert lines[-1] == "✗ 29 个文件，3 处不对。"


def test_several_problems_of_one_file_come_at_once(run, folder):
    replace(folder / "phq9.yml", "minutes: 2", "minutes: two")
    replace(folder / "phq9.yml", 'number: "3"', "number: 3")
    replace(folder / "phq9.yml", "reason: suicidal_ideation", "reason: ''")
    _, said = run("check", folder)
    assert said.count("✗ phq9.yml 第 ") == 3


def test_nothing_to_check_is_not_all_right(run, tmp_path):
    assert run("check", tmp_path) == (1, f"✗ {tmp_path.name} 里没有 .yml 文件\n")
    code, said = run("check", tmp_path / "nowhere")
    assert (code, said) == (1, "✗ 没有这个文件夹：nowhere\n")


def test_a_text_of_the_district_is_checked_too(run, tmp_path):
    text = {
        "id": "isi",
        "version": "1",
        "holder": "某单位",
        "licence": "许可编号 A-123，电子筛查",
        "items": {},
    }
    (tmp_path / "isi.text.yml").write_text(yaml.safe_dump(text, allow_unicode=True), "utf-8")
    code, said = run("check", "--texts", tmp_path)
    assert (code, said.splitlines()[0]) == (1, "✗ isi.text.yml: checked_on: 缺少这一项")


def test_before_a_completed_form_is_asked_the_table_of_levels_must_know_its_critical_items(
    run, tmp_path, monkeypatch
):
    text = {
        "id": "epds",
        "version": "1",
        "holder": "某医院",
        "licence": "许可编号 A-123，电子筛查",
        "checked_on": date(2026, 10, 8),
        "items": {
            f"q{n}": {"text": "占位", "options": {v: f"占位{v}" for v in range(4)}} for n in range(1, 11)
        },
    }
    (tmp_path / "epds.text.yml").write_text(yaml.safe_dump(text, allow_unicode=True), "utf-8")
    assert run("check", "--texts", tmp_path) == (0, "✓ 29 个文件，都对。\n")

    policy = read_level_policy()
    deaf = type(policy)(**{
        name: getattr(policy, name) for name in policy.__dataclass_fields__ if name != "answers"
    }, answers=tuple(rule for rule in policy.answers if rule.instrument != "epds"))  # fmt: skip
    monkeypatch.setattr(command, "read_level_policy", lambda: deaf)
    code, said = run("check", "--texts", tmp_path)
    assert code == 1
    assert said.startswith("✗ epds.yml: 第 10 题答 1 分及以上要马上处理，但分级表的 answers 里没有对应的规则")


def test_a_refusal_that_counts_needs_a_rule_too():
    policy = read_level_policy()
    deaf = type(policy)(**{
        name: getattr(policy, name) for name in policy.__dataclass_fields__ if name != "answers"
    }, answers=tuple(rule for rule in policy.answers if not rule.refused))  # fmt: skip
    said = list(unheard([Library.from_files()["asq"]], deaf))
    assert len(said) == 5
    assert all("refused" in line for line in said)
    assert list(unheard(Library.from_files(), policy)) == []


def test_the_list_has_every_form_with_its_wording_items_bands_rights_and_date(run):
    code, said = run("list")
    rows = {line.split()[0]: line for line in said.splitlines()}

    assert code == 0
    assert set(rows) == {"量表"} | {form.id for form in Library.from_files().every()}
    assert "只有骨架" in rows["scl90"]
    assert "自译" in rows["asq"]
    assert "0=minimal 5=mild 10=moderate 15=moderately_severe 20=severe" in rows["phq9"]
    assert "NIMH" in rows["asq"]
    assert all("2026-" in row for name, row in rows.items() if name != "量表")


def test_columns_line_up_where_signs_are_two_wide():
    assert list(table((("量表", "a"), ("k6", "b")))) == ["量表  a", "k6    b"]
