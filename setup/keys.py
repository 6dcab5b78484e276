"""Content keys: a step is done again when, and only when, what it reads has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

PASSED_OVER = {"node_modules", "dist", "__pycache__", ".vite", "coverage", "test-results"}
MADE_BY_STEPS = {"schema.d.ts"}


def files(root: Path, inputs: Iterable[str]) -> Iterator[Path]:
    """Every file that `inputs` name, in a fixed order; folders are walked, what is missing is passed over."""
    for name in inputs:
        folder, _, suffix = name.partition(":")
        path = root / folder
        if path.is_dir():
            for where, folders, names in os.walk(path):
                folders[:] = sorted(set(folders) - PASSED_OVER)
                for file in sorted(names):
                    if file.endswith(suffix) and file not in MADE_BY_STEPS and not file.startswith("."):
                        yield Path(where) / file
        elif path.is_file():
            yield path


def key(root: Path, inputs: Iterable[str], *facts: str) -> str:
    """A fingerprint of the named files (paths and contents) and of further facts."""
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(fact.encode() + b"\0")
    for path in files(root, inputs):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def read_stamp(folder: Path, step: str) -> str:
    try:
        return (folder / step).read_text()
    except (OSError, ValueError):
        return ""


def write_stamp(folder: Path, step: str, value: str) -> None:
    """Written whole or not at all, so that an interrupted step never looks finished."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{step}.{os.getpid()}"
    draft.write_text(value)
    draft.replace(folder / step)
