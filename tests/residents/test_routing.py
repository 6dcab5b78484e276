"""Addresses as people write them, and the desk on which the ticket lies afterwards. All of them invented."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from residents.district import load_district
from residents.routing import Route, house_number, normalise, route

BINJIANG = load_district("binjiang")
XIXING, CHANGHE, PUYAN, DESK = "xixing-judicial", "changhe-judicial", "puyan-judicial", "binjiang-desk"
OFFICES = {office.code for office in BINJIANG.offices}

ADDRESSES = [
    # written out in full
    ("浙江省杭州市滨江区浦沿街道联庄社区3幢2单元501室", PUYAN, "puyan-lianzhuang"),
    ("浙江省杭州市滨江区长河街道中兴社区中兴花园12幢", CHANGHE, "changhe-zhongxing"),
    ("浙江省杭州市滨江区西兴街道水电社区水电新村7幢", XIXING, "xixing-shuidian"),
    ("滨江区西兴街道", XIXING, None),
    ("滨江区长河街道", CHANGHE, None),
    ("滨江区浦沿街道", PUYAN, None),
    ("杭州高新区(滨江)浦沿街道东信社区", PUYAN, "puyan-dongxin"),
    # the district or the ending is missing
    ("浦沿街道彩虹城", PUYAN, "puyan-caihong"),
    ("西兴", XIXING, None),
    ("我家在长河", CHANGHE, None),
    ("长河街道办旁边", CHANGHE, None),
    ("西兴街办", XIXING, None),
    ("浦沿街道办事处后面那排", PUYAN, None),
    ("联庄社区", PUYAN, "puyan-lianzhuang"),
    ("襄七房", XIXING, "xixing-xiangqifang"),
    ("塘子堰那边", CHANGHE, "changhe-tangziyan"),
    ("七甲闸村", XIXING, "xixing-qijiazha"),
    ("江二", CHANGHE, "changhe-jianger"),
    ("滨江江一", CHANGHE, "changhe-jiangyi"),
    ("浦沿冠二5组", PUYAN, "puyan-guaner"),
    # estates
    ("冠新佳苑西区7号楼", PUYAN, "puyan-guaner"),
    ("风雅钱塘 2幢", XIXING, "xixing-jindongfang"),
    ("闻涛诚苑86号", CHANGHE, "changhe-qianchao"),
    ("白金海岸", CHANGHE, "changhe-jingdu"),
    ("信诚花苑3-2-401", PUYAN, "puyan-xincheng"),
    ("温馨人家", XIXING, "xixing-wenxin"),
    # traditional letters, full width, blanks, capital letters
    ("濱江區長河街道中興花園", CHANGHE, "changhe-zhongxing"),
    ("杭州市濱江區西興街道襄七房社區", XIXING, "xixing-xiangqifang"),
    ("聯莊社區", PUYAN, "puyan-lianzhuang"),
    ("滨江区　浦沿街道　３幢", PUYAN, None),
    ("滨 江 区 浦 沿 街 道", PUYAN, None),
    ("浦\u200b沿\u200b街道", PUYAN, None),
    ("江南大道２８８号", XIXING, None),
    ("BINJIANG PUYAN", PUYAN, None),
    ("【滨江】西兴街道·共联社区", XIXING, "xixing-gonglian"),
    ("浦沿\n联庄社区", PUYAN, "puyan-lianzhuang"),
    # slips of the pen
    ("滨江区浦沿街到", PUYAN, None),
    ("滨江普沿街道", PUYAN, None),
    ("蒲沿街道", PUYAN, None),
    ("浦延街道", PUYAN, None),
    ("西新街道", XIXING, None),
    ("西星街道星民社区", XIXING, "xixing-xingmin"),
    ("长和街道", CHANGHE, None),
    ("常河街道", CHANGHE, None),
    ("连庄社区", PUYAN, "puyan-lianzhuang"),
    ("相七房社区", XIXING, "xixing-xiangqifang"),
    ("江1社区", CHANGHE, "changhe-jiangyi"),
    ("冠2社区", PUYAN, "puyan-guaner"),
    ("宾文路100号", PUYAN, "puyan-binwen"),
    ("浦沿路街道", PUYAN, None),
    ("长河街上", CHANGHE, None),
    ("付家峙社区", CHANGHE, "changhe-fujiazhi"),
    # roads and house numbers
    ("江南大道288号", XIXING, None),
    ("江南大道888号", XIXING, None),
    ("江南大道889号", CHANGHE, None),
    ("江南大道3399号", CHANGHE, None),
    ("江南大道3400号", PUYAN, None),
    ("江南大道 3688 号 5幢", PUYAN, None),
    ("江南大道二百八十八号", XIXING, None),
    ("江南大道三千六百八十八号", PUYAN, None),
    ("江南大道三六八八号", PUYAN, None),
    ("滨江区滨盛路1870", CHANGHE, None),
    ("泰安路97号", CHANGHE, None),
    ("泰安路98号", CHANGHE, None),
    ("泰安路99号", PUYAN, None),
    ("泰安路100号", PUYAN, None),
    ("月明路436号三楼", CHANGHE, None),
    ("月明路1200号", XIXING, None),
    ("伟业路", PUYAN, None),
    ("网商路699号", CHANGHE, None),
    ("浦沿路 12 3幢", PUYAN, None),
    ("江陵路与滨康路口", XIXING, None),
    # two roads of one name with a place in it
    ("长河路12号", CHANGHE, None),
    ("联庄路8号", PUYAN, None),
    # names inside names
    ("马湖社区", XIXING, "xixing-mahu"),
    ("白马湖社区", CHANGHE, "changhe-baimahu"),
    ("滨盛社区", PUYAN, "puyan-binsheng"),
    ("江南社区", PUYAN, "puyan-jiangnan"),
    # old names
    ("浦沿镇联庄村", PUYAN, "puyan-lianzhuang"),
    ("西兴镇", XIXING, None),
    ("长河乡", CHANGHE, None),
    ("萧山市长河镇", CHANGHE, None),
    ("萧山县西兴公社", XIXING, None),
    ("萧山浦沿镇", PUYAN, None),
    # the more specific decides
    ("西兴街道联庄社区", PUYAN, "puyan-lianzhuang"),
    ("浦沿街道江南大道288号", XIXING, None),
    ("长河街道伟业路", PUYAN, None),
    ("浦沿街道 中兴花园", CHANGHE, "changhe-zhongxing"),
    # equally specific: a less specific one settles it
    ("浦沿街道浦联社区,靠近共联社区", PUYAN, "puyan-pulian"),
    # … or nothing does
    ("浦联社区和共联社区", DESK, None),
    ("浦联社区 江南大道 288号", DESK, None),
    ("西兴街道浦沿街道", DESK, None),
    # then and now
    ("户口在浦沿,现在住西兴街道", XIXING, None),
    ("以前住浦沿街道,现住长河街道", CHANGHE, None),
    ("老家温州,住浦沿街道东冠社区", PUYAN, "puyan-dongguan"),
    ("西兴搬到浦沿街道了", PUYAN, None),
    ("户籍地:上海市;居住地:滨江区长河街道", CHANGHE, None),
    ("户口在浦沿,人在上海", DESK, None),
    ("户口在浦沿街道,现在住萧山北干街道", DESK, None),
    ("浦沿街道联庄社区,我住在这里二十年了", PUYAN, "puyan-lianzhuang"),
    # other districts and cities
    ("萧山区北干街道", DESK, None),
    ("杭州市西湖区文新街道", DESK, None),
    ("上海市浦东新区长河路", DESK, None),
    ("慈溪市长河镇", DESK, None),
    ("山东省德州市德城区长河街道", DESK, None),
    ("上城区", DESK, None),
    ("余杭", DESK, None),
    ("西湖区长河街道", DESK, None),
    # both: ours is named with its district
    ("滨江区浦沿街道,靠萧山区那头", PUYAN, None),
    # a road that is called after another city
    ("浦沿街道绍兴路", PUYAN, None),
    # too little
    ("滨江区", DESK, None),
    ("杭州", DESK, None),
    ("江南大道", DESK, None),
    ("江南大道3幢", DESK, None),
    ("不告诉你", DESK, None),
    ("家里", DESK, None),
    ("12345678901", DESK, None),
    ("aaaa", DESK, None),
    ("😭😭", DESK, None),
    ("", DESK, None),
    ("   ", DESK, None),
]


@pytest.mark.parametrize(("address", "office", "community"), ADDRESSES)
def test_a_ticket_lies_on_the_right_desk(address: str, office: str, community: str | None) -> None:
    found = route(BINJIANG, address)
    assert (found.office, found.community) == (office, community), found.reason
    assert found.how == ("duty_desk" if office == DESK else "address")


def test_a_street_comes_with_its_office() -> None:
    for address, _, _ in ADDRESSES:
        found = route(BINJIANG, address)
        if found.street:
            assert BINJIANG.office_of(found.street).code == found.office


def test_more_evidence_makes_us_surer_and_contradiction_less_sure() -> None:
    def sure(address: str) -> float:
        return route(BINJIANG, address).confidence

    assert sure("滨江区浦沿街道联庄社区") > sure("浦沿街道") > sure("普沿街道") > sure("西兴街道联庄社区") > 0
    assert sure("滨江区浦沿街道联庄社区") >= 0.8
    assert sure("西兴街道联庄社区") < 0.6
    assert sure("萧山市长河镇") < 0.6
    assert sure("不告诉你") == 0


def test_a_contradiction_is_said() -> None:
    reason = route(BINJIANG, "西兴街道联庄社区").reason
    assert "西兴街道" in reason
    assert "对不上" in reason
    assert "核对" in reason


def test_another_city_is_named_to_the_duty_desk() -> None:
    assert "萧山" in route(BINJIANG, "萧山区北干街道").reason
    assert "慈溪" in route(BINJIANG, "慈溪市长河镇").reason


@pytest.mark.parametrize(
    "address", ["滨文路1314号", "江南大道3688号", "江南大道三千六百八十八号", "联庄社区77幢6单元909室"]
)
def test_the_reason_repeats_no_house_number(address: str) -> None:
    reason = route(BINJIANG, address).reason
    assert not any(part in reason for part in ("1314", "3688", "三千六百", "77", "909"))


def test_the_reason_repeats_nothing_else_of_what_was_written() -> None:
    assert "王阿姨" not in route(BINJIANG, "王阿姨家，浦沿街道联庄社区").reason
    assert "王阿姨" not in route(BINJIANG, "王阿姨家楼下").reason


# the place where somebody scanned


@pytest.mark.parametrize("address", ["", "   ", "??", "不告诉你", "滨江区", "12345"])
def test_without_a_usable_address_the_place_decides(address: str) -> None:
    found = route(BINJIANG, address, "puyan-hall")
    assert (found.office, found.street, found.how) == (PUYAN, "puyan", "place")
    assert "浦沿街道便民服务中心" in found.reason


def test_an_address_counts_more_than_the_place() -> None:
    assert route(BINJIANG, "西兴街道", "puyan-hall").office == XIXING
    assert route(BINJIANG, "萧山区北干街道", "puyan-hall").office == DESK


def test_a_long_road_and_a_place_beside_it_agree() -> None:
    assert route(BINJIANG, "江南大道", "puyan-hall").office == PUYAN


def test_a_road_that_does_not_come_near_the_place_is_asked_about() -> None:
    assert route(BINJIANG, "丹枫路", "puyan-hall").office == DESK
    assert route(BINJIANG, "丹枫路", "xixing-hall").office == XIXING


@pytest.mark.parametrize("place", ["nowhere", "", "puyan-hall ", "../../etc", "x" * 10_000, "\ud800", None])
def test_an_unknown_place_is_nobodys_excuse(place: str | None) -> None:
    assert route(BINJIANG, "", place).office == DESK


# never nobody


def holds(found: Route) -> bool:
    return found.office in OFFICES and 0 <= found.confidence <= 1 and found.reason.endswith("。")


names = [
    BINJIANG.name,
    BINJIANG.city,
    "街道",
    "社区",
    "号",
    "路",
    "住在",
    "户口",
    "现在",
    ",",
    " ",
    "三百",
    "0",
    "9",
]
names += [name for street in BINJIANG.streets for name in (street.name, street.name[:2])]
names += [road.name for street in BINJIANG.streets for road in street.roads]
names += [c.name for street in BINJIANG.streets for c in street.communities]
names += [*BINJIANG.elsewhere.cities, *BINJIANG.elsewhere.districts, *BINJIANG.elsewhere.former]
pieces = st.lists(st.one_of(st.sampled_from(names), st.text(max_size=5)), max_size=12).map("".join)
places = st.one_of(st.none(), st.text(max_size=20), st.sampled_from([p.code for p in BINJIANG.places]))


@settings(max_examples=1000, deadline=None)
@given(st.one_of(st.text(), pieces), places)
@example("\ud800\udfff\x00", None)
@example("江南大道" + "九" * 300 + "号", None)
@example("江南大道" + "十百千" * 100 + "号", None)
@example("江南大道" + "²" + "号", None)
@example("江南大道③号", None)
@example("㎏" * 50 + "ﷺ" * 400, None)
@example("浦沿街道" * 1000, "puyan-hall")
@example("住在" * 200_000, None)
def test_whatever_is_written_somebody_has_it(address: str, place: str | None) -> None:
    assert holds(route(BINJIANG, address, place))


@given(pieces)
@settings(max_examples=300, deadline=None)
def test_the_same_address_always_goes_to_the_same_desk(address: str) -> None:
    assert route(BINJIANG, address) == route(BINJIANG, address)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([c.code for street in BINJIANG.streets for c in street.communities]), st.data())
def test_every_community_is_found_under_its_street_however_it_is_spelt(
    code: str, data: st.DataObject
) -> None:
    street = next(s for s in BINJIANG.streets if any(c.code == code for c in s.communities))
    community = BINJIANG.community(code)
    before = data.draw(st.sampled_from(["", "滨江区", "杭州市滨江区", street.name, f"滨江{street.name[:2]}"]))
    after = data.draw(st.sampled_from(["", "3幢", "12号楼201", " 二单元"]))
    address = (
        before + data.draw(st.sampled_from([community.name, *community.aliases, *community.estates])) + after
    )
    blanks = data.draw(st.booleans())
    found = route(BINJIANG, "\u200b".join(address) if blanks else address)
    assert (found.street, found.community) == (street.code, code)


def test_something_that_is_no_text_goes_to_the_duty_desk() -> None:
    assert route(BINJIANG, None).office == DESK  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after", "number"),
    [
        ("288号", 288),
        ("288", 288),
        ("288-3", 288),
        ("第12号", 12),
        ("十二号", 12),
        ("一百零五号", 105),
        ("一千二百号", 1200),
        ("二〇八号", 208),
        ("3幢", None),
        ("2单元", None),
        ("0号", None),
        ("", None),
        ("口", None),
        (",5号", None),
    ],
)
def test_a_house_number_is_read(after: str, number: int | None) -> None:
    assert house_number(after) == number


def test_an_address_is_brought_into_one_spelling() -> None:
    assert normalise("濱江區 ３幢－２") == "滨江区3幢-2"
    assert normalise("滨文路 12 3幢") == "滨文路12,3幢"
