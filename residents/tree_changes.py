"""What one tree would change of another, in the words of whoever keeps it; and what an old tree leaves behind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from residents.district import District, Office, Place, Road, written_range


@dataclass(frozen=True)
class Change:
    """One difference: what kind of thing, its name, and what happens to it."""

    thing: str
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.thing} {self.name}：{self.what}"


def changes(before: District, after: District) -> list[Change]:
    """Everything that differs, streets first; nothing when the trees are equal."""
    return [
        *_streets(before, after),
        *_communities(before, after),
        *_grids(before, after),
        *_roads(before, after),
        *_offices(before, after),
        *_places(before, after),
        *_others(before, after),
    ]


def keeping_closed_places(before: District, after: District) -> District:
    """The new tree with the places that it no longer has, as closed ones: their posters still hang somewhere.

    Whoever scans one is served by the office of the street that the place lies in now, or by the district's desk.
    """
    known = {place.code for place in after.places}
    left = tuple(_closed(place, after) for place in before.places if place.code not in known)
    return replace(after, places=(*after.places, *left)) if left else after


def _closed(place: Place, after: District) -> Place:
    street = next((s for s in after.streets if any(c.code == place.community for c in s.communities)), None)
    community = place.community if street else None
    street = street or next((s for s in after.streets if s.code == place.street), None)
    office = after.office_of(street.code) if street else after.desk
    return replace(
        place, street=street.code if street else None, community=community, office=office.code, closed=True
    )


def _streets(before: District, after: District) -> Iterator[Change]:
    old, new = {s.code: s for s in before.streets}, {s.code: s for s in after.streets}
    for code in _all(old, new):
        was, now = old.get(code), new.get(code)
        if was is None or now is None:
            yield _came_or_went("街道", was, now)
        elif was.name != now.name:
            yield Change("街道", was.name, f"改名为{now.name}")
        elif (was.aliases, was.old_names) != (now.aliases, now.old_names):
            yield Change("街道", now.name, "别名或旧名有变")


def _communities(before: District, after: District) -> Iterator[Change]:
    old = {c.code: (s, c) for s in before.streets for c in s.communities}
    new = {c.code: (s, c) for s in after.streets for c in s.communities}
    for code in _all(old, new):
        was, now = old.get(code), new.get(code)
        if was is None or now is None:
            yield _came_or_went("社区", was and was[1], now and now[1])
            continue
        if was[0].code != now[0].code:
            yield Change("社区", now[1].name, f"从{was[0].name}划到{now[0].name}")
        if was[1].name != now[1].name:
            yield Change("社区", was[1].name, f"改名为{now[1].name}")
        if (was[1].aliases, was[1].estates) != (now[1].aliases, now[1].estates):
            yield Change("社区", now[1].name, "别名或小区有变")


def _grids(before: District, after: District) -> Iterator[Change]:
    old = {g.code: (c, g) for s in before.streets for c in s.communities for g in c.grids}
    new = {g.code: (c, g) for s in after.streets for c in s.communities for g in c.grids}
    for code in _all(old, new):
        was, now = old.get(code), new.get(code)
        community, grid = now or was or (None, None)
        if community is None or grid is None:
            continue
        name = f"{community.name}{grid.name}"
        if was is None or now is None:
            yield Change("网格", name, "新增" if was is None else "撤销")
        elif was[0].code != now[0].code:
            yield Change("网格", name, f"从{was[0].name}划来")
        elif was[1] != now[1]:
            yield Change("网格", name, "管的范围有变")


def _roads(before: District, after: District) -> Iterator[Change]:
    old, new = _stretches(before), _stretches(after)
    for name in _all(old, new):
        if name not in old or name not in new:
            yield Change("道路", name, "新增" if name not in old else "撤销")
        elif old[name] != new[name]:
            yield Change("道路", name, "号段的归属有变")


def _stretches(district: District) -> dict[str, set[tuple[str, str, str | None, tuple[str, ...]]]]:
    found: dict[str, set[tuple[str, str, str | None, tuple[str, ...]]]] = {}
    pairs: Iterable[tuple[str, Road]] = ((s.code, road) for s in district.streets for road in s.roads)
    for street, road in pairs:
        found.setdefault(road.name, set()).add((street, written_range(road), road.community, road.aliases))
    return found


def _offices(before: District, after: District) -> Iterator[Change]:
    old, new = {o.code: o for o in before.offices}, {o.code: o for o in after.offices}
    for code in _all(old, new):
        was, now = old.get(code), new.get(code)
        if was is None or now is None:
            yield _came_or_went("办公室", was, now)
        elif was != now:
            yield Change("办公室", now.name, f"{_differences(was, now)}有变")


def _differences(was: Office, now: Office) -> str:
    words = {
        "name": "名称", "kind": "类型", "street": "街道", "address": "地址", "phone": "电话",
        "phone_note": "电话说明", "hours": "时间",
    }  # fmt: skip
    return "、".join(word for field, word in words.items() if getattr(was, field) != getattr(now, field))


def _places(before: District, after: District) -> Iterator[Change]:
    old, new = {p.code: p for p in before.places}, {p.code: p for p in after.places}
    for code in _all(old, new):
        was, now = old.get(code), new.get(code)
        if was is None or now is None:
            yield _came_or_went("地点", was, now)
        elif was.closed != now.closed:
            what = f"关闭，扫码的人由{after.office(now.office).name}接" if now.closed else "重新启用"
            yield Change("地点", now.name, what)
        elif was != now:
            yield Change("地点", now.name, "名称、归属或办公室有变")


def _others(before: District, after: District) -> Iterator[Change]:
    for words, same in (
        (
            "区的名称或别名",
            (before.name, before.city, before.aliases) == (after.name, after.city, after.aliases),
        ),
        ("外地名单", before.elsewhere == after.elsewhere),
        ("近音字", before.sounds_alike == after.sounds_alike),
        ("演示或正式", before.demo == after.demo),
    ):
        if not same:
            yield Change("区", after.name, f"{words}有变")


def _all(old: Iterable[str], new: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*old, *new]))


def _came_or_went(thing: str, was: object, now: object) -> Change:
    return Change(thing, getattr(now or was, "name", ""), "新增" if was is None else "撤销")
