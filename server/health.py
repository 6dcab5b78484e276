"""Whether an alarm would get through at this moment."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from escalation.outbox import QueuedNotice
from storage.database import Database
from storage.errors import StorageError
from storage.heartbeat import silent_since

SILENT_JOBS = timedelta(seconds=30)
OLD_NOTICE = timedelta(seconds=60)


def health(database: Database, now: datetime) -> dict[str, object]:
    """Ready, or what is not: the database, the clocks' process, notices that wait too long (C5)."""
    wrong = []
    try:
        with database.transaction() as db:
            if silent_since(db, "jobs", now) > SILENT_JOBS:
                wrong.append("jobs_silent")
            if db.scalar(
                select(QueuedNotice.id)
                .where(QueuedNotice.state == "waiting", QueuedNotice.queued_at < now - OLD_NOTICE)
                .limit(1)
            ):
                wrong.append("notices_waiting")
    except (SQLAlchemyError, StorageError):
        wrong.append("database")
    return {"ready": not wrong, "wrong": wrong}
