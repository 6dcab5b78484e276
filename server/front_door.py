"""What anybody sees who has not said anything yet."""

from collections.abc import Callable
from datetime import datetime

from bot.conversation import Conversation
from bot.entering import entrances_at
from bot.turn import EntrancesShown, HotlineShown
from bot.turns import TurnMaker
from escalation.campaign import campaign_at
from escalation.kiosks import staffed
from server.schemas import DistrictShown
from storage.database import Database


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
        now = self.clock()
        district, calendar = self.turns.intake.district, self.turns.intake.telling.calendar
        place = self.conversation.place_of(signed_place, now)
        found = district.place(place) if place else None
        return DistrictShown(
            demo=self.demo,
            district=f"{district.city}{district.name}",
            place=found.name if found else None,
            hotlines=self.hotlines(),
            draft_wording=self.turns.intake.levels.signed_by is None,
            words_leave=self.conversation.words_leave,
            staffed=staffed(calendar, now),
            staff_hours="工作日 " + "、".join(f"{a:%H:%M}–{b:%H:%M}" for a, b in calendar.hours),
        )

    def entrances(self, signed_place: str | None) -> EntrancesShown:
        """The entrances to the questionnaires; first that of the group screening that runs at this place, else that of
        this kind of place."""
        intake = self.turns.intake
        code = self.conversation.place_of(signed_place, self.clock())
        place = intake.district.place(code) if code else None
        shown = entrances_at(intake.routes, intake.library, place.kind if place else None)
        if place is None:
            return shown
        with self.database.transaction() as db:
            running = campaign_at(db, place.code, self.clock())
        if running is None or running.entrance not in {one.id for one in shown.entrances}:
            return shown
        shown.entrances.sort(key=lambda one: one.id != running.entrance)
        return shown.model_copy(update={"first": running.entrance})

    def hotlines(self) -> list[HotlineShown]:
        """The telephone lines as they stand now."""
        return self.turns.hotlines()
