"""Filling a document from its case: only what it may use is unsealed, after the opening was written down."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.companion.desk import PLAN
from bot.companion.keeping import plan_of, plan_shared
from bot.companion.skills import read_skills
from escalation.papers import Opened, Papers, last_referral
from escalation.say_cards import say_cards
from escalation.store import clock_of, events_of, follow_ups_of
from residents.district import District
from residents.store import identity_of
from server.console import Staff
from server.documents import WORDS, Case, Document, Kind, Referral, Visit, document
from storage.database import Database


class DocumentsDesk:
    """The documents of one ticket, for whoever holds it or leads its office."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        district: Callable[[], District],
        papers: Papers,
        lines: Callable[[], Sequence[tuple[str, str]]],
    ) -> None:
        self.database = database
        self.vault = database.vault
        self.clock = clock
        self.district = district
        self.papers = papers
        self.lines = lines

    def open(self, staff: Staff, code: str, kind: Kind, *, asked: bool, form: str) -> Document:
        """One document, filled; that it was opened is recorded first, and shown to the resident later."""
        words = WORDS["documents"][kind]
        opened = self.papers.open(
            staff.account,
            code,
            kind,
            words["title"],
            words["need"],
            identity=bool(words["identity"]),
            asked=asked,
            form=form,
            refused={
                "holder": WORDS["refused"]["holder"],
                "ask": words.get("ask", ""),
                "no_share": words.get("no_share", ""),
                "plan": WORDS["refused"]["plan"],
            },
            shared=plan_shared,
        )
        with self.database.transaction() as db:
            return document(kind, self._case(db, staff, kind, opened), say_cards())

    def _case(self, db: Session, staff: Staff, kind: Kind, opened: Opened) -> Case:
        ticket, words = opened.ticket, WORDS["documents"][kind]
        office = self.district().office_once(ticket.office)
        events = events_of(db, ticket)
        visit = clock_of(db, ticket, "visit")
        follow_ups = [f.due_at for f in follow_ups_of(db, [ticket.id]) if f.done_at is None]
        referral = last_referral(db, ticket)
        identity = None
        if opened.basis is not None:
            kept = identity_of(db, ticket.resident_id)
            identity = {n: (self.vault.open(kept, n) or "") if kept else "" for n in words["identity"]}
        return Case(
            code=ticket.code,
            office=office.name,
            office_phone=office.phone,
            who=staff.account.name,
            place=self.vault.open(ticket, "place") or "",
            level=ticket.rated,
            now=self.clock(),
            two_people=ticket.two_people,
            visit_due=visit.due_at if visit is not None and visit.stopped_at is None else None,
            next_follow_up=min(follow_ups, default=None),
            calls=sum(event.kind == "call" for event in events),
            visits=[
                Visit(
                    e.at, e.who, e.text, (self.vault.open(e, "note") or "") if kind == "visit_record" else ""
                )
                for e in events
                if e.kind == "visit"
            ],
            referral=Referral(*referral) if referral else None,
            identity=identity,
            danger=ticket.danger_to_life,
            plan=self._plan(db, opened) if kind == "safety_plan" else (),
            lines=self.lines(),
        )

    def _plan(self, db: Session, opened: Opened) -> Sequence[tuple[str, str]]:
        written = plan_of(db, self.vault, opened.ticket.resident_id)
        return [(step.label or "", written.get(step.id, "")) for step in read_skills()[PLAN].kept_steps()]
