"""The named steps between a resident's last answer and the delivered notice.

A test sets `XINQIAO_DIE_AT=S4` (or `S4,S9`), and the process ends there as if it had been killed.

S0   the request is received
S1   the words or the answer are committed
S2   handed to Rasa
S3   scored
S4   before the commit of result, level, ticket, clocks, notices and audit
S5   after that commit
S6   the reply is sent
S7   a notice is claimed from the outbox
S8   the request to the gateway is sent
S9   the gateway has answered
S10  the notice is marked as sent
S11  the ticket is acknowledged
S12  the next step of the policy is due and being taken
S13  a follow-up is created
"""

import os
from collections.abc import Callable

NAMES = frozenset(f"S{number}" for number in range(14))


def step(name: str) -> None:
    """End this process at once when `XINQIAO_DIE_AT` names this step; never in live mode.

    Raises `ValueError` for a name that is not in the list above.
    """
    if name not in NAMES:
        raise ValueError(f"no step point is called {name}")
    if _interruption is not None and armed():
        _interruption(name)
    wanted = os.environ.get("XINQIAO_DIE_AT", "")
    if wanted and name in wanted.split(",") and armed():
        os._exit(137)


_disarmed = False
_interruption: Callable[[str], None] | None = None


def interrupt(with_this: Callable[[str], None] | None) -> None:
    """Let a simulation hear of every step point of this process, and break off there by raising; None ends that.

    In live mode it is never called.
    """
    global _interruption
    _interruption = with_this


def disarm() -> None:
    """Let no step point end this process: said by every program that starts in live mode."""
    global _disarmed
    _disarmed = True


def armed() -> bool:
    """Whether step points may end a process: in demo mode only."""
    return not _disarmed and os.environ.get("XINQIAO_MODE", "demo").strip().lower() == "demo"
