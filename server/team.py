"""What staff see of the work that several people do on one ticket, and what each of them may do now."""

from datetime import datetime

from sqlalchemy.orm import Session

from escalation import reach, transfer
from escalation.acts import WORKERS
from escalation.holding import must_decide
from escalation.joint import state_of
from escalation.lowering import lower_levels
from escalation.policy import Policy
from escalation.staff import StaffAccount
from escalation.store import clock_of, events_of
from escalation.team_store import (
    account_of,
    acknowledgements_of,
    attempts_of,
    colleagues_of,
    lowerings_of,
    open_trip,
    sub_tasks_of,
    transfers_of,
)
from escalation.teamwork import Lowering, SubTask, Transfer, Trip
from escalation.ticket import FollowUp, Ticket
from escalation.triage import Level
from residents.district import District
from residents.partners import PARTS, Partners
from server.teamwork_schemas import (
    AcknowledgementShown,
    Act,
    AttemptShown,
    Choosable,
    Colleague,
    LoweringShown,
    PartnerTask,
    ReachStepShown,
    SubTaskShown,
    TeamShown,
    TransferShown,
    TripShown,
    WishShown,
)
from storage.vault import Vault

ROLE_WORDS = {
    "social_worker": "社工",
    "judicial_officer": "司法所工作人员",
    "supervisor": "负责人",
    "duty_officer": "区值班",
}
ANSWERS = {
    None: "等对方答复",
    "accepted": "已接收",
    "refused": "对方没有接",
    "expired": "到时没有答复，按没有接算",
    "withdrawn": "已撤回",
    "arbiter": "由区里决定了",
}
TASK_STATES = {
    "asked": "等对方接手",
    "accepted": "对方在办",
    "done": "办好了",
    "cannot": "对方办不了",
    "withdrawn": "已撤回",
}
WISHES = {"suits": "方便的时间", "object": "有不同意见", "not_home": "说那时不在家", "thanks": "道谢"}


