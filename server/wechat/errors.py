"""What can be wrong with a request that says it comes from WeChat, and with what WeChat answers us."""


class WechatError(Exception):
    """The base of this family. No message of it repeats anything that was sent."""


class NotFromWechat(WechatError):
    """A signature is wrong or too old."""


class NotReadable(WechatError):
    """The body is not what was agreed: cut, forged, for another account, too large, or no XML."""


class TryLater(WechatError):
    """Sending may succeed later. `seconds`: how long to wait at least; `code`: WeChat's own number, if it gave one."""

    def __init__(self, reason: str, seconds: float | None = None, code: int | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.code = code


class WaitForThem(WechatError):
    """WeChat takes nothing for this person until they write again: 48 hours are over, or too much was sent."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code


class NotReachable(WechatError):
    """This person does not follow the account any more, or never did."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code
