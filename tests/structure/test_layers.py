"""Imports point down, as ENGINEERING draws them; and only the listed places read the environment."""

import ast
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from storage import migrations
from storage.base import Entity
from tests.support.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
BELOW: dict[str, set[str]] = {
    "server": {"bot", "escalation", "assessments", "residents", "models", "storage"},
    "bot": {"escalation", "assessments", "residents", "models", "storage"},
    "escalation": {"assessments", "residents", "storage"},
    "assessments": {"storage"},
    "residents": {"storage"},
    "models": set(),
    "storage": set(),
}
OTHERS = {"setup", "tests"}
PURE = {
    "assessments/errors.py",
    "assessments/instrument.py",
    "assessments/scoring.py",
    "assessments/staging.py",
    "escalation/triage.py",
}
READS_THE_ENVIRONMENT = {
    "server/settings.py": "the settings (through pydantic-settings)",
    "server/cli.py": "asks every program that it starts to write UTF-8",
    "server/stack.py": "hands the environment on to the programs that it starts",
    "storage/backup.py": "hands the environment on to PostgreSQL's own programs, with how to connect",
    "storage/embedded.py": "hands the environment on to PostgreSQL, with a plain locale",
    "storage/step_points.py": "storage imports nothing of ours, and a step point must work anywhere",
}
FREE = {"main", "upgrade", "downgrade"}
"""Names that say all: the entry of a program, and the two ways of a migration."""


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "" if node.level == 0 else path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("package", BELOW)
def test_imports_point_down(package: str) -> None:
    for path in sources(package):
        for name in imported(path):
            top = name.split(".")[0]
            if top in BELOW or top in OTHERS:
                assert top == package or top in BELOW[package], f"{path.relative_to(ROOT)} imports {name}"


def test_set_up_runs_on_a_bare_python() -> None:
    for path in sources("setup"):
        for name in imported(path):
            top = name.split(".")[0]
            assert top == "setup" or top in sys.stdlib_module_names, (
                f"{path.relative_to(ROOT)} imports {name}"
            )


def test_rules_know_only_the_standard_library_and_each_other() -> None:
    modules = {path.removesuffix(".py").replace("/", ".") for path in PURE}
    for path in PURE:
        for name in imported(ROOT / path):
            assert name in modules or name.split(".")[0] in sys.stdlib_module_names, f"{path} imports {name}"
            assert name not in ("random", "time", "os", "socket"), f"{path} is not a pure rule: {name}"


def test_the_picture_knows_every_package() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(BELOW) | OTHERS


def test_nothing_else_reads_the_environment() -> None:
    reading = set()
    for package in BELOW:
        for path in sources(package):
            names = {n.attr for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)}
            names |= set(imported(path))
            if names & {"environ", "environb", "getenv", "pydantic_settings"}:
                reading.add(str(path.relative_to(ROOT)))
    assert reading == set(READS_THE_ENVIRONMENT)


@pytest.mark.parametrize("package", BELOW)
def test_public_things_say_what_they_promise(package: str) -> None:
    for path in sources(package):
        module = tree(path)
        where = path.relative_to(ROOT)
        if module.body:
            assert ast.get_docstring(module), where
        for node in module.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if node.name.startswith("_") or node.name in FREE or is_a_shape(node):
                continue
            assert ast.get_docstring(node), f"{where}:{node.lineno} {node.name}"


def is_a_shape(node: ast.AST) -> bool:
    """A record that crosses HTTP: its fields and their types are what it says."""
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id in ("BaseModel", "Body") for base in node.bases
    )


def test_nothing_is_left_to_do_in_a_comment() -> None:
    unfinished = ("TODO", "FIXME", "XXX", "NotImplemented")
    own = Path(__file__)
    files = [path for package in (*BELOW, *OTHERS) for path in sources(package) if path != own]
    for page in ("kiosk", "console"):
        files += [p for p in (ROOT / page / "src").rglob("*") if p.suffix in (".ts", ".vue", ".css")]
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not [word for word in unfinished if word in text], path.relative_to(ROOT)


def test_the_tables_are_the_entities_and_the_migrations_go_both_ways(postgres: Postgres) -> None:
    for package in BELOW:
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if ".migrations." not in found.name and not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    name = postgres.empty_database()
    url = postgres.url(name)
    try:
        for _ in range(2):
            migrations.upgrade(url)
            assert migrations.check(url, Entity.metadata) == []
            migrations.downgrade(url, "base")
            assert migrations.check(url, MetaData()) == []
    finally:
        postgres.drop(name)
