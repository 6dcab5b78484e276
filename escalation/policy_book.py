"""The policies, the table of levels and the calendar in force, and every edition that anything was judged by.

The shipped files are the first editions; a saved one takes their place in every process at its next `refresh`.
Old editions stay, so that a ticket keeps the rules under which it was opened.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from assessments.errors import LibraryError
from assessments.instrument import Instrument
from assessments.library import Library, instrument_from
from escalation.calendar import WorkCalendar, load_calendar, read_calendar
from escalation.errors import CalendarError, KindNotListed, PolicyError
from escalation.level_policy import FIVE_COLOURS, LevelPolicyError, level_policy_from
from escalation.policy import FOLDER, Policy, read_kinds, read_policy
from escalation.ticket import Ticket
from storage import edition

log = logging.getLogger(__name__)

SHIPPED_BY = "随程序提供"
CALENDAR, KINDS, LEVELS = "calendar", "kinds", "levels"
INSTRUMENT = "instrument:"


class PolicyBook(Mapping[str, Policy]):
    """Kind -> the policy in force. A kind that is not on the published list is a `KindNotListed`.

    `calendar` and `levels` are those in force; instruments are kept too, so that every level can be computed again.
    """

    def __init__(
        self, clock: Callable[[], datetime], folder: Path = FOLDER, forms: Mapping[str, str] | None = None
    ) -> None:
        """`forms`: the text of each instrument of this installation by its id (`Library.editions`); the shipped ones
        when not given."""
        self.clock = clock
        self._shipped = _shipped(folder, Library.from_files().editions() if forms is None else forms)
        self._forms: dict[str, Instrument] = {}
        self._position = -1
        self._shipped_kept = False
        self._editions: dict[str, Policy] = {}
        self._current: dict[str, Policy] = {}
        self._lock = threading.Lock()
        self._put_in_force(self._shipped)

    def __getitem__(self, kind: str) -> Policy:
        if kind not in self._current:
            raise KindNotListed(kind)
        return self._current[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._current

    def __iter__(self) -> Iterator[str]:
        return iter(self._current)

    def __len__(self) -> int:
        return len(self._current)

    def of(self, db: Session, ticket: Ticket) -> Policy:
        """The edition that this ticket keeps; of a ticket from before editions were kept, the one in force.

        The one in force, too, when the kept one cannot be read any more: a ticket without rules would be silent.
        """
        try:
            return self.edition(db, ticket.policy)
        except (PolicyError, CalendarError):
            kind = ticket.policy.partition("/")[0]
            if kind not in self:
                raise
            log.error("the rules of %s cannot be read; those in force are used", ticket.policy)
            return self[kind]

    def edition(self, db: Session, name: str) -> Policy:
        """The edition of this name, in force or not. `PolicyError` when it was never kept here."""
        kind, _, rest = name.partition("/")
        if "#" not in rest:
            return self[kind]
        if name not in self._editions:
            digest, _, calendar_digest = rest.partition("#")[2].partition("+")
            content = edition.by_digest(db, f"policy:{kind}", digest)
            calendar = edition.by_digest(db, CALENDAR, calendar_digest)
            if content is None or calendar is None:
                raise PolicyError(f"没有保存过这一版政策：{name}")
            self._editions[name] = read_policy(content.content, read_calendar(calendar.content), name)
        return self._editions[name]

    def with_calendar(self, db: Session, ticket: Ticket) -> Policy | None:
        """The rules that this ticket keeps, by the calendar in force; None for one from before editions were kept."""
        rules = ticket.policy.partition("+")[0]
        return self.edition(db, f"{rules}+{self.calendar.digest}") if "#" in rules else None

    def form(self, db: Session, instrument_id: str, content_hash: str) -> Instrument | None:
        """The edition of an instrument that has exactly this content; None when it was never kept here."""
        if content_hash not in self._forms:
            for kept in edition.history(db, f"{INSTRUMENT}{instrument_id}"):
                try:
                    read = instrument_from(kept.content, kept.subject)
                except LibraryError as error:
                    log.error("an edition of %s cannot be read: %s", instrument_id, error)
                else:
                    self._forms[read.content_hash] = read
        return self._forms.get(content_hash)

    def refresh(self, db: Session) -> bool:
        """Work by what is in force now; says whether anything changed. Cheap when nothing did.

        The first time in a process, shipped files that are not kept yet are: a newer program replaces what an older
        one shipped, and never what a person has saved. What cannot be read leaves the old rules in force: this runs
        while a resident speaks, and must not stand in the way.
        """
        with self._lock:
            position = _newest(db)
            if position == self._position:
                return False
            found = _in_force(db)
            if not self._shipped_kept or not self._shipped.keys() <= found.keys():
                keep_shipped(db, self._shipped, self.clock())
                found, position = _in_force(db), _newest(db)
            self._position, self._shipped_kept = position, True
            try:
                self._put_in_force(found)
            except (PolicyError, CalendarError, LevelPolicyError) as error:
                log.error("the rules that were saved cannot be read; the old ones stay in force: %s", error)
                return False
            return True

    def _put_in_force(self, contents: Mapping[str, str]) -> None:
        levels = level_policy_from(contents[LEVELS], "levels")
        calendar = read_calendar(contents[CALENDAR])
        current = {}
        for kind in read_kinds(contents[KINDS]):
            if f"policy:{kind}" not in contents:
                raise PolicyError(f"kinds.yml: {kind} 没有政策文件")
            policy = read_policy(contents[f"policy:{kind}"], calendar, f"{kind}.yml")
            if policy.kind != kind:
                raise PolicyError(f"{kind}.yml: kind 写的是 {policy.kind}")
            current[kind] = policy
            self._editions[policy.edition] = policy
        self._current, self.calendar, self.levels = current, calendar, levels


def keep_shipped(db: Session, contents: Mapping[str, str], now: datetime) -> None:
    """Save what the program ships as editions, where nothing was saved yet or only an older program's file was.

    An instrument is saved when exactly this content never was: no edition of it is in force for all, since programs of
    one installation may know more or fewer of a district's texts; each answer set names its own.
    """
    newest = _newest_editions(db)
    for subject, content in contents.items():
        kept = newest.get(subject)
        if subject.startswith(INSTRUMENT):
            if edition.by_digest(db, subject, edition.digest_of(content)) is None:
                edition.save(db, subject, content, SHIPPED_BY, now)
            continue
        if kept is None or (kept.saved_by == SHIPPED_BY and kept.content != content):
            edition.save(db, subject, content, SHIPPED_BY, now)


def calendar_in_force(db: Session) -> WorkCalendar:
    """The calendar that was saved last, or the shipped one."""
    kept = edition.current(db, CALENDAR)
    return read_calendar(kept.content) if kept else load_calendar()


def _shipped(folder: Path, forms: Mapping[str, str]) -> dict[str, str]:
    calendar = load_calendar().text()
    listed = (folder / "kinds.yml").read_text("utf-8")
    levels = folder / FIVE_COLOURS.name
    found = {CALENDAR: calendar, KINDS: listed}
    found[LEVELS] = (levels if levels.is_file() else FIVE_COLOURS).read_text("utf-8")
    found |= {f"{INSTRUMENT}{form}": text for form, text in sorted(forms.items())}
    for kind in read_kinds(listed):
        path = folder / f"{kind}.yml"
        if path.is_file():
            found[f"policy:{kind}"] = path.read_text("utf-8")
    return found


def _newest(db: Session) -> int:
    return db.scalar(select(func.max(edition.Edition.position)).where(_mine())) or 0


def _in_force(db: Session) -> dict[str, str]:
    return {subject: kept.content for subject, kept in _newest_editions(db).items()}


def _newest_editions(db: Session) -> dict[str, edition.Edition]:
    subject = edition.Edition.subject
    newest = select(func.max(edition.Edition.position)).where(_mine()).group_by(subject)
    rows = db.scalars(select(edition.Edition).where(edition.Edition.position.in_(newest)))
    return {row.subject: row for row in rows}


def _mine() -> ColumnElement[bool]:
    subject = edition.Edition.subject
    return or_(
        subject.in_([CALENDAR, KINDS, LEVELS]),
        subject.startswith("policy:"),
        subject.startswith(INSTRUMENT),
    )
