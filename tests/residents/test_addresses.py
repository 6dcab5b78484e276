"""Several hundred addresses as people write them, each with the desk that it must come to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from residents.district import load_district
from residents.routing import explain, route

HERE = Path(__file__).parent
BINJIANG = load_district("binjiang")
OFFICES = {
    "西兴": "xixing-judicial",
    "长河": "changhe-judicial",
    "浦沿": "puyan-judicial",
    "值班台": "binjiang-desk",
}
COMMUNITIES = {c.name: c.code for street in BINJIANG.streets for c in street.communities}
WRONG_OFFICES_HELD_OUT = 0  # of those put aside: none may come to a wrong judicial office …
TO_THE_DESK_HELD_OUT = 3  # … and few may come to the desk that need not


@dataclass(frozen=True)
class Expected:
    """One address, and where it belongs."""

    address: str
    office: str
    community: str | None
    grid: str | None


def expected(line: str) -> Expected:
    address, office, *more = [part.strip(" ") for part in line.split(" | ")]
    address = address.replace("\\u3000", "\u3000").replace("\\t", "\t")
    community = COMMUNITIES[more[0]] if more else None
    return Expected(address, OFFICES[office], community, more[1] if len(more) > 1 else None)


def worked() -> Iterator[tuple[str, Expected]]:
    groups = yaml.safe_load((HERE / "addresses.yml").read_text(encoding="utf-8"))
    for trap, lines in groups.items():
        for line in lines:
            yield trap, expected(line)


WORKED = list(worked())
HELD_OUT = [
    expected(line) for line in yaml.safe_load((HERE / "addresses_held_out.yml").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(
    "case", [case for _, case in WORKED], ids=[f"{trap}: {case.address}" for trap, case in WORKED]
)
def test_an_address_comes_to_its_desk(case: Expected) -> None:
    found = route(BINJIANG, case.address)
    assert found.office == case.office, explain(BINJIANG, case.address)
    assert found.how == ("duty_desk" if case.office == OFFICES["值班台"] else "address")
    assert (found.community, found.grid) == (case.community, case.grid), found.reason


def test_there_are_enough_of_them_and_none_stands_twice() -> None:
    addresses = [case.address for _, case in WORKED] + [case.address for case in HELD_OUT]
    assert len(WORKED) >= 300
    assert len(HELD_OUT) >= 60
    assert len(set(addresses)) == len(addresses)


def test_addresses_that_no_rule_was_made_for_come_to_no_wrong_office() -> None:
    found = [(case, route(BINJIANG, case.address).office) for case in HELD_OUT]
    wrong = [case.address for case, office in found if office not in (case.office, OFFICES["值班台"])]
    asked = [
        case.address
        for case, office in found
        if office == OFFICES["值班台"] and case.office != OFFICES["值班台"]
    ]
    assert len(wrong) <= WRONG_OFFICES_HELD_OUT, wrong
    assert len(asked) <= TO_THE_DESK_HELD_OUT, asked
