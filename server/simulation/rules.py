"""What must hold after every step, whatever happened: the promises that nobody is lost.

Each rule looks at the rows themselves and at what the simulated world knows, never at the product's own opinion of
them. A rule that is broken ends the run with the ticket, the moment and the rule.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from escalation.policy import Policy
from escalation.triage import Level
from server.simulation.look import UNREAD_AFTER, Eyes, Sight
from server.simulation.world import World

ROUND = timedelta(seconds=1)
"""How often the product's processes look: a due moment may wait so long."""
HAND_OVER = timedelta(minutes=3)
"""A notice goes out within this time of its gateway being there: a lease, a wait and a pace of a minute each."""
LONGEST_HOLIDAY = timedelta(days=10)
"""What may wait for working hours waits no longer than this, a day between two tellings included."""
STATES = ("waiting", "delivered", "superseded")
LATER_IS_RIGHT = ("acknowledge", "contact", "reach")
"""Clocks that count from what somebody did, and so may move on without a new sentence of the resident's."""

WORDS = {
    "told": "没有人被通知到，或太久没有再通知",
    "duty": "通知的人当时不在班",
    "step": "到了时间，下一步没有走",
    "silent": "开着的工单没有下一个到期时间",
    "lapse": "签收后没有联系，签收没有按时作废",
    "late": "时限过了，没有上报",
    "follow_up": "随访到期没有上报，或没有归属的司法所",
    "later": "没有新的情况，时限却被推后了",
    "deadline": "时限和政策算出来的不一样",
    "lost": "通知没有在渠道恢复后发出去",
    "lied": "通知标为已送达，网关却没有收到过",
    "vanished": "通知被作废，却没有替它的",
    "signal": "有危险信号，没有对应的工单",
    "double": "同一个人同一类有两张开着的工单",
    "team": "移交、协办或外出到了时间，没有上报",
    "round": "一轮出错",
    "audit": "审计链断了",
}


class Broken(Exception):
    """A promise was broken. `rule` is its name in `WORDS`; `ticket` the ticket's name, or empty."""

    def __init__(self, rule: str, at: datetime, ticket: str = "", more: str = "") -> None:
        super().__init__(f"{rule} {ticket} {more}".strip())
        self.rule = rule
        self.at = at
        self.ticket = ticket
        self.more = more


