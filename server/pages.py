"""The built pages. Every address of a page gives the same file; what it shows, it asks the interface for."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from server.settings import ROOT

RESIDENT = ROOT / "kiosk" / "dist"
STAFF = ROOT / "console" / "dist"
RESIDENT_PATHS = ("/", "/q/{place:path}", "/t/{code}", "/t", "/kiosk", "/kiosk/{place:path}")
STAFF_PATHS = ("/console", "/console/", "/console/{rest:path}")
_MISSING = HTMLResponse(
    "<!doctype html><html lang=zh-CN><meta charset=utf-8><title>心桥</title>"
    "<p>页面还没有做好，请先运行 make setup。要是现在有危险，请直接打 120 或 110。</p>",
    status_code=503,
)


def install(app: FastAPI) -> None:
    """Serve both applications. They are public: without a session they show nothing of anybody."""
    for folder, at in ((RESIDENT / "assets", "/assets"), (STAFF / "assets", "/console/assets")):
        app.mount(at, StaticFiles(directory=folder, check_dir=False), name=at.strip("/"))
    for path in RESIDENT_PATHS:
        app.add_api_route(path, _page(RESIDENT), methods=["GET"], include_in_schema=False)
    for path in STAFF_PATHS:
        app.add_api_route(path, _page(STAFF), methods=["GET"], include_in_schema=False)


def _page(folder: Path):  # type: ignore[no-untyped-def]
    def page() -> Response:
        index = folder / "index.html"
        return FileResponse(index, media_type="text/html") if index.exists() else _MISSING

    return page
