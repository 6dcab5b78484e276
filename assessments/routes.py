"""The ways through the questionnaires, and the entrances by which people come to them, read from `routes.yml`.

What is read has been checked: every form is known, every item exists, shared items offer the same values, every
entrance leads somewhere. What is wrong is told in Chinese with its field (`LibraryError`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from assessments.errors import LibraryError
from assessments.instrument import Instrument
from assessments.library import Library, read_yaml
from assessments.staging import CORE, After, Forms, Route, RouteStep, Shared

FILE = Path(__file__).with_name("routes.yml")

Length = Literal["ultra", "short", "full"]
Age = Literal["under_14", "from_14", "adult", "not_said"]
"""What somebody says of their age. Whoever would rather not say is treated like the youngest."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """A kind of person and the routes for them by length; `by_age` where age decides, which is then asked."""

    id: str
    name: str
    words: str
    before: str
    places: tuple[str, ...]
    lengths: Mapping[Length, str]
    by_age: Mapping[str, Mapping[Length, str]]

    @property
    def asks_age(self) -> bool:
        """Whether it leads to different routes by age, so that nobody goes in without having been asked."""
        return bool(self.by_age)

    def route(self, length: Length, age: Age | None) -> str | None:
        """The id of the route; `None` when there is no such length, or the age was not asked yet."""
        if not self.asks_age:
            return self.lengths.get(length)
        return None if age is None else self.by_age["under_14" if age == "not_said" else age].get(length)


@dataclass(frozen=True, slots=True)
class Routes:
    """All routes and entrances of this installation."""

    version: str
    routes: Mapping[str, Route]
    entrances: tuple[Entrance, ...]
    words: Mapping[str, Any]

    @classmethod
    def from_file(cls, library: Library, path: Path = FILE) -> "Routes":
        """Read and check; raises `LibraryError`."""
        return _Reader(path, library).read()

    def __getitem__(self, route_id: str | None) -> Route:
        """The route of this id. One that the file no longer has, or none, is the core route."""
        return self.routes.get(route_id or CORE) or self.routes[CORE]

    def entrance(self, entrance_id: str) -> Entrance | None:
        """The entrance of this id, if there is one."""
        return next((one for one in self.entrances if one.id == entrance_id), None)

    def entrance_at(self, place_kind: str | None) -> Entrance | None:
        """The entrance that stands first at a place of this kind."""
        return next((one for one in self.entrances if place_kind in one.places), None)

    def length_of(self, route_id: str, forms: Forms) -> tuple[int, int]:
        """How many questions and minutes this route takes at least, safety questions included."""
        steps = [forms[s.form] for s in self[route_id].steps if s.after is None and s.form in forms]
        asks = any(item.critical for form in steps for item in form.items)
        steps += [] if asks else [forms["asq"]]
        questions = sum(1 for form in steps for item in form.items if item.asked_after is None)
        return questions, max(1, sum(form.minutes for form in steps))


class _Reader:
    def __init__(self, path: Path, library: Library) -> None:
        self.path = path
        self.data: Mapping[str, Any] = read_yaml(path)
        self.forms: Mapping[str, Instrument] = {form.id: form for form in library.every()}

    def wrong(self, field: str, why: str) -> LibraryError:
        return LibraryError(self.path.name, field, why)

    def read(self) -> Routes:
        if not isinstance(self.data, dict) or set(self.data) != {
            "version", "shares", "routes", "entrances", "words",
        }:  # fmt: skip
            raise self.wrong("文件", "要有 version、shares、routes、entrances、words，不多不少")
        shares = tuple(self._share(one, f"shares[{n}]") for n, one in enumerate(self.data["shares"], 1))
        routes = {
            name: Route(name, tuple(self._step(s, f"routes.{name}") for s in steps), shares)
            for name, steps in self.data["routes"].items()
        }
        if CORE not in routes:
            raise self.wrong("routes", f"缺少 {CORE}：没有选入口的人走这一条")
        entrances = tuple(
            self._entrance(one, f"entrances[{n}]", routes) for n, one in enumerate(self.data["entrances"], 1)
        )
        ids = [one.id for one in entrances]
        if len(set(ids)) < len(ids):
            raise self.wrong("entrances", "有两个入口用了同一个 id")
        return Routes(str(self.data["version"]), routes, entrances, self.data["words"])

    def _form(self, form_id: object, field: str) -> Instrument:
        if form_id not in self.forms:
            raise self.wrong(field, f"没有 {form_id} 这份量表")
        return self.forms[str(form_id)]

    def _share(self, one: Mapping[str, Any], field: str) -> Shared:
        source, target = self._form(one["from"], field), self._form(one["to"], field)
        for before, after in one["items"].items():
            asked, again = source.item(before), target.item(after)
            same = {o.value for o in asked.options} == {o.value for o in again.options}
            if not same or asked.text != again.text:
                raise self.wrong(field, f"{source.id} 的 {before} 和 {target.id} 的 {after} 不是同一道题")
        return Shared(source.id, target.id, dict(one["items"]))

    def _step(self, step: object, field: str) -> RouteStep:
        if isinstance(step, str):
            return RouteStep(self._form(step, field).id)
        if not isinstance(step, dict) or set(step) != {"form", "after"}:
            raise self.wrong(field, "一步写量表的 id，或者写 form 和 after")
        form, after = self._form(step["form"], field), step["after"]
        asked = self._form(after["form"], field)
        highest = sum(asked.item(item).highest for item in after["items"])
        if type(after["at_least"]) is not int or not 0 < after["at_least"] <= highest:
            raise self.wrong(field, f"after.at_least 要在 1 到 {highest} 之间")
        return RouteStep(form.id, After(asked.id, tuple(after["items"]), after["at_least"]))

    def _entrance(self, one: Mapping[str, Any], field: str, routes: Mapping[str, Route]) -> Entrance:
        lengths, by_age = one.get("lengths", {}), one.get("by_age", {})
        if bool(lengths) == bool(by_age):
            raise self.wrong(field, "lengths 和 by_age 写其中一个")
        if by_age and set(by_age) != set(get_args(Age)) - {"not_said"}:
            raise self.wrong(field, "by_age 要写全 under_14、from_14、adult")
        for found in [lengths, *by_age.values()] if by_age else [lengths]:
            for length, route in found.items():
                if length not in get_args(Length) or route not in routes:
                    raise self.wrong(field, f"{length}: {route} 没有这一档或者没有这条路线")
        return Entrance(
            id=one["id"],
            name=one["name"],
            words=one["words"],
            before=one.get("before", ""),
            places=tuple(one.get("places", ())),
            lengths=lengths,
            by_age=by_age,
        )
