"""A district as routing sees it: streets, communities, roads, offices and the places with a code."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from residents.content import CODE, Node, read_content
from residents.errors import DistrictError
from storage.edition import digest_of

OFFICE_WORDS = {"judicial_office": "司法所", "district_desk": "区值班台", "hub": "区中心"}
CLOSED_OFFICE = "已撤销的办公室"
FOLDER = Path(__file__).parent / "districts"

OfficeKind = Literal["judicial_office", "district_desk", "hub"]
PlaceKind = Literal["hall", "community_room", "company", "school", "poster"]
Side = Literal["odd", "even", "both"]

T = TypeVar("T", "Street", "Office", "Community", "Grid")
LAST = 99999  # a range without an end

INVENTED_NUMBER = re.compile(r"0571-0000-01\d\d")


@dataclass(frozen=True)
class Road:
    """A stretch of a road that belongs to one street (and, where it is said, to one community of it): house
    numbers `low` to `high`, one side or both."""

    name: str
    aliases: tuple[str, ...]
    low: int
    high: int
    side: Side
    community: str | None = None

    def contains(self, number: int) -> bool:
        """Whether the house of this number stands on this stretch."""
        side_fits = self.side == "both" or (self.side == "odd") == (number % 2 == 1)
        return side_fits and self.low <= number <= self.high


@dataclass(frozen=True)
class Part:
    """What a grid holds: an estate (or the community under its own name), whole or from building to building."""

    name: str
    low: int = 1
    high: int = LAST
    side: Side = "both"

    @property
    def whole(self) -> bool:
        """Whether all buildings of this name are meant."""
        return (self.low, self.high, self.side) == (1, LAST, "both")

    def contains(self, building: int) -> bool:
        """Whether the building (幢) of this number is in it."""
        return self.low <= building <= self.high and (
            self.side == "both" or (self.side == "odd") == (building % 2 == 1)
        )


@dataclass(frozen=True)
class Grid:
    """A grid (网格) of a community. Its name need be unique in its community only; its aliases everywhere."""

    code: str
    name: str
    aliases: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Community:
    """A community (社区), the estates (小区) in it and its grids. `aliases` also match without 社区 behind them."""

    code: str
    name: str
    aliases: tuple[str, ...]
    estates: tuple[str, ...]
    grids: tuple[Grid, ...] = ()


@dataclass(frozen=True)
class Street:
    """A sub-district (街道)."""

    code: str
    name: str
    aliases: tuple[str, ...]
    old_names: tuple[str, ...]
    communities: tuple[Community, ...]
    roads: tuple[Road, ...]


@dataclass(frozen=True)
class Office:
    """Somebody's desk that a ticket can lie on. `street` is None for the district's own."""

    code: str
    name: str
    kind: OfficeKind
    street: str | None
    address: str
    phone: str
    phone_note: str
    hours: str


@dataclass(frozen=True)
class Place:
    """A place that has its own code (a QR poster or a kiosk), and the office that answers for it.

    A poster hangs on after its place was closed: it stays in the tree as `closed`, and whoever scans it is
    served by the office of its street.
    """

    code: str
    name: str
    kind: PlaceKind
    street: str | None
    community: str | None
    office: str
    closed: bool = False


@dataclass(frozen=True)
class Elsewhere:
    """Names that say that an address lies outside the district.

    `former` are the districts to which our streets once belonged: an elder's address may still say so.
    """

    districts: tuple[str, ...]
    cities: tuple[str, ...]
    former: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class District:
    """One district, complete: each street has its judicial office, and there is one desk for the rest."""

    code: str
    name: str
    city: str
    aliases: tuple[str, ...]
    demo: bool
    streets: tuple[Street, ...]
    offices: tuple[Office, ...]
    places: tuple[Place, ...]
    elsewhere: Elsewhere
    sounds_alike: tuple[str, ...]

    @property
    def desk(self) -> Office:
        """The district's duty desk: where everything goes that belongs to nobody else."""
        return next(office for office in self.offices if office.kind == "district_desk")

    @property
    def hub(self) -> Office:
        """The district's hub (社会治理中心 / 心理服务总站)."""
        return next(office for office in self.offices if office.kind == "hub")

    @cached_property
    def digest(self) -> str:
        """The short name of this tree: the same content has the same, through whichever door it came."""
        return digest_of(content_of(self))

    def street(self, code: str) -> Street:
        """The street of this code. Raises `KeyError` when there is none."""
        return _only(self.streets, code)

    def office(self, code: str) -> Office:
        """The office of this code. Raises `KeyError` when there is none."""
        return _only(self.offices, code)

    def office_once(self, code: str) -> Office:
        """The office that a kept row names. One that was closed since is shown as such, and the district's desk
        answers for it: its telephone, its hours."""
        known = next((office for office in self.offices if office.code == code), None)
        if known is not None:
            return known
        desk = self.desk
        return Office(
            code, CLOSED_OFFICE, desk.kind, None, desk.address, desk.phone, desk.phone_note, desk.hours
        )

    def has_office(self, code: str) -> bool:
        """Whether this office exists (still)."""
        return any(office.code == code for office in self.offices)

    def office_of(self, street: str) -> Office:
        """The judicial office of a street. Every street of a loaded district has one."""
        return next(o for o in self.offices if o.kind == "judicial_office" and o.street == street)

    def place(self, code: str) -> Place | None:
        """The place of this code, or None: an unknown code is an everyday event, not an error.

        A closed place is found too; its office is the one that serves its street today.
        """
        return next((place for place in self.places if place.code == code), None)

    def grid(self, code: str) -> Grid:
        """The grid of this code. Raises `KeyError` when there is none."""
        return _only(tuple(g for s in self.streets for c in s.communities for g in c.grids), code)

    def community(self, code: str) -> Community:
        """The community of this code. Raises `KeyError` when there is none."""
        return _only(tuple(c for street in self.streets for c in street.communities), code)


