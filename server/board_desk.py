"""The wall screen and the public board: what was published of each week, put into words. `docs/board.md`."""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from escalation.board import (
    WEEK,
    BoardWeek,
    clocks_between,
    first_counted,
    last_signals,
    late_now,
    lock_weeks,
    monday_of,
    period_of,
    sittings_between,
    tickets_by_id,
    weeks_since,
)
from escalation.errors import NotAllowed
from escalation.satisfaction import answers_between
from escalation.staff import StaffAccount
from residents.district import FOLDER, District
from residents.district_book import DistrictBook
from server.aggregates import LEAST
from server.board import (
    Judged,
    Rules,
    StreetWeek,
    clusters,
    judge,
    published,
    read_rules,
    share,
    share_of_month,
)
from server.board_schemas import (
    Board,
    BoardCell,
    BoardClock,
    BoardCluster,
    BoardColour,
    BoardMap,
    BoardShare,
    BoardStreet,
    PublicBoard,
)
from storage import audit
from storage.database import Database

log = logging.getLogger("xinqiao")

MAY_LOOK = frozenset({"supervisor", "duty_officer", "administrator", "auditor"})
ZONE = ZoneInfo("Asia/Shanghai")
OWN_CELL_OF = frozenset({"company", "school"})
LARGEST_MAP = 4 * 1024 * 1024

rules = cache(read_rules)


@dataclass(frozen=True)
class Cells:
    """The cells of a district: every person who is counted is in exactly one of them."""

    district: District

    @cached_property
    def by_street(self) -> dict[str, dict[str, str]]:
        """The name of each cell, by street. The district itself comes last, for those of whom no street is known."""
        found: dict[str, dict[str, str]] = {}
        for street in self.district.streets:
            cells = found[street.code] = {}
            for community in street.communities:
                for grid in community.grids:
                    cells[grid.code] = f"{community.name}{grid.name}"
                cells[community.code] = f"{community.name}（网格不详）" if community.grids else community.name
            cells[street.code] = f"{street.name}（社区不详）"
        found[self.district.code] = {self.district.code: "街道不详"}
        for place in self.district.places:
            if place.kind in OWN_CELL_OF and not place.closed:
                found[place.street or self.district.code][f"place-{place.code}"] = place.name
        return found

    def name_of_street(self, code: str) -> str:
        """The street's name; a cell of nobody's street stands under the district."""
        return "街道不详" if code == self.district.code else self.district.street(code).name

    def cell(self, place_code: str | None, where: str | None) -> tuple[str, str]:
        """Street and cell of somebody: the company or school that they came in by, else what is known of their
        address (`where`, as `escalation.rerouting.where` puts it), else the place they came in by."""
        place = self.district.place(place_code) if place_code else None
        if place is not None and not place.closed and place.kind in OWN_CELL_OF:
            return place.street or self.district.code, f"place-{place.code}"
        area, _, rest = (where or "").partition(" · ")
        if (known := self._named.get(rest.rpartition(" · ")[0])) is not None:
            return known
        if place is not None and place.street is not None:
            return place.street, place.community or place.street
        street = next((s.code for s in self.district.streets if s.name == area), None)
        return (street, street) if street else (self.district.code, self.district.code)

    @cached_property
    def _named(self) -> dict[str, tuple[str, str]]:
        return {
            name: (street.code, code)
            for street in self.district.streets
            for community in street.communities
            for name, code in (
                (community.name, community.code),
                *((f"{community.name}{grid.name}", grid.code) for grid in community.grids),
            )
        }


def publish_weeks(database: Database, districts: DistrictBook, clock: Callable[[], datetime]) -> int:
    """Decide, once for each week that is over, what may be said of it. Says how many were decided.

    Whoever comes second finds it decided. A week is never decided again, whatever is erased or changed later.
    """
    now = clock()
    this_week = monday_of(now, ZONE)
    oldest = this_week - (rules().past + 1) * WEEK
    with database.transaction() as db:
        done = {one.begins for one in weeks_since(db, oldest)}
        wanted = [oldest + n * WEEK for n in range(rules().past + 1) if oldest + n * WEEK not in done]
        first = first_counted(db) if wanted else None
    if first is None:
        return 0
    wanted = [week for week in wanted if period_of(week, ZONE)[1] > first]
    for week in wanted:
        with database.transaction() as db:
            lock_weeks(db)
            if any(one.begins == week for one in weeks_since(db, week)):
                continue
            districts.refresh(db)
            content = week_content(db, database, Cells(districts.current), week)
            db.add(BoardWeek(begins=week, at=now, content=content))
            audit.record(db, actor="software", action="board.published", subject=f"week:{week}", at=now)
    return len(wanted)


