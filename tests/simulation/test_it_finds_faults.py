"""Each of these breaks the engine in one place. A simulation that does not notice is worth nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import false, update

from escalation import chain, closing, outbox, watch
from escalation.channels import Channel, Notice, PermanentFailure, Receipt
from escalation.outbox import QueuedNotice
from escalation.ticket import FollowUp
from residents.district import District
from server.simulation import engine
from server.simulation.run import Run
from server.simulation.world import Missing, Outage, World, draw

Happen = Callable[[World], Run]


def busy(district: District, seed: int = 1) -> World:
    """Two days with a dozen people who speak; nothing else goes wrong by itself."""
    world = draw(district, seed, 2, calm=True, rate=2.0)
    return replace(world, arrivals=tuple(a for a in world.arrivals if a.words in ("red", "orange"))[:12])


def nobody_answers(world: World) -> World:
    everybody = tuple(Missing(world.begin, world.end, worker.username) for worker in world.workers)
    return replace(world, missing=everybody)


def test_nothing_is_found_where_nothing_is_broken(simulate: Happen, district: District) -> None:
    run = simulate(busy(district))
    assert run.broken is None, run.broken
    assert run.steps > 50


def test_nobody_answers_and_still_no_rule_breaks(simulate: Happen, district: District) -> None:
    world = nobody_answers(busy(district))
    two = world.arrivals[:2]
    run = simulate(replace(world, arrivals=two, end=two[1].at + timedelta(hours=12)))
    assert run.broken is None, run.broken
    assert run.unheard > 20


def test_a_watch_that_lets_no_acknowledgement_lapse(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watch._lapsed
    monkeypatch.setattr(watch, "_lapsed", lambda now: real(now).where(false()))
    run = _until_found(simulate, district)
    assert run.broken is not None
    assert run.broken.rule == "lapse"


def test_a_watch_that_passes_no_lateness_upward(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watch._late_clocks
    monkeypatch.setattr(watch, "_late_clocks", lambda now: real(now).where(false()))
    run = _until_found(simulate, district)
    assert run.broken is not None
    assert run.broken.rule == "late"


def test_a_watch_that_forgets_follow_ups(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watch._late_follow_ups
    monkeypatch.setattr(watch, "_late_follow_ups", lambda now: real(now).where(false()))
    run = _until_found(simulate, district)
    assert run.broken is not None
    assert run.broken.rule == "follow_up"


def test_a_watch_that_passes_lateness_upward_only_once(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watch.Watch._tell_late

    def once(self: Any, db: Any, ticket: Any, late: Any, now: Any) -> None:
        real(self, db, ticket, late, now)
        late.told_at = now + timedelta(days=365)

    monkeypatch.setattr(watch.Watch, "_tell_late", once)
    run = _until_found(simulate, district)
    assert run.broken is not None
    assert run.broken.rule == "late"


def test_a_chain_that_does_not_repeat_its_last_step(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = chain.take_step

    def once(db: Any, ticket: Any, policy: Any, telling: Any, now: Any) -> None:
        real(db, ticket, policy, telling, now)
        if ticket.step >= len(policy.levels[ticket.rated].steps):
            ticket.step_due_at = now + timedelta(days=3650)

    monkeypatch.setattr(chain, "take_step", once)
    run = simulate(nobody_answers(busy(district)))
    assert run.broken is not None
    assert run.broken.rule == "told"


def test_a_chain_that_waits_at_an_empty_step(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the lunch hour of the first street nobody is on duty, and somebody there is in danger."""
    real = chain.tell

    def pretend(*args: Any, **more: Any) -> bool:
        real(*args, **more)
        return True

    monkeypatch.setattr(chain, "tell", pretend)
    world = draw(district, 1, 2, calm=True, rate=0.0)
    assert world.arrivals, "nobody spoke in a gap"
    run = simulate(world)
    assert run.broken is not None
    assert run.broken.rule == "told"


