"""The acts behind the buttons of teamwork, and the lists beside the tickets."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from escalation.acts import AlreadyRecorded
from escalation.errors import NotAllowed, TicketNotFound
from escalation.joint import JointWork
from escalation.lowering import Lowerings
from escalation.reach import Reaching
from escalation.team_store import (
    account_of,
    tickets_to_decide,
    tickets_with_lowering,
    tickets_with_transfer,
    trips_for,
)
from escalation.ticket import Ticket
from escalation.transfer import Transfers
from escalation.triage import Level
from escalation.trips import Trips
from server.console import Console, Staff
from server.schemas import TicketDetail
from server.team import partner_task, trip_shown
from server.teamwork_schemas import (
    AnswerLowering,
    AnswerTransfer,
    AskLowering,
    AskPartner,
    AskTransfer,
    ComeBack,
    Decide,
    DecisionWaiting,
    HandOver,
    LoweringWaiting,
    OnlyOnce,
    PartnerTaskList,
    RecordAttempt,
    SayResult,
    SetOut,
    TransferWaiting,
    TripWaiting,
    TwoPeople,
    Waiting,
    WithReason,
)


class TeamworkDesk:
    """Everything behind the routes of teamwork. Each act shows the ticket as it stands after it."""

    def __init__(
        self,
        console: Console,
        transfers: Transfers,
        reaching: Reaching,
        joint: JointWork,
        trips: Trips,
        lowerings: Lowerings,
    ) -> None:
        self.console = console
        self.transfers = transfers
        self.reaching = reaching
        self.joint = joint
        self.trips = trips
        self.lowerings = lowerings

    # --- whose it is -------------------------------------------------------------------------------

    def ask_transfer(self, staff: Staff, code: str, body: AskTransfer) -> TicketDetail:
        """Ask another office."""
        return self.console.after(
            staff, code, self.transfers.ask, staff.account, code, body.client_id, body.to_office, body.reason
        )

    def hand_over(self, staff: Staff, code: str, body: HandOver) -> TicketDetail:
        """Ask a colleague."""
        return self.console.after(
            staff, code, self.transfers.hand_over, staff.account, code, body.client_id, body.to_staff,
            body.reason,
        )  # fmt: skip

    def answer_transfer(self, staff: Staff, code: str, body: AnswerTransfer) -> TicketDetail | None:
        """Accept or refuse; None when the caller sees the ticket no longer."""
        with suppress(AlreadyRecorded):
            self.transfers.answer(staff.account, code, body.client_id, body.answer == "accept", body.reason)
        try:
            return self.console.ticket(staff, code)
        except TicketNotFound:
            return None

    def withdraw_transfer(self, staff: Staff, code: str, body: OnlyOnce) -> TicketDetail:
        """Take the asking back."""
        return self.console.after(staff, code, self.transfers.withdraw, staff.account, code, body.client_id)

    def take_over(self, staff: Staff, code: str, body: WithReason) -> TicketDetail:
        """Take the ticket out of another hand."""
        return self.console.after(
            staff, code, self.transfers.take_over, staff.account, code, body.client_id, body.reason
        )

    def to_district(self, staff: Staff, code: str, body: WithReason) -> TicketDetail:
        """Straight to the district."""
        return self.console.after(
            staff, code, self.transfers.to_district, staff.account, code, body.client_id, body.reason
        )

    def decide(self, staff: Staff, code: str, body: Decide) -> TicketDetail:
        """The district's decision."""
        return self.console.after(
            staff, code, self.transfers.decide, staff.account, code, body.client_id, body.office, body.reason
        )

    def reopen(self, staff: Staff, code: str, body: WithReason) -> TicketDetail:
        """Open a closed ticket again."""
        return self.console.after(
            staff, code, self.console.casework.reopen, staff.account, code, body.client_id, body.reason
        )

    # --- reaching, joint work, trips, levels -------------------------------------------------------

    def record_attempt(self, staff: Staff, code: str, body: RecordAttempt) -> TicketDetail:
        """One try to reach the resident."""
        return self.console.after(
            staff, code, self.reaching.record_attempt, staff.account, code, body.client_id, body.way,
            body.reached, body.note,
        )  # fmt: skip

    def ask_partner(self, staff: Staff, code: str, body: AskPartner) -> TicketDetail:
        """Ask a partner for a part."""
        return self.console.after(
            staff, code, self.joint.ask, staff.account, code, body.client_id, body.partner, body.what,
            body.ask, body.due_at, with_name=body.with_name,
        )  # fmt: skip

    def withdraw_sub_task(self, staff: Staff, code: str, task: str, body: OnlyOnce) -> TicketDetail:
        """Take back what was asked of a partner."""
        return self.console.after(staff, code, self.joint.withdraw, staff.account, code, body.client_id, task)

    def set_out(self, staff: Staff, code: str, body: SetOut) -> TicketDetail:
        """Set out for a visit."""
        return self.console.after(
            staff, code, self.trips.set_out, staff.account, code, body.client_id, body.companion, body.minutes
        )

    def arrived(self, staff: Staff, code: str, body: OnlyOnce) -> TicketDetail:
        """At the door."""
        return self.console.after(staff, code, self.trips.arrived, staff.account, code, body.client_id)

    def come_back(self, staff: Staff, code: str, body: ComeBack) -> TicketDetail:
        """Back and safe, or a call for help."""
        act = self.trips.back if body.how == "safe" else self.trips.call_for_help
        return self.console.after(staff, code, act, staff.account, code, body.client_id, body.note)

    def two_people(self, staff: Staff, code: str, body: TwoPeople) -> TicketDetail:
        """Nobody visits alone, or again they may."""
        return self.console.after(
            staff, code, self.trips.two_people, staff.account, code, body.client_id, body.needed, body.reason
        )

    def ask_lowering(self, staff: Staff, code: str, body: AskLowering) -> TicketDetail:
        """The level is too high."""
        return self.console.after(
            staff, code, self.lowerings.ask, staff.account, code, body.client_id,
            Level[body.to_level.upper()], body.reason,
        )  # fmt: skip

    def answer_lowering(self, staff: Staff, code: str, body: AnswerLowering) -> TicketDetail:
        """The second person's word."""
        return self.console.after(
            staff, code, self.lowerings.answer, staff.account, code, body.client_id,
            body.answer == "confirm", body.reason,
        )  # fmt: skip

    # --- what waits --------------------------------------------------------------------------------

    def waiting(self, staff: Staff) -> Waiting:
        """What waits for the caller; an auditor, a partner and an administrator wait for nothing here."""
        account = staff.account
        now = self.console.clock()
        district = self.console.intake.district
        desk = account.office == district.desk.code
        empty = Waiting(now=now, transfers=[], lowerings=[], trips=[], decisions=[])
        if account.role not in ("social_worker", "judicial_officer", "supervisor", "duty_officer"):
            return empty
        with self.console.database.transaction() as db:
            return Waiting(
                now=now,
                transfers=[
                    TransferWaiting(
                        **self._which(ticket),
                        place=self._place(ticket),
                        from_name=district.office_once(row.from_office).name,
                        to_name=to.name if (to := account_of(db, row.to_staff_id)) else None,
                        answer_by=row.answer_by,
                        late=row.answer_by < now,
                    )
                    for ticket, row in tickets_with_transfer(db, account)
                ],
                lowerings=[
                    LoweringWaiting(
                        **self._which(ticket),
                        to_level=Level(row.to_level).key,  # type: ignore[arg-type]
                        to_word=f"{Level(row.to_level).colour}色",
                        place=self._place(ticket),
                        asked_by=row.asked_by,
                        asked_at=row.asked_at,
                    )
                    for ticket, row in tickets_with_lowering(db, account)
                ],
                trips=[
                    TripWaiting(
                        code=ticket.code,
                        **trip_shown(row, account, now).model_dump(exclude={"set_out_at", "arrived_at"}),
                    )
                    for ticket, row in trips_for(db, account, everywhere=desk)
                ],
                decisions=self._decisions(db, district.desk.code) if desk else [],
            )

    def _decisions(self, db: Session, desk: str) -> list[DecisionWaiting]:
        return [
            DecisionWaiting(
                **self._which(ticket),
                place=self._place(ticket),
                office_name=self.console.intake.district.office_once(ticket.office).name,
                bounces=ticket.bounces,
                since=since,
            )
            for ticket, since in tickets_to_decide(db, desk)
        ]

    def _which(self, ticket: Ticket) -> dict[str, Any]:
        rated = ticket.rated
        return {"code": ticket.code, "level": rated.key, "level_word": f"{rated.colour}色"}

    def _place(self, ticket: Ticket) -> str:
        return self.console.vault.open(ticket, "place") or "已删除"

    # --- a partner's side --------------------------------------------------------------------------

    def sub_tasks(self, staff: Staff) -> PartnerTaskList:
        """A partner's own list."""
        now: datetime = self.console.clock()
        district = self.console.intake.district
        partner = self.joint.partners().known(staff.account.office)
        if staff.account.role == "partner" and partner is None:
            raise NotAllowed("这个单位已经不在协办名单里。")
        found = self.joint.tasks(staff.account)
        return PartnerTaskList(
            partner_name=partner.name if partner else "",
            now=now,
            tasks=[
                partner_task(self.console.vault, district, task, ticket, name, now)
                for task, ticket, name in found
            ],
        )

    def accept_sub_task(self, staff: Staff, task: str, body: OnlyOnce) -> PartnerTaskList:
        """The partner takes it on."""
        with suppress(AlreadyRecorded):
            self.joint.accept(staff.account, task, body.client_id)
        return self.sub_tasks(staff)

    def finish_sub_task(self, staff: Staff, task: str, body: SayResult) -> PartnerTaskList:
        """It is done."""
        with suppress(AlreadyRecorded):
            self.joint.finish(staff.account, task, body.client_id, True, body.result)
        return self.sub_tasks(staff)

    def cannot_do_sub_task(self, staff: Staff, task: str, body: SayResult) -> PartnerTaskList:
        """It cannot be done."""
        with suppress(AlreadyRecorded):
            self.joint.finish(staff.account, task, body.client_id, False, body.result)
        return self.sub_tasks(staff)
