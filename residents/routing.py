"""Which office is somebody's: from an address as people really write it, to the desk that must act.

Routing never answers "nobody". What cannot be decided goes to the district's duty desk, which asks again.
The most specific thing said decides: an estate before a community or a house number, these before a road,
a road before the name of a street. When equally specific things disagree, a less specific one may settle
it; when nothing does, the duty desk decides, and not the program.

`Route.confidence` is for people and for sorting: 0.8 and more is what two readings agree on or a full name
says, below 0.6 the worker should ask for the address first, and 0 means that no address was understood.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import opencc

from residents import sounds
from residents.district import Community, District, Grid, Road

How = Literal["address", "place", "duty_desk"]

LONGEST_ADDRESS = 400  # what a person writes is far shorter; the rest of a pasted page is not an address

STREET, ROAD, EXACT, ESTATE = 1, 2, 3, 4  # how much a finding decides
ROUGHLY = 0.8  # what remains of a confidence when only similar letters were found
BY_SOUND = 0.7  # … when only the sound was right
SEVERAL_STREETS = 0.65  # … when something less specific says another street
NO_DISTRICT = 0.92  # … when neither the district nor one of its streets was named

_STREET_ENDINGS = ("街道办事处", "街道办", "街道", "街办", "街到", "镇", "乡")
_COMMUNITY_ENDINGS = ("社区居委会", "居委会", "居委", "社区", "村委会", "小区")
_NOT_A_ROAD = r"(?!路|大道|大桥|街(?!道|办|到)|巷|弄)"
_NOW = re.compile(
    r"(?:现在|目前|如今|今|现)?(?:居住在|居住于|居住地|住在|搬到了|搬到|搬去|租住在|租住|人在)|现居|现住"
    r"|(?:我|人|家|晚上)住|我家在|我家(?!里)"
)
_ONCE = re.compile(
    r"户口|户籍|老家|以前|原来|之前|曾经|从前|过去|不是|不在|不住|上班|工作|打工|上学|读书|单位在|公司在"
    r"|(?:儿子|女儿|妹妹|姐姐|弟弟|哥哥|朋友|亲戚|同事|父母|爸妈)(?:家)?(?:住|在)"
)
_BESIDE = re.compile(r"[^,]*?(?:隔壁|对面|旁边|附近|后面)的(?=[^,]{2})|(?:靠近|挨着|紧邻|毗邻)[^,]*")
_NUMBER = re.compile(
    r"[^0-9零〇一二三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟,]{0,2}?"
    r"([0-9]{1,5}|[零〇一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟廿卅]{1,9})(.?)"
)
_NO_HOUSE = "幢栋单室楼层期区组米街支巷"  # what is counted here is no house on the road
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")
_BUILDING = re.compile(
    r"(?:[东西南北中]?[苑区园])?([0-9]{1,4}|[零一二两三四五六七八九十百]{1,5})(?:幢|栋|号楼|座|号(?![0-9a-z])|-|(?=$|,))"
)
_DIGITS = {
    c: n
    for n, letters in enumerate(("零〇", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for c in letters
}


@dataclass(frozen=True)
class Route:
    """Where a ticket goes and why. `office` is always an office of the district; `reason` is for workers
    and repeats no house number; `how` says what decided. `grid` only when the community is certain."""

    office: str
    street: str | None
    community: str | None
    confidence: float
    reason: str
    how: How
    grid: str | None = None


@dataclass(frozen=True)
class Explanation:
    """How a route came about, step by step, for whoever keeps the tree. May repeat what was typed."""

    route: Route
    recognised: tuple[str, ...]
    rule: str
    would_settle: str  # what to ask for, where something is left open; else empty


@dataclass(frozen=True)
class Finding:
    """One thing in an address that points to a street."""

    name: str  # as the district's file has it, never as the resident wrote it
    rank: int
    street: str
    community: str | None
    confidence: float


@dataclass(frozen=True)
class Reading:
    """What one look at an address found."""

    findings: tuple[Finding, ...] = ()
    home: bool = False  # the district itself was named
    far: str | None = None  # another district or city was named
    former: bool = False  # … and it is the one our streets once belonged to
    undecided: tuple[str, frozenset[str]] | None = None  # a road, and the streets that it runs through
    roughly: float = 1.0  # what remains of the confidence because letters or sounds were only similar


@dataclass(frozen=True)
class _Meaning:
    kind: Literal["street", "community", "estate", "road", "home", "far", "former"]
    name: str
    street: str = ""
    community: str | None = None
    confidence: float = 0.9


def route(district: District, address: str, place: str | None = None) -> Route:
    """Find the office for an address, or for the place where it was given, or the duty desk.

    Takes any text whatever and never raises for it. `place` is a place code; it counts only when the
    address says nothing, and an unknown one counts as none.
    """
    return _decide(district, address, place)[0]


def explain(district: District, address: str, place: str | None = None) -> Explanation:
    """The same decision as `route`, with everything that it rests on."""
    found, reading = _decide(district, address, place)
    recognised = [_said(district, finding) for finding in reading.findings]
    if reading.home:
        recognised.append(f"{district.name}：本区")
    if reading.far:
        recognised.append(f"{reading.far}：{'从前的归属' if reading.former else '不在本区'}")
    if reading.undecided:
        recognised.append(f"{reading.undecided[0]}：经过{_names_of(district, reading.undecided[1])}")
    return Explanation(
        found, tuple(recognised), _rule(found, reading), _would_settle(district, found, reading)
    )


def _decide(district: District, address: str, place: str | None) -> tuple[Route, Reading]:
    whole = normalise(address)
    first = Reading()
    for look in (_look, _look_roughly, _look_by_sound):
        for text in _most_telling_first(whole) if look is not _look_by_sound else (whole,):
            reading = look(district, text, address)
            if reading.findings or reading.far:
                found = _nearer(district, _judge(district, reading), text, address)
                return replace(found, grid=_grid(district, found, text)), reading
            if reading.undecided and not first.undecided:
                first = reading
    return _without_street(district, first, bool(re.search(r"\w", whole)), place), first


def _nearer(district: District, found: Route, text: str, address: str) -> Route:
    """Where only the street is certain, the community as it sounds: it may say more, but never move a ticket."""
    if found.how != "address" or found.community or found.confidence < BY_SOUND:
        return found
    for look in (_look_roughly, _look_by_sound):
        similar = [f for f in look(district, text, address).findings if f.community]
        if {f.street for f in similar} == {found.street} and len({f.community for f in similar}) == 1:
            name = district.community(similar[0].community or "").name
            reason = f"{found.reason}读起来像是{name}，上门前请先核对。"
            return replace(found, community=similar[0].community, reason=reason)
        if similar:
            reason = f"{found.reason}地址里还有读起来像“{similar[0].name}”的，请先核对。"
            return replace(found, confidence=round(found.confidence * SEVERAL_STREETS, 2), reason=reason)
    return found


def normalise(text: str) -> str:
    """An address in one spelling: simplified, half width, lower case, no blanks; clauses parted by commas."""
    if not isinstance(text, str):
        return ""
    text = text[:LONGEST_ADDRESS].encode("utf-8", "ignore").decode("utf-8")
    text = _simplifier().convert(unicodedata.normalize("NFKC", text)).lower()
    letters: list[str] = []
    for letter in text:
        if unicodedata.category(letter)[0] in "LN":
            if letters[-2:-1] and letters[-1] == " " and letter.isdigit() and letters[-2].isdigit():
                letters[-1] = ","
            elif letters and letters[-1] == " ":
                letters.pop()
            letters.append(letter)
        elif letter in ",、。;!?\n":
            letters.append(",")
        elif letter in "-‐‑–—―~/#":
            letters.append("-")
        elif letter.isspace() and letters and letters[-1] != " ":
            letters.append(" ")
    return "".join(letters).replace(" ", "")


def _judge(district: District, reading: Reading) -> Route:
    """Weigh the findings of one reading."""
    named = bool(reading.findings)
    if reading.far and not (named and (reading.home or (reading.former and _by_name(reading)))):
        reason = f"地址写的是{reading.far}，不在{district.name}，先交区值班台，问清住处后转给当地。"
        return Route(district.desk.code, None, None, 0.0, reason, "duty_desk")
    top = max(finding.rank for finding in reading.findings)
    strongest = [finding for finding in reading.findings if finding.rank == top]
    streets = {finding.street for finding in strongest}
    settled_by_less = len(streets) > 1
    if settled_by_less:
        lesser = {f.street for f in reading.findings if f.rank < top} & streets
        if len(lesser) != 1:
            names = "和".join(f"“{name}”" for name in dict.fromkeys(f.name for f in strongest))
            reason = f"地址里的{names}不在同一个街道，定不下来，先交区值班台问清楚。"
            return Route(district.desk.code, None, None, 0.0, reason, "duty_desk")
        streets = lesser
    street = streets.pop()
    office = district.office_of(street)
    agreeing = [finding for finding in reading.findings if finding.street == street]
    against = [finding for finding in reading.findings if finding.street != street]
    communities = {f.community for f in agreeing if f.rank == max(a.rank for a in agreeing)} - {None}
    community = communities.pop() if len(communities) == 1 else None
    confidence = max(finding.confidence for finding in agreeing)
    if len({finding.rank for finding in agreeing}) > 1:
        confidence = min(0.98, confidence + 0.05)
    if against:
        confidence *= SEVERAL_STREETS
    confidence *= reading.roughly
    if reading.far:
        confidence *= 0.7
    elif not reading.home and not any(finding.rank == STREET for finding in agreeing):
        confidence *= NO_DISTRICT
    reason = _reason(district, reading, agreeing, against, street)
    return Route(office.code, street, community, round(confidence, 2), reason, "address")


def _by_name(reading: Reading) -> bool:
    """Whether something else than a road was named: other districts have roads of the same name."""
    return any(finding.community or finding.rank in (STREET, ESTATE) for finding in reading.findings)


def _reason(
    district: District, reading: Reading, agreeing: list[Finding], against: list[Finding], street: str
) -> str:
    street_name, office = district.street(street).name, district.office_of(street).name
    names = "、".join(f"“{name}”" for name in dict.fromkeys(f.name for f in agreeing))
    verb = "读起来像是" if reading.roughly < 1 else "写到"
    reason = f"地址{verb}{names}，属{street_name}，交{office}。"
    if against:
        others = "、".join(
            f"“{name}”({district.street(code).name})"
            for name, code in dict.fromkeys((f.name, f.street) for f in against)
        )
        reason += f"但地址里还有{others}，对不上，按更具体的来；上门前请先核对。"
    if reading.far and reading.former:
        reason += f"地址写的是{reading.far}，像是老地名；上门前请先核对。"
    elif reading.far:
        reason += f"地址里还提到{reading.far}，上门前请先核对。"
    elif reading.roughly < 1:
        reason += "字对不全，上门前请先核对。"
    return reason


def _without_street(district: District, reading: Reading, something: bool, place: str | None) -> Route:
    """No street was found: the place decides, else the duty desk."""
    said = "地址里看不出是哪个街道" if something else "没有留下地址"
    if reading.undecided:
        said = f"“{reading.undecided[0]}”经过不止一个街道，看不出是哪一段"
    known = district.place(place) if isinstance(place, str) else None
    if known and not (reading.undecided and known.street and known.street not in reading.undecided[1]):
        office = district.office(known.office)
        reason = f"{said}，按扫码的地方（{known.name}）交{office.name}；住处请问清楚。"
        return Route(office.code, known.street, None, 0.4, reason, "place")
    return Route(district.desk.code, None, None, 0.0, f"{said}，先交区值班台，问清住处后转办。", "duty_desk")


def _most_telling_first(text: str) -> Iterator[str]:
    """An address, reduced to what it says of today: "户口在…,现住…" means the second. The whole comes last."""
    parts: dict[str, None] = {}
    now = list(_NOW.finditer(text))
    if now and len(text) - now[-1].end() >= 2:
        after = text[now[-1].end() :]
        parts[_BESIDE.sub("", after.split(",")[0])] = None
        parts[after.split(",")[0]] = None
        parts[after] = None
    clauses = [clause for clause in text.split(",") if clause and not _ONCE.search(clause)]
    present = ",".join(clauses) or text
    parts[_BESIDE.sub("", present)] = None
    parts[present] = None
    parts[text] = None
    yield from (part for part in parts if part)


def _look(district: District, text: str, _address: str) -> Reading:
    return _read(text, text, *_exact_index(district), district)


def _look_roughly(district: District, text: str, _address: str) -> Reading:
    """Look again with letters that sound or look alike taken for one."""
    return _read(text.translate(_one_letter(district)), text, *_rough_index(district), district, ROUGHLY)


def _look_by_sound(district: District, text: str, address: str) -> Reading:
    """Look a last time by sound alone: a slip of the keyboard, or an address in Latin letters."""
    written = normalise(sounds.without_english(address if isinstance(address, str) else ""))
    heard, spelt = sounds.syllables(written)
    least = 3 if any("\u4e00" <= letter <= "\u9fff" for letter in text) else 2
    return _read(heard, spelt, *_sound_index(district, least), district, BY_SOUND)


def _read(
    text: str,
    written: str,
    pattern: re.Pattern[str],
    meanings: dict[str, _Meaning],
    district: District,
    roughly: float = 1.0,
) -> Reading:
    findings: list[Finding] = []
    home, former, far = False, False, None
    undecided: tuple[str, frozenset[str]] | None = None
    for match in pattern.finditer(text):
        meaning = meanings[match[0]]
        if meaning.kind == "home":
            home = True
        elif meaning.kind in ("far", "former"):
            far, former = far or meaning.name, former or meaning.kind == "former"
        elif meaning.kind == "road":
            found = list(_on_road(district, meaning.name, written[match.end() :]))
            findings += found
            if not found and undecided is None:
                undecided = (
                    meaning.name,
                    frozenset(street for street, _ in _stretches(district, meaning.name)),
                )
        else:
            rank = {"street": STREET, "community": EXACT, "estate": ESTATE}[meaning.kind]
            findings.append(
                Finding(meaning.name, rank, meaning.street, meaning.community, meaning.confidence)
            )
    if not any(finding.rank >= EXACT for finding in findings):
        findings += _short_names(district, written)
    if not home and not former and far is None and _says_elsewhere(district, written):
        far = "别的市县"
    return Reading(tuple(dict.fromkeys(findings)), home, far, former, undecided, roughly)


def _short_names(district: District, written: str) -> Iterator[Finding]:
    """Neighbours say 江二 for 江二社区. Two letters count only where nothing else stands around them."""
    pattern, communities = _short_index(district)
    for match in pattern.finditer(written):
        street, community, name = communities[match[1]]
        yield Finding(name, EXACT, street, community, 0.7)


@lru_cache(maxsize=8)
def _short_index(district: District) -> tuple[re.Pattern[str], dict[str, tuple[str, str, str]]]:
    communities = {
        community.name.removesuffix("社区"): (street.code, community.code, community.name)
        for street in district.streets
        for community in street.communities
        if community.name.removesuffix("社区") != street.name.removesuffix("街道")
    }
    before = [district.city, district.name, *district.aliases]
    before += [
        name for street in district.streets for name in (street.name, street.name.removesuffix("街道"))
    ]
    start = "|".join(re.escape(name) for name in sorted(before, key=len, reverse=True))
    names = "|".join(map(re.escape, communities))
    return re.compile(rf"(?:^|,|{start})({names})(?=$|,|的|那|[0-9])"), communities


def _says_elsewhere(district: District, written: str) -> bool:
    """Whether a city, county or district is named that is not ours, though no list has its name."""
    if _OTHER_COUNTY.search(written):
        return True
    cities = {found[1] for found in _OTHER_CITY.finditer(written)}
    return any(not city.endswith(district.city.removesuffix("市")) for city in cities)


_OTHER_CITY = re.compile(
    r"(?:^|,|省|住在|住|在|是|来自)([\u4e00-\u9fff]{2,3})市(?!场|民|政|区|里|中心|心|口)(?<!超市)(?<!菜市)(?<!夜市)"
)
_OTHER_COUNTY = re.compile(r"[市省]([\u4e00-\u9fff]{2,3}[区县])(?<!社区)(?<!小区)(?<!园区)(?<!校区)")


def _on_road(district: District, name: str, after: str) -> Iterator[Finding]:
    """A road that lies in one street, or the stretch of it that has this house number."""
    stretches = _stretches(district, name)
    number = house_number(after)
    if number is not None:
        for street, road in stretches:
            if road.contains(number):
                whole = len({code for code, _ in stretches}) == 1
                yield Finding(name if whole else f"{name}的这一段", EXACT, street, road.community, 0.85)
                return
    streets = {street for street, _ in stretches}
    if len(streets) == 1:
        yield Finding(name, ROAD, streets.pop(), None, 0.8)


def house_number(text: str) -> int | None:
    """The house number that follows a road's name: "288号", "二百八十八号", "288-3"; not "3幢"."""
    match = _NUMBER.match(text)
    if match is None or (match[2] and match[2] in _NO_HOUSE):
        return None
    number = int(match[1]) if match[1].isascii() else _chinese_number(match[1])
    if match[2] == "弄" and number < 10:  # "三弄" is a lane's name, "288弄" stands where house 288 would
        return None
    return number if number > 0 else None


