"""`xinqiao jobs`: clocks and deliveries."""

import sys


def jobs() -> None:
    """启动后台：读漏下的话、看超时、发通知。平时由 xinqiao up 一起启动。"""
    from datetime import UTC, datetime

    from server import live_checks, logs
    from server.jobs import run
    from server.settings import settings
    from server.wiring import wire

    logs.configure()
    live_checks.refuse_unready(settings(), datetime.now(UTC).date())
    sys.exit(run(wire(settings())))
