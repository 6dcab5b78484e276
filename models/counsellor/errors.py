"""Why a counsellor model is not heard. No message here holds a word of anybody, an address or a key."""


class CounsellorError(Exception):
    """The family of these errors."""


class SlotRefused(CounsellorError):
    """The model cannot be used as it is configured: an address outside, a folder that is not whole."""


class FrameError(CounsellorError):
    """`frame.yml` or `screen.yml` cannot be used; the message names the entry."""


class ModelAway(CounsellorError):
    """No usable answer came. `kind` is a word for the log: unreachable, status, not_a_stream, cut_off, …"""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind
