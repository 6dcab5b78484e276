"""A district as routing sees it: streets, communities, roads, offices and the places with a code."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

from residents.content import CODE, Node, read_content
from residents.errors import DistrictError

FOLDER = Path(__file__).parent / "districts"

OfficeKind = Literal["judicial_office", "district_desk", "hub"]
PlaceKind = Literal["hall", "community_room", "company", "school", "poster"]
Side = Literal["odd", "even", "both"]

T = TypeVar("T", "Street", "Office", "Community")

INVENTED_NUMBER = re.compile(r"0571-0000-01\d\d")


@dataclass(frozen=True)
class Road:
    """A stretch of a road that belongs to one street: house numbers `low` to `high`, one side or both."""

    name: str
    aliases: tuple[str, ...]
    low: int
    high: int
    side: Side

    def contains(self, number: int) -> bool:
        """Whether the house of this number stands on this stretch."""
        side_fits = self.side == "both" or (self.side == "odd") == (number % 2 == 1)
        return side_fits and self.low <= number <= self.high


@dataclass(frozen=True)
class Community:
    """A community (社区) and the estates (小区) in it. `aliases` also match without 社区 behind them."""

    code: str
    name: str
    aliases: tuple[str, ...]
    estates: tuple[str, ...]


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
    """A place that has its own code (a QR poster or a kiosk), and the office that answers for it."""

    code: str
    name: str
    kind: PlaceKind
    street: str | None
    community: str | None
    office: str


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

    def street(self, code: str) -> Street:
        """The street of this code. Raises `KeyError` when there is none."""
        return _only(self.streets, code)

    def office(self, code: str) -> Office:
        """The office of this code. Raises `KeyError` when there is none."""
        return _only(self.offices, code)

    def office_of(self, street: str) -> Office:
        """The judicial office of a street. Every street of a loaded district has one."""
        return next(o for o in self.offices if o.kind == "judicial_office" and o.street == street)

    def place(self, code: str) -> Place | None:
        """The place of this code, or None: an unknown code is an everyday event, not an error."""
        return next((place for place in self.places if place.code == code), None)

    def community(self, code: str) -> Community:
        """The community of this code. Raises `KeyError` when there is none."""
        return _only(tuple(c for street in self.streets for c in street.communities), code)


def load_district(code: str, folder: Path = FOLDER) -> District:
    """Load a district by its code. A file that contradicts itself raises `DistrictError` with its place."""
    if not CODE.fullmatch(code):
        raise DistrictError("districts", "(file)", "a district is named by a code such as binjiang")
    return read_district(read_content(folder / f"{code}.yml"))


def read_district(top: Node) -> District:
    """Build a district from the content of its file and check that it hangs together."""
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
    district = District(
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
    _check_codes(top, district)
    _check_names(top, district)
    _check_roads(top, district)
    _check_offices(top, district)
    _check_places(top, district)
    _check_sounds(top, district)
    return district


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
    node.fields(("code", "name"), ("aliases", "estates"))
    name = node["name"].text()
    if not name.endswith("社区") or len(name) < 4:
        raise node["name"].refuse("must be a community's full name, ending in 社区")
    return Community(node["code"].code(), name, node["aliases"].texts(), node["estates"].texts())


def _stretches(node: Node) -> list[Road]:
    """A road without `numbers` belongs to its street as a whole."""
    node.fields(("name",), ("aliases", "numbers"))
    name, aliases = node["name"].text(), node["aliases"].texts()
    if node["numbers"].value is None:
        return [Road(name, aliases, 1, 99999, "both")]
    return [_stretch(entry, name, aliases) for entry in node["numbers"].items()]


def _stretch(node: Node, name: str, aliases: tuple[str, ...]) -> Road:
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})( odd| even)?", str(node.value))
    if not match or not 0 < int(match[1]) <= int(match[2]):
        raise node.refuse("must be a range of house numbers such as '1-98 even'")
    return Road(name, aliases, int(match[1]), int(match[2]), cast(Side, (match[3] or " both").strip()))


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
    node.fields(("code", "name", "kind", "office"), ("street", "community"))
    if node["kind"].value not in get_args(PlaceKind):
        raise node["kind"].refuse(f"must be one of {', '.join(get_args(PlaceKind))}")
    return Place(
        node["code"].code(),
        node["name"].text(),
        node["kind"].value,
        node["street"].code() if node["street"].value is not None else None,
        node["community"].code() if node["community"].value is not None else None,
        node["office"].code(),
    )


def _check_codes(top: Node, district: District) -> None:
    for name, codes in (
        ("streets", [street.code for street in district.streets]),
        ("communities", [c.code for street in district.streets for c in street.communities]),
        ("offices", [office.code for office in district.offices]),
        ("places", [place.code for place in district.places]),
    ):
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise top["streets" if name == "communities" else name].refuse(f"{', '.join(twice)} stands twice")
    if not district.streets:
        raise top["streets"].refuse("a district has at least one street")


def _check_names(top: Node, district: District) -> None:
    """One name may mean one thing only, or a visit goes to the wrong door."""
    owner: dict[str, str] = {}
    for s, street in enumerate(district.streets):
        for name in (street.name, *street.aliases, *street.old_names):
            _claim(top, f"streets[{s}]", name, street.code, owner)
        for c, community in enumerate(street.communities):
            for name in (community.name, *community.aliases, *community.estates):
                _claim(top, f"streets[{s}].communities[{c}]", name, community.code, owner)


def _claim(top: Node, path: str, name: str, code: str, owner: dict[str, str]) -> None:
    if owner.setdefault(name, code) != code:
        raise top.error(top.file, path, f"{name} already belongs to {owner[name]}")


def _check_roads(top: Node, district: District) -> None:
    stretches = [(s, street.code, road) for s, street in enumerate(district.streets) for road in street.roads]
    for i, (_, code, road) in enumerate(stretches):
        for s, other_code, other in stretches[i + 1 :]:
            if road.name == other.name and code != other_code and _meet(road, other):
                problem = f"{road.name}: these numbers already belong to {code}"
                raise top.error(top.file, f"streets[{s}].roads", problem)


def _meet(road: Road, other: Road) -> bool:
    sides_meet = "both" in (road.side, other.side) or road.side == other.side
    return sides_meet and max(road.low, other.low) <= min(road.high, other.high)


def _check_offices(top: Node, district: District) -> None:
    streets = {street.code for street in district.streets}
    for o, office in enumerate(district.offices):
        node = Node(None, top.file, f"offices[{o}]", top.error)
        if (office.kind == "judicial_office") != (office.street is not None):
            raise node.refuse("a judicial office has a street, the others have none")
        if office.street is not None and office.street not in streets:
            raise node.refuse(f"there is no street {office.street}")
        if district.demo and not INVENTED_NUMBER.fullmatch(office.phone):
            raise node.refuse("a demo district has invented numbers only: 0571-0000-01xx")
    for kind in ("district_desk", "hub"):
        if sum(office.kind == kind for office in district.offices) != 1:
            raise top["offices"].refuse(f"there must be exactly one {kind}")
    for street in district.streets:
        if sum(office.street == street.code for office in district.offices) != 1:
            raise top["offices"].refuse(f"{street.code} must have exactly one judicial office")


def _check_places(top: Node, district: District) -> None:
    offices = {office.code for office in district.offices}
    communities = {street.code: {c.code for c in street.communities} for street in district.streets}
    for p, place in enumerate(district.places):
        node = Node(None, top.file, f"places[{p}]", top.error)
        if place.office not in offices:
            raise node.refuse(f"there is no office {place.office}")
        if place.street is not None and place.street not in communities:
            raise node.refuse(f"there is no street {place.street}")
        if len(place.name) > 30 or re.search(r"[0-9０-９]", place.name):
            raise node.refuse("a place's name stands in notices: at most 30 letters, no digits")
        if place.community is not None and place.community not in communities.get(place.street or "", set()):
            raise node.refuse(f"{place.community} is not a community of this street")


def _check_sounds(top: Node, district: District) -> None:
    letters = "".join(district.sounds_alike)
    twice = sorted({letter for letter in letters if letters.count(letter) > 1})
    if twice:
        raise top["sounds_alike"].refuse(f"{''.join(twice)} stands in two groups")


def _only(things: tuple[T, ...], code: str) -> T:
    for thing in things:
        if thing.code == code:
            return thing
    raise KeyError(code)
