"""`xinqiao serve`: the application."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uvicorn

    from server.settings import Settings


def serve() -> None:
    """启动应用（网页和接口）。平时由 xinqiao up 一起启动。"""
    from contextlib import suppress
    from datetime import UTC, datetime

    from server import live_checks
    from server.app import create_app
    from server.leaving import LeavingServer
    from server.settings import settings

    chosen = settings()
    live_checks.refuse_unready(chosen, datetime.now(UTC).date())
    server = LeavingServer(configured(chosen, create_app()))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(3)


def configured(chosen: "Settings", app: Any) -> "uvicorn.Config":
    """How the application is served. Where a request comes from is what the line says; only our own front proxies
    (`front_proxies`) may say it of somebody else, so that those behind them are counted one by one."""
    import uvicorn

    from server.whole_requests import WholeRequests

    return uvicorn.Config(
        app,
        host=chosen.host,
        port=chosen.port,
        http=WholeRequests,
        ssl_certfile=chosen.tls_certificate,
        ssl_keyfile=chosen.tls_key,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(chosen.front_proxies),
        forwarded_allow_ips=chosen.front_proxies or None,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=64 * 1024,
        limit_concurrency=400,
    )
