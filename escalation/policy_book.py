"""The policies in force and every edition that a ticket was ever judged by.

The shipped files are the first editions; a saved one takes their place in every process at its next `refresh`.
Old editions stay, so that a ticket keeps the rules under which it was opened.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from escalation.calendar import WorkCalendar, load_calendar, read_calendar
from escalation.errors import KindNotListed, PolicyError
from escalation.policy import FOLDER, Policy, read_kinds, read_policy
from escalation.ticket import Ticket
from storage import edition

SHIPPED_BY = "随程序提供"
CALENDAR, KINDS = "calendar", "kinds"


class PolicyBook(Mapping[str, Policy]):
    """Kind -> the policy in force. A kind that is not on the published list is a `KindNotListed`."""

    def __init__(self, clock: Callable[[], datetime], folder: Path = FOLDER) -> None:
        self.clock = clock
        self._shipped = _shipped(folder)
        self._position = -1
        self._editions: dict[str, Policy] = {}
        self._current: dict[str, Policy] = {}
        self.calendar = load_calendar()
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
        """The edition that this ticket keeps; of a ticket from before editions were kept, the one in force."""
        return self.edition(db, ticket.policy)

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

    def refresh(self, db: Session) -> bool:
        """Work by what is in force now; says whether anything changed. Cheap when nothing did.

        The first time in a process, shipped files that are not kept yet are: a newer program replaces what an older
        one shipped, and never what a person has saved.
        """
        if self._position < 0:
            keep_shipped(db, self._shipped, self.clock())
        position = _newest(db)
        if position == self._position:
            return False
        listed = edition.current(db, KINDS)
        kinds = read_kinds(listed.content if listed else self._shipped[KINDS])
        subjects = [CALENDAR, KINDS, *(f"policy:{kind}" for kind in kinds)]
        found = {subject: edition.current(db, subject) for subject in subjects}
        self._put_in_force({subject: kept.content for subject, kept in found.items() if kept is not None})
        self._position = position
        return True

    def _put_in_force(self, contents: Mapping[str, str]) -> None:
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
        self._current, self.calendar = current, calendar


def keep_shipped(db: Session, contents: Mapping[str, str], now: datetime) -> None:
    """Save what the program ships as editions, where nothing was saved yet or only an older program's file was."""
    for subject, content in contents.items():
        newest = edition.current(db, subject)
        if newest is None or newest.saved_by == SHIPPED_BY:
            edition.save(db, subject, content, SHIPPED_BY, now)


def calendar_in_force(db: Session) -> WorkCalendar:
    """The calendar that was saved last, or the shipped one."""
    kept = edition.current(db, CALENDAR)
    return read_calendar(kept.content) if kept else load_calendar()


def _shipped(folder: Path) -> dict[str, str]:
    calendar = load_calendar().text()
    listed = (folder / "kinds.yml").read_text("utf-8")
    found = {CALENDAR: calendar, KINDS: listed}
    for kind in read_kinds(listed):
        path = folder / f"{kind}.yml"
        if path.is_file():
            found[f"policy:{kind}"] = path.read_text("utf-8")
    return found


def _newest(db: Session) -> int:
    subject = edition.Edition.subject
    mine = or_(subject.in_([CALENDAR, KINDS]), subject.startswith("policy:"))
    return db.scalar(select(func.max(edition.Edition.position)).where(mine)) or 0
