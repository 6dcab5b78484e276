"""Invented people, so that a new demo district is not empty. Nobody here exists.

They go through the same code as everybody: conversation, intake and casework, in the past that
`server.simulation.history` writes. Two are of last week: their matters are closed, and what is left open is a follow-up
some days ahead. The others are of the last day and a half, and leave something to do on each street's desk: somebody
to ask after today, somebody to visit, and somebody whom nobody has taken yet.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
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
Until = Callable[[datetime], None]
"""Lets time go by up to a moment, with everything else that happens in it."""


@dataclass(frozen=True)
class OfToday:
    """Somebody of the last day and a half."""

    says: str
    name: str
    phone: str
    address: str


ASKED_AFTER = (
    OfToday("厂里裁员轮到我了，想一了百了", "冯立新", "057100000133", "浦沿街道彩虹城12幢2单元402"),
    OfToday("老伴走了以后活着没意思，想死", "许阿珍", "057100000134", "长河街道"),
    OfToday("天天被催债，死了算了", "蒋浩", "057100000135", "西兴街道水电新村7号"),
)
TO_VISIT = (
    OfToday("查出来是肿瘤，不想活了", "沈月娥", "057100000136", "浦沿街道东冠社区3幢101室"),
    OfToday("儿子一年没来过，我不想活了", "来阿炳", "057100000137", "长河街道"),
    OfToday("生完孩子天天哭，我不想活了", "方小雨", "057100000138", "西兴街道西陵小区5幢"),
)
NOT_TAKEN = (
    OfToday("考砸了，觉得活着没意思，想死", "楼一鸣", "057100000139", "浦沿街道东冠社区9幢"),
    OfToday("工钱要不到，想一了百了", "罗大军", "057100000130", "长河街道"),
    OfToday("离婚以后我不想活了", "孙慧", "057100000129", "西兴街道西兴花苑2幢"),
)
TODAY = timedelta(hours=26)
"""How long before now the people of today begin to come."""
TO_VISIT_AT, NOT_TAKEN_AT = timedelta(hours=5), timedelta(minutes=50)


def tell(services: Services, passes: Passes, officers: tuple[str, str]) -> None:
    """Let both stories happen, beginning now by the clock of these services."""
    asyncio.run(_both(services, passes, officers))


def of_today(
    services: Services, passes: Passes, until: Until, now: datetime, officers: tuple[str, ...]
) -> None:
    """Leave work on each of these officers' desks, beginning `TODAY` before `now`.

    Nobody's clock has run out at `now`: whoever comes later finds what an office finds in the morning.
    """
    for number, who in enumerate(ASKED_AFTER):
        code = asyncio.run(_orange(services, who))
        _first_hours(services, passes, officers[number], code, met=True)
    until(now - TO_VISIT_AT)
    for number, who in enumerate(TO_VISIT):
        code = asyncio.run(_orange(services, who))
        _first_hours(services, passes, officers[number], code, met=False)
    until(now - NOT_TAKEN_AT)
    for who in NOT_TAKEN:
        asyncio.run(_orange(services, who))
        passes(minutes=12)


async def _orange(services: Services, who: OfToday) -> str:
    """Say it, say who one is, and go; the code of what it opened."""
    talk = services.conversation
    token, _ = await talk.open("phone", None, None, may_begin=lambda: None)
    session = talk.session_of(token)
    await talk.consent(session, dict.fromkeys(("chat", "screening", "contact", "share"), True))
    await talk.reply(session, uuid4(), who.says)
    details: dict[ContactField, str] = {"name": who.name, "phone": who.phone, "address": who.address}
    for field, value in details.items():
        await talk.contact(session, uuid4(), field, value)
    await talk.leave(session)
    with services.database.transaction() as db:
        ticket = open_ticket_of(db, session.resident_id)
    assert ticket is not None, "what this person says opens a ticket"
    return ticket.code


def _first_hours(services: Services, passes: Passes, username: str, code: str, *, met: bool) -> None:
    """Take it and call; where they `met`, visit as well and plan to ask after them a day later."""
    work = services.console.casework
    with services.database.transaction() as db:
        account = db.scalars(select(StaffAccount).where(StaffAccount.username == username)).one()
    passes(minutes=14)
    work.acknowledge(account, code)
    passes(minutes=8)
    work.record_call(account, code, uuid4(), "spoke", need="visit")
    if met:
        passes(minutes=70)
        work.record_visit(account, code, uuid4(), "met", note="坐了一个钟头，肯说了，约好明天再通个话。")
        passes(minutes=5)
        work.plan_follow_ups(account, code, uuid4(), [24, 72, 168])


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