def _chinese_number(text: str) -> int:
    text = text.translate(_FORMAL).replace("廿", "二十").replace("卅", "三十")
    if not any(letter in "十百千" for letter in text):
        return int("".join(str(_DIGITS[letter]) for letter in text))
    total, digit, last = 0, 0, 1
    for letter in text:
        unit = {"十": 10, "百": 100, "千": 1000}.get(letter)
        if unit is None:
            digit, last = _DIGITS[letter], 1 if letter in "零〇" else last
        else:
            total, digit, last = total + (digit or 1) * unit, 0, unit
    short = digit and last > 10 and text[-2] in "百千"  # "三百二" is 320
    return total + digit * (last // 10 if short else 1)


@lru_cache(maxsize=512)
def _stretches(district: District, name: str) -> tuple[tuple[str, Road], ...]:
    return tuple(
        (street.code, road) for street in district.streets for road in street.roads if road.name == name
    )


@lru_cache(maxsize=8)
def _exact_index(district: District) -> tuple[re.Pattern[str], dict[str, _Meaning]]:
    """All names that point somewhere, longest first, so that 滨盛路 is not taken for 滨盛社区."""
    meanings: dict[str, _Meaning] = {}
    bare: dict[str, _Meaning] = {}
    for name, meaning, is_bare in _names(district):
        (bare if is_bare else meanings).setdefault(normalise(name), meaning)
    return _pattern(meanings, bare), {**bare, **meanings}


@lru_cache(maxsize=8)
def _rough_index(district: District) -> tuple[re.Pattern[str], dict[str, _Meaning]]:
    """The same with similar letters as one; a name that now fits two streets means nothing any more."""
    table = _one_letter(district)
    exact = _exact_index(district)[1]
    meanings: dict[str, _Meaning] = {}
    doubtful: set[str] = set()
    bare = {normalise(name) for name, _, is_bare in _names(district) if is_bare}
    for name, meaning in exact.items():
        rough = name.translate(table)
        if name in bare or (meaning.kind in ("far", "former") and len(name) < 3):
            continue
        earlier = meanings.setdefault(rough, meaning)
        if (earlier.kind, earlier.street) != (meaning.kind, meaning.street):
            doubtful.add(rough)
    meanings = {name: meaning for name, meaning in meanings.items() if name not in doubtful}
    return _pattern(meanings, {}), meanings


def _pattern(meanings: Iterable[str], bare: Iterable[str]) -> re.Pattern[str]:
    plain = [(name, re.escape(name)) for name in meanings]
    guarded = [(name, re.escape(name) + _NOT_A_ROAD) for name in bare]
    names = sorted(plain + guarded, key=lambda pair: (-len(pair[0]), pair[0]))
    return re.compile("|".join(pattern for _, pattern in names))


def _names(district: District) -> Iterator[tuple[str, _Meaning, bool]]:
    """Every spelling, what it means, and whether it is bare: counted only when it is no road's name."""
    for street in district.streets:
        base = street.name.removesuffix("街道")
        full = _Meaning("street", street.name, street.code)
        old = _Meaning("street", street.name, street.code, confidence=0.8)
        for ending in _STREET_ENDINGS:
            yield base + ending, full if ending.startswith("街道") else old, False
        yield base + "路街道", full, False
        yield base + "街", _Meaning("street", street.name, street.code, confidence=0.75), False
        for name in (*street.aliases, *street.old_names):
            yield name, old, len(name) < 4 or name.isascii()
        yield base, _Meaning("street", street.name, street.code, confidence=0.75), True
        for community in street.communities:
            core = community.name.removesuffix("社区")
            meant = _Meaning("community", community.name, street.code, community.code)
            for ending in _COMMUNITY_ENDINGS:
                yield core + ending, meant, False
            for name in community.aliases:
                an_estate = _Meaning("estate", name, street.code, community.code)
                yield name, meant if name.endswith(("村", "社区")) else an_estate, True
            if len(core) > 2:
                yield core, meant, True
            for estate in community.estates:
                yield estate, _Meaning("estate", estate, street.code, community.code, 0.88), True
        for road in street.roads:
            for name in (road.name, *road.aliases):
                yield name, _Meaning("road", road.name), False
    for name in (district.name, *district.aliases):
        yield name, _Meaning("home", district.name), True
    for name in (*district.elsewhere.districts, *district.elsewhere.cities):
        yield name, _Meaning("far", name), True
    for name in district.elsewhere.former:
        yield name, _Meaning("former", name), True


@lru_cache(maxsize=8)
def _sound_index(district: District, least: int) -> tuple[re.Pattern[str], dict[str, _Meaning]]:
    """All names of `least` syllables by their sound; a sound that fits two streets means nothing."""
    meanings: dict[str, _Meaning] = {}
    doubtful: set[str] = set()
    for name, meaning, _ in _names(district):
        heard = sounds.syllables(normalise(name))[0]
        if len(heard) < least:
            continue
        earlier = meanings.setdefault(heard, meaning)
        if (earlier.kind, earlier.street) != (meaning.kind, meaning.street):
            doubtful.add(heard)
    meanings = {heard: meaning for heard, meaning in meanings.items() if heard not in doubtful}
    return _pattern(meanings, {}), meanings


@lru_cache(maxsize=8)
def _one_letter(district: District) -> dict[int, str]:
    return {ord(letter): group[0] for group in district.sounds_alike for letter in group[1:]}


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _grid(district: District, found: Route, text: str) -> str | None:
    """The one grid of the community that an address names, or whose buildings it names; None when in doubt."""
    if found.community is None:
        return None
    community = district.community(found.community)
    named = {grid.code for grid in community.grids if _names_grid(grid, text)}
    holding = {grid.code for grid in community.grids if _may_hold(community, grid, text)}
    if len(named) == 1:
        return named.pop()
    return holding.pop() if not named and len(holding) == 1 else None


def _names_grid(grid: Grid, text: str) -> bool:
    if any(normalise(alias) in text for alias in grid.aliases):
        return True
    number = re.fullmatch(r"第?([0-9零一二三四五六七八九十百]+)网格", grid.name)
    if number is None:
        return grid.name in text
    said = re.search(r"第?([0-9零一二三四五六七八九十百]{1,4})号?网格", text)
    return said is not None and _any_number(said[1]) == _any_number(number[1])


def _may_hold(community: Community, grid: Grid, text: str) -> bool:
    """Whether the text names something of this grid, and no building of it that is another grid's."""
    names = [normalise(name) for name in (community.name, *community.aliases, *community.estates)]
    for part in grid.parts:
        name = normalise(part.name)
        at = text.find(name)
        if at < 0 or any(
            longer.startswith(name) and text.startswith(longer, at) for longer in names if longer != name
        ):
            continue
        building = _BUILDING.match(text, at + len(name))
        if part.whole or building is None or part.contains(_any_number(building[1])):
            return True
    return False


def _any_number(text: str) -> int:
    return int(text) if text.isascii() else _chinese_number(text)


# --- explaining -------------------------------------------------------------------------------------


def _said(district: District, finding: Finding) -> str:
    word = {STREET: "街道", ROAD: "道路", EXACT: "社区或门牌", ESTATE: "小区"}[finding.rank]
    where = district.street(finding.street).name
    if finding.community:
        where += " · " + district.community(finding.community).name
    return f"{finding.name}：{word}，属{where}（{round(finding.confidence * 100)}%）"


def _names_of(district: District, streets: Iterable[str]) -> str:
    return "、".join(street.name for street in district.streets if street.code in streets)


def _rule(found: Route, reading: Reading) -> str:
    if found.how == "place":
        return "地址里认不出街道，按扫码的地方。"
    if reading.far and found.how == "duty_desk":
        return "写明了别的市区县，又没有本区的字样：不猜，交区值班台。"
    if reading.findings and found.how == "duty_desk":
        return "同样具体的说法指向不同街道，也没有别的话能分出来：不猜，交区值班台。"
    if found.how == "duty_desk":
        return "认不出街道，也没有扫码的地方：交区值班台。"
    if any(finding.street != found.street for finding in reading.findings):
        return "说法不一致：越具体越算数（小区 > 社区和门牌 > 道路 > 街道名）。"
    return "所有认出来的都指向同一个街道。"


def _would_settle(district: District, found: Route, reading: Reading) -> str:
    if reading.undecided and found.how != "address":
        parts = "；".join(
            f"{_numbers(road)}归{district.street(code).name}"
            for code, road in _stretches(district, reading.undecided[0])
        )
        return f"问门牌号：{parts}。"
    if reading.far and found.how == "duty_desk":
        return "问现在住哪个区；真在外地的，由值班台转给当地。"
    if reading.findings and found.how == "duty_desk":
        return "问清楚住的是哪一个小区或社区。"
    if found.how != "address":
        return "问街道、社区或小区的名字，或门口路牌上的路名和门牌号。"
    if reading.roughly < 1:
        return "核对字：问小区或社区名是哪几个字。"
    if any(finding.street != found.street for finding in reading.findings):
        return "核对街道：问小区在哪个社区。"
    if found.community is None:
        return "问小区或社区的名字，可以派到社区。"
    if found.grid is None and district.community(found.community).grids:
        return "问是哪个小区、第几幢，可以派到网格。"
    return ""


def _numbers(road: Road) -> str:
    side = {"odd": "单号", "even": "双号", "both": "号"}[road.side]
    return f"{road.low}{side}起" if road.high >= 99999 else f"{road.low}–{road.high}{side}"
