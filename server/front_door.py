"""What anybody sees who has not said anything yet, and the progress page of a ticket."""

from collections.abc import Callable
from datetime import datetime

from bot.conversation import Conversation
from bot.turn import HotlineShown
from bot.turns import TurnMaker
from escalation import ticket_code
from escalation.errors import TicketNotFound
from escalation.store import clocks_of, events_of, follow_ups_of, ticket_by_resident_code
from escalation.ticket import Ticket
from residents.store import disclosures_of
from server.schemas import DistrictShown, Opening, Progress, ProgressStep
from storage.database import Database

_STEPS = (("acknowledge", "有人接手"), ("speak", "和您通话"), ("visit", "上门看您"))
_OPENED = {"words": "您说过的话", "name phone address safe_to_call trusted_person": "您的联系方式"}


class FrontDoor:
    """The pages that ask for no session."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        conversation: Conversation,
        turns: TurnMaker,
        demo: bool,
    ) -> None:
        self.database = database
        self.clock = clock
        self.conversation = conversation
        self.turns = turns
        self.demo = demo

    def district(self, signed_place: str | None) -> DistrictShown:
        """The first screen. A place code that is not ours is no place, and no error."""
        district = self.turns.intake.district
        place = self.conversation.place_of(signed_place, self.clock())
        found = district.place(place) if place else None
        return DistrictShown(
            demo=self.demo,
            district=f"{district.city}{district.name}",
            place=found.name if found else None,
            hotlines=self.hotlines(),
            draft_wording=self.turns.intake.levels.signed_by is None,
        )

    def hotlines(self) -> list[HotlineShown]:
        """The telephone lines as they stand now."""
        return self.turns.hotlines()

    def progress(self, code: str) -> Progress:
        """Where a matter stands, by the resident's own code; `TicketNotFound` for any other text."""
        written = ticket_code.normalise(code)
        if not ticket_code.valid(written):
            raise TicketNotFound()
        district = self.turns.intake.district
        with self.database.transaction() as db:
            ticket = ticket_by_resident_code(db, self.database.vault.index("resident_code", written))
            if ticket is None:
                raise TicketNotFound()
            clocks = {c.name: c for c in clocks_of(db, [ticket.id])}
            done = {"acknowledge": ticket.acknowledged_at, "speak": ticket.spoke_at, "visit": ticket.met_at}
            steps = [ProgressStep(name="收到您的情况", done_at=ticket.opened_at, due_at=None)]
            steps += [
                ProgressStep(name=label, done_at=done[name], due_at=clocks[name].due_at)
                for name, label in _STEPS
                if name in clocks and not (clocks[name].stopped_at and done[name] is None)
            ]
            steps += [
                ProgressStep(name="再来问候", done_at=f.done_at, due_at=f.due_at)
                for f in follow_ups_of(db, [ticket.id])
            ]
            openings = [
                Opening(
                    at=d.at,
                    who=f"{district.office_once(d.office).name} {d.opened_by or ''}".strip(),
                    what=_OPENED[d.fields],
                )
                for d in disclosures_of(db, ticket.resident_id)
                if d.ticket_code == ticket.code and d.fields in _OPENED
            ]
            referred = any(e.kind.startswith("referral") for e in events_of(db, ticket))
        return Progress(
            code=written,
            sentence=_sentence(ticket, district.office_once(ticket.office).name, referred),
            office=district.office_once(ticket.office).name,
            steps=steps,
            openings=openings,
            closed=ticket.closed_at is not None,
            hotlines=self.hotlines(),
        )


def _sentence(ticket: Ticket, office: str, referred: bool) -> str:
    if ticket.closed_at is not None:
        return f"{office}已经办完这件事。有新的难处，随时再来说。"
    if ticket.met_at is not None:
        return f"{office}的{ticket.holder_name}已经来看过您" + (
            "，也帮您联系了能帮忙的地方。" if referred else "，会接着跟进。"
        )
    if ticket.spoke_at is not None:
        return f"{office}的{ticket.holder_name}已经和您通过话，会接着跟进。"
    if ticket.acknowledged_at is not None:
        return f"{office}的{ticket.holder_name}已经接手，正在联系您。"
    return f"已经交到{office}，正在等工作人员接手。"
