"""What can go wrong in making sure that somebody acts. Messages are for staff and hold no resident's words."""


class EscalationError(Exception):
    """The base of this family."""


class PolicyError(EscalationError):
    """A policy file says something impossible or unknown."""


class NotRehearsed(PolicyError):
    """Exactly this was not rehearsed against what is in force now."""

    def __init__(self) -> None:
        super().__init__("要先预演：请对这个文件运行 xinqiao rehearse，看过结果再保存。")


class KindNotListed(EscalationError, KeyError):
    """A kind of ticket that is not on the published list: nobody can be given it."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"公布的工单种类里没有「{kind}」，不能派下去。")

    def __str__(self) -> str:
        return str(self.args[0])


class CalendarError(EscalationError):
    """A calendar says something impossible; the message names every wrong line."""


class TicketNotFound(EscalationError):
    """No such ticket for this caller; a foreign ticket is no different from one that does not exist."""


class FollowUpNotFound(TicketNotFound):
    """This ticket has no such follow-up; another ticket's is like one that does not exist."""

    def __init__(self) -> None:
        super().__init__("没有这次随访。")


class DeskCallNotFound(TicketNotFound):
    """Nobody calls like this at a kiosk of the caller's office."""

    def __init__(self) -> None:
        super().__init__("没有这个呼叫。")


class TicketHeld(EscalationError):
    """Somebody else has taken it."""

    def __init__(self, code: str, by: str) -> None:
        super().__init__(f"工单 {code} 已由 {by} 签收。")
        self.by = by


class NotAllowed(EscalationError):
    """The caller's role, or the ticket's state, does not allow this."""


class CannotClose(EscalationError):
    """Something is missing before this ticket may be closed."""

    def __init__(self, needs: list[str]) -> None:
        super().__init__("还不能结案：" + "；".join(needs) + "。")
        self.needs = needs


class IdentityClosed(EscalationError):
    """Neither consent nor danger to life lets the identity be passed on."""


class LoginRefused(EscalationError):
    """Wrong name or password: which of the two is not said."""


class LoginThrottled(EscalationError):
    """Too many wrong tries."""


class SecondFactorRefused(EscalationError):
    """The number of the telephone or the code of the paper is not right, or was used already."""


class SecondFactorMissing(EscalationError):
    """Whoever calls has given the password and not the second factor that is wanted of them."""


class RosterError(EscalationError):
    """A line of the duty roster, or a change to it, that cannot be meant. Says in Chinese what would be."""


class PersonnelError(EscalationError):
    """An account or a contact point that cannot be meant. Says in Chinese what would be; holds no address."""


class NotThere(EscalationError):
    """No such shift, change, account or contact point for this caller; a foreign one is like none."""


class SubTaskNotFound(TicketNotFound):
    """Nobody asks this of the caller; another body's is like one that does not exist."""

    def __init__(self) -> None:
        super().__init__("没有这件协办。")


class KioskError(EscalationError):
    """A kiosk that cannot be set up, or that there is none of. Says in Chinese why."""


class PinRefused(EscalationError):
    """This PIN does not open the staff's screen of the kiosk."""


class PinThrottled(EscalationError):
    """Too many wrong PINs at one kiosk."""
