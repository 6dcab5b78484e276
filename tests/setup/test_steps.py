"""Set-up can be interrupted and repeated, and repeats nothing that has not changed."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from setup import keys
from setup.runner import Failed, Runner
from setup.screen import Screen
from setup.steps import Step, steps
from setup.tools import Tools
from setup.trouble import Trouble
from setup.work import Work


class Machine:
    """A folder with two small steps: `flour` is milled from grain.txt, `bread` is baked from flour."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said = io.StringIO()
        self.milling = "cat grain.txt > flour.txt"
        (root / "grain.txt").write_text("wheat")

    def steps(self) -> tuple[Step, ...]:
        def mill(work: Work, tools: Tools) -> None:
            work.run(["sh", "-c", self.milling])

        def bake(work: Work, tools: Tools) -> None:
            work.run(["sh", "-c", "echo baked >> bread.txt"])

        return (
            Step("flour", "磨面", mill, ("grain.txt",), ("flour.txt",)),
            Step("bread", "烤面包", bake, ("flour.txt",), ("bread.txt",), after=("flour",)),
        )

    def runner(self) -> Runner:
        return Runner(self.root, self.steps(), Tools(self.root), Screen(2, self.said))

    def set_up(self, *wanted: str) -> int:
        runner = self.runner()
        try:
            runner.do(wanted)
        finally:
            runner.screen.close()
        return runner.worked

    @property
    def loaves(self) -> int:
        return (self.root / "bread.txt").read_text().count("baked")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_second_set_up_does_nothing(machine: Machine) -> None:
    assert machine.set_up() == 2
    assert machine.set_up() == 0
    assert machine.loaves == 1


def test_only_what_has_changed_is_done_again_in_order(machine: Machine) -> None:
    machine.set_up()
    (machine.root / "grain.txt").write_text("rye")
    assert machine.set_up() == 2
    assert (machine.root / "flour.txt").read_text() == "rye"
    assert machine.loaves == 2


def test_a_touched_but_unchanged_file_repeats_nothing(machine: Machine) -> None:
    machine.set_up()
    os.utime(machine.root / "grain.txt")
    assert machine.set_up() == 0


def test_what_was_deleted_is_made_again(machine: Machine) -> None:
    machine.set_up()
    (machine.root / "bread.txt").unlink()
    assert machine.set_up() == 1


def test_a_failed_step_is_one_line_and_is_done_again_next_time(machine: Machine) -> None:
    machine.milling = "echo error: no space left on device; exit 1"
    with pytest.raises(Failed, match="磁盘满了") as failure:
        machine.set_up()
    assert "\n" not in str(failure.value)
    assert "flour.log" in str(failure.value)
    assert not (machine.root / "bread.txt").exists()

    machine.milling = "cat grain.txt > flour.txt"
    assert machine.set_up() == 2


def test_a_step_that_makes_nothing_has_not_succeeded(machine: Machine) -> None:
    machine.milling = "true"
    with pytest.raises(Failed, match=r"flour\.txt"):
        machine.set_up()


def test_a_failure_later_on_does_not_undo_what_was_done(machine: Machine) -> None:
    machine.set_up()
    (machine.root / "grain.txt").write_text("rye")
    machine.milling = "exit 1"
    with pytest.raises(Failed):
        machine.set_up()
    machine.milling = "cat grain.txt > flour.txt"
    assert machine.set_up() == 2


def test_an_interrupted_step_leaves_no_process_and_no_stamp(machine: Machine) -> None:
    machine.milling = "echo $$ > pid; sleep 60"
    runner = machine.runner()
    pid_file = machine.root / "pid"

    def interrupt() -> None:
        while not (pid_file.exists() and pid_file.read_text().strip()):
            time.sleep(0.01)
        runner.children.end_all()

    threading.Thread(target=interrupt).start()
    with pytest.raises(Exception):  # noqa: B017, PT011 - what matters is what is left behind
        runner.do()
    runner.screen.close()

    assert not alive(int(pid_file.read_text()))
    assert not (machine.root / ".setup" / "stamps" / "flour").exists()
    machine.milling = "cat grain.txt > flour.txt"
    assert machine.set_up() == 2


def test_an_unknown_step_is_named(machine: Machine) -> None:
    with pytest.raises(Trouble, match="butter"):
        machine.set_up("butter")


def test_each_step_is_shown_with_its_number_and_time(machine: Machine) -> None:
    machine.set_up()
    shown = machine.said.getvalue()
    assert "[1/2] 磨面 …" in shown
    assert "[2/2] 烤面包 … 完成" in shown


def test_a_renamed_file_changes_the_key(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.yml").write_text("same")
    before = keys.key(tmp_path, ["data"])
    (tmp_path / "data" / "a.yml").rename(tmp_path / "data" / "b.yml")
    assert keys.key(tmp_path, ["data"]) != before


def test_what_steps_make_is_not_what_they_read(tmp_path: Path) -> None:
    (tmp_path / "page" / "src").mkdir(parents=True)
    (tmp_path / "page" / "src" / "main.ts").write_text("1")
    before = keys.key(tmp_path, ["page"])
    for made in ("node_modules/x/index.js", "dist/index.html", "src/schema.d.ts"):
        (tmp_path / "page" / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "page" / made).write_text("made")
    assert keys.key(tmp_path, ["page"]) == before


def test_steps_come_after_what_they_stand_on() -> None:
    seen: set[str] = set()
    for step in steps(Path()):
        assert set(step.after) <= seen, step.name
        seen.add(step.name)


def test_the_program_ends_in_one_line_when_interrupted(checkout: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "setup", "app"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a run in the background ignores it
    )
    log = checkout / ".setup" / "logs" / "app.log"
    while not (log.exists() and "sleep" in log.read_text()):
        time.sleep(0.02)
    program.send_signal(signal.SIGINT)
    said, _ = program.communicate(timeout=30)
    assert program.returncode == 130
    assert said.strip().splitlines()[-1].startswith("已中断")
    assert not (checkout / ".setup" / "stamps" / "app").exists()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the set-up program in a folder of its own, whose uv takes its time."""
    import shutil

    root = Path(__file__).resolve().parents[2]
    shutil.copytree(root / "setup", tmp_path / "setup", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").write_text("a==1\n")
    uv = tmp_path / ".setup" / "uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        "  --version) echo uv 99.0.0 ;;\n"
        f"  python) echo {sys.executable} ;;\n"
        "  *) echo about to sleep; sleep 60 ;;\n"
        "esac\n"
    )
    uv.chmod(0o755)
    return tmp_path


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return b"\nState:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()