def week_content(db: Session, database: Database, cells: Cells, week: date) -> dict[str, Any]:
    """What is kept of one week: the streets as they may be published, and the work that was done."""
    begins, ends = period_of(week, ZONE)
    seen = last_signals(db, begins, ends)
    tickets = tickets_by_id(db, {ticket for _, ticket in seen.values() if ticket is not None})
    counts: Counter[tuple[str, str]] = Counter()
    for place, ticket_id in seen.values():
        ticket = tickets.get(ticket_id) if ticket_id else None
        where = database.vault.open(ticket, "place") if ticket is not None else None
        counts[cells.cell(place, where)] += 1
    streets = {}
    for street, names in cells.by_street.items():
        shown = published({cell: counts[street, cell] for cell in names})
        streets[street] = {"cells": dict(shown.cells), "hidden": list(shown.hidden), "rest": shown.rest}
    clocks: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for (office, name, kept), n in clocks_between(db, begins, ends).items():
        clocks[cells.district.office_once(office).kind][name][0 if kept else 1] += n
    return {
        "streets": streets,
        "clocks": {layer: dict(names) for layer, names in clocks.items()},
        "sittings": list(sittings_between(db, begins, ends)),
        "satisfied": [
            sum(numbers) for numbers in zip(*answers_between(db, begins, ends).values(), strict=True)
        ]
        or [0, 0],
    }


