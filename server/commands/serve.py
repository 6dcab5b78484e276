"""`xinqiao serve`: the application."""


def serve() -> None:
    """启动应用（网页和接口）。平时由 xinqiao up 一起启动。"""
    from contextlib import suppress
    from datetime import UTC, datetime

    import uvicorn

    from server import live_checks
    from server.app import create_app
    from server.leaving import LeavingServer
    from server.settings import settings
    from server.whole_requests import WholeRequests

    chosen = settings()
    live_checks.refuse_unready(chosen, datetime.now(UTC).date())
    config = uvicorn.Config(
        create_app(),
        host=chosen.host,
        port=chosen.port,
        http=WholeRequests,
        ssl_certfile=chosen.tls_certificate,
        ssl_keyfile=chosen.tls_key,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=64 * 1024,
        limit_concurrency=400,
    )
    server = LeavingServer(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(3)
