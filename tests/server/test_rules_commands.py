"""`xinqiao calendar`, `policy`, `rehearse` and `replay`, as an operator types them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from escalation.policy import FOLDER
from escalation.ticket import DeadlineSet, Ticket
from server.cli import app
from server.command_line import AtWork
from storage import edition
from storage.database import Database
from tests.support.clock import MovableClock
from tests.support.town import Town

Xinqiao = Callable[..., Result]
HOME = (FOLDER / "home_visit.yml").read_text("utf-8")


@pytest.fixture
def town(database: Database, clock: MovableClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(database, clock, tmp_path)
    yield town
    town.close()


@pytest.fixture
def xinqiao(town: Town, monkeypatch: pytest.MonkeyPatch) -> Xinqiao:
    """The command line over this town's database and clock."""

    @contextmanager
    def at_work() -> Iterator[AtWork]:
        services = town.services
        with town.database.transaction() as db:
            services.intake.policies.refresh(db)
        yield AtWork(
            services.settings, town.database, town.clock, services.intake.telling, services.intake.policies
        )

    for verb in ("calendar", "policy", "rehearse", "replay"):
        monkeypatch.setattr(f"server.commands.{verb}.at_work", at_work)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_year_is_imported_from_a_workbook_and_shown(xinqiao: Xinqiao, tmp_path: Path) -> None:
    before = xinqiao("calendar", "show", "--year", "2027")
    assert "没有导入" in before.output
    file = tmp_path / "2027.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("日期", "安排", "名称"),
        ("2027-01-01", "放假", "元旦"),
        ("2027-01-02", "放假", "元旦"),
        ("2027-01-03", "上班", "元旦调休"),
        ("2027-10-01", "放假", "国庆节"),
    ):
        sheet.append(row)
    book.save(file)
    tried = xinqiao("calendar", "import", str(file), "--dry-run")
    assert (tried.exit_code, "没有保存" in tried.output) == (0, True)
    assert "没有导入" in xinqiao("calendar", "show", "--year", "2027").output
    assert xinqiao("calendar", "import", str(file), "--by", "区里").exit_code == 0
    shown = xinqiao("calendar", "show", "--year", "2027").output
    assert "放假 01-01 至 01-02（2 天） 元旦" in shown
    assert "上班 01-03 元旦调休" in shown
    assert "没有导入" not in shown
    assert "国庆节" in xinqiao("calendar", "show", "--year", "2026").output, "other years stay"


def test_a_calendar_with_wrong_lines_is_not_taken_at_all(
    xinqiao: Xinqiao, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(
        "日期,安排,名称\n2027-01-01,放假,元旦\n2027-02-30,放假,春节\n2027-01-04,上班,调休\n", "utf-8"
    )
    refused = xinqiao("calendar", "import", str(file))
    assert refused.exit_code == 1
    assert "第 3 行：日期应当像" in refused.output
    assert "第 4 行：2027-01-04 本来就是工作日" in refused.output
    with database.transaction() as db:
        assert len(edition.history(db, "calendar")) == 1
    assert "读不了文件" in xinqiao("calendar", "import", str(tmp_path / "none.csv")).output


def test_a_policy_is_rehearsed_then_saved_then_shown(xinqiao: Xinqiao, tmp_path: Path) -> None:
    file = tmp_path / "home_visit.yml"
    file.write_text(HOME.replace("acknowledge: {within: 15m}", "acknowledge: {within: 10m}"), "utf-8")
    early = xinqiao("policy", "save", str(file), "--by", "甲")
    assert (early.exit_code, "要先预演" in early.output) == (1, True)
    seen = xinqiao("rehearse", str(file), "--days", "28")
    assert (seen.exit_code, "「上门走访」工单 不到 10 张" in seen.output) == (0, True)
    done = xinqiao("policy", "save", str(file), "--by", "甲", "--note", "试一个月")
    assert done.exit_code == 0, done.output
    assert "签收：10 分钟" in xinqiao("policy", "show", "home_visit").output
    assert "甲 试一个月" in xinqiao("policy", "show").output
    unknown = xinqiao("policy", "show", "dispute")
    assert (unknown.exit_code, "公布的工单种类里没有" in unknown.output) == (1, True)


def test_a_policy_that_cannot_be_meant_is_told_so(xinqiao: Xinqiao, tmp_path: Path) -> None:
    file = tmp_path / "home_visit.yml"
    file.write_text(HOME.replace("acknowledge: {within: 15m}", "acknowledge: {within: 快一点}"), "utf-8")
    refused = xinqiao("rehearse", str(file))
    assert refused.exit_code == 1
    assert "快一点" in refused.output
    assert "Traceback" not in refused.output


def test_replay_ends_with_zero_until_something_was_touched(xinqiao: Xinqiao, town: Town) -> None:
    resident = town.resident(place="puyan-hall")
    resident.agrees()
    resident.says("我买好了安眠药，今晚就走")
    with town.database.transaction() as db:
        code = db.scalars(select(Ticket.code)).one()
    whole = xinqiao("replay", "--all")
    assert whole.exit_code == 0, whole.output
    assert "全部一致" in whole.output
    assert "全部一致" in xinqiao("replay", code.lower()).output
    with town.database.transaction() as db:
        row = db.scalars(select(DeadlineSet).where(DeadlineSet.clock == "speak")).one()
        row.due_at = row.spoken_at
    for words in (("--all",), (code,)):
        found = xinqiao("replay", *words)
        assert found.exit_code == 1
        assert f"工单 {code} 的时限 speak" in found.output
        assert "有 1 处不一致" in found.output
    assert xinqiao("replay", "ZZZZ").exit_code == 1
    assert xinqiao("replay").exit_code == 1
    assert xinqiao("replay", code, "--all").exit_code == 1
