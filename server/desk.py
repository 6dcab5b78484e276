"""A worker's own desk: kept views, the day's doors, what to say, the board of an office, and the key for a phone that
has no network. Everything here is read without a lock and belongs to the caller's office or to the caller."""

import base64
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from escalation import office_board as board
from escalation.acts import WORKERS
from escalation.channels import LOCAL
from escalation.day_plan import errands_of, local_day, with_a_wish
from escalation.desk_view import forget_view, keep_view, views_of
from escalation.errors import NotAllowed
from escalation.say_cards import say_cards
from escalation.ticket import Ticket
from escalation.triage import Level
from residents.store import identities_of
from server.console import CLOCKS, ROLES, Console, Staff, masked_name
from server.desk_schemas import (
    BouncedShown,
    DayPlan,
    DigestShown,
    ErrandShown,
    KeepingKey,
    KeepView,
    KeptShown,
    LateShown,
    LevelCardShown,
    LoadShown,
    OfficeBoard,
    SayCardsShown,
    SituationShown,
    ViewShown,
)
from storage import audit
from storage.database import Database

ERRANDS = {"visit": "上门走访", "follow_up": "随访"}
LEADS = ("supervisor", "duty_officer")


class DeskBook:
    """Everything behind the routes of a worker's own desk."""

    def __init__(self, database: Database, clock: Callable[[], datetime], console: Console) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.console = console

    def views(self, staff: Staff) -> list[ViewShown]:
        """The caller's own views."""
        with self.database.transaction() as db:
            return [
                ViewShown(id=v.id, name=v.name, base=v.base, levels=v.levels, free_only=v.free_only)  # type: ignore[arg-type]
                for v in views_of(db, staff.account)
            ]

    def keep_view(self, staff: Staff, body: KeepView) -> list[ViewShown]:
        """Keep a view under its name; the same name again changes it."""
        levels = list(dict.fromkeys(body.levels))
        with self.database.transaction() as db:
            keep_view(db, staff.account, body.name.strip(), body.base, levels, body.free_only, self.clock())
        return self.views(staff)

    def forget_view(self, staff: Staff, view: UUID) -> list[ViewShown]:
        """Forget one of the caller's views."""
        with self.database.transaction() as db:
            forget_view(db, staff.account, view)
        return self.views(staff)

    def keeping_key(self, staff: Staff) -> KeepingKey:
        """32 bytes that only this person gets, at every log-in the same, so that what was sealed before a log-out can
        be sent after it. Nothing can be computed from them about any other key."""
        account = str(staff.account.id)
        return KeepingKey(
            id=self.console.person(staff),
            key=base64.b64encode(self.vault.index("keeping_key", account)).decode(),
        )

    def day_plan(self, staff: Staff) -> DayPlan:
        """The doors of the caller's office today, in an order. Recorded as a read, once for what it shows."""
        if staff.account.role not in WORKERS:
            raise NotAllowed("今天的走访由所里的人看。")
        now = self.clock()
        office = self.console.intake.district.office_once(staff.account.office).name
        with self.database.transaction() as db:
            errands = errands_of(db, staff.account.office, now)
            wished = with_a_wish(db, [e.ticket for e in errands])
            shown = []
            identities = identities_of(db, [e.ticket.resident_id for e in errands])
            for errand in errands:
                ticket, identity = errand.ticket, identities.get(errand.ticket.resident_id)
                shown.append(
                    ErrandShown(
                        code=ticket.code,
                        what=errand.what,  # type: ignore[arg-type]
                        what_word=ERRANDS[errand.what],
                        level=ticket.rated.key,  # type: ignore[arg-type]
                        level_word=_word(ticket),
                        resident=masked_name(self.vault.open(identity, "name") if identity else None),
                        place=self.vault.open(ticket, "place") or "已删除",
                        due_at=errand.due_at,
                        late=errand.due_at < now,
                        holder=ticket.holder_name,
                        mine=ticket.holder_id == staff.account.id,
                        two_people=ticket.two_people,
                        wish=ticket.id in wished,
                    )
                )
            content = tuple((e.code, e.what, e.resident) for e in shown)
            fresh = self.console.readings.is_new(staff.session.id, "day", content)
            if fresh:
                audit.record(
                    db, actor=staff.account.username, action="tickets.listed", subject="day-plan",
                    purpose="casework", at=now, tickets=sorted({e.code for e in shown}),
                )  # fmt: skip
        if fresh:
            self.console.readings.remember(staff.session.id, "day", content)
        return DayPlan(day=local_day(now), office_name=office, now=now, errands=shown)

    def board(self, staff: Staff) -> OfficeBoard:
        """The caller's office as whoever leads it looks at it; no resident is named on it."""
        if staff.account.role not in LEADS:
            raise NotAllowed("看板由负责人和区值班台看。")
        now, office = self.clock(), staff.account.office
        start, end = board.last_month(now)
        with self.database.transaction() as db:
            hands = board.in_hand(db, office)
            oldest = board.oldest_open(db, office)
            closed, false_alarms = board.closed_between(db, office, start, end)
            kept = board.kept_between(db, office, start, end)
            month = board.digest(kept, CLOCKS, closed, false_alarms)
            recent, mistaken = board.closed_between(db, office, now - board.LOOK_BACK, now)
            return OfficeBoard(
                office_name=self.console.intake.district.office_once(office).name,
                now=now,
                people=[
                    _load(one.name, ROLES[one.role], hands.get(one.id, {}))
                    for one in board.people_of(db, office)
                ],
                nobody=sum(hands.get(None, {}).values()),
                late=[
                    LateShown(
                        code=t.code, level=t.rated.key, level_word=_word(t),  # type: ignore[arg-type]
                        clock=CLOCKS[clock], due_at=due, holder=t.holder_name,
                    )
                    for t, clock, due in board.late(db, office, now)
                ],
                bounced=[
                    BouncedShown(code=t.code, level=t.rated.key, level_word=_word(t), bounces=t.bounces)  # type: ignore[arg-type]
                    for t in board.bounced(db, office)
                ],
                oldest=oldest.opened_at if oldest else None,
                oldest_code=oldest.code if oldest else None,
                closed=recent,
                mistaken=mistaken,
                many_reds=board.MANY_REDS,
                digest=DigestShown(
                    month=f"{start.astimezone(LOCAL):%Y 年 %-m 月}",
                    praise=month.praise,
                    problems=month.problems,
                    kept=[KeptShown(clock=CLOCKS[k.clock], due=k.due, kept=k.kept) for k in kept],
                ),
            )  # fmt: skip

    def say_cards(self) -> SayCardsShown:
        """The cards of what to say, as the file has them."""
        cards = say_cards()
        return SayCardsShown(
            owner=cards.owner,
            reviewed_on=cards.reviewed_on,
            levels={key: LevelCardShown(**asdict(card)) for key, card in cards.levels.items()},
            situations=[SituationShown(**asdict(one)) for one in cards.situations],
        )


def _word(ticket: Ticket) -> str:
    return f"{ticket.rated.colour}色"


def _load(name: str, role: str, levels: dict[int, int]) -> LoadShown:
    red, orange = levels.get(int(Level.RED), 0), levels.get(int(Level.ORANGE), 0)
    total = sum(levels.values())
    return LoadShown(
        name=name, role_name=role, red=red, orange=orange, other=total - red - orange, total=total,
        too_many_reds=red > board.MANY_REDS,
    )  # fmt: skip
