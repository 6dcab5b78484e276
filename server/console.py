"""What staff see, and the acts behind their buttons. Names are masked here, not in the page."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import transcript
from bot.handoff import Handoff, accompanied, first_seen_by, worker_in
from bot.transcript import Bubble, Message
from bot.turn import ConsentsShown, MessageShown
from escalation import chain
from escalation.acts import AlreadyRecorded
from escalation.casework import Casework
from escalation.closing import NEEDS, missing_before_closing
from escalation.errors import NotAllowed, SecondFactorMissing
from escalation.intake import Intake
from escalation.policy import Policy
from escalation.second_factor import state_of
from escalation.staff import Desk, StaffAccount, StaffSession
from escalation.store import (
    clocks_of,
    events_of,
    follow_ups_of,
    latest_ticket_of_session,
    signals_of_ticket,
    stop_clocks,
    ticket_for,
    tickets_for,
)
from escalation.ticket import FollowUp, Ticket, TicketClock
from escalation.triage import Level
from residents.partners import Partners
from residents.resident import Basis, Identity, basis_for_passing_on
from residents.session import ResidentSession
from residents.store import consents_of, identities_of, identity_of, lock_session, sessions_by_id
from server.errors import NotLoggedIn
from server.health import Health
from server.readings import Readings
from server.schemas import (
    ChatShown,
    ClockShown,
    CloseTicket,
    DeskCallShown,
    FollowUpShown,
    IdentityShown,
    Me,
    PlanFollowUps,
    ReasonShown,
    RecordCall,
    RecordFollowUp,
    RecordReferral,
    RecordVisit,
    TicketDetail,
    TicketList,
    TicketRow,
    TimelineEntry,
    WordsShown,
)
from server.team import acts, team_shown
from server.why import why_of
from storage import audit
from storage.database import Database

ROLES = {
    "social_worker": "社工",
    "judicial_officer": "司法所工作人员",
    "supervisor": "负责人",
    "duty_officer": "区值班",
    "auditor": "审计员",
    "administrator": "管理员",
    "partner": "协办单位",
}
STATES = {
    "requested": "等人签收",
    "accepted": "已签收，待联系",
    "in-progress": "跟进中",
    "completed": "已结案",
}
CLOCKS = {
    "acknowledge": "签收",
    "contact": "联系",
    "speak": "通话",
    "visit": "走访",
    "reach": "再找",
    "follow_up": "随访",
    "close": "结案",
}
SOON = timedelta(minutes=30)
WISH = "wish."
"""What residents say on the page behind their code: their own words, and behind the same veil."""
VIEWS = ("open", "mine", "due", "overdue", "follow_up", "closed")


class Staff:
    """A member of staff who is logged in: the session, and the account as it stands at this request."""

    def __init__(self, session: StaffSession, account: StaffAccount) -> None:
        self.session = session
        self.account = account


@dataclass(frozen=True)
class _People:
    """Whom a list of tickets is about, asked for once for all of them. `accompanied`: a worker is in that chat."""

    identities: Mapping[UUID, Identity]
    sessions: Mapping[UUID, ResidentSession]
    accompanied: Collection[UUID]


class Console:
    """Everything behind `/api/staff`. Whatever is shown of a resident, a list with masked names too, is recorded first
    with who and why."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        desk: Desk,
        casework: Casework,
        partners: Callable[[], Partners],
        intake: Intake,
        health: Health,
        demo: bool,
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.desk = desk
        self.casework = casework
        self.partners = partners
        self.intake = intake
        self.health = health
        self.demo = demo
        self.readings = Readings()

    # --- who ---------------------------------------------------------------------------------------

    def login(self, username: str, password: str, address: str) -> tuple[str, Me]:
        """Log in and say who one is."""
        token, _ = self.desk.login(username, password, address)
        return token, self.me(self.half_session_of(token))

    def logout(self, staff: Staff) -> None:
        """End the session on the server."""
        self.desk.logout(staff.session)

    def me(self, staff: Staff) -> Me:
        """Who is logged in, and whether a second factor is still wanted of them."""
        return self._me(staff)

    def person(self, staff: Staff) -> str:
        """A name for this account that says nothing: on a phone it marks whose the sealed notes are, and with a
        request for whom the page stands."""
        return self.vault.index("keeping_name", str(staff.account.id)).hex()[:16]

    def session_of(self, token: str | None) -> Staff:
        """The member of staff behind a cookie, with the rights of this moment.

        `SecondFactorMissing` while a second factor is wanted of this log-in and was not given.
        """
        staff = self.half_session_of(token)
        if state_of(staff.session, staff.account, self.demo) in ("to_bind", "to_give"):
            raise SecondFactorMissing()
        return staff

    def half_session_of(self, token: str | None) -> Staff:
        """The same, without asking for the second factor: for the page where it is given, and for leaving."""
        found = self.desk.account_of(token)
        if found is None:
            raise NotLoggedIn()
        return Staff(*found)

    def _me(self, staff: Staff) -> Me:
        account = staff.account
        partner = self.partners().known(account.office) if account.role == "partner" else None
        office = partner or self.intake.district.office_once(account.office)
        return Me(
            person=self.person(staff),
            username=account.username,
            name=account.name,
            role=account.role,  # type: ignore[arg-type]
            role_name=ROLES[account.role],
            office=account.office,
            office_name=office.name,
            demo=self.demo,
            second=state_of(staff.session, account, self.demo),
        )

    # --- reading -----------------------------------------------------------------------------------

    def tickets(self, staff: Staff, view: str) -> TicketList:
        """The caller's tickets: worst level first, within a level by the next deadline."""
        now = self.clock()
        account = staff.account
        with self.database.transaction() as db:
            self.intake.telling.districts.refresh(db)
            opened = tickets_for(db, account)
            closed = tickets_for(db, account, closed=True)
            everything = [*opened, *closed]
            clocks, promises = (
                defaultdict[UUID, list[TicketClock]](list),
                defaultdict[UUID, list[FollowUp]](list),
            )
            for clock in clocks_of(db, [t.id for t in everything]):
                clocks[clock.ticket_id].append(clock)
            for promise in follow_ups_of(db, [t.id for t in everything]):
                if promise.done_at is None:
                    promises[promise.ticket_id].append(promise)
            soonest = {t.id: self._next_clock(t, clocks[t.id], promises[t.id], now) for t in everything}
            chosen = {
                name: self._view(name, opened, closed, soonest, promises, account, now) for name in VIEWS
            }
            red_bar = self.health.red_bar(db, now)
            page = f"tickets:{view if view in VIEWS else 'open'}"
            listed = chosen.get(view, chosen["open"])
            people = _people_of(db, listed)
            rows = {t.id: self._row(db, t, people, soonest[t.id], account) for t in listed}
            shown = tuple(sorted((t.code, rows[t.id].resident) for t in listed))
            fresh = self.readings.is_new(staff.session.id, page, shown)
            if fresh:
                audit.record(
                    db, actor=account.username, action="tickets.listed", subject=page, purpose="casework",
                    at=now, tickets=[code for code, _ in shown],
                )  # fmt: skip
        if fresh:
            self.readings.remember(staff.session.id, page, shown)
        far = datetime.max.replace(tzinfo=now.tzinfo)
        listed = sorted(
            listed,
            key=lambda t: (-t.level, c.due_at if (c := rows[t.id].next_clock) else far, t.opened_at),
        )
        return TicketList(
            tickets=[rows[t.id] for t in listed],
            counts={name: len(found) for name, found in chosen.items()},
            now=now,
            red_bar=red_bar,
        )

    def _view(
        self,
        name: str,
        opened: Sequence[Ticket],
        closed: Sequence[Ticket],
        soonest: Mapping[UUID, ClockShown | None],
        promises: Mapping[UUID, Sequence[FollowUp]],
        account: StaffAccount,
        now: datetime,
    ) -> list[Ticket]:
        if name == "mine":
            return [t for t in opened if t.holder_id == account.id]
        if name == "due":
            return [t for t in opened if (c := soonest[t.id]) and now <= c.due_at <= now + SOON]
        if name == "overdue":
            return [t for t in opened if (c := soonest[t.id]) and c.due_at < now]
        if name == "follow_up":
            return [t for t in [*opened, *closed] if promises.get(t.id)]
        return list(closed if name == "closed" else opened)

    def _row(
        self,
        db: Session,
        ticket: Ticket,
        people: "_People",
        soonest: ClockShown | None,
        account: StaffAccount,
    ) -> TicketRow:
        identity = people.identities.get(ticket.resident_id)
        session = people.sessions.get(ticket.session_id)
        return TicketRow(
            code=ticket.code,
            kind=ticket.kind,  # type: ignore[arg-type]
            kind_word=self.intake.policies.of(db, ticket).name,
            level=ticket.rated.key,  # type: ignore[arg-type]
            level_word=f"{ticket.rated.colour}色",
            state=ticket.state,  # type: ignore[arg-type]
            state_word=STATES[ticket.state],
            resident="不显示"
            if account.role == "auditor"
            else masked_name(self.vault.open(identity, "name") if identity else None),
            place=self.vault.open(ticket, "place") or "已删除",
            office=ticket.office,
            office_name=self.intake.district.office_once(ticket.office).name,
            holder=ticket.holder_name,
            mine=ticket.holder_id == account.id,
            opened_at=ticket.opened_at,
            next_clock=soonest,
            worker_wanted_in_chat=bool(
                session
                and session.worker_wanted
                and session.ended_at is None
                and session.id not in people.accompanied
            ),
        )

    def _next_clock(
        self,
        ticket: Ticket,
        clocks: Sequence[TicketClock],
        follow_ups: Sequence[FollowUp],
        now: datetime,
    ) -> ClockShown | None:
        running = [
            clock_shown(c.name, c.due_at, c.stopped_at, now)
            for c in clocks
            if c.stopped_at is None and _begun(c, ticket)
        ]
        running += [clock_shown("follow_up", f.due_at, None, now) for f in follow_ups]
        return min(running, key=lambda c: c.due_at, default=None)

    def ticket(self, staff: Staff, code: str) -> TicketDetail:
        """One ticket as the caller may see it; the read is recorded."""
        now = self.clock()
        with self.database.transaction() as db:
            ticket = ticket_for(db, code, staff.account)
            self._read(db, staff.account, "ticket.read", ticket, now)
            return self._detail(db, ticket, staff.account, now)

    def _read(self, db: Session, account: StaffAccount, action: str, ticket: Ticket, now: datetime) -> None:
        """Record that something of a resident's matter is being shown to this member of staff."""
        audit.record(
            db, actor=account.username, action=action, subject=f"ticket:{ticket.code}",
            purpose="casework", at=now,
        )  # fmt: skip

    def _detail(self, db: Session, ticket: Ticket, account: StaffAccount, now: datetime) -> TicketDetail:
        """The ticket in full; an auditor sees what was done and when, and nothing of who the resident is or said."""
        audits = account.role == "auditor"
        clocks = clocks_of(db, [ticket.id])
        follow_ups = follow_ups_of(db, [ticket.id])
        waiting = [f for f in follow_ups if f.done_at is None]
        consents = consents_of(db, ticket.resident_id)
        basis = basis_for_passing_on(consents, ticket.danger_to_life)
        policy = self.intake.policies.of(db, ticket)
        needs = [NEEDS[n] for n in missing_before_closing(db, ticket, policy, now)]
        events = events_of(db, ticket)
        why = why_of(db, self.intake.policies, ticket)
        worker = worker_in(db, ticket.session_id)
        words = db.scalars(
            select(Message.id).where(Message.session_id == ticket.session_id, Message.author == "resident")
        ).all()
        next_step = self._next_step(ticket, policy, {e.kind.split(".")[0] for e in events}, waiting, needs)
        return TicketDetail(
            ticket=self._row(
                db, ticket, _people_of(db, [ticket]), self._next_clock(ticket, clocks, waiting, now), account
            ),
            clocks=[
                *(
                    clock_shown(c.name, c.due_at, c.stopped_at, now, why.get(c.name, ()))
                    for c in sorted(clocks, key=lambda c: c.due_at)
                    if _begun(c, ticket)
                ),
                *(clock_shown("follow_up", f.due_at, f.done_at, now) for f in follow_ups),
            ],
            reasons=[] if audits else self._reasons(db, ticket),
            routing=self.vault.open(ticket, "routing") or "已随居民的记录删除。",
            basis={
                Basis.CONSENT: "居民同意转交给司法所。",
                Basis.DANGER_TO_LIFE: "居民没有勾选转交；因可能有生命危险，依个人信息保护法第十三条第一款第四项处理。",
                None: "居民没有同意转交，也没有生命危险：联系方式不能查看。",
            }[basis],
            consents=ConsentsShown(**{str(k): v for k, v in consents.items()}),
            identity=self._masked(None if audits else identity_of(db, ticket.resident_id)),
            timeline=[
                TimelineEntry(
                    id=e.id,
                    at=e.at,
                    kind=e.kind,
                    who=e.who,
                    text=e.text,
                    note=None if e.kind.startswith(WISH) else self.vault.open(e, "note"),
                )
                for e in events
            ],
            follow_ups=[
                FollowUpShown(
                    id=f.id,
                    due_at=f.due_at,
                    label=_ahead(f.due_at - f.planned_at),
                    done_at=f.done_at,
                    outcome=f.outcome,
                    late=f.done_at is None and f.due_at < now,
                    invite=f.invite,
                )
                for f in follow_ups
            ],
            next_step=next_step,  # type: ignore[arg-type]
            actions=[
                act
                for act in acts(db, self.intake.district, policy, ticket, account, waiting)
                if policy.may(account.role, act)
            ],
            close_needs=needs,
            words_kept=len(words),
            chat_open=ticket.closed_at is None,
            chat_mine=worker is not None and worker.staff_id == account.id,
            team=team_shown(
                db, self.vault, self.intake.district, self.partners(), policy, ticket, account, now
            ),
        )

    def _next_step(
        self,
        ticket: Ticket,
        policy: Policy,
        done: set[str],
        waiting: Sequence[FollowUp],
        needs: Sequence[str],
    ) -> str:
        if ticket.closed_at is not None:
            return "follow_up" if waiting else "none"
        if ticket.holder_id is None:
            return "acknowledge"
        if ticket.spoke_at is None and "call" not in done:
            return "call"
        if ticket.met_at is None and "visit" in policy.clocks(ticket.rated):
            return "visit" if ticket.rated is Level.RED or ticket.spoke_at is None else "refer"
        if "referral" not in done and "refer" in policy.proposes:
            return "refer"
        if "follow_up" not in done and "plan_follow_up" in policy.proposes:
            return "plan_follow_up"
        return "close" if not needs else "call"

    def _reasons(self, db: Session, ticket: Ticket) -> list[ReasonShown]:
        """Each rule once, with all items that fired it and the first time that it did."""
        shown: dict[str, ReasonShown] = {}
        for signal in signals_of_ticket(db, ticket):
            kept = json.loads(self.vault.open(signal, "reasons") or '{"reasons": []}')
            for reason in kept["reasons"]:
                rule, items = reason["rule"], [item.removeprefix("q") for item in reason["items"]]
                first = shown.setdefault(
                    rule,
                    ReasonShown(
                        rule=rule,
                        sentence=self.intake.levels.fixed_reasons.get(rule, "依现行规则"),
                        items=[],
                        at=signal.at,
                        level=Level(signal.level).key if signal.level else None,  # type: ignore[arg-type]
                    ),
                )
                first.items += [item for item in items if item not in first.items]
        return list(shown.values())

    def _masked(self, identity: Identity | None) -> IdentityShown:
        if identity is None:
            return IdentityShown(
                opened=False,
                name=None,
                phone=None,
                address=None,
                address_state="unknown",
                safe_to_call=None,
                trusted_person=None,
            )
        phone = self.vault.open(identity, "phone")
        return IdentityShown(
            opened=False,
            name=masked_name(self.vault.open(identity, "name")) if identity.has("name") else None,
            phone=f"{phone[:3]}****{phone[-2:]}"
            if phone and len(phone) >= 7
            else ("****" if phone else None),
            address="已留住址" if identity.has("address") else None,
            address_state=_address_state(identity),  # type: ignore[arg-type]
            safe_to_call=self.vault.open(identity, "safe_to_call"),
            trusted_person="已留" if identity.has("trusted_person") else None,
        )

    # --- acting ------------------------------------------------------------------------------------

    def acknowledge(self, staff: Staff, code: str) -> TicketDetail:
        """Take the ticket."""
        return self.after(staff, code, self.casework.acknowledge, staff.account, code)

    def record_call(self, staff: Staff, code: str, body: RecordCall) -> TicketDetail:
        """Record a telephone call."""
        return self.after(
            staff, code, self.casework.record_call, staff.account, code, body.client_id, body.outcome,
            address_confirmed=body.address_confirmed, need=body.need, note=body.note,
        )  # fmt: skip

    def record_visit(self, staff: Staff, code: str, body: RecordVisit) -> TicketDetail:
        """Record a visit."""
        return self.after(
            staff, code, self.casework.record_visit, staff.account, code, body.client_id, body.outcome,
            findings=body.findings, family_present=body.family_present, visited_at=body.visited_at,
            note=body.note,
        )  # fmt: skip

    def record_referral(self, staff: Staff, code: str, body: RecordReferral) -> TicketDetail:
        """Record a referral."""
        return self.after(
            staff, code, self.casework.record_referral, staff.account, code, body.client_id, body.to,
            body.agreed, body.note,
        )  # fmt: skip

    def plan_follow_ups(self, staff: Staff, code: str, body: PlanFollowUps) -> TicketDetail:
        """Plan follow-ups."""
        return self.after(
            staff, code, self.casework.plan_follow_ups, staff.account, code, body.client_id, body.after_hours,
            invite=body.invite,
        )  # fmt: skip

    def record_follow_up(
        self, staff: Staff, code: str, follow_up: UUID, body: RecordFollowUp
    ) -> TicketDetail:
        """Record what a follow-up found."""
        return self.after(
            staff, code, self.casework.record_follow_up, staff.account, code, follow_up, body.client_id,
            body.outcome, body.note,
        )  # fmt: skip

    def close(self, staff: Staff, code: str, body: CloseTicket) -> TicketDetail:
        """Close the ticket. Whoever is in its chat has left it then, and the program answers again."""
        return self.after(staff, code, self._close, staff, code, body)

    def _close(self, staff: Staff, code: str, body: CloseTicket) -> None:
        try:
            self.casework.close(
                staff.account, code, body.client_id, body.outcome, body.note,
                new_level=Level[body.new_level.upper()] if body.new_level else None,
            )  # fmt: skip
        finally:
            self._leave_closed_chat(staff, code)

    def _leave_closed_chat(self, staff: Staff, code: str) -> None:
        """A closed ticket has no chat: nobody could hand this conversation back any more."""
        now = self.clock()
        with self.database.transaction() as db:
            session = lock_session(db, ticket_for(db, code, staff.account).session_id)
            ticket = ticket_for(db, code, staff.account, lock=True)
            worker = worker_in(db, session.id)
            latest = latest_ticket_of_session(db, session.id, session.resident_id)
            if worker is not None and latest is not None and latest.closed_at is not None:
                self._hand_back(db, ticket, worker, now)

    def _hand_back(self, db: Session, ticket: Ticket, worker: Handoff, now: datetime) -> None:
        worker.left_at = now
        text = f"{worker.name}先离开了，现在又是程序在陪您。"
        transcript.say(db, self.vault, ticket.session_id, [Bubble(text, name="worker_left")], now)
        chain.note(db, ticket, "chat", worker.name, "把对话交还给程序。", now)

    def after(
        self, staff: Staff, code: str, act: Callable[..., None], *args: Any, **more: Any
    ) -> TicketDetail:
        """Do it, or find it done before, and show the ticket as it stands then: that is a read of its own."""
        with suppress(AlreadyRecorded):
            act(*args, **more)
        now = self.clock()
        with self.database.transaction() as db:
            ticket = ticket_for(db, code, staff.account)
            self._read(db, staff.account, "ticket.read", ticket, now)
            return self._detail(db, ticket, staff.account, now)

    def open_identity(self, staff: Staff, code: str, reason: str) -> IdentityShown:
        """Name, telephone and address in full."""
        identity = self.casework.open_identity(staff.account, code, reason)
        if identity is None:
            return self._masked(None).model_copy(update={"opened": True})
        fields = ("name", "phone", "address", "safe_to_call", "trusted_person")
        return IdentityShown(
            opened=True,
            address_state=_address_state(identity),  # type: ignore[arg-type]
            **{name: self.vault.open(identity, name) for name in fields},
        )

    def open_words(self, staff: Staff, code: str, reason: str) -> list[WordsShown]:
        """What the resident said, with the spans that raised a rule."""
        ticket = self.casework.lift_veil(staff.account, code, reason)
        with self.database.transaction() as db:
            spans: dict[str, list[tuple[int, int]]] = {}
            for signal in signals_of_ticket(db, ticket):
                kept = json.loads(self.vault.open(signal, "reasons") or "{}")
                spans[signal.source] = [(start, end) for _, start, end in kept.get("spans", [])]
            return [
                WordsShown(at=at, text=text, spans=spans.get(f"message:{source}", []))
                for at, source, text in sorted(
                    [
                        (m.at, m.id, self.vault.open(m, "text") or "")
                        for m in transcript.messages_of(db, ticket.session_id)
                        if m.author == "resident"
                    ]
                    + [
                        (e.at, e.id, self.vault.open(e, "note") or "")
                        for e in events_of(db, ticket)
                        if e.kind.startswith(WISH) and e.note_sealed is not None
                    ],
                    key=lambda said: said[0],
                )
            ]

    # --- in the chat -------------------------------------------------------------------------------

    def chat(self, staff: Staff, code: str) -> ChatShown:
        """The conversation since this worker first came in; never for an auditor."""
        if staff.account.role == "auditor":
            raise NotAllowed("审计员不能看对话。")
        with self.database.transaction() as db:
            ticket = ticket_for(db, code, staff.account)
            shown = self._chat(db, ticket, staff.account)
            page, content = f"chat:{ticket.code}", tuple(message.id for message in shown.messages)
            fresh = self.readings.is_new(staff.session.id, page, content)
            if fresh:
                self._read(db, staff.account, "chat.read", ticket, self.clock())
        if fresh:
            self.readings.remember(staff.session.id, page, content)
        return shown

    def join_or_leave_chat(self, staff: Staff, code: str, action: str) -> ChatShown:
        """Come in (the program falls silent) or hand back."""
        now = self.clock()
        account = staff.account
        with self.database.transaction() as db:
            ticket, session = self._chatting(db, staff, code)
            worker = worker_in(db, session.id)
            if action == "join" and worker is not None and worker.staff_id != account.id:
                raise NotAllowed(f"{worker.name}已经在对话里。")
            if action == "join" and worker is None:
                db.add(
                    Handoff(
                        session_id=session.id,
                        staff_id=account.id,
                        role=ROLES[account.role],
                        name=account.name,
                        from_position=transcript.last_position(db, session.id),
                        joined_at=now,
                    )
                )
                session.worker_wanted = False
                text = f"我是{self.intake.district.office_once(account.office).name}的{account.name}，我来陪您说说话。"
                transcript.say(
                    db, self.vault, session.id, [Bubble(text)], now, author="worker", author_name=account.name
                )
                self._reached(db, ticket, now)
                chain.note(db, ticket, "chat", account.name, "进入了居民的对话。", now)
            elif action == "leave" and worker is not None and worker.staff_id == account.id:
                self._hand_back(db, ticket, worker, now)
            audit.record(
                db, actor=account.username, action=f"chat.{action}", subject=f"ticket:{code}", at=now
            )
            self._read(db, account, "chat.read", ticket, now)
            db.flush()
            return self._chat(db, ticket, account)

    def say_in_chat(self, staff: Staff, code: str, client_id: UUID, text: str) -> ChatShown:
        """Say something to the resident; sent twice, it is said once."""
        now = self.clock()
        with self.database.transaction() as db:
            ticket, session = self._chatting(db, staff, code)
            worker = worker_in(db, session.id)
            if worker is None or worker.staff_id != staff.account.id:
                raise NotAllowed("先加入对话，再发消息。")
            _, whose = transcript.receive(db, self.vault, ticket.session_id, client_id, now)
            if whose == "new":
                self._reached(db, ticket, now)
                transcript.say(
                    db, self.vault, ticket.session_id, [Bubble(text)], now,
                    author="worker", author_name=staff.account.name,
                )  # fmt: skip
            self._read(db, staff.account, "chat.read", ticket, now)
            return self._chat(db, ticket, staff.account)

    def _chatting(self, db: Session, staff: Staff, code: str) -> tuple[Ticket, ResidentSession]:
        """The ticket and its conversation, both locked: the conversation first, as everywhere."""
        session = lock_session(db, ticket_for(db, code, staff.account).session_id)
        ticket = ticket_for(db, code, staff.account, lock=True)
        if staff.account.role == "auditor" or ticket.closed_at is not None:
            raise NotAllowed("这张工单的对话已经关闭。")
        return ticket, session

    def _reached(self, db: Session, ticket: Ticket, now: datetime) -> None:
        """Writing to the resident in the chat is an attempt to reach them, as a call is."""
        ticket.attempt(now)
        stop_clocks(db, ticket, ["contact"], now)

    def _chat(self, db: Session, ticket: Ticket, account: StaffAccount) -> ChatShown:
        since = first_seen_by(db, ticket.session_id, account.id)
        worker = worker_in(db, ticket.session_id)
        found = [] if since is None else transcript.messages_of(db, ticket.session_id, since)
        return ChatShown(
            messages=[
                MessageShown(
                    id=m.id,
                    author=m.author,  # type: ignore[arg-type]
                    author_name=m.author_name,
                    text=self.vault.open(m, "text") or "",
                    at=m.at,
                )
                for m in found
            ],
            mine=worker is not None and worker.staff_id == account.id,
        )

    # --- the hall ----------------------------------------------------------------------------------

    def desk_calls(self, staff: Staff) -> list[DeskCallShown]:
        """Who is waiting at a kiosk of this office."""
        return [
            DeskCallShown(id=c.id, place=c.place, at=c.at, answered_by=c.answered_by, unasked=c.unasked)
            for c in self.casework.desk_calls(staff.account)
        ]

    def answer_desk_call(self, staff: Staff, call: UUID) -> list[DeskCallShown]:
        """Say that one is going there."""
        self.casework.answer_desk_call(staff.account, call)
        return self.desk_calls(staff)


