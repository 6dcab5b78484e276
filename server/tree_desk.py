"""Importing a district's tree: looked at first, saved only whole, and written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from escalation.rerouting import Moves, calls_of_closed_offices, forecast
from residents.content import read_content
from residents.district import OFFICE_WORDS, District, content_of, read_district
from residents.district_book import DistrictBook, subject_of
from residents.errors import DistrictError, TableProblem, TableRefused
from residents.tree_changes import Change, changes, keeping_closed_places
from residents.tree_table import read_tree
from storage import audit, edition
from storage.database import Database
from storage.edition import Edition

SHIPPED = "随程序附带"
HANGZHOU = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Proposal:
    """A tree that could be imported, and what that would change."""

    before: District
    after: District
    changes: Sequence[Change]
    moves: Moves


class TreeDesk:
    """Where the tree is looked at, proposed and saved."""

    def __init__(self, database: Database, code: str) -> None:
        self.database = database
        self.book = DistrictBook(code)

    def in_force(self) -> tuple[District, Edition | None]:
        """The tree in force, and the edition that brought it, if it was imported."""
        with self.database.transaction() as db:
            self.book.refresh(db)
            return self.book.current, edition.current(db, self.book.subject)

    def propose(self, path: Path) -> Proposal:
        """Read a file (a table or YAML) and say what it would change. Saves nothing.

        Raises `TableRefused` with everything that is wrong with it.
        """
        read = self._read(path)
        with self.database.transaction() as db:
            self.book.refresh(db)
            before = self.book.current
            if read.code != before.code:
                problem = f"这是 {read.code} 的区划，这里配置的是 {before.code}"
                raise TableRefused([TableProblem(None, problem)])
            after = keeping_closed_places(before, read)
            return Proposal(before, after, changes(before, after), forecast(db, self.database.vault, after))

    def save(
        self, proposal: Proposal, saved_by: str, note: str, now: datetime, *, actor: str = ""
    ) -> Edition:
        """Bring a proposed tree into force.

        Calls from kiosks of offices that are closed go to the district's desk at once, open tickets in the next
        round of the clocks.

        Raises `TreeChangedMeanwhile` when another tree came into force after the proposal was made.
        """
        with self.database.transaction() as db:
            self.book.refresh(db)
            if self.book.current.digest != proposal.before.digest:
                raise TreeChangedMeanwhile
            if edition.current(db, self.book.subject) is None:
                edition.save(db, self.book.subject, content_of(proposal.before), SHIPPED, now)
            saved = edition.save(db, self.book.subject, content_of(proposal.after), saved_by, now, note)
            calls_of_closed_offices(db, proposal.after)
            self._record(db, proposal, saved, actor or f"operator:{saved.saved_by}", now)
        return saved

    def _record(self, db: Session, proposal: Proposal, saved: Edition, actor: str, now: datetime) -> None:
        audit.record(
            db, actor=actor, action="tree.imported",
            subject=subject_of(proposal.after.code), at=now, before=proposal.before.digest,
            after=saved.digest, changes=len(proposal.changes), moves=proposal.moves.move,
        )  # fmt: skip

    def _read(self, path: Path) -> District:
        if path.suffix.lower() not in (".yml", ".yaml"):
            return read_tree(path)
        try:
            return read_district(read_content(path))
        except DistrictError as error:
            raise TableRefused([TableProblem(None, f"{error.path}：{error.problem}")]) from None


def tree_in_words(district: District, edition: Edition | None) -> list[str]:
    """The tree in force, for a person."""
    source = "随程序附带，没有导入过"
    if edition is not None:
        at = edition.saved_at.astimezone(HANGZHOU)
        source = f"{at:%Y-%m-%d %H:%M} 由{edition.saved_by}导入" + (
            f"（{edition.note}）" if edition.note else ""
        )
    lines = [f"{district.city}{district.name} · {district.digest} · {source}"]
    for street in district.streets:
        grids = sum(len(community.grids) for community in street.communities)
        roads = len({road.name for road in street.roads})
        lines.append(
            f"  {street.name} → {district.office_of(street.code).name}："
            f"{len(street.communities)} 个社区、{grids} 个网格、{roads} 条路"
        )
    lines += [
        f"  {OFFICE_WORDS[office.kind]} {office.name}：{office.phone}，{office.hours}"
        for office in district.offices
    ]
    closed = sum(place.closed for place in district.places)
    lines.append(
        f"  地点 {len(district.places) - closed} 个" + (f"，另有 {closed} 个已关闭" if closed else "")
    )
    return lines


class TreeChangedMeanwhile(Exception):
    """Somebody imported another tree between looking and saving."""
