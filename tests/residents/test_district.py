"""The demo district hangs together, and a file that does not is refused with the place of its mistake."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from residents.content import Node, read_content
from residents.district import FOLDER, Road, load_district, read_district
from residents.errors import DistrictError

BINJIANG = load_district("binjiang")
CONTENT = yaml.safe_load((FOLDER / "binjiang.yml").read_text(encoding="utf-8"))


def test_binjiang_has_its_three_streets_each_with_a_judicial_office() -> None:
    assert [street.name for street in BINJIANG.streets] == ["西兴街道", "长河街道", "浦沿街道"]
    offices = [BINJIANG.office_of(street.code).name for street in BINJIANG.streets]
    assert offices == ["西兴司法所", "长河司法所", "浦沿司法所"]


def test_there_is_a_desk_for_everything_else_and_a_hub() -> None:
    assert BINJIANG.desk.name == "滨江区值班台"
    assert "心理服务总站" in BINJIANG.hub.name


def test_each_street_has_a_kiosk_hall_and_posters() -> None:
    for street in BINJIANG.streets:
        kinds = [place.kind for place in BINJIANG.places if place.street == street.code]
        assert kinds.count("hall") == 1
        assert kinds.count("poster") >= 2


def test_a_place_sends_people_to_the_office_of_its_own_street() -> None:
    for place in BINJIANG.places:
        if place.street:
            assert place.office == BINJIANG.office_of(place.street).code


def test_no_number_of_the_demo_can_be_a_real_one() -> None:
    assert all(office.phone.startswith("0571-0000-01") for office in BINJIANG.offices)


def test_what_is_not_there_is_said() -> None:
    assert BINJIANG.place("nowhere") is None
    for look_up in (BINJIANG.street, BINJIANG.office, BINJIANG.community):
        with pytest.raises(KeyError):
            look_up("nowhere")


@pytest.mark.parametrize(
    ("road", "inside", "outside"),
    [
        (Road("路", (), 1, 98, "even"), (2, 98), (1, 97, 99, 100)),
        (Road("路", (), 1, 97, "odd"), (1, 97), (2, 98, 99)),
        (Road("路", (), 10, 20, "both"), (10, 15, 20), (9, 21)),
    ],
)
def test_a_stretch_knows_its_houses(road: Road, inside: tuple[int, ...], outside: tuple[int, ...]) -> None:
    assert all(road.contains(number) for number in inside)
    assert not any(road.contains(number) for number in outside)


def change(path: str, value: Any) -> Any:
    """The content of the district's file with one thing changed; `...` takes it away."""
    content = copy.deepcopy(CONTENT)
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    target = content
    for step in way:
        target = target[step]
    if value is ...:
        del target[last]
    elif isinstance(last, int) and isinstance(target, list) and last == len(target):
        target.append(value)
    else:
        target[last] = value
    return content


MISTAKES = [
    ("name", ..., "name is missing"),
    ("name", "", "must be a text"),
    ("name", 7, "must be a text"),
    ("colour", "red", "colour is not known"),
    ("demo", "yes", "true or false"),
    ("code", "Bin Jiang", "must be a code"),
    ("streets", [], "至少有一个街道"),
    ("streets", "西兴", "must be a list"),
    ("streets/0", "西兴", "must be a mapping"),
    ("streets/0/name", "西兴", "ending in 街道"),
    ("streets/0/mayor", "somebody", "mayor is not known"),
    ("streets/1/code", "xixing", "写了两次"),
    ("streets/0/communities/0/name", "西陵", "ending in 社区"),
    ("streets/0/communities/1/code", "xixing-xiling", "写了两次"),
    ("streets/0/communities/1/name", "联庄社区", "已经属于"),
    ("streets/1/communities/0/estates", ["冠新佳苑"], "已经属于"),
    ("streets/0/roads/0/numbers", ["1-900"], "已经属于"),
    ("streets/0/roads/0/numbers", ["900-1"], "range of house numbers"),
    ("streets/0/roads/0/numbers", ["0-5"], "range of house numbers"),
    ("streets/0/roads/0/numbers", ["1-5 both sides"], "range of house numbers"),
    ("offices/0/kind", "police", "must be one of"),
    ("offices/0/street", "nowhere", "没有街道"),
    ("offices/0/street", ..., "司法所要写明街道"),
    ("offices/0/street", "puyan", "只有一个司法所"),
    ("offices/0/phone", "0571-8777-0111", "编造的号码"),
    ("offices/3/kind", "hub", "只有一个区值班台"),
    ("offices/4", ..., "只有一个区中心"),
    ("offices/1/code", "xixing-judicial", "写了两次"),
    ("places/0/office", "nowhere", "没有办公室"),
    ("places/0/street", "nowhere", "没有街道"),
    ("places/0/community", "puyan-lianzhuang", "不是这个街道的社区"),
    ("places/0/kind", "pub", "must be one of"),
    ("places/0/name", "滨文路12号公告栏", "不能有数字"),
    ("places/1/code", "xixing-hall", "写了两次"),
    ("elsewhere/moon", [], "moon is not known"),
    ("sounds_alike", ["浦普", "普蒲"], "两组"),
]


@pytest.mark.parametrize(("path", "value", "words"), MISTAKES)
def test_a_mistake_is_refused_with_its_place(path: str, value: Any, words: str) -> None:
    with pytest.raises(DistrictError, match=words) as refused:
        read_district(Node(change(path, value), "binjiang.yml"))
    assert refused.value.file == "binjiang.yml"
    assert refused.value.path.split("[")[0].split(".")[0] in (path.split("/")[0], "(top)")


def test_the_unchanged_content_is_accepted() -> None:
    assert read_district(Node(copy.deepcopy(CONTENT), "binjiang.yml")).name == "滨江区"


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a: [1\n", "\tb: 1", "!!python/object/apply:os.system ['true']", "[]", "", "7"]
)
def test_a_file_that_cannot_be_read_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DistrictError, match=r"broken\.yml"):
        load_district("broken", tmp_path)


def test_a_key_that_stands_twice_is_not_overlooked(tmp_path: Path) -> None:
    (tmp_path / "twice.yml").write_text("a: 1\nb: {c: 1, c: 2}\n", encoding="utf-8")
    with pytest.raises(DistrictError, match="stands twice"):
        read_content(tmp_path / "twice.yml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(DistrictError, match="UTF-8"):
        load_district("broken", tmp_path)


@pytest.mark.parametrize("code", ["nowhere", "../binjiang", "", "/etc/passwd", "Binjiang"])
def test_a_district_that_does_not_exist_is_refused(code: str) -> None:
    with pytest.raises(DistrictError):
        load_district(code)
