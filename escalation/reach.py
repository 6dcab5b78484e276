"""When the resident cannot be reached: what is tried next, in which ways, and by when.

Three tries on two ways; then the person they trust, where they named one and agreed; then the community or the
property's office; then, where life is in danger, a welfare check by the police. `next_step` is the pure rule;
each failed try sets the ticket's `reach` clock for the step after it, and reaching the person stops it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from escalation import chain
from escalation.acts import Acts
from escalation.errors import NotAllowed
from escalation.policy import Policy, Unreachable
from escalation.staff import StaffAccount
from escalation.store import clock_of, stop_clocks
from escalation.team_store import attempts_of
from escalation.teamwork import ReachAttempt
from escalation.ticket import Ticket, TicketClock
from escalation.triage import Level
from residents.resident import Basis, Scope, basis_for_passing_on
from residents.store import consents_of, identity_of

Step = Literal["try", "trusted_person", "community", "police"]
OWN_WAYS = ("phone", "message", "door", "chat")
WAYS = {
    "phone": "打电话",
    "message": "发消息",
    "door": "上门",
    "chat": "在对话里",
    "trusted_person": "联系可信任的人",
    "community": "请社区看看",
    "property": "请物业看看",
    "police": "请 110 上门看看",
}
_WAYS_OF: Mapping[str, tuple[str, ...]] = {
    "try": OWN_WAYS,
    "trusted_person": ("trusted_person",),
    "community": ("community", "property"),
    "police": ("police",),
}


class Tried(Protocol):
    """One try, as the rule needs it."""

    way: str
    reached: bool
    at: datetime


@dataclass(frozen=True)
class ReachStep:
    """What to do next to reach this person: in one of these ways, `within` this span of the last try."""

    what: Step
    ways: tuple[str, ...]
    within: timedelta
    tries_left: int = 0

    @property
    def sentence(self) -> str:
        """The step in one sentence for whoever has the ticket."""
        return {
            "try": f"换个时间或换个方式再试（还要试 {self.tries_left} 次）。",
            "trusted_person": "联系居民留下的、可以信任的人。",
            "community": "请社区或物业上门看看，只说请帮忙看看人在不在、好不好。",
            "police": "打 110，请民警上门看看人是否平安。",
        }[self.what]


def next_step(
    attempts: Sequence[Tried], protocol: Unreachable | None, *, danger: bool, trusted: bool, may_pass_on: bool
) -> ReachStep | None:
    """The next step after these tries, or None: nobody has tried yet, somebody reached them, or this level has no
    protocol.

    `trusted`: somebody was named and may be told. `may_pass_on`: others may be asked to look. `danger`: life is in
    danger, which alone brings the police. A step that is not allowed is left out, and one that was tried is done.
    When all were taken the tries begin again: it never ends by itself.
    """
    if protocol is None or not attempts or any(a.reached for a in attempts):
        return None
    own = [a.way for a in attempts if a.way in OWN_WAYS]
    ways_left = max(0, protocol.ways - len(set(own)))
    left = max(protocol.tries - len(own), ways_left)
    if left > 0:
        new = tuple(way for way in OWN_WAYS if way not in own)
        return ReachStep("try", new if left <= ways_left else OWN_WAYS, protocol.again_after, left)
    allowed = {"trusted_person": trusted, "community": may_pass_on, "police": danger}
    tried = {a.way for a in attempts}
    for what, within in protocol.then:
        if allowed[what] and not tried & set(_WAYS_OF[what]):
            return ReachStep(what, _WAYS_OF[what], within)  # type: ignore[arg-type]
    return ReachStep("try", OWN_WAYS, protocol.again_after, 1)


def step_for(db: Session, ticket: Ticket, policy: Policy) -> ReachStep | None:
    """The next step for this ticket, from what was tried since the sentence that its clocks count from."""
    consents = consents_of(db, ticket.resident_id)
    identity = identity_of(db, ticket.resident_id)
    basis = basis_for_passing_on(consents, ticket.danger_to_life)
    return next_step(
        attempts_of(db, ticket),
        policy.levels[ticket.rated].unreachable,
        danger=ticket.danger_to_life or ticket.rated is Level.RED,
        trusted=identity is not None
        and identity.has("trusted_person")
        and _may_tell_trusted(consents, basis),
        may_pass_on=basis is not None,
    )


def tried(
    db: Session, ticket: Ticket, policy: Policy, way: str, reached: bool, by: str, at: datetime
) -> ReachStep | None:
    """Keep one try and set by when the next must be made; having reached the person stops that clock."""
    db.add(ReachAttempt(ticket_id=ticket.id, way=way, reached=reached, at=at, by=by))
    db.flush()
    if reached or ticket.spoke_at is not None:
        stop_clocks(db, ticket, ["reach"], at)
        return None
    step = step_for(db, ticket, policy)
    if step is None:
        stop_clocks(db, ticket, ["reach"], at)
        return None
    clock = clock_of(db, ticket, "reach")
    if clock is None:
        clock = TicketClock(ticket_id=ticket.id, name="reach", due_at=at, stopped_at=at, rounds=0)
        db.add(clock)
    chain.set_deadline(db, ticket, clock, policy, at, "unreached", since=at, rule=f"reach.{step.what}")
    clock.rounds, clock.told_at = 0, None
    db.flush()
    return step


class Reaching(Acts):
    """Recording the tries that are neither a call nor a visit, and those that others make for us."""

    def record_attempt(
        self, account: StaffAccount, code: str, client_id: UUID, way: str, reached: bool, note: str = ""
    ) -> None:
        """Record one try to reach the resident, or to learn from others how they are.

        Speaking on the telephone or at the door counts as having spoken to them; that somebody else saw them does
        not. Others are asked only where consent or danger to life allows it: otherwise `NotAllowed`.
        """
        with self._on(account, code, "attempt", client_id) as (db, ticket, now):
            self._held(ticket, account)
            self._may_ask(db, ticket, way)
            ticket.attempt(now)
            stopped = ["contact"]
            if reached and way in ("phone", "door"):
                ticket.speak(now)
                stopped.append("speak")
            stop_clocks(db, ticket, stopped, now)
            step = tried(db, ticket, self.policy_of(db, ticket), way, reached, account.name, now)
            text = f"{WAYS[way]}：{'联系上了' if reached else '没有联系上'}。"
            if step is not None:
                text += f"下一步：{step.sentence}"
            self._write(db, ticket, "attempt", account, client_id, text, note, now)
            self._audit(db, account, "ticket.attempt", ticket, now, way=way, reached=reached)

    def _may_ask(self, db: Session, ticket: Ticket, way: str) -> None:
        consents = consents_of(db, ticket.resident_id)
        basis = basis_for_passing_on(consents, ticket.danger_to_life)
        if way == "trusted_person" and not _may_tell_trusted(consents, basis):
            raise NotAllowed("居民没有同意联系别人，也没有生命危险，不能找可信任的人。")
        if way in ("community", "property") and basis is None:
            raise NotAllowed("居民没有同意转交，也没有生命危险，不能请别人上门看。")
        if way == "police" and not ticket.danger_to_life and ticket.rated is not Level.RED:
            raise NotAllowed("没有生命危险，不请 110 上门。")


def _may_tell_trusted(consents: Mapping[Scope, bool], basis: Basis | None) -> bool:
    return bool(consents.get(Scope.CONTACT)) or basis is Basis.DANGER_TO_LIFE
