"""Logs hold kinds, places and ids, never what somebody said.

An exception is written as its kind and where it came from, without its message. Of what other libraries log only
the fixed text of their own source is written, without the values put into it: an exception's message, a row or
a request may stand there. What Python itself would print (warnings, failures of threads and of destructors)
goes the same way.
"""

import logging
import resource
import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import Any

OURS = "xinqiao"
LIBRARIES = ("uvicorn", "apscheduler", "httpx", "httpcore", "asyncio")
LONGEST_TEXT = 120
log = logging.getLogger(OURS)


class Discreet(logging.Formatter):
    """Writes an exception as its kind and where it came from, and of foreign messages the fixed part alone."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name.split(".")[0] == OURS:
            return super().format(record)
        bare = logging.makeLogRecord({**record.__dict__, "msg": _fixed_text(record), "args": None})
        bare.exc_text = None
        return super().format(bare)

    def formatException(self, ei: Any) -> str:
        return kind_and_place(ei[1], ei[2])

    def formatStack(self, stack_info: str) -> str:
        return ""


def configure(level: int = logging.INFO) -> None:
    """Send everything to standard error in one form; the access log, with its addresses, stays off.

    No process that calls this leaves a core file behind: its memory holds keys and words.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*LIBRARIES, "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _thread_died
    warnings.showwarning = _warned
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def kind_and_place(error: BaseException | None, trace: TracebackType | None) -> str:
    """What may be said of an exception: its kind, the kinds that caused it, and the lines it came through."""
    kinds: list[str] = []
    seen: set[int] = set()
    cause = error
    while cause is not None and id(cause) not in seen and len(kinds) < 5:
        seen.add(id(cause))
        kinds.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    where = [f"  {f.filename.rsplit('/', 2)[-1]}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]
    return "\n".join([" < ".join(kinds) or "NoneType", *where[-12:]])


def _fixed_text(record: logging.LogRecord) -> str:
    """Of a library that we know, the first line as its author wrote it; of any other, where it spoke."""
    if isinstance(record.msg, str) and record.name.split(".")[0] in LIBRARIES:
        return record.msg.partition("\n")[0][:LONGEST_TEXT]
    number = getattr(record.msg, "errno", None)  # of an address that is taken, of a disk that is full
    kind = "" if isinstance(record.msg, str) else f" {type(record.msg).__name__} {number or ''}".rstrip()
    return f"at {record.pathname.rsplit('/', 2)[-1]}:{record.lineno}{kind}"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("uncaught: %s", kind_and_place(error, trace))


def _thread_died(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        log.error("a thread died: %s", kind_and_place(args.exc_value, args.exc_traceback))


def _unraisable(args: Any) -> None:
    log.error("unraisable: %s", kind_and_place(args.exc_value, args.exc_traceback))


def _warned(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object, **__: object
) -> None:
    log.warning("%s at %s:%s", category.__name__, filename.rsplit("/", 2)[-1], lineno)