class BoardDesk:
    """The wall screen, for those who lead and those who watch; and what everybody may see of it."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], districts: DistrictBook, demo: bool,
        map_file: Path | None = None,
    ) -> None:  # fmt: skip
        self.database = database
        self.clock = clock
        self.districts = districts
        self.demo = demo
        self.map_file = map_file
        self.rules: Rules = rules()

    def board(self) -> Board:
        """The wall screen as it stands now."""
        now = self.clock()
        with self.database.transaction() as db:
            self.districts.refresh(db)
            weeks = self._weeks(db, now)
            late = late_now(db, now)
        words, last = self.rules.words, weeks[-1] if weeks else None
        cells = Cells(self.districts.current)
        streets, judged = self._streets(cells, weeks)
        return Board(
            district=self.districts.current.name,
            demo=self.demo,
            made_at=now,
            week_from=last.begins if last else None,
            week_to=last.begins + timedelta(days=6) if last else None,
            sentence=words["counted"] if last else words["no_week"],
            colours=[BoardColour.model_validate(vars(one)) for one in self.rules.colours],
            streets=streets,
            weeks=[one.begins for one in weeks],
            clocks=self._clocks(last),
            clocks_sentence=words["clocks"],
            completion=self._share("筛查做完", last, "sittings", words["completion"]),
            satisfied=self._share("说办得好", last, "satisfied", words["satisfied"]),
            clusters=self._clusters(judged, last),
            clusters_sentence=words["no_cluster"] if last else words["no_week"],
            late_now="没有" if late == 0 else f"{late}" if late >= LEAST else f"不到 {LEAST}",
        )

    def public(self) -> PublicBoard:
        """What everybody may see."""
        with self.database.transaction() as db:
            weeks = self._weeks(db, self.clock())
        last = weeks[-1] if weeks else None
        words, said = self.rules.words, self.rules.said["clocks"]
        lines = []
        if last is not None:
            lines.append(_public_line("筛查做完", weeks, _of("sittings"), words["completion"], words))
            lines.append(_public_line("说办得好", weeks, _of("satisfied"), words["satisfied"], words))
            for name, word in said.items():
                lines.append(_public_line(f"按时{word}", weeks, _of_clock(name), "", words))
        return PublicBoard(
            district=self.districts.current.name,
            demo=self.demo,
            week_from=last.begins if last else None,
            week_to=last.begins + timedelta(days=6) if last else None,
            title=self.rules.said["public"]["title"],
            lead=self.rules.said["public"]["lead"] if last else words["no_week"],
            lines=lines,
            help=self.rules.said["public"]["help"],
        )

    def map(self) -> BoardMap:
        """The district's map; none where there is no file, or one that cannot be read, which is logged."""
        path = self.map_file or FOLDER / self.districts.current.code / "map.geojson"
        if not path.is_file():
            return BoardMap(map=None)
        try:
            if path.stat().st_size > LARGEST_MAP:
                raise ValueError("too large")
            found = json.loads(path.read_text("utf-8"))
            if found["type"] != "FeatureCollection" or not isinstance(found["features"], list):
                raise ValueError("not a collection of features")
        except (OSError, ValueError, KeyError, TypeError):
            log.error("board: the map is left out")
            return BoardMap(map=None)
        return BoardMap(map=found)

    def _weeks(self, db: Session, now: datetime) -> list[BoardWeek]:
        """The weeks without a gap up to the last one that is over."""
        newest = monday_of(now, ZONE) - WEEK
        found = {one.begins: one for one in weeks_since(db, newest - self.rules.past * WEEK)}
        kept: list[BoardWeek] = []
        week = max(found, default=newest)
        while (one := found.get(week)) is not None:
            kept.insert(0, one)
            week -= WEEK
        return kept

    def _streets(self, cells: Cells, weeks: list[BoardWeek]) -> tuple[list[BoardStreet], dict[str, Judged]]:
        judged: dict[str, Judged] = {}
        shown: list[BoardStreet] = []
        for code, names in cells.by_street.items():
            tables = [_table(week, code) for week in weeks]
            if not tables or (now := tables[-1]) is None:
                continue
            past = [t for t in tables[:-1] if t is not None]
            parts = []
            for cell in sorted(now.cells, key=lambda c: (-now.cells[c], c)):
                of_cell = judge(now.number(cell), [t.number(cell) for t in past if t.knows(cell)], self.rules)
                name = names.get(cell, cell)
                if of_cell is not None:
                    judged[name] = of_cell
                parts.append(BoardCell(**self._cell(cell, name, now.number(cell), of_cell)))
            of_street = judge(now.total, [t.total for t in past], self.rules, [t.counted_as for t in past])
            name = cells.name_of_street(code)
            if of_street is not None and now.rest is not None:
                judged[name] = of_street
            shown.append(
                BoardStreet(**self._cell(code, name, now.total, of_street), cells=parts, rest=self._rest(now))
            )
        if shown and shown[-1].number is None:
            shown.pop()  # nobody without a street who could be named
        return shown, judged

    def _cell(self, code: str, name: str, number: int | None, judged: Judged | None) -> dict[str, Any]:
        words = self.rules.words
        if number is None:
            sentence = words["street_hidden"]  # a cell that is hidden is not in the list at all
        elif judged is None:
            sentence = words["no_past"]
        else:
            sentence = f"{judged.colour.colour} · {judged.colour.word}"
        return {
            "code": code,
            "name": name,
            "number": number,
            "colour": judged.colour.key if judged else None,
            "sentence": sentence,
            "past": list(judged.past) if judged else [],
            "expected": f"{judged.expected:.1f}" if judged else None,
            "probability": chance(judged.probability) if judged else None,
            "formula": words["formula"].format(weeks=len(judged.past), observed=judged.observed)
            if judged
            else "",
        }

    def _rest(self, now: StreetWeek) -> str:
        words = self.rules.words
        if not now.hidden:
            return ""
        if now.rest is None:
            return str(words["rest_hidden"].format(count=len(now.hidden)))
        return f"{words['rest'].format(count=len(now.hidden))} {now.rest} 人"

    def _clocks(self, last: BoardWeek | None) -> list[BoardClock]:
        if last is None:
            return []
        shown = []
        for layer, layer_word in self.rules.said["layers"].items():
            for clock, word in self.rules.said["clocks"].items():
                kept, late = last.content["clocks"].get(layer, {}).get(clock, (0, 0))
                if kept + late == 0:
                    continue
                small = kept + late < LEAST
                shown.append(
                    BoardClock(
                        layer=layer_word,
                        clock=word,
                        kept=None if small else kept,
                        late=None if small else late,
                        whole=None if small else kept + late,
                    )
                )
        return shown

    def _clusters(self, judged: dict[str, Judged], last: BoardWeek | None) -> list[BoardCluster]:
        if last is None:
            return []
        window = f"{_day(last.begins)}到{_day(last.begins + timedelta(days=6))}"
        return [
            BoardCluster(
                name=name,
                window=window,
                observed=judged[name].observed,
                expected=f"{judged[name].expected:.1f}",
                probability=chance(judged[name].probability),
                sentence=self.rules.words["cluster"].format(
                    chance=chance(min(1.0, judged[name].probability * len(judged))), looked=len(judged)
                ),
            )
            for name in clusters(judged, self.rules)
        ]

    def _share(self, name: str, last: BoardWeek | None, key: str, sentence: str) -> BoardShare:
        return _share_shown(
            name, last.content.get(key, [0, 0]) if last else [0, 0], sentence, self.rules.words
        )


