"""Logs hold kinds, places and ids, never what somebody said: an exception's message is not written."""

import logging
import sys
import traceback


class Discreet(logging.Formatter):
    """Writes an exception as its kind and where it came from, without its message and without values."""

    def formatException(self, ei) -> str:  # type: ignore[no-untyped-def]
        kind, _, trace = ei
        where = [
            f"  {f.filename.rsplit('/', 2)[-1]}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)
        ]
        return "\n".join([f"{getattr(kind, '__name__', kind)}", *where[-12:]])


def configure(level: int = logging.INFO) -> None:
    """Send everything to standard error in one form; the access log, with its addresses, stays off."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "apscheduler", "httpx", "httpcore"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        logger.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True
