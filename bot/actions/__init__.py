"""What Rasa may ask our application to do: say something, or turn a page. Nothing here decides on danger."""

from __future__ import annotations

from rasa_sdk import Action

from bot.actions.answering import AnswerQuestion
from bot.actions.contact import AskContact
from bot.actions.danger import Danger
from bot.actions.desk import Desk, DialogueState, ItemShown
from bot.actions.fallback import LostThread, NotUnderstood
from bot.actions.hotlines import Hotlines
from bot.actions.leaving import Leave
from bot.actions.plain import Plainly
from bot.actions.reflect import Doubting, Reflect
from bot.actions.replies import OR_STAY, REPLIES, Reply
from bot.actions.screening import (
    AnswerNotUnderstood,
    AskItem,
    PauseScreening,
    StartScreening,
    TellResult,
    ValidateScreening,
)
from bot.actions.session import SessionStart
from bot.actions.skills import AskStep, ListSkills, SkillFinished, StartSkill, ValidateSkill
from bot.actions.steering import Agree, CancelIt, GoBack, OrStay, SkipIt, WhatShouldIDo

__all__ = ["Desk", "DialogueState", "ItemShown", "all_actions"]


def all_actions(desk: Desk) -> list[Action]:
    """Every action that the domain names, built around one desk, to be registered with an ActionExecutor."""
    return [
        SessionStart(desk),
        AskItem(desk),
        ValidateScreening(desk),
        Plainly(desk, StartScreening(desk)),
        PauseScreening(desk),
        AnswerNotUnderstood(desk),
        TellResult(desk),
        *(Danger(desk, level) for level in ("red", "orange", "elevated")),
        AskContact(desk),
        Plainly(desk, Hotlines(desk)),
        Doubting(desk, Leave(desk)),
        Plainly(desk, NotUnderstood(desk)),
        Plainly(desk, LostThread(desk)),
        Agree(desk),
        Plainly(desk, Reflect(desk)),
        Plainly(desk, Doubting(desk, AnswerQuestion(desk))),
        *(AskStep(desk), ValidateSkill(desk), Plainly(desk, StartSkill(desk))),
        *(SkillFinished(desk), Plainly(desk, ListSkills(desk))),
        *(GoBack(desk), SkipIt(desk), CancelIt(desk), Plainly(desk, Doubting(desk, WhatShouldIDo(desk)))),
        *(Plainly(desk, Doubting(desk, Reply(desk, skill))) for skill in REPLIES),
        *(Plainly(desk, Doubting(desk, OrStay(desk, skill))) for skill in OR_STAY),
    ]
