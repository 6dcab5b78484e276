"""`xinqiao duty` and `xinqiao staff`, as an operator types them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from escalation.chain import Telling
from escalation.duty import DutyShift
from escalation.policy_book import PolicyBook
from escalation.staff import StaffAccount, new_account
from residents.district_book import DistrictBook
from server.cli import app
from server.command_line import AtWork
from server.settings import Settings
from storage.database import Database

HEAD = "单位,岗位,人员,日期,开始,结束,备班\n"
Xinqiao = Callable[..., Result]


@pytest.fixture
def xinqiao(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Xinqiao:
    """The command line over this test's database, on a Monday at nine."""

    def clock() -> datetime:
        return datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

    @contextmanager
    def at_work() -> Iterator[AtWork]:
        chosen = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
        policies = PolicyBook(clock)
        telling = Telling(DistrictBook("binjiang"), policies, "http://town.test", True)
        yield AtWork(chosen, database, clock, telling, policies)

    monkeypatch.setattr("server.commands.duty.at_work", at_work)
    monkeypatch.setattr("server.commands.staff.at_work", at_work)
    return lambda *words: CliRunner().invoke(app, list(words))


@pytest.fixture
def shen(database: Database) -> str:
    with database.transaction() as db:
        db.add(
            new_account(
                "puyan", "a long enough password", "沈青", "judicial_officer", "puyan-judicial", demo=True
            )
        )
    return "puyan"


def test_a_roster_is_tried_out_then_taken_and_then_replaced(
    xinqiao: Xinqiao, database: Database, shen: str, tmp_path: Path
) -> None:
    file = tmp_path / "12月.csv"
    file.write_text(
        f"{HEAD}浦沿司法所,值班,沈青,每天,00:00,24:00,\n浦沿司法所,负责人,,每天,00:00,24:00,\n", "utf-8"
    )

    tried = xinqiao("duty", "import", str(file), "--dry-run")
    assert "会收下 2 个班次" in tried.output
    assert _shifts(database) == 0
    assert "没有人" in xinqiao("duty", "who", "puyan-judicial").output

    taken = xinqiao("duty", "import", str(file))
    assert taken.exit_code == 0
    assert "收下了 2 个班次（1 个单位），替换掉 0 个" in taken.output
    assert "都有人值班" in taken.output
    assert "沈青" in xinqiao("duty", "who", "puyan-judicial", "--at", "2026-11-29T03:00").output

    file.write_text(f"{HEAD}浦沿司法所,值班,沈青,12345,08:30,17:30,\n", "utf-8")
    assert "替换掉 2 个" in xinqiao("duty", "import", str(file)).output
    assert "没有人" in xinqiao("duty", "who", "浦沿司法所", "--at", "2026-11-29T03:00").output


def test_a_days_roster_replaces_those_days_and_keeps_the_pattern(
    xinqiao: Xinqiao, database: Database, shen: str, tmp_path: Path
) -> None:
    file = tmp_path / "roster.csv"
    for text, came, went in (
        ("浦沿司法所,值班,,每天,00:00,24:00,\n", 1, 0),
        (
            "浦沿司法所,值班,沈青,2026-12-01,08:30,17:30,\n浦沿司法所,值班,沈青,2026-12-31,08:30,17:30,\n",
            2,
            0,
        ),
        ("浦沿司法所,值班,沈青,2026-12-01,09:30,17:30,\n", 1, 1),
    ):
        file.write_text(HEAD + text, "utf-8")
        assert (
            f"收下了 {came} 个班次（1 个单位），替换掉 {went} 个"
            in xinqiao("duty", "import", str(file)).output
        )
    assert _shifts(database) == 3


def test_one_bad_line_and_nothing_is_taken(
    xinqiao: Xinqiao, database: Database, shen: str, tmp_path: Path
) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(
        f"{HEAD}浦沿司法所,值班,沈青,每天,00:00,24:00,\n浦沿司法所,值班,李四,每天,00:00,24:00,\n", "utf-8"
    )
    refused = xinqiao("duty", "import", str(file))
    assert refused.exit_code == 1
    assert "第 3 行：这个单位没有在岗的“李四”" in refused.output
    assert "什么都没有保存" in refused.output
    assert _shifts(database) == 0
    assert xinqiao("duty", "import", str(tmp_path / "none.csv")).exit_code == 1


def test_gaps_and_unreachable_offices_end_non_zero(xinqiao: Xinqiao, shen: str) -> None:
    found = xinqiao("duty", "gaps", "--days", "2")
    assert found.exit_code == 1
    assert "✗ 今天 09:00 到周三 09:00 浦沿司法所没有人值班。" in found.output
    assert "✗ 浦沿司法所一周内能联系上的值班人员有 0 个，不够两个。" in found.output


def test_questions_that_cannot_be_meant_are_answered_in_words(xinqiao: Xinqiao) -> None:
    for words, said in (
        (("duty", "who", "nowhere"), "没有“nowhere”这个单位"),
        (("duty", "who", "--at", "noon"), "时间写成"),
        (("staff", "deactivate", "nobody"), "没有这个账号或单位"),
        (("staff", "add", "x", "何苗", "social_worker", "puyan-judicial"), "用户名"),
    ):
        answer = xinqiao(*words)
        assert answer.exit_code == 1, words
        assert said in answer.output


def test_somebody_is_hired_reached_moved_and_let_go(xinqiao: Xinqiao, database: Database) -> None:
    added = xinqiao("staff", "add", "he-miao", "何苗", "social_worker", "puyan-judicial")
    assert added.exit_code == 0, added.output
    password = re.search(r"密码只显示这一次：(\S+)", added.output)
    assert password is not None

    kept = xinqiao("staff", "contact", "he-miao", "sms", "13800001234", "--test")
    assert kept.exit_code == 0, kept.output
    listed = xinqiao("staff", "list").output
    assert "138****1234" in listed
    assert "13800001234" not in listed
    assert password[1] not in listed

    assert xinqiao("staff", "move", "he-miao", "xixing-judicial").exit_code == 0
    assert "xixing-judicial" in xinqiao("staff", "list").output
    assert xinqiao("staff", "deactivate", "he-miao").exit_code == 0
    assert "已停用" in xinqiao("staff", "list", "xixing-judicial").output
    with database.transaction() as db:
        assert not db.scalars(select(StaffAccount).where(StaffAccount.username == "he-miao")).one().active


def _shifts(database: Database) -> int:
    with database.transaction() as db:
        return db.scalar(select(func.count()).select_from(DutyShift)) or 0
