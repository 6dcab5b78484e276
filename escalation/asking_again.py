"""A worker's plan for asking somebody again: every so many days from a day on, made and stopped on a ticket."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.acts import Acts
from escalation.errors import NotAllowed
from escalation.rescreening import SOFTWARE, Rhythm, declined, intervals, plan, running_plan, stop
from escalation.staff import StaffAccount

FARTHEST = timedelta(days=366)
"""Who is to be asked later than in a year is not planned for today."""


@dataclass(frozen=True)
class Standing:
    """The plan that runs for one person. `by` is a worker's name, or None where the level of a screening made it."""

    every_days: int | None
    next_at: datetime | None
    by: str | None
    declined: bool


class AskingAgain(Acts):
    """Both acts are those of planning a follow-up: whoever may do that may do this, on a ticket that they hold."""

    def plan(
        self, account: StaffAccount, code: str, client_id: UUID, every_days: int, starts_on: date
    ) -> None:
        """Ask this ticket's resident again every so many days from that day, in place of whatever plan ran.

        `NotAllowed` where the resident wants no reminders or did not agree, and for a day in the past or too far off.
        """
        with self._on(account, code, "plan_follow_up", client_id, closed=True) as (db, ticket, now):
            self._held(ticket, account)
            settings = intervals()
            today = now.astimezone(ZoneInfo(settings.zone)).date()
            if not today <= starts_on <= today + FARTHEST:
                raise NotAllowed("第一次要在今天到一年之内。")
            rhythm = Rhythm(settings.at, settings.zone, every_days=every_days, starts_on=starts_on)
            plan(db, ticket.resident_id, rhythm, account.username, now)
            text = f"约了再测：从 {starts_on.month} 月 {starts_on.day} 日起，每 {every_days} 天一次。"
            self._write(db, ticket, "rescreening.planned", account, client_id, text, "", now)

    def stop(self, account: StaffAccount, code: str, client_id: UUID) -> None:
        """Ask this ticket's resident no more, until somebody plans it anew or a screening calls for it."""
        with self._on(account, code, "plan_follow_up", client_id, closed=True) as (db, ticket, now):
            self._held(ticket, account)
            if running_plan(db, ticket.resident_id) is None:
                raise NotAllowed("现在没有约再测。")
            stop(db, ticket.resident_id, account.username, now)
            self._write(db, ticket, "rescreening.stopped", account, client_id, "停了再测的约定。", "", now)


def standing(db: Session, resident_id: UUID) -> Standing:
    """What runs for this person now, for staff to see."""
    running = running_plan(db, resident_id)
    said_no = declined(db, resident_id)
    if running is None:
        return Standing(every_days=None, next_at=None, by=None, declined=said_no)
    by = running.made_by
    if by != SOFTWARE:
        by = db.scalar(select(StaffAccount.name).where(StaffAccount.username == by)) or by
    return Standing(
        every_days=running.every_days,
        next_at=running.next_at,
        by=None if by == SOFTWARE else by,
        declined=said_no,
    )
