"""Set-up fetches torch from wherever there is a build, and trains a model anew only where it would change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from setup import keys
from setup import steps as steps_module
from setup.screen import Screen
from setup.steps import LEARNED, Step, steps, torch
from setup.tools import Tools
from setup.trouble import Trouble
from setup.work import Children, Work

ROOT = Path(__file__).resolve().parents[2]


def step(name: str) -> Step:
    return next(step for step in steps(ROOT) if step.name == name)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the torch step reads, whose pip and uv say what they were asked and obey `allowed`."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "torch.in").write_text("# why\ntorch==9.9.9\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for path in (tmp_path / ".venv" / "bin" / "python", tmp_path / "uv"):
        path.write_text(
            "#!/bin/sh\n"
            '[ "$1" = --version ] && { echo uv 99.0.0; exit 0; }\n'
            f'echo "$(basename $0) $*" >> {tmp_path}/asked\n'
            f'grep -qxF "$(basename $0) $(echo "$*" | grep -o "torch==[^ ]*")" {tmp_path}/allowed && exit 0\n'
            "echo ERROR: No matching distribution found; exit 1\n"
        )
        path.chmod(0o755)
    return tmp_path


def install(checkout: Path, *allowed: str) -> list[str]:
    (checkout / "allowed").write_text("\n".join(allowed) + "\n")
    work = Work("torch", checkout, checkout / "log", Screen(1), Children())
    torch(work, Tools(checkout, {"PATH": f"{checkout}:/bin:/usr/bin"}))
    return (checkout / "asked").read_text().splitlines()


@pytest.mark.parametrize(
    ("allowed", "tries"), [("python torch==9.9.9+cpu", 1), ("uv torch==9.9.9", 2), ("python torch==9.9.9", 3)]
)
def test_a_build_for_the_processor_is_tried_first(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, allowed: str, tries: int
) -> None:
    monkeypatch.setattr(steps_module, "machine", lambda: "linux x86_64")
    asked = install(checkout, allowed)
    assert len(asked) == tries
    assert asked[0].endswith("torch==9.9.9+cpu")


def test_other_machines_have_one_build(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps_module, "machine", lambda: "darwin arm64")
    assert len(install(checkout, "python torch==9.9.9")) == 1


def test_without_any_build_it_is_one_line(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps_module, "machine", lambda: "linux x86_64")
    with pytest.raises(Trouble, match="软件源里找不到锁定的版本"):
        install(checkout)


@pytest.mark.parametrize("name", ["crisis", "emotion", "topic", "life-event"])
def test_a_model_is_trained_anew_only_when_its_own_lines_or_code_changed(tmp_path: Path, name: str) -> None:
    asked = step(f"learned-{name}").inputs
    folders = [folder for folder in asked if folder.endswith(("/train", "/tune"))]
    assert len(folders) >= 2
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "area.yml").write_text("[]")
    before = keys.key(tmp_path, asked)
    held_out = tmp_path / Path(folders[0]).parent / "held_out"
    held_out.mkdir()
    (held_out / "area.yml").write_text("[]")
    assert keys.key(tmp_path, asked) == before
    for folder in folders:
        (tmp_path / folder / "area.yml").write_text("[1]")
        after = keys.key(tmp_path, asked)
        assert after != before
        before = after


def test_the_code_that_decides_how_a_model_comes_out_is_read_by_its_step() -> None:
    program = "import sys, models.learned.command_line, models.learned.training\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    used = {name.removeprefix("models.learned.") for name in done.stdout.split() if "models.learned." in name}
    assert used - set(LEARNED) == {"errors", "classifier"}  # words and shapes only
    assert set(LEARNED) - used == set()


def test_the_torch_that_is_asked_for_is_pinned() -> None:
    wished = (ROOT / "requirements" / "torch.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in wished if not line.startswith("#")] == ["torch==2.13.0"]
