"""Whatever is missing or broken, the person at the terminal reads one line that says how to get it."""

import io
import subprocess
from pathlib import Path

import pytest

from setup.screen import Screen
from setup.steps import make_environment
from setup.tools import Tools, version
from setup.trouble import Trouble, explain
from setup.work import Children, Work

ROOT = Path(__file__).resolve().parents[2]

LOGS = [
    ("× Failed to download\n  Hash mismatch for `jieba==0.42.1`\n Expected: …", "不符（jieba"),
    ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "不符"),
    ("error: Couldn't parse requirement in `requirements/dev.txt` at position 3", "坏了"),
    ('error: Expected `--hash`, found `"--h@sh=sha256:00"`: requirements/dev.txt:2:5', "坏了"),
    ("error: In `--require-hashes` mode, all requirements must have a hash, but none were provided", "坏了"),
    ("npm error code EINTEGRITY\nnpm error sha512-… integrity checksum failed", "package-lock.json"),
    ("npm error code EUSAGE\n`npm ci` can only install packages when … are in sync", "package-lock.json"),
    ("npm error code EJSONPARSE", "package-lock.json"),
    ("error: error sending request for url (https://…)\n dns error", "网络"),
    ("npm error code ENOTFOUND", "网络"),
    ("× No solution found when resolving dependencies", "换一个软件源"),
    ("OSError: [Errno 28] No space left on device", "磁盘"),
    ("Permission denied (os error 13)", "权限"),
]


@pytest.mark.parametrize(("log", "says"), LOGS)
def test_a_known_failure_says_what_to_do(log: str, says: str) -> None:
    line = explain(log, "requirements/dev.txt")
    assert says in line
    assert "\n" not in line


def test_a_compilers_first_complaint_is_the_cause() -> None:
    log = (
        "fake/desk.ts(69,11): error TS2741: Property\ntests/list.ts(1,1): error TS1: more\nnpm error code 2\n"
    )
    assert explain(log).startswith("fake/desk.ts(69,11)")


def test_the_command_itself_is_no_reason() -> None:
    log = "$ uv pip install --require-hashes -r requirements/dev.txt\nsomething odd happened\n"
    assert explain(log) == "something odd happened"


def test_a_silent_failure_still_has_a_line() -> None:
    assert explain("")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work("app", tmp_path, tmp_path / "app.log", Screen(1, io.StringIO()), Children())


def test_a_machine_without_node_hears_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"缺少 node.*apt install"):
        Tools(tmp_path, {"PATH": str(tmp_path)}).node()


def test_a_machine_without_npm_hears_where_to_get_it(tmp_path: Path) -> None:
    program(tmp_path / "node", "echo v22.0.0")
    with pytest.raises(Trouble, match="缺少 npm"):
        Tools(tmp_path, {"PATH": str(tmp_path)}).node()


def test_an_old_node_is_refused_by_version(tmp_path: Path) -> None:
    program(tmp_path / "node", "echo v18.19.0")
    program(tmp_path / "npm", "true")
    with pytest.raises(Trouble, match=r"太旧（v18\.19\.0）.*20\.19"):
        Tools(tmp_path, {"PATH": str(tmp_path)}).node()


def test_a_shim_that_names_no_interpreter_is_passed_over(tmp_path: Path, monkeypatch) -> None:
    """pyenv's shim of 3.10 says "command not found", though its version folder holds a whole interpreter."""
    shims, real = tmp_path / "shims", tmp_path / "pyenv" / "versions" / "3.10.13" / "bin"
    shims.mkdir()
    real.mkdir(parents=True)
    program(shims / "python3.10", "echo command not found >&2; exit 127")
    program(shims / "uv", f'[ "$1" = --version ] && echo uv 1.0.0 || echo {shims}/python3.10')
    program(real / "python3.10", "echo 3.10")
    tools = Tools(tmp_path, {"PATH": f"{shims}:/bin", "PYENV_ROOT": str(tmp_path / "pyenv")})
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert tools.find_python("3.10") == str(real / "python3.10")


def test_a_missing_interpreter_that_cannot_be_fetched_is_one_line(tmp_path: Path, work: Work) -> None:
    program(tmp_path / "uv", '[ "$1" = --version ] && echo uv 1.0.0 || { echo dns error; exit 2; }')
    tools = Tools(tmp_path, {"PATH": f"{tmp_path}:/bin", "PYENV_ROOT": str(tmp_path)})
    with pytest.raises(Trouble, match=r"缺少 Python 3\.77.*pyenv install 3\.77") as trouble:
        tools.python("3.77", work)
    assert "\n" not in str(trouble.value)


def test_an_empty_lock_is_refused_before_anything_is_removed(tmp_path: Path, work: Work) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").write_text("")
    (tmp_path / ".venv").mkdir()
    with pytest.raises(Trouble, match=r"requirements/dev\.txt 是空的"):
        make_environment(work, Tools(tmp_path), ".venv", "3.11", "requirements/dev.txt")
    assert (tmp_path / ".venv").is_dir()


def test_the_mirror_that_pip_uses_is_used_by_uv_too(tmp_path: Path) -> None:
    told = {"PATH": "/bin", "PIP_INDEX_URL": "https://mirror.example/simple"}
    assert Tools(tmp_path, told).index() == {"UV_DEFAULT_INDEX": "https://mirror.example/simple"}
    assert Tools(tmp_path, {**told, "UV_DEFAULT_INDEX": "https://own.example"}).index() == {}


@pytest.mark.parametrize(
    ("text", "numbers"), [("uv 0.13.9 (abc)", (0, 13, 9)), ("v20.19", (20, 19)), ("what?", ())]
)
def test_versions_are_compared_as_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert version(text) == numbers


def test_make_without_python_is_one_line(tmp_path: Path) -> None:
    said = subprocess.run(
        ["make", "-s", "setup", "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True
    )
    assert said.returncode != 0
    assert said.stdout.strip().startswith("✗ 缺少 python3")
    assert len(said.stdout.strip().splitlines()) == 1


def test_the_program_can_be_read_by_python_3_9() -> None:
    import ast

    for file in sorted((ROOT / "setup").glob("*.py")):
        ast.parse(file.read_text(encoding="utf-8"), str(file), feature_version=(3, 9))
        assert "from __future__ import annotations" in file.read_text() or file.name == "__init__.py"


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
