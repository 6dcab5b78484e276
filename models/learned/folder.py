"""A model's folder: written whole or not at all, and loaded whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.learned.errors import ModelUnusable

FORMAT = 1
CONFIG, WEIGHTS = "config.json", "model.safetensors"


def write(folder: Path, config: dict[str, Any], fill: Callable[[Path], None]) -> None:
    """Fill a folder beside the wanted one, write its config with the fingerprints of all files, and change places."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{os.getpid()}.new"
    before = folder.parent / f".{folder.name}.{os.getpid()}.old"
    for left in (draft, before):
        shutil.rmtree(left, ignore_errors=True)
    draft.mkdir()
    try:
        fill(draft)
        files = {p.name: fingerprint(p) for p in sorted(draft.iterdir()) if p.is_file()}
        whole = {"format": FORMAT, **config, "files": files}
        (draft / CONFIG).write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(before)
        draft.rename(folder)
    finally:
        for left in (draft, before):
            shutil.rmtree(left, ignore_errors=True)


def read(folder: Path, kind: str | None = None) -> dict[str, Any]:
    """The config of a whole, unchanged model folder of our own; raises `ModelUnusable` for anything else."""
    name = folder.name
    if not folder.is_dir():
        raise ModelUnusable(f"没有模型目录 {name}：先运行 make setup")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelUnusable(f"模型 {name} 不完整：没有 {CONFIG}") from error
    except (OSError, ValueError) as error:
        raise ModelUnusable(f"模型 {name} 的 {CONFIG} 坏了") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ModelUnusable(f"模型 {name} 不是本项目这一版写的")
    if kind is not None and config.get("kind") != kind:
        raise ModelUnusable(f"模型 {name} 是另一种（{config.get('kind')}），要的是 {kind}")
    files = config.get("files")
    if not isinstance(files, dict) or not files:
        raise ModelUnusable(f"模型 {name} 没有写明有哪些文件")
    for file, expected in files.items():
        path = folder / file
        if not path.is_file():
            raise ModelUnusable(f"模型 {name} 不完整：没有 {file}")
        if fingerprint(path) != expected:
            raise ModelUnusable(f"模型 {name} 的 {file} 与训练时写下的不一样")
    return config


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
