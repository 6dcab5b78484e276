"""What `xinqiao route` prints."""

import json

import pytest
import typer
from typer.testing import CliRunner

from server.commands.route import route

app = typer.Typer()
app.command()(route)
runner = CliRunner()


def test_an_operator_reads_the_office_and_why() -> None:
    result = runner.invoke(app, ["滨江区浦沿街道联庄社区"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert 2 <= len(lines) <= 3
    assert "浦沿司法所" in lines[0]
    assert "联庄社区" in lines[1]


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
