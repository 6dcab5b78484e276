"""A process that is asked to stop ends, whatever its main thread was doing at that moment."""

import os
import signal
import threading

import pytest

from server.stopping import StopSignal


@pytest.fixture
def stop() -> StopSignal:
    return StopSignal()


def test_who_was_not_asked_goes_on(stop: StopSignal) -> None:
    assert not stop.wait(0.0)


def test_who_was_asked_stops_and_stays_asked(stop: StopSignal) -> None:
    stop.hear()
    assert stop.wait(0.0)
    assert stop.wait(60.0)


def test_a_thousand_signals_are_one(stop: StopSignal) -> None:
    for _ in range(100_000):
        stop.hear()
    assert stop.wait(0.0)


def test_asked_in_the_middle_of_waiting(stop: StopSignal) -> None:
    threading.Timer(0.05, stop.hear).start()
    assert stop.wait()


def test_a_signal_of_the_system_is_heard() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        stop = StopSignal.installed()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