def team_shown(
    db: Session,
    vault: Vault,
    district: District,
    partners: Partners,
    policy: Policy,
    ticket: Ticket,
    account: StaffAccount,
    now: datetime,
) -> TeamShown:
    """Everything about the team of one ticket, as this member of staff may see it. An auditor reads no reasons."""
    reads = account.role != "auditor"
    works = account.role in WORKERS
    transfers = [_transfer(db, vault, district, t, account, now, reads) for t in transfers_of(db, ticket)]
    lowerings = [_lowering(vault, row, reads) for row in lowerings_of(db, ticket)]
    trip = open_trip(db, ticket)
    street = district.office_once(ticket.office).street
    return TeamShown(
        acknowledgements=[
            AcknowledgementShown(name=a.name, at=a.at, mine=a.staff_id == account.id)
            for a in acknowledgements_of(db, ticket)
        ],
        acknowledgements_wanted=policy.levels[ticket.rated].acknowledgements,
        missing=ticket.missing,
        transfer=next((t for t in transfers if t.answer is None), None),
        transfers=[t for t in transfers if t.answer is not None],
        bounces=ticket.bounces,
        must_decide=must_decide(ticket, policy),
        settled=ticket.settled,
        attempts=[
            AttemptShown(way=a.way, way_word=reach.WAYS[a.way], reached=a.reached, at=a.at, by=a.by)  # type: ignore[arg-type]
            for a in attempts_of(db, ticket)
        ],
        reach=_reach(db, policy, ticket, now),
        sub_tasks=[_sub_task(vault, partners, s, now, reads) for s in sub_tasks_of(db, ticket)],
        trip=None if trip is None else trip_shown(trip, account, now),
        longest_trip_minutes=int(policy.trip.longest.total_seconds() // 60),
        lowering=next((row for row in lowerings if row.decided_at is None), None),
        lowerings=[row for row in lowerings if row.decided_at is not None],
        two_people=ticket.two_people,
        reopened=ticket.reopened,
        wishes=[
            WishShown(
                at=e.at,
                kind=e.kind.removeprefix("wish."),
                kind_word=WISHES.get(e.kind.removeprefix("wish."), "留言"),
                text=vault.open(e, "note") if reads else None,
            )
            for e in events_of(db, ticket)
            if e.kind.startswith("wish.")
        ],
        offices=[Choosable(code=o.code, name=o.name) for o in district.offices if o.code != ticket.office]
        if works
        else [],
        colleagues=[
            Colleague(id=c.id, name=c.name, role_name=ROLE_WORDS[c.role])
            for c in (colleagues_of(db, account, WORKERS) if works else [])
        ],
        partners=[Choosable(code=p.code, name=p.name) for p in (partners.of(street) if works else ())],
        lower_to=[
            Choosable(code=level.key, name=f"{level.colour}色") for level in lower_levels(ticket, policy)
        ],
        outcomes=[Choosable(code=code, name=name) for code, name in policy.outcomes.items()],
        new_level_wanted="new_level" in policy.levels[ticket.rated].closing,
        ladder_hours=[int(span.total_seconds() // 3600) for span in policy.follow_up_ladder],
    )


def trip_shown(trip: Trip, account: StaffAccount, now: datetime) -> TripShown:
    """Who is out, for the ticket's page and the list of who is out."""
    return TripShown(
        name=trip.name,
        companion=trip.companion,
        set_out_at=trip.set_out_at,
        arrived_at=trip.arrived_at,
        back_by=trip.back_by,
        overdue=trip.back_by <= now,
        help_wanted=trip.help_at is not None,
        mine=trip.staff_id == account.id,
    )


def partner_task(
    vault: Vault, district: District, task: SubTask, ticket: Ticket, name: str | None, now: datetime
) -> PartnerTask:
    """One part as its partner sees it: never the ticket, its code, its level or its reasons."""
    office = district.office_once(ticket.office)
    return PartnerTask(
        task=task.name,
        what=PARTS[task.what],  # type: ignore[index]
        ask=vault.open(task, "ask") or "已删除",
        where=vault.open(ticket, "place") or "请向委托单位了解",
        resident=name,
        asked_by=task.asked_by,
        office_name=office.name,
        office_phone=office.phone,
        asked_at=task.asked_at,
        due_at=task.due_at,
        late=task.ended_at is None and task.due_at < now,
        state=state_of(task),
        state_word=TASK_STATES[state_of(task)],
        result=vault.open(task, "result"),
    )


def acts(
    db: Session,
    district: District,
    policy: Policy,
    ticket: Ticket,
    account: StaffAccount,
    waiting: list[FollowUp],
) -> list[Act]:
    """What this member of staff may do on this ticket now. The routes refuse what is not in here, each by itself."""
    if account.role not in WORKERS:
        return []
    if ticket.closed_at is not None:
        closed: list[Act] = ["follow_up", "reopen"] if waiting else ["reopen"]
        return [act for act in closed if policy.may(account.role, act)]
    found: list[Act] = []
    mine = ticket.holder_id == account.id
    held = ticket.holder_id is not None
    leads = account.role == "supervisor"
    own = account.office == ticket.office
    desk = account.role == "duty_officer" and account.office == district.desk.code
    taken = {a.staff_id for a in acknowledgements_of(db, ticket)}
    asked = next((t for t in transfers_of(db, ticket) if t.answered_at is None), None)
    offered = asked is not None and transfer.may_answer(asked, account)
    if offered:
        found.append("answer_transfer")
    if not held or (ticket.missing > 0 and account.id not in taken):
        found.append("acknowledge")
    if held and (mine or leads):
        found += ["call", "visit", "refer", "attempt", "sub_task", "plan_follow_up", "close"]
        if waiting:
            found.append("follow_up")
        if lower_levels(ticket, policy) and not any(
            row.decided_at is None for row in lowerings_of(db, ticket)
        ):
            found.append("lower")
    if held and not mine:
        found.append("take_over")
    if any(row.decided_at is None and row.asked_by_id != account.id for row in lowerings_of(db, ticket)):
        found.append("answer_lowering")
    if (own or mine) and not ticket.settled and not must_decide(ticket, policy) and asked is None:
        found.append("transfer")
    if held and (mine or leads) and asked is None:
        found.append("hand_over")
    if asked is not None and not offered and (mine or leads or own):
        found.append("withdraw_transfer")
    if not desk:
        found.append("to_district")
    if desk and not ticket.settled:
        found.append("decide")
    trip = open_trip(db, ticket)
    if trip is None and held and (mine or leads):
        found.append("set_out")
    if trip is not None and (trip.staff_id == account.id or leads or desk):
        if trip.arrived_at is None and trip.staff_id == account.id:
            found.append("arrived")
        found.append("back")
    if not ticket.two_people or leads or desk:
        found.append("two_people")
    return [act for act in found if policy.may(account.role, act)]


def _transfer(
    db: Session,
    vault: Vault,
    district: District,
    row: Transfer,
    account: StaffAccount,
    now: datetime,
    reads: bool,
) -> TransferShown:
    to = account_of(db, row.to_staff_id)
    return TransferShown(
        from_office=row.from_office,
        from_name=district.office_once(row.from_office).name,
        to_office=row.to_office,
        to_office_name=district.office_once(row.to_office).name,
        to_name=None if to is None else to.name,
        reason=(vault.open(row, "reason") or "") if reads else "",
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        answer_by=row.answer_by,
        late=row.answered_at is None and row.answer_by < now,
        answer=row.answer,  # type: ignore[arg-type]
        answer_word=ANSWERS[row.answer],
        answered_by=row.answered_by,
        answered_at=row.answered_at,
        answer_reason=vault.open(row, "answer_reason") if reads else None,
        for_me=row.answered_at is None and transfer.may_answer(row, account),
    )


def _lowering(vault: Vault, row: Lowering, reads: bool) -> LoweringShown:
    to = Level(row.to_level)
    return LoweringShown(
        from_level=Level(row.from_level).key,  # type: ignore[arg-type]
        to_level=to.key,  # type: ignore[arg-type]
        to_word=f"{to.colour}色",
        reason=(vault.open(row, "reason") or "") if reads else "",
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        confirmed=row.confirmed,
    )


def _sub_task(vault: Vault, partners: Partners, row: SubTask, now: datetime, reads: bool) -> SubTaskShown:
    partner = partners.known(row.partner)
    return SubTaskShown(
        task=row.name,
        partner=row.partner,
        partner_name=partner.name if partner else "已撤销的单位",
        what=PARTS[row.what],  # type: ignore[index]
        ask=(vault.open(row, "ask") or "") if reads else "",
        with_name=row.with_name,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        due_at=row.due_at,
        state=state_of(row),
        state_word=TASK_STATES[state_of(row)],
        late=row.ended_at is None and row.due_at < now,
        result=vault.open(row, "result") if reads else None,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
    )


def _reach(db: Session, policy: Policy, ticket: Ticket, now: datetime) -> ReachStepShown | None:
    clock = clock_of(db, ticket, "reach")
    if ticket.closed_at is not None or clock is None or clock.stopped_at is not None:
        return None
    step = reach.step_for(db, ticket, policy)
    if step is None:
        return None
    return ReachStepShown(
        what=step.what,
        sentence=step.sentence,
        ways=list(step.ways),  # type: ignore[arg-type]
        due_at=clock.due_at,
        late=clock.due_at < now,
    )