def load_district(code: str, folder: Path = FOLDER) -> District:
    """Load a district by its code. A file that contradicts itself raises `DistrictError` with its place."""
    if not CODE.fullmatch(code):
        raise DistrictError("districts", "(file)", "a district is named by a code such as binjiang")
    return read_district(read_content(folder / f"{code}.yml"))


def content_of(district: District) -> str:
    """The whole tree as one text, which `district_from` reads back; equal trees give equal texts."""
    return json.dumps(_plain(district), ensure_ascii=False, indent=1)


def district_from(content: str, name: str = "district") -> District:
    """A district from what `content_of` wrote. Refuses what `read_district` refuses."""
    return read_district(Node(json.loads(content), name))


def read_district(top: Node) -> District:
    """Build a district from the content of its file and check that it hangs together."""
    district = assemble(top)
    for path, problem in faults(district):
        raise top.error(top.file, path, problem)
    return district


def assemble(top: Node) -> District:
    """Build a district from its content as it stands; whether it hangs together is `faults`."""
    top.fields(
        (
            "code",
            "name",
            "city",
            "aliases",
            "demo",
            "streets",
            "offices",
            "places",
            "elsewhere",
            "sounds_alike",
        )
    )
    if not isinstance(top["demo"].value, bool):
        raise top["demo"].refuse("must be true or false")
    far = top["elsewhere"]
    far.fields(("districts", "cities", "former"))
    return District(
        code=top["code"].code(),
        name=top["name"].text(),
        city=top["city"].text(),
        aliases=top["aliases"].texts(),
        demo=top["demo"].value,
        streets=tuple(_street(node) for node in top["streets"].items()),
        offices=tuple(_office(node) for node in top["offices"].items()),
        places=tuple(_place(node) for node in top["places"].items()),
        elsewhere=Elsewhere(far["districts"].texts(), far["cities"].texts(), far["former"].texts()),
        sounds_alike=top["sounds_alike"].texts(),
    )


