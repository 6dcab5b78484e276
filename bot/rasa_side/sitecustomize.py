"""Keeps residents' words out of Rasa's own log. Python imports this by itself in Rasa's process.

Rasa writes a message's text into its log when the caller has gone away, when an action fails, and in many other
places. This lets through the time, the level, the module and the line, and of an exception its kind: enough to
find the place in Rasa's source, and nothing of anybody. Rasa's environment has Python 3.10 and none of our packages.
"""

import logging
import resource
import sys
import threading
import warnings
from typing import Any

_make_record = logging.getLogRecordFactory()


def _bare_record(*args: Any, **more: Any) -> logging.LogRecord:
    """A record whose message says where it was written and what kind of exception came with it."""
    record = _make_record(*args, **more)
    kind = record.exc_info[0] if isinstance(record.exc_info, tuple) else None
    place = f"{record.pathname.rsplit('/', 2)[-1]}:{record.lineno}"
    record.msg = f"{place} {kind.__name__}" if kind else place
    record.args = record.exc_info = record.exc_text = record.stack_info = None
    return record


def _say_kind(what: str, kind: Any) -> None:
    print(f"{what}: {getattr(kind, '__name__', 'unknown')}", file=sys.stderr)


def _uncaught(kind: Any, error: Any, trace: Any) -> None:
    _say_kind("uncaught", kind)


def _thread_died(args: Any) -> None:
    _say_kind("a thread died", args.exc_type)


def _unraisable(args: Any) -> None:
    _say_kind("unraisable", args.exc_type)


logging.setLogRecordFactory(_bare_record)
sys.excepthook = _uncaught
sys.unraisablehook = _unraisable
threading.excepthook = _thread_died
warnings.showwarning = lambda message, category, filename, lineno, file=None, line=None: None
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
