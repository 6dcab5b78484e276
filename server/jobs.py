"""What runs by the clock. APScheduler only wakes these rounds; what is due is always asked of the tables.

A round that fails is logged by kind and comes again a second later. The main thread watches the scheduler's
thread and the rounds themselves; when either has stopped, the process ends and the supervisor starts another.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from escalation.channels import Channel
from escalation.duty_gaps import tell_gaps
from escalation.kiosks import BEAT, tell_silent
from escalation.outbox import AT_ONCE, IN_APP, adopt_strays, deliver_due
from escalation.rescreening import invite_due
from escalation.ringing import ring_due, tell_unanswered
from server.audit_desk import check_round
from server.board_desk import publish_weeks
from server.campaign_desk import publish_due
from server.commands.verify import anchors_file
from server.report_desk import publish_month
from server.stopping import StopSignal
from server.wiring import Services, database_url
from storage import audit, backup
from storage.heartbeat import MISSED

log = logging.getLogger("xinqiao.jobs")

EVERY_SECONDS = 1.0
STUCK_AFTER = 60.0
AT_MOST = 4 * AT_ONCE
ANCHOR_EVERY = timedelta(minutes=10)
AUDIT_EVERY = timedelta(hours=1)
DUTY_EVERY = timedelta(minutes=5)
PLANS_EVERY = timedelta(minutes=1)
BELLS_EVERY = timedelta(minutes=1)


def watch_round(services: Services) -> None:
    """Read what nobody has read, move up what is overdue, and leave a sign of life when both could be done."""
    try:
        services.conversation.read_unread()
        services.conversation.return_to_silent_chats()
    finally:
        try:
            services.watch.escalate_overdue()
        finally:
            with services.database.transaction() as db:
                adopt_strays(db, [n for n in services.channels if n != IN_APP], services.clock())
    services.pulse.beat("watch")


def delivery_round(services: Services, channel: Channel) -> None:
    """Send what is due over one channel until nothing more goes out; what is beyond `AT_MOST` waits for the next
    round. Each channel has its own round, so that one that hangs holds up no other.

    So a long queue before a slow gateway is not taken for a round that hangs. There is a sign of life after each
    batch, and none when a batch could not be asked for or does not come back. A slow gateway gets no further batch
    in a round that has taken a quarter of what counts as stuck.
    """
    began = time.monotonic()
    for _ in range(AT_MOST // AT_ONCE):
        sent = deliver_due(services.database, channel, services.clock)
        services.pulse.beat(f"delivery.{channel.name}")
        if not sent or time.monotonic() - began > STUCK_AFTER / 4:
            break


def anchor_round(services: Services) -> None:
    """Write outside the database how far the audit chain has come."""
    with services.database.transaction() as db:
        audit.anchor(db, services.database.vault, anchors_file(services.settings), services.clock())


def audit_round(services: Services) -> None:
    """Walk over the whole audit chain once a day, and keep what was found."""
    check_round(services.database, anchors_file(services.settings), services.clock)


def backup_round(services: Services) -> None:
    """Write a backup, try it out, and let the old ones go."""
    chosen, now = services.settings, services.clock()
    folder = chosen.home / "backups"
    backup.make(database_url(chosen), services.database.vault, folder, now)
    backup.prune(folder, now, all_for=timedelta(days=2), daily_for=timedelta(days=30))


def duty_round(services: Services) -> None:
    """Tell when nobody will be on duty in the coming week, to those who can mend it."""
    with services.database.transaction() as db:
        tell_gaps(db, services.telling, services.clock())


def bell_round(services: Services) -> None:
    """Ring the weekly bells whose people are at work, and tell of those that nobody answered."""
    with services.database.transaction() as db:
        ring_due(db, services.telling, services.clock())
    with services.database.transaction() as db:
        tell_unanswered(db, services.telling, services.clock())


def plans_round(services: Services) -> None:
    """Invite whoever is to be asked again, and publish what may be said of group screenings, weeks and months
    that are over."""
    try:
        invite_due(services.database, services.clock)
    finally:
        try:
            publish_due(services.database, services.clock)
        finally:
            try:
                publish_weeks(services.database, services.districts, services.clock)
            finally:
                publish_month(services.database, services.districts, services.clock)


def kiosk_round(services: Services) -> None:
    """Tell the office of a kiosk that has fallen silent."""
    with services.database.transaction() as db:
        tell_silent(db, services.telling, services.clock())


def wechat_round(services: Services) -> None:
    """Send through WeChat what was not ready in time, and what workers said."""
    if services.wechat is not None:
        services.wechat.post.round()


def place_round(services: Services) -> None:
    """Stand in for a process that was killed, so that it is not missed any longer."""
    services.pulse.take_a_place()


def run(services: Services) -> int:
    """Run until told to stop (0) or until something here has stopped by itself (1).

    Only who is told to stop takes its signs of life away: the others are to be missed.
    """
    stop = StopSignal.installed()
    last: dict[str, float] = {}
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": {"type": "threadpool", "max_workers": 24}},  # more than there are rounds
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    rounds: dict[str, tuple[Callable[[Services], None], float]] = {
        "watch": (watch_round, EVERY_SECONDS),
        **{
            f"delivery.{name}": (partial(delivery_round, channel=channel), EVERY_SECONDS)
            for name, channel in services.channels.items()
            if name != IN_APP
        },
        "anchor": (anchor_round, ANCHOR_EVERY.total_seconds()),
        "audit": (audit_round, AUDIT_EVERY.total_seconds()),
        "backup": (backup_round, services.settings.backup_minutes * 60),
        "duty": (duty_round, DUTY_EVERY.total_seconds()),
        "bells": (bell_round, BELLS_EVERY.total_seconds()),
        "plans": (plans_round, PLANS_EVERY.total_seconds()),
        "kiosks": (kiosk_round, BEAT.total_seconds()),
        "place": (place_round, MISSED.total_seconds()),
        **({"wechat": (wechat_round, EVERY_SECONDS)} if services.wechat is not None else {}),
    }
    first = {"backup": timedelta(minutes=services.settings.backup_minutes)}
    for name, (work, seconds) in rounds.items():
        last[name] = time.monotonic()
        once = _guarded(name, work, services, last)
        scheduler.add_job(
            once,
            "interval",
            seconds=seconds,
            id=name,
            next_run_time=services.clock() + first.get(name, timedelta()),
        )
    scheduler.start()
    try:
        while not stop.wait(1.0):
            thread = scheduler._thread
            # WeChat's names may take long to look up: nobody's alarm may end with that
            often = (n for n, (_, s) in rounds.items() if s == EVERY_SECONDS and n != "wechat")
            stuck = [n for n in often if time.monotonic() - last[n] > STUCK_AFTER]
            if thread is None or not thread.is_alive() or stuck:
                log.error("stopped by itself: %s", stuck or "scheduler")
                return 1
        services.pulse.end()
    except SQLAlchemyError:
        log.error("stopped without a database")
    finally:
        scheduler.shutdown(wait=False)
        services.close()
    return 0


def _guarded(
    name: str, work: Callable[[Services], None], services: Services, last: dict[str, float]
) -> Callable[[], None]:
    def once() -> None:
        try:
            work(services)
        except Exception as error:  # the next round comes whatever this one met
            log.error("round %s: %s", name, type(error).__name__)
        last[name] = time.monotonic()

    return once
