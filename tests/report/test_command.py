"""`xinqiao report`, as an operator types it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from escalation.chain import Telling
from escalation.policy_book import PolicyBook
from residents.district_book import DistrictBook
from server.cli import app
from server.command_line import AtWork
from server.settings import Settings
from storage.database import Database

Xinqiao = Callable[..., Result]


@pytest.fixture
def xinqiao(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Xinqiao:
    def clock() -> datetime:
        return datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

    @contextmanager
    def at_work() -> Iterator[AtWork]:
        chosen = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
        policies = PolicyBook(clock)
        yield AtWork(
            chosen,
            database,
            clock,
            Telling(DistrictBook("binjiang"), policies, "http://town.test", True),
            policies,
        )

    monkeypatch.setattr("server.command_line.at_work", at_work)
    return lambda *words: CliRunner().invoke(app, ["report", *words])


def test_it_shows_last_month_and_writes_each_form(xinqiao: Xinqiao, tmp_path: Path) -> None:
    shown = xinqiao("puyan")
    assert shown.exit_code == 0, shown.output
    assert "浦沿街道 体检式报告：2026 年 10 月" in shown.output
    assert "本月我们没做好的" in shown.output
    for ending, begins in ((".pdf", b"%PDF"), (".html", b"<!doctype"), (".xlsx", b"PK")):
        out = tmp_path / f"report{ending}"
        written = xinqiao("district", "--from", "2026-10-08", "--to", "2026-10-20", "--out", str(out))
        assert written.exit_code == 0, written.output
        assert out.read_bytes().startswith(begins)


def test_what_it_cannot_do_it_says_in_one_sentence(xinqiao: Xinqiao, tmp_path: Path) -> None:
    columns = tmp_path / "columns.yml"
    columns.write_text("columns:\n- {take: names, head: 姓名}\n", encoding="utf-8")
    for words, sentence in (
        (["nowhere"], "没有街道 nowhere"),
        (["puyan", "--month", "2026-13"], "时间没有看懂"),
        (["puyan", "--month", "十月"], "时间没有看懂"),
        (["puyan", "--month", "2026-10", "--from", "2026-10-01"], "时间没有看懂"),
        (["puyan", "--month", "2027-10"], "已经开始"),
        (["puyan", "--out", "report.doc"], "文件名"),
        (["puyan", "--out", str(tmp_path / "a.xlsx"), "--columns", str(columns)], "没有这一项"),
        (["puyan", "--out", str(tmp_path / "no" / "a.pdf")], "写不进"),
    ):
        refused = xinqiao(*words)
        assert refused.exit_code == 1, words
        assert sentence in refused.output, (words, refused.output)
        assert "Traceback" not in refused.output
