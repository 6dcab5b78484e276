"""`xinqiao tree`: a clerk looks at what a table would change, and brings it into force."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from residents.district import load_district
from residents.tree_table import COLUMNS
from server.commands.tree import tree
from server.tree_desk import SHIPPED, TreeChangedMeanwhile, TreeDesk
from storage import audit, edition
from storage.database import Database
from tests.support.clock import MovableClock

app = typer.Typer()
app.command()(tree)
runner = CliRunner()
BINJIANG = load_district("binjiang")


@pytest.fixture
def desk(database: Database, monkeypatch: pytest.MonkeyPatch) -> TreeDesk:
    """The desk over the test's database, also behind the command."""
    made = TreeDesk(database, "binjiang")

    @contextmanager
    def given() -> Iterator[TreeDesk]:
        yield made

    monkeypatch.setattr("server.commands.tree._desk", given)
    return made


@pytest.fixture
def workbook(desk: TreeDesk, tmp_path: Path) -> Path:
    """The tree in force as a workbook, in which 东信社区 belongs to 长河街道."""
    file = tmp_path / "区划.xlsx"
    assert runner.invoke(app, ["export", str(file)]).exit_code == 0
    spoil(file, "东信社区", "上级", "长河街道")
    return file


def spoil(file: Path, name: str, column: str, value: str) -> int:
    """Change one cell of the row with this name; returns its line."""
    book = openpyxl.load_workbook(file)
    for row in book.active.iter_rows():
        if row[COLUMNS.index("名称")].value == name:
            row[COLUMNS.index(column)].value = value
            book.save(file)
            return int(row[0].row)
    raise AssertionError(name)


def saved(database: Database) -> list[str]:
    with database.transaction() as db:
        return [e.saved_by for e in edition.history(db, "district:binjiang")]


def test_the_tree_is_shown(desk: TreeDesk) -> None:
    said = runner.invoke(app, ["show"]).stdout
    assert BINJIANG.digest in said
    assert "随程序附带" in said
    assert "浦沿街道 → 浦沿司法所" in said


def test_a_dry_run_says_what_would_change_and_saves_nothing(
    database: Database, desk: TreeDesk, workbook: Path
) -> None:
    result = runner.invoke(app, ["import", str(workbook), "--dry-run"])
    assert result.exit_code == 0
    assert "社区 东信社区：从浦沿街道划到长河街道" in result.stdout
    assert "未结工单 0 张，其中 0 张的归属会变" in result.stdout
    assert saved(database) == []


def test_nothing_is_saved_without_a_yes(database: Database, desk: TreeDesk, workbook: Path) -> None:
    result = runner.invoke(app, ["import", str(workbook)], input="n\n")
    assert result.exit_code == 1
    assert saved(database) == []


def test_an_import_is_in_force_kept_and_audited(database: Database, desk: TreeDesk, workbook: Path) -> None:
    result = runner.invoke(app, ["import", str(workbook), "--yes", "--by", "区划员", "--note", "调整"])
    assert result.exit_code == 0, result.output
    now, kept = desk.in_force()
    assert now.office_of("changhe").code == "changhe-judicial"
    assert "puyan-dongxin" in {c.code for c in now.street("changhe").communities}
    assert kept is not None
    assert (kept.digest, kept.saved_by, kept.note) == (now.digest, "区划员", "调整")
    assert saved(database) == [SHIPPED, "区划员"], "the tree before it can be looked at again"
    with database.transaction() as db:
        entry = db.scalars(select(audit.AuditEntry).where(audit.AuditEntry.action == "tree.imported")).one()
        assert entry.subject == "district:binjiang"
    assert "由区划员导入（调整）" in runner.invoke(app, ["show"]).stdout


def test_the_same_table_again_changes_nothing(database: Database, desk: TreeDesk, workbook: Path) -> None:
    for _ in range(2):
        result = runner.invoke(app, ["import", str(workbook), "--yes"])
        assert result.exit_code == 0
    assert "没有要改的" in result.stdout
    assert len(saved(database)) == 2


def test_every_mistake_is_printed_with_its_line_and_nothing_is_saved(
    database: Database, desk: TreeDesk, workbook: Path
) -> None:
    one = spoil(workbook, "联庄社区", "编码", "联庄")
    two = spoil(workbook, "浦沿司法所", "电话", "")
    result = runner.invoke(app, ["import", str(workbook), "--yes"])
    assert result.exit_code == 1
    assert f"第 {one} 行" in result.output
    assert f"第 {two} 行" in result.output
    assert "共 2 处要改，什么都没有保存" in result.output
    assert saved(database) == []


def test_another_districts_table_is_refused(desk: TreeDesk, workbook: Path) -> None:
    spoil(workbook, "滨江区", "编码", "xihu")
    result = runner.invoke(app, ["import", str(workbook), "--yes"])
    assert result.exit_code == 1
    assert "这是 xihu 的区划，这里配置的是 binjiang" in result.output


def test_the_file_that_comes_with_the_program_is_a_door_too(desk: TreeDesk, tmp_path: Path) -> None:
    file = tmp_path / "tree.yml"
    text = Path("residents/districts/binjiang.yml").read_text(encoding="utf-8")
    file.write_text(text.replace("name: 浦沿司法所", "name: 浦沿街道司法所"), encoding="utf-8")
    assert "办公室 浦沿街道司法所：名称有变" in runner.invoke(app, ["import", str(file), "--dry-run"]).stdout
    file.write_text(text.replace("ending", "x").replace("name: 西陵社区", "name: 西陵"), encoding="utf-8")
    assert runner.invoke(app, ["import", str(file), "--dry-run"]).exit_code == 1


def test_who_looked_at_an_older_tree_may_not_save(
    database: Database, desk: TreeDesk, workbook: Path, clock: MovableClock
) -> None:
    proposal = desk.propose(workbook)
    spoil(workbook, "东信社区", "上级", "西兴街道")
    other = TreeDesk(database, "binjiang")
    other.save(other.propose(workbook), "另一位", "", clock.now)
    with pytest.raises(TreeChangedMeanwhile):
        desk.save(proposal, "区划员", "", clock.now)
    assert saved(database) == [SHIPPED, "另一位"]


@pytest.mark.parametrize("action", ["import", "export"])
def test_a_file_must_be_named(desk: TreeDesk, action: str) -> None:
    assert runner.invoke(app, [action]).exit_code == 1
