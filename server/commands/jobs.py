"""`xinqiao jobs`: clocks and deliveries."""

import sys


def jobs() -> None:
    """启动后台：读漏下的话、看超时、发通知。平时由 xinqiao up 一起启动。"""
    from server import logs
    from server.jobs import run
    from server.settings import settings
    from server.wiring import wire

    logs.configure()
    sys.exit(run(wire(settings())))
