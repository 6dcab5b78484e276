"""LHC-Forms, the National Library of Medicine's renderer of FHIR Questionnaires, as published on npm.

Only the built files are fetched, once, with `npm pack`, and only exactly those that `lforms.json` names by their hash.
"""

import base64
import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from server.settings import ROOT

HERE = Path(__file__).parent
BUILT = "package/dist/lforms/"
WANTED = ("LICENSE.md", "webcomponent/", "fhir/R4B/")
PATIENCE_S = 120


def lforms() -> Path:
    """The folder of the built files; a test that needs it fails with one line when it cannot be had."""
    pinned = json.loads((HERE / "lforms.json").read_text("utf-8"))
    folder = ROOT / ".run" / "npm" / f"{pinned['name']}-{pinned['version']}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        packed = _packed(folder, f"{pinned['name']}@{pinned['version']}")
        digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != pinned["integrity"]:
            pytest.fail("npm 给的 lforms 和 tests/fhir/lforms.json 记的不一样", pytrace=False)
        with tarfile.open(packed) as archive:
            for member in archive.getmembers():
                name = member.name.removeprefix(BUILT)
                wanted = (
                    member.name.startswith(BUILT) and name.startswith(WANTED) and not name.endswith(".map")
                )
                if member.isfile() and wanted:
                    member.name = name
                    archive.extract(member, folder, filter="data")
        packed.unlink()
        (folder / "complete").touch()
    return folder


def _packed(folder: Path, wanted: str) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail("缺少 npm：apt install npm", pytrace=False)
    try:
        subprocess.run(
            [npm, "pack", wanted, "--pack-destination", str(folder)],
            check=True, capture_output=True, timeout=PATIENCE_S,
        )  # fmt: skip
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.fail(f"没有取到 {wanted}：检查网络或 npm 的软件源，然后再来一次", pytrace=False)
    return next(folder.glob("*.tgz"))


class _Pages(http.server.SimpleHTTPRequestHandler):
    """Our page, and LHC-Forms beside it; nothing is logged."""

    page = (HERE / "page.html").read_bytes()

    def do_GET(self) -> None:
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """The page on a port of this machine's own."""
    handler = functools.partial(_Pages, directory=str(lforms()))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
