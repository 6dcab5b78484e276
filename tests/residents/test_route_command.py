"""What `xinqiao route` prints."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from server.commands.route import route
from server.settings import Settings


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No database is at work here: the tree that comes with the program is asked."""
    chosen = Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]
    monkeypatch.setattr("server.commands.route.settings", lambda: chosen)


app = typer.Typer()
app.command()(route)
runner = CliRunner()


def test_an_operator_reads_the_office_and_why() -> None:
    result = runner.invoke(app, ["滨江区浦沿街道联庄社区"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "浦沿司法所" in lines[0]
    assert "联庄社区" in lines[1]
    assert "把握" in lines[2]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("西兴街道联庄社区", ("西兴街道：街道", "联庄社区：社区或门牌", "越具体越算数", "核对街道")),
        ("江南大道", ("经过西兴街道、长河街道、浦沿街道", "问门牌号：1–888号归西兴街道")),
        ("浦联社区和共联社区", ("不猜，交区值班台", "哪一个小区或社区")),
        ("萧山区", ("萧山区：从前的归属", "问现在住哪个区")),
        ("中兴花园", ("第几幢",)),
        ("中兴花园15幢", ("长河街道 · 中兴社区 · 第二网格",)),
        ("", ("没有", "问街道、社区或小区的名字")),
    ],
)
def test_every_step_is_explained(address: str, words: tuple[str, ...]) -> None:
    shown = runner.invoke(app, ["--", address]).stdout
    assert all(word in shown for word in words), shown


def test_a_program_reads_one_object() -> None:
    result = runner.invoke(app, ["--json", "滨江区浦沿街道联庄社区"])
    answer = json.loads(result.stdout)
    assert answer["office"] == "puyan-judicial"
    assert answer["office_name"] == "浦沿司法所"
    assert (answer["street"], answer["community"], answer["how"]) == ("puyan", "puyan-lianzhuang", "address")
    assert 0.8 <= answer["confidence"] <= 1
    assert answer["reason"]


def test_the_place_may_be_given() -> None:
    answer = json.loads(runner.invoke(app, ["", "--place", "xixing-hall", "--json"]).stdout)
    assert (answer["office"], answer["how"]) == ("xixing-judicial", "place")


@pytest.mark.parametrize("address", ["", "?", "萧山区北干街道", "-", "\udcff\udcfe"])
def test_nothing_that_is_typed_ends_in_an_error(address: str) -> None:
    result = runner.invoke(app, ["--", address])
    assert result.exit_code == 0, result.exception
    assert "滨江区值班台" in result.stdout