def _street(node: Node) -> Street:
    node.fields(("code", "name", "communities", "roads"), ("aliases", "old_names"))
    name = node["name"].text()
    if not name.endswith("街道") or len(name) < 4:
        raise node["name"].refuse("must be a street's full name, ending in 街道")
    roads = tuple(road for entry in node["roads"].items() for road in _stretches(entry))
    return Street(
        node["code"].code(),
        name,
        node["aliases"].texts(),
        node["old_names"].texts(),
        tuple(_community(entry) for entry in node["communities"].items()),
        roads,
    )


def _community(node: Node) -> Community:
    node.fields(("code", "name"), ("aliases", "estates", "grids"))
    name = node["name"].text()
    if not name.endswith("社区") or len(name) < 4:
        raise node["name"].refuse("must be a community's full name, ending in 社区")
    grids = tuple(_grid(entry) for entry in node["grids"].items())
    return Community(node["code"].code(), name, node["aliases"].texts(), node["estates"].texts(), grids)


def _grid(node: Node) -> Grid:
    node.fields(("code", "name"), ("aliases", "holds"))
    name = node["name"].text()
    if not name.endswith("网格"):
        raise node["name"].refuse("must be a grid's name, ending in 网格")
    parts = tuple(_part(entry) for entry in node["holds"].items())
    return Grid(node["code"].code(), name, node["aliases"].texts(), parts)


def _part(node: Node) -> Part:
    """An estate, whole ("联庄公寓") or in buildings ("联庄公寓 1-12", "联庄公寓 1-11 odd")."""
    name, _, numbers = node.text().partition(" ")
    if not numbers:
        return Part(name)
    return Part(name, *_range(numbers, node, "联庄公寓 1-12"))


def _stretches(node: Node) -> list[Road]:
    """A road without `numbers` belongs to its street (or community) as a whole."""
    node.fields(("name",), ("aliases", "numbers", "community"))
    name, aliases = node["name"].text(), node["aliases"].texts()
    community = node["community"].code() if node["community"].value is not None else None
    if node["numbers"].value is None:
        return [Road(name, aliases, 1, LAST, "both", community)]
    return [
        Road(name, aliases, *_range(str(entry.value), entry, "1-98 even"), community)
        for entry in node["numbers"].items()
    ]


def _range(text: str, node: Node, example: str) -> tuple[int, int, Side]:
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})( odd| even)?", text, re.ASCII)
    if not match or not 0 < int(match[1]) <= int(match[2]):
        raise node.refuse(f"must be a range of house numbers such as '{example}'")
    return int(match[1]), int(match[2]), cast(Side, (match[3] or " both").strip())


def _office(node: Node) -> Office:
    node.fields(("code", "name", "kind", "address", "phone", "phone_note", "hours"), ("street",))
    if node["kind"].value not in get_args(OfficeKind):
        raise node["kind"].refuse(f"must be one of {', '.join(get_args(OfficeKind))}")
    return Office(
        node["code"].code(),
        node["name"].text(),
        node["kind"].value,
        node["street"].code() if node["street"].value is not None else None,
        node["address"].text(),
        node["phone"].text(),
        node["phone_note"].text(),
        node["hours"].text(),
    )


def _place(node: Node) -> Place:
    node.fields(("code", "name", "kind", "office"), ("street", "community", "closed"))
    if node["closed"].value not in (None, True, False):
        raise node["closed"].refuse("must be true or false")
    if node["kind"].value not in get_args(PlaceKind):
        raise node["kind"].refuse(f"must be one of {', '.join(get_args(PlaceKind))}")
    return Place(
        node["code"].code(),
        node["name"].text(),
        node["kind"].value,
        node["street"].code() if node["street"].value is not None else None,
        node["community"].code() if node["community"].value is not None else None,
        node["office"].code(),
        bool(node["closed"].value),
    )