def must_look(account: StaffAccount) -> None:
    """`NotAllowed` for whoever has no business before the wall screen."""
    if account.role not in MAY_LOOK:
        raise NotAllowed("大屏给负责人、区值班台、管理员和审计看。")


def chance(probability: float) -> str:
    """A probability as people read one."""
    if probability >= 0.0995:
        return f"{round(100 * probability)}%"
    if probability >= 0.001:
        return f"{100 * probability:.2g}%"
    return "不到万分之一" if probability < 0.0001 else "不到千分之一"


def _share_shown(name: str, numbers: list[int], sentence: str, words: Mapping[str, Any]) -> BoardShare:
    whole, part = numbers
    found = share(part, whole)
    if found is None:
        sentence = words["small"]
    elif found.part is None:
        sentence = words["part_small"]
    return BoardShare(
        name=name,
        part=found.part if found else None,
        whole=found.whole if found else None,
        sentence=sentence,
    )


Numbers = tuple[int, int]
"""A part and its whole."""


def _of(key: str) -> Callable[[BoardWeek], Numbers]:
    def numbers(week: BoardWeek) -> Numbers:
        whole, part = week.content.get(key, (0, 0))
        return part, whole

    return numbers


def _of_clock(name: str) -> Callable[[BoardWeek], Numbers]:
    def numbers(week: BoardWeek) -> Numbers:
        of_layers = [names.get(name, (0, 0)) for names in week.content["clocks"].values()]
        return sum(kept for kept, _ in of_layers), sum(kept + late for kept, late in of_layers)

    return numbers


def _public_line(
    name: str, weeks: Sequence[BoardWeek], of: Callable[[BoardWeek], Numbers], sentence: str, words: Mapping[str, Any]
) -> BoardShare:  # fmt: skip
    """One line of the public board: the last week, or, where that is too small to be named, the newest of the earlier
    weeks and of the whole months that may be. Which one it is stands with it."""
    periods = [[week] for week in weeks] + _months(weeks)
    for period in sorted(periods, key=lambda one: (one[-1].begins, -len(one)), reverse=True):
        numbers = [of(week) for week in period]
        found = share(*numbers[0]) if len(numbers) == 1 else share_of_month(numbers)
        if found is None:
            continue
        told = [words["part_small"]] if found.part is None else [sentence] if sentence else []
        if period[-1] is not weeks[-1] or len(period) > 1:
            when = words["earlier_week" if len(period) == 1 else "month"]
            first, last = period[0].begins, period[-1].begins + timedelta(days=6)
            told.append(when.format(first=_day(first), last=_day(last), weeks=len(period)))
        return BoardShare(name=name, part=found.part, whole=found.whole, sentence="；".join(told))
    return BoardShare(name=name, part=None, whole=None, sentence=words["small"])


def _months(weeks: Sequence[BoardWeek]) -> list[list[BoardWeek]]:
    """The weeks of each month of which every week is there, oldest first. A week is of the month of its Monday."""
    by_month: dict[tuple[int, int], list[BoardWeek]] = defaultdict(list)
    for week in weeks:
        by_month[week.begins.year, week.begins.month].append(week)
    return [
        of_month
        for of_month in by_month.values()
        if (of_month[0].begins - WEEK).month != of_month[0].begins.month
        and (of_month[-1].begins + WEEK).month != of_month[-1].begins.month
    ]


def _table(week: BoardWeek, street: str) -> StreetWeek | None:
    kept = week.content["streets"].get(street)
    return StreetWeek(kept["cells"], tuple(kept["hidden"]), kept["rest"]) if kept else None


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
