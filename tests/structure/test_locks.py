"""The locks hold hashes and no address, so that any mirror can serve them and none can change them."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTS = sorted((ROOT / "requirements").glob("*.txt"))


def entries(path: Path) -> dict[str, str]:
    """Each pinned package of a list, with the rest of its entry."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {line.split("==")[0].strip().lower(): line for line in lines}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_hashes(path: Path) -> None:
    for name, entry in entries(path).items():
        assert re.match(r"[\w.\-\[\],]+==[^\s;]+", entry), entry
        assert "--hash=sha256:" in entry, name


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_no_list_names_an_address_or_a_folder(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links|--extra|-i |file:|^-e|@ ", text, re.MULTILINE)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_torch_is_not_locked_so_that_a_cpu_build_may_serve(path: Path) -> None:
    assert not {"torch", "torchvision", "triton"} & set(entries(path))


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_every_wish_is_in_its_lock(path: Path) -> None:
    wishes = path.with_suffix(".in").read_text(encoding="utf-8").splitlines()
    named = {re.split(r"[\[<>=!~ ;]", wish)[0].lower() for wish in wishes if wish and wish[0].isalpha()}
    assert named
    assert named <= {name.split("[")[0] for name in entries(path)}


def test_tests_run_on_the_versions_that_the_application_runs_on() -> None:
    app, dev = (versions(ROOT / "requirements" / f"{name}.txt") for name in ("app", "dev"))
    assert app
    assert {name: dev.get(name) for name in app} == app


def versions(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Each package with its version and its hashes; on which platforms it is wanted may differ."""
    found = {}
    for name, entry in entries(path).items():
        version = re.split(r"[ ;]", entry.split("==")[1])[0]
        found[name] = (version, frozenset(re.findall(r"--hash=(\S+)", entry)))
    return found


def test_the_dialogue_runs_on_the_rasa_that_was_chosen() -> None:
    assert entries(ROOT / "requirements" / "rasa.txt")["rasa"].startswith("rasa==3.6.21 ")


def test_the_npm_lock_names_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["lockfileVersion"] == 3
    for name, package in lock["packages"].items():
        assert "://" not in package.get("resolved", ""), name
        if name.startswith("node_modules/") and not package.get("link"):
            assert package.get("integrity", "").startswith("sha512-"), name


def test_the_npm_lock_knows_both_pages() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    for page in ("kiosk", "console"):
        wanted = json.loads((ROOT / page / "package.json").read_text(encoding="utf-8"))
        for kind in ("dependencies", "devDependencies"):
            assert lock["packages"][page].get(kind, {}) == wanted.get(kind, {}), f"make locks: {page} {kind}"


def test_the_command_line_is_installed_by_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"xinqiao": "server.cli:app"}
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