def faults(district: District) -> Iterator[tuple[str, str]]:
    """Everything in which a district contradicts itself, each with its place in the content."""
    yield from _doubled_codes(district)
    yield from _doubled_names(district)
    yield from _roads_that_meet(district)
    yield from _grids_that_meet(district)
    yield from _misfit_offices(district)
    yield from _misfit_places(district)
    letters = "".join(district.sounds_alike)
    twice = sorted({letter for letter in letters if letters.count(letter) > 1})
    if twice:
        yield "sounds_alike", f"近音字“{''.join(twice)}”写在了两组里"


def _doubled_codes(district: District) -> Iterator[tuple[str, str]]:
    if not district.streets:
        yield "streets", "一个区至少有一个街道"
    things: list[tuple[str, str, str]] = []
    for s, street in enumerate(district.streets):
        things.append(("street", f"streets[{s}]", street.code))
        for c, community in enumerate(street.communities):
            things.append(("community", f"streets[{s}].communities[{c}]", community.code))
            for g, grid in enumerate(community.grids):
                things.append(("grid", f"streets[{s}].communities[{c}].grids[{g}]", grid.code))
    things += [("office", f"offices[{o}]", office.code) for o, office in enumerate(district.offices)]
    things += [("place", f"places[{p}]", place.code) for p, place in enumerate(district.places)]
    seen: set[tuple[str, str]] = set()
    for kind, path, code in things:
        if (kind, code) in seen:
            yield path, f"编码 {code} 写了两次"
        seen.add((kind, code))


