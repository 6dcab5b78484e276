"""Lowering a level: only persons do it, two of them, with a reason; software and later answers never do.

One level at a time, down to yellow. The clocks that still run are set to the lower level, from the same sentence.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from escalation import chain
from escalation.acts import Acts
from escalation.errors import NotAllowed
from escalation.policy import Policy
from escalation.staff import StaffAccount
from escalation.store import clocks_of
from escalation.team_store import open_lowering
from escalation.teamwork import Lowering
from escalation.ticket import Ticket
from escalation.triage import Level

FROM_LEVEL = (Level.RED, Level.ORANGE)


def lower_levels(ticket: Ticket, policy: Policy) -> list[Level]:
    """The level to which this ticket may be lowered now: the next below, where its policy has rules for it."""
    if ticket.rated not in FROM_LEVEL:
        return []
    below = Level(ticket.level - 1)
    return [below] if below in policy.levels else []


class Lowerings(Acts):
    """Finding a level too high, and the second person's word on it."""

    def ask(self, account: StaffAccount, code: str, client_id: UUID, to_level: Level, reason: str) -> None:
        """Find the level too high. Nothing changes before a second person has confirmed it."""
        with self._on(account, code, "lower", client_id) as (db, ticket, now):
            self._held(ticket, account)
            if to_level not in lower_levels(ticket, self.policy_of(db, ticket)):
                raise NotAllowed("只能降一级，而且不能低于黄色。")
            if open_lowering(db, ticket) is not None:
                raise NotAllowed("已经有一次降级建议在等第二个人确认。")
            lowering = Lowering(
                ticket_id=ticket.id,
                from_level=ticket.level,
                to_level=int(to_level),
                asked_by_id=account.id,
                asked_by=account.name,
                asked_at=now,
            )
            self.vault.seal(lowering, "reason", reason.strip())
            db.add(lowering)
            text = f"建议降为{to_level.colour}色，等第二个人确认；确认之前等级不变。"
            self._write(db, ticket, "lowering.asked", account, client_id, text, reason, now)
            self._audit(db, account, "lowering.asked", ticket, now, to=to_level.key)

    def answer(
        self, account: StaffAccount, code: str, client_id: UUID, confirm: bool, reason: str = ""
    ) -> None:
        """Confirm or decline, never as the one who asked. A no has a reason of five letters or more.

        When the resident has spoken of danger since it was asked, or the level has changed, there is nothing left to
        confirm: it lapses, and the level stays.
        """
        with self._on(account, code, "answer_lowering", client_id) as (db, ticket, now):
            lowering = open_lowering(db, ticket)
            if lowering is None:
                raise NotAllowed("现在没有等确认的降级建议。")
            if lowering.asked_by_id == account.id:
                raise NotAllowed("提建议的人不能自己确认，请另一位同事来看。")
            if not confirm and len(reason.strip()) < 5:
                raise NotAllowed("不同意要写明理由，至少 5 个字。")
            to = Level(lowering.to_level)
            stale = ticket.level != lowering.from_level or ticket.spoken_at > lowering.asked_at
            lowering.decided_by, lowering.decided_at = account.name, now
            lowering.confirmed = confirm and not stale
            if stale:
                text = "居民又有新的情况，这次降级建议作废，等级不变。"
            elif confirm:
                text = f"确认降为{to.colour}色。"
            else:
                text = "不同意降级，等级不变。"
            if lowering.confirmed:
                lower(db, ticket, to, self.policy_of(db, ticket), now)
            self._write(db, ticket, "lowering.answered", account, client_id, text, reason, now)
            self._audit(
                db, account, "lowering.answered", ticket, now, confirmed=lowering.confirmed, to=to.key
            )


def lower(db: Session, ticket: Ticket, to: Level, policy: Policy, now: datetime) -> None:
    """Set a ticket to a lower level: clocks that still run get its deadlines, from the same sentence; those that it
    does not know stop. Whoever has the ticket keeps it. A chain that rings already goes on in the lower rhythm: the
    next time stays where it is, and the one after it does not wait for as many longer rounds as there were short ones.
    """
    ticket.level = int(to)
    last = len(policy.levels[to].steps) - 1
    if ticket.step >= last:
        ticket.step, ticket.chain_since = last, ticket.step_due_at - policy.step(to, last).after
    chain.restart_clocks(db, ticket, policy, clocks_of(db, [ticket.id]), now, "lowered")
