"""Two invented people of last week, so that a new demo district is not empty. Nobody here exists.

They go through the same code as everybody: conversation, intake and casework, in the past that
`server.simulation.history` writes. Their matters are closed; what is left open is a follow-up some days ahead.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

from sqlalchemy import select

from bot.turn import Turn
from escalation.staff import StaffAccount
from escalation.store import follow_ups_of, open_ticket_of
from escalation.triage import Level
from residents.resident import ContactField
from residents.session import ResidentSession
from server.wiring import Services

Passes = Callable[..., None]
"""Lets time go by, given as `timedelta` takes it, with everything else that happens in it."""


def tell(services: Services, passes: Passes, officers: tuple[str, str]) -> None:
    """Let both stories happen, beginning now by the clock of these services."""
    asyncio.run(_both(services, passes, officers))


async def _both(services: Services, passes: Passes, officers: tuple[str, str]) -> None:
    await _story(
        services,
        passes,
        officers[0],
        says="晚上老是醒，白天没力气，儿子在外地，家里就我一个",
        mood=2,
        details={"name": "周桂芬", "phone": "057100000131", "address": "浦沿街道东冠社区7幢"},
        findings=("isolation", "illness"),
        to="community",
        note="老人独居，社区每天上门看看，儿子周末回来。",
    )
    passes(hours=5)
    await _story(
        services,
        passes,
        officers[1],
        says="厂里欠了三个月工资，房租都交不上，心里慌得不行",
        mood=2,
        details={"name": "吴建明", "phone": "057100000132", "address": "长河街道"},
        findings=("debt",),
        to="legal_aid",
        note="陪他去了法律援助窗口，材料已经递上去。",
    )


async def _story(
    services: Services,
    passes: Passes,
    username: str,
    *,
    says: str,
    mood: int,
    details: dict[ContactField, str],
    findings: tuple[str, ...],
    to: str,
    note: str,
) -> None:
    talk = services.conversation
    token, _ = await talk.open("phone", None, None, may_begin=lambda: None)
    session = talk.session_of(token)
    await talk.consent(session, dict.fromkeys(("chat", "screening", "contact", "share"), True))
    await talk.reply(session, uuid4(), says)
    passes(minutes=2)
    await _screening(services, session, await talk.choose(session, uuid4(), "start_screening"), mood)
    for field, value in details.items():
        await talk.contact(session, uuid4(), field, value)
    await talk.leave(session)
    await asyncio.to_thread(_casework, services, passes, username, session.resident_id, findings, to, note)


async def _screening(services: Services, session: ResidentSession, turn: Turn, mood: int) -> None:
    while (asked := turn.screening) is not None:
        value = 0 if asked.instrument == "asq" or asked.item == "q9" else mood
        turn = await services.conversation.answer(session, uuid4(), asked.administration, asked.item, value)


def _casework(
    services: Services,
    passes: Passes,
    username: str,
    resident_id: UUID,
    findings: tuple[str, ...],
    to: str,
    note: str,
) -> None:
    work = services.console.casework
    with services.database.transaction() as db:
        account = db.scalars(select(StaffAccount).where(StaffAccount.username == username)).one()
        ticket = open_ticket_of(db, resident_id)
    assert ticket is not None, "what this person says opens a ticket"
    code = ticket.code
    acts: tuple[tuple[dict[str, float], Callable[[], None]], ...] = (
        ({"minutes": 18}, lambda: work.acknowledge(account, code)),
        ({"minutes": 9}, lambda: work.record_call(account, code, uuid4(), "spoke", need="visit")),
        (
            {"hours": 3},
            lambda: work.record_visit(account, code, uuid4(), "met", findings=findings, note=note),
        ),
        ({"minutes": 15}, lambda: work.record_referral(account, code, uuid4(), to, True)),
        ({"minutes": 3}, lambda: work.plan_follow_ups(account, code, uuid4(), [24, 168, 720])),
        ({"minutes": 2}, lambda: work.close(account, code, uuid4(), "supported", new_level=Level.BLUE)),
    )
    for span, act in acts:
        passes(**span)
        act()
    passes(hours=24)
    with services.database.transaction() as db:
        first = follow_ups_of(db, [ticket.id])[0]
    work.record_follow_up(account, code, first.id, uuid4(), "better", "说睡得好一些了。")