def clock_shown(
    name: str, due_at: datetime, stopped_at: datetime | None, now: datetime, why: Sequence[str] = ()
) -> ClockShown:
    """One clock with its state in words, and how its deadline came about."""
    if stopped_at is None:
        state = "late" if due_at < now else "running"
    else:
        state = "kept" if stopped_at <= due_at else "kept_late"
    return ClockShown(
        name=name,  # type: ignore[arg-type]
        label=CLOCKS[name],
        due_at=due_at,
        stopped_at=stopped_at,
        state=state,  # type: ignore[arg-type]
        why=list(why),
    )


def masked_name(name: str | None) -> str:
    """A name for a list: the first character, and nobody's for those who gave none."""
    if not name:
        return "未留称呼"
    return f"{name[0]}*" if len(name) == 2 else f"{name[0]}*{name[-1]}" if len(name) > 2 else "*"


def _people_of(db: Session, tickets: Sequence[Ticket]) -> _People:
    sessions = [t.session_id for t in tickets]
    return _People(
        identities=identities_of(db, [t.resident_id for t in tickets]),
        sessions=sessions_by_id(db, sessions),
        accompanied=accompanied(db, sessions),
    )


def _begun(clock: TicketClock, ticket: Ticket) -> bool:
    return clock.name != "contact" or ticket.holder_id is not None


def _address_state(identity: Identity) -> str:
    if not identity.has("address"):
        return "unknown"
    return "confirmed" if identity.address_confirmed else "stated"


def _ahead(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    return f"{hours} 小时后" if hours < 48 else f"{round(hours / 24)} 天后"
