"""What anybody sees who has not said anything yet."""

from collections.abc import Callable
from datetime import datetime

from bot.conversation import Conversation
from bot.turn import HotlineShown
from bot.turns import TurnMaker
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