class Rules:
    """Looks at everything after each step. Remembers what was told to whom and how the clocks stood before."""

    def __init__(
        self,
        world: World,
        eyes: Eyes,
        policies: Mapping[str, Policy],
        accepted: Mapping[str, set[str]],
        usernames: Mapping[UUID, str],
        addresses: Mapping[UUID, str],
        running_since: Callable[[], datetime | None],
    ) -> None:
        self.world = world
        self.eyes = eyes
        self.policies = policies
        self.accepted = accepted
        self.usernames = usernames
        self.addresses = addresses
        self.running_since = running_since
        self.last_told: dict[UUID, datetime] = {}
        self.known: set[UUID] = set()
        self.before: Sight | None = None
        self.alone_since: dict[UUID, datetime] = {}
        self.delivered_at = world.begin
        self.checks = 0

    def check(self, sight: Sight, *, new_sentence: bool = False, after_watch: bool = False) -> None:
        """Hold everything that is open against the promises. `new_sentence`: a resident spoke in this step;
        `after_watch`: the watch has just looked, so nothing that was due may be left."""
        self.checks += 1
        if after_watch:
            self._left_undone(sight)
        self._silences(sight)
        self._telling(sight)
        people: set[tuple[UUID, str]] = set()
        for ticket in sight.tickets.values():
            if (ticket.resident_id, ticket.kind) in people:
                raise Broken("double", sight.at, ticket.code)
            people.add((ticket.resident_id, ticket.kind))
            clocks = sight.clocks_of.get(ticket.id, {})
            if ticket.missing > 0:
                self._unheld(sight, ticket)
            else:
                self._held(sight, ticket, clocks)
            self._deadlines(sight, ticket, clocks, new_sentence)
        for promise in sight.follow_ups:
            if promise.office != promise.has_it:
                raise Broken("follow_up", sight.at, promise.code, f"{promise.office}, not {promise.has_it}")
            if promise.told_at is not None and promise.told_at > sight.at + LONGEST_HOLIDAY:
                raise Broken("follow_up", sight.at, promise.code, f"again at {promise.told_at}")
        self._notices(sight)
        self.before = sight

    def severe_was_heard(self, resident_id: UUID, level: Level, at: datetime) -> None:
        """Somebody said something severe, and it was committed: there is one open ticket of at least that level."""
        rows = self.eyes.rows(
            "SELECT level FROM ticket WHERE resident_id = %s AND kind = 'home_visit' AND closed_at IS NULL",
            resident_id,
        )
        if len(rows) != 1 or rows[0].level < int(level):
            raise Broken("signal", at, more=f"{len(rows)} open")
        if self.eyes.rows(
            "SELECT 1 FROM signal WHERE resident_id = %s AND level >= %s AND ticket_id IS NULL LIMIT 1",
            resident_id, int(Level.ORANGE),
        ):  # fmt: skip
            raise Broken("signal", at)

    # --- who was told ------------------------------------------------------------------------------

    def _telling(self, sight: Sight) -> None:
        """Take note of the new notices, and whether they went to somebody who is there."""
        for notice in sight.waiting.values():
            if notice.id in self.known:
                continue
            self.known.add(notice.id)
            if notice.ticket_id is None:
                continue
            self._to_somebody_on_duty(sight, notice)
            self.last_told[notice.ticket_id] = sight.at

    def _to_somebody_on_duty(self, sight: Sight, notice: Any) -> None:
        """A person's own telephone rings only while they are on duty, an office's only while somebody is."""
        there = self.world.audience(notice.office, notice.audience, sight.at)
        if notice.staff_id is not None:
            if self.usernames.get(notice.staff_id) in there:
                return
        elif there or notice.audience == "district_desk":
            return
        code = sight.tickets[notice.ticket_id].code if notice.ticket_id in sight.tickets else ""
        who = self.usernames.get(notice.staff_id, "")
        raise Broken("duty", sight.at, code, f"{notice.audience} {notice.office} {who}")

    # --- tickets -----------------------------------------------------------------------------------

    def _unheld(self, sight: Sight, ticket: Any) -> None:
        """Nobody has it: somebody was told when the chain began, and again within the policy's longest interval.

        What is neither red nor orange waits for working hours, so it is only asked when its next step is due.
        """
        if ticket.level < int(Level.ORANGE):
            return
        told = self.last_told.get(ticket.id)
        if told is None or told < ticket.chain_since:
            raise Broken("told", sight.at, ticket.code)

    def _silences(self, sight: Sight) -> None:
        """Who stood without anybody until this moment was told of within the longest wait that the policy allows.

        Not while the clocks' process did not run; and whoever has just lost their holder is told of at once.
        """
        running_since = self.running_since()
        waited = self.before.tickets if self.before is not None else {}
        self.alone_since = {
            t.id: self.alone_since.get(t.id, self.before.at if self.before is not None else sight.at)
            for t in waited.values()
            if t.missing > 0
        }
        if running_since is None:
            return
        for ticket in waited.values():
            told = self.last_told.get(ticket.id)
            if ticket.missing == 0 or ticket.level < int(Level.ORANGE) or told is None:
                continue
            by = max(told + self._longest_silence(ticket), running_since, self.alone_since[ticket.id])
            if sight.at > by + ROUND:
                raise Broken("told", sight.at, ticket.code, f"{sight.at - told}")

    def _longest_silence(self, ticket: Any) -> timedelta:
        """The longest wait between two neighbouring steps, or until the last is repeated."""
        steps = self.policies[ticket.kind].levels[Level(ticket.level)].steps
        waits = [later.after - earlier.after for earlier, later in pairwise(steps)]
        return max([*waits, steps[-1].repeat_every or timedelta()])

    def _held(self, sight: Sight, ticket: Any, clocks: Mapping[str, Any]) -> None:
        """Somebody has it: it has a next due moment, and what is late is told again in the policy's rhythm."""
        if not clocks:
            raise Broken("silent", sight.at, ticket.code)
        if ticket.level < int(Level.ORANGE):
            return
        for clock in clocks.values():
            again = self.policies[ticket.kind].late_again(clock.name, Level(ticket.level))
            if clock.due_at <= sight.at and clock.told_at is not None and clock.told_at > sight.at + again:
                raise Broken("late", sight.at, ticket.code, f"{clock.name} again at {clock.told_at}")

    def _deadlines(self, sight: Sight, ticket: Any, clocks: Mapping[str, Any], new_sentence: bool) -> None:
        """A clock moves on only with a new sentence, another level, or an act that it counts from."""
        known = self.before.clocks_of.get(ticket.id, {}) if self.before is not None else {}
        was = self.before.tickets.get(ticket.id) if self.before is not None else None
        same = was is not None and was.level == ticket.level and was.spoken_at == ticket.spoken_at
        for clock in clocks.values():
            earlier = known.get(clock.name)
            if earlier is None or clock.due_at != earlier.due_at:
                self._as_the_policy_says(sight, ticket, clock)
            if earlier is None or not same or new_sentence or clock.name in LATER_IS_RIGHT:
                continue
            if clock.due_at > earlier.due_at:
                raise Broken("later", sight.at, ticket.code, clock.name)

    def _as_the_policy_says(self, sight: Sight, ticket: Any, clock: Any) -> None:
        """The deadline is the one that was kept last, and comes out again from what it was computed from."""
        rows = self.eyes.rows(
            "SELECT clock, level, spoken_at, acknowledged_at, before, due_at FROM deadline_set"
            " WHERE ticket_id = %s AND (clock = %s OR clock LIKE %s) ORDER BY at DESC, due_at = %s DESC LIMIT 1",
            ticket.id, clock.name, f"{clock.name}.%", clock.due_at,
        )  # fmt: skip
        if not rows or rows[0].due_at != clock.due_at:
            raise Broken("deadline", sight.at, ticket.code, clock.name)
        kept = rows[0]
        right = self.policies[ticket.kind].deadline(
            kept.clock, Level(kept.level), kept.spoken_at, kept.acknowledged_at
        )
        if kept.due_at != (right if kept.before is None else min(right, kept.before)):
            raise Broken("deadline", sight.at, ticket.code, clock.name)

    def _left_undone(self, sight: Sight) -> None:
        """After a look of the watch nothing that was due is left: every step taken, every lateness passed upward."""
        now = sight.at
        for ticket in sight.tickets.values():
            if ticket.missing > 0 and (ticket.step_due_at is None or ticket.step_due_at <= now):
                raise Broken("step", now, ticket.code)
            for clock in sight.clocks_of.get(ticket.id, {}).values():
                if ticket.missing > 0 or clock.due_at > now or clock.name == "acknowledge":
                    continue
                if clock.name == "contact":
                    if ticket.attempted_at is None:
                        raise Broken("lapse", now, ticket.code)
                elif clock.told_at is None or clock.told_at <= now:
                    raise Broken("late", now, ticket.code, clock.name)
        for message in sight.unread:
            if message.at + UNREAD_AFTER <= now:
                raise Broken("signal", now, more="unread")
        for promise in sight.follow_ups:
            if max(promise.due_at, promise.told_at or promise.due_at) <= now:
                raise Broken("follow_up", now, promise.code, "not told")
        for what, rows in (
            ("transfer", sight.transfers),
            ("sub_task", sight.sub_tasks),
            ("trip", sight.trips),
        ):
            for row in rows:
                due = (
                    row.answer_by if what == "transfer" else row.due_at if what == "sub_task" else row.back_by
                )
                told = getattr(row, "told_at", None)
                if due <= now and (told is None or told <= now):
                    raise Broken("team", now, more=what)

    # --- notices -----------------------------------------------------------------------------------

    def _notices(self, sight: Sight) -> None:
        for notice in sight.waiting.values():
            address = self.addresses.get(notice.contact_id, "")
            since = self.world.in_order_since(notice.channel, address, self.delivered_at)
            if since is None:
                continue
            waits_since = max(since, notice.queued_at)
            if self.delivered_at - waits_since > HAND_OVER:
                raise Broken("lost", sight.at, self._code(sight, notice), notice.channel)
        for notice in sight.gone:
            if notice.state not in STATES:
                raise Broken("lost", sight.at, self._code(sight, notice), str(notice.state))
            if notice.state == "delivered" and notice.channel in self.accepted:
                key = f"digest.{notice.digest}" if notice.digest else notice.key
                if key not in self.accepted[notice.channel]:
                    raise Broken("lied", sight.at, self._code(sight, notice))
            if notice.state == "superseded" and not self._has_successor(notice):
                raise Broken("vanished", sight.at, self._code(sight, notice))

    def _has_successor(self, notice: Any) -> bool:
        """Whether another notice of the same ticket to the same desk went out, or waits."""
        return bool(
            self.eyes.rows(
                "SELECT 1 FROM queued_notice WHERE ticket_id = %s AND office = %s AND audience = %s AND id <> %s"
                " AND (state = 'waiting' OR (state = 'delivered' AND delivered_at >= %s)) LIMIT 1",
                notice.ticket_id,
                notice.office,
                notice.audience,
                notice.id,
                notice.queued_at,
            )
        )

    def _code(self, sight: Sight, notice: Any) -> str:
        ticket = sight.tickets.get(notice.ticket_id)
        return ticket.code if ticket is not None else notice.key.split(".")[0]