def _doubled_names(district: District) -> Iterator[tuple[str, str]]:
    """One name may mean one thing only, or a visit goes to the wrong door."""
    owner: dict[str, str] = {}

    def claimed(path: str, code: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for name in names:
            if owner.setdefault(name, code) != code:
                yield path, f"“{name}”已经属于 {owner[name]}，一个名字只能指一个地方"

    for s, street in enumerate(district.streets):
        yield from claimed(f"streets[{s}]", street.code, (street.name, *street.aliases, *street.old_names))
        for c, community in enumerate(street.communities):
            path = f"streets[{s}].communities[{c}]"
            names = (community.name, *community.aliases, *community.estates)
            yield from claimed(path, community.code, names)
            inside: set[str] = set()
            for g, grid in enumerate(community.grids):
                yield from claimed(f"{path}.grids[{g}]", grid.code, grid.aliases)
                if grid.name in inside:
                    yield f"{path}.grids[{g}]", f"{community.name}里有两个{grid.name}"
                inside.add(grid.name)


def _roads_that_meet(district: District) -> Iterator[tuple[str, str]]:
    """`roads[n]` counts stretches: a road of three ranges counts three times."""
    by_name: dict[str, list[tuple[str, str, Road]]] = defaultdict(list)
    for s, street in enumerate(district.streets):
        codes = {community.code for community in street.communities}
        for r, road in enumerate(street.roads):
            path = f"streets[{s}].roads[{r}]"
            by_name[road.name].append((path, street.code, road))
            if road.community is not None and road.community not in codes:
                yield path, f"{road.name}：{road.community} 不是这个街道的社区"
    for name, stretches in by_name.items():
        for (_, code, road), (path, other_code, other) in combinations(stretches, 2):
            if (code, road.community) == (other_code, other.community) or not _meet(road, other):
                continue
            if code != other_code or (road.community and other.community):
                yield path, f"{name}：这些门牌号已经属于 {road.community or code}"


def _grids_that_meet(district: District) -> Iterator[tuple[str, str]]:
    for s, street in enumerate(district.streets):
        for c, community in enumerate(street.communities):
            names = {community.name, *community.aliases, *community.estates}
            earlier: list[tuple[str, Part]] = []
            for g, grid in enumerate(community.grids):
                path = f"streets[{s}].communities[{c}].grids[{g}]"
                for part in grid.parts:
                    if part.name not in names:
                        yield path, f"“{part.name}”不是{community.name}的小区"
                    for owner, other in earlier:
                        if part.name == other.name and owner != grid.code and _meet(part, other):
                            yield path, f"{part.name}：这几幢已经属于 {owner}"
                    earlier.append((grid.code, part))


def _meet(one: Road | Part, other: Road | Part) -> bool:
    if max(one.low, other.low) > min(one.high, other.high):
        return False
    return "both" in (one.side, other.side) or one.side == other.side


def _misfit_offices(district: District) -> Iterator[tuple[str, str]]:
    streets = {street.code for street in district.streets}
    for o, office in enumerate(district.offices):
        path = f"offices[{o}]"
        if (office.kind == "judicial_office") != (office.street is not None):
            yield path, "司法所要写明街道，其他办公室不写街道"
        if office.street is not None and office.street not in streets:
            yield path, f"没有街道 {office.street}"
        if district.demo and not INVENTED_NUMBER.fullmatch(office.phone):
            yield path, "演示区只能用编造的号码：0571-0000-01xx"
    for kind in ("district_desk", "hub"):
        if sum(office.kind == kind for office in district.offices) != 1:
            yield "offices", f"要有且只有一个{OFFICE_WORDS[kind]}"
    for street in district.streets:
        if sum(office.street == street.code for office in district.offices) != 1:
            yield "offices", f"{street.name}要有且只有一个司法所"


def _misfit_places(district: District) -> Iterator[tuple[str, str]]:
    offices = {office.code for office in district.offices}
    communities = {street.code: {c.code for c in street.communities} for street in district.streets}
    for p, place in enumerate(district.places):
        path = f"places[{p}]"
        if place.office not in offices:
            yield path, f"没有办公室 {place.office}"
        if place.street is not None and place.street not in communities:
            yield path, f"没有街道 {place.street}"
        if len(place.name) > 30 or re.search(r"[0-9０-９]", place.name):
            yield path, "地点的名称会写进通知：最多 30 个字，不能有数字"
        if place.community is not None and place.community not in communities.get(place.street or "", set()):
            yield path, f"{place.community} 不是这个街道的社区"


def _plain(district: District) -> dict[str, Any]:
    return {
        "code": district.code,
        "name": district.name,
        "city": district.city,
        "aliases": list(district.aliases),
        "demo": district.demo,
        "streets": [_plain_street(street) for street in district.streets],
        "offices": [vars(office) for office in district.offices],
        "places": [vars(place) for place in district.places],
        "elsewhere": {name: list(names) for name, names in vars(district.elsewhere).items()},
        "sounds_alike": list(district.sounds_alike),
    }


def _plain_street(street: Street) -> dict[str, Any]:
    return {
        "code": street.code,
        "name": street.name,
        "aliases": list(street.aliases),
        "old_names": list(street.old_names),
        "communities": [
            {
                "code": community.code,
                "name": community.name,
                "aliases": list(community.aliases),
                "estates": list(community.estates),
                "grids": [
                    {
                        "code": grid.code,
                        "name": grid.name,
                        "aliases": list(grid.aliases),
                        "holds": [
                            part.name if part.whole else f"{part.name} {written_range(part)}"
                            for part in grid.parts
                        ],
                    }
                    for grid in community.grids
                ],
            }
            for community in street.communities
        ],
        "roads": [
            {
                "name": road.name,
                "aliases": list(road.aliases),
                "numbers": [written_range(road)],
                "community": road.community,
            }
            for road in street.roads
        ],
    }


def written_range(stretch: Road | Part) -> str:
    """A range as the content has it: "1-98 even"."""
    return f"{stretch.low}-{stretch.high}" + ("" if stretch.side == "both" else f" {stretch.side}")


def _only(things: tuple[T, ...], code: str) -> T:
    for thing in things:
        if thing.code == code:
            return thing
    raise KeyError(code)
