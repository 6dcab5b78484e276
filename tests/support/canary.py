"""Looks for what a resident said in every form in which a file could hold it."""

import base64
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote


def forms(text: str) -> dict[str, bytes]:
    """The shapes in which this text may stand in a file."""
    shapes = {
        "utf-8": text.encode(),
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "gb18030": text.encode("gb18030"),
        "json": json.dumps(text)[1:-1].encode(),
        "json upper": json.dumps(text)[1:-1].upper().replace("\\U", "\\u").encode(),
        "url": quote(text).encode(),
        "hex": text.encode().hex().encode(),
        "hex upper": text.encode().hex().upper().encode(),
        "without spaces": "".join(text.split()).encode(),
    }
    for coding in ("utf-8", "utf-16-le"):
        raw = text.encode(coding)
        for shift in range(3):
            # the first and last sign depend on the neighbours, so they are left out
            middle = base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : -4]
            shapes[f"base64 of {coding} at {shift}"] = middle
    return {name: shape for name, shape in shapes.items() if len(shape) >= 6}


def hits(folder: Path, texts: Iterable[str]) -> list[str]:
    """`file: form` for each place under `folder` that holds one of these texts; never the text itself."""
    wanted = [
        (number, name, shape) for number, text in enumerate(texts) for name, shape in forms(text).items()
    ]
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            for body in _bodies(path.read_bytes()):
                found += [
                    f"{path.name}: canary {number} as {name}"
                    for number, name, shape in wanted
                    if shape in body
                ]
    return found


def _bodies(raw: bytes) -> Iterator[bytes]:
    yield raw.rstrip(b"\0") + bytes(8)  # database files end in long stretches of nothing
    if raw[:2] == b"\x1f\x8b":
        try:
            yield gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            return