def test_a_chain_that_skips_an_empty_step_but_not_its_wait(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor hears at once instead of the empty office; the district only when it would have anyway."""
    real = chain.take_step

    def as_before(db: Any, ticket: Any, policy: Any, telling: Any, now: Any) -> None:
        since = ticket.chain_since
        real(db, ticket, policy, telling, now)
        if ticket.chain_since != since:
            ticket.chain_since = since
            ticket.step_due_at = policy.step_due(ticket.rated, ticket.step, since)

    monkeypatch.setattr(chain, "take_step", as_before)
    world = draw(district, 1, 2, calm=True, rate=0.0)
    assert world.arrivals, "nobody spoke in a gap"
    run = simulate(nobody_answers(replace(world, end=world.arrivals[0].at + timedelta(hours=12))))
    assert run.broken is not None
    assert run.broken.rule == "told"


def test_a_promise_that_stays_with_an_office_that_has_not_the_ticket(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = closing.FollowUp

    def elsewhere(**values: Any) -> FollowUp:
        return real(**{**values, "office": district.desk.code})

    monkeypatch.setattr(closing, "FollowUp", elsewhere)
    run = _until_found(simulate, district)
    assert run.broken is not None
    assert run.broken.rule == "follow_up"


def test_a_chain_that_tells_people_who_are_not_there(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = chain.on_duty
    noon = timedelta(hours=12)
    monkeypatch.setattr(
        chain, "on_duty", lambda db, office, audience, now, cal: real(db, office, audience, now - noon, cal)
    )
    run = _until_found(simulate, district)
    assert run.broken is not None
    assert run.broken.rule in ("duty", "told")


def test_an_outbox_that_drops_what_is_refused(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outbox._send

    def drop(database: Any, channel: Channel, parcel: Any, clock: Any) -> int:
        try:
            channel.send(_probe(parcel))
        except PermanentFailure:
            with database.transaction() as db:
                ids = [row.id for row in parcel.rows]
                db.execute(update(QueuedNotice).where(QueuedNotice.id.in_(ids)).values(state="failed"))
            return 0
        return real(database, channel, parcel, clock)

    monkeypatch.setattr(outbox, "_send", drop)
    run = simulate(_refusing(busy(district)))
    assert run.broken is not None
    assert run.broken.rule == "lost"


def test_an_outbox_that_calls_delivered_what_was_refused(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.deliver_due
    monkeypatch.setattr(engine, "deliver_due", lambda db, ch, clock: real(db, _Believer(ch), clock))
    run = simulate(_refusing(busy(district)))
    assert run.broken is not None
    assert run.broken.rule == "lied"


def test_a_dispatcher_that_gives_up_after_a_quarter_of_an_hour(
    simulate: Happen, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything was down for a while; what waited longest is never tried again."""
    real = outbox._due

    def not_old(channel: str, now: Any) -> Any:
        return real(channel, now).where(QueuedNotice.queued_at > now - timedelta(minutes=15))

    monkeypatch.setattr(outbox, "_due", not_old)
    world = busy(district)
    first = world.arrivals[0]
    down = tuple(
        Outage(first.at, first.at + timedelta(minutes=25), name, "down")
        for name in ("webhook", "sms", "wecom", "mail")
    )
    only = replace(world, arrivals=(first,), outages=down, end=first.at + timedelta(hours=3))
    run = simulate(nobody_answers(only))
    assert run.broken is not None
    assert run.broken.rule == "lost"


def _until_found(simulate: Happen, district: District) -> Run:
    """One seed, and a second when the first did not come across it."""
    run = simulate(busy(district, 1))
    return run if run.broken is not None else simulate(busy(district, 2))


def _refusing(world: World) -> World:
    refused = Outage(world.begin, world.end, "webhook", "refuses")
    return replace(world, outages=(refused,))


def _probe(parcel: Any) -> Notice:
    row = parcel.first
    return Notice(row.code, row.level_word, row.place, row.respond_by, row.link, row.text, row.key)


class _Believer:
    """A channel whose refusals nobody hears."""

    def __init__(self, channel: Channel) -> None:
        self.name, self.pace, self._channel = channel.name, channel.pace, channel

    def send(self, notice: Notice) -> Receipt:
        try:
            return self._channel.send(notice)
        except PermanentFailure:
            return Receipt(self.name, "believed")
