"""Reading a content file strictly: what is unknown, missing or doubled is refused with its place."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from residents.errors import DistrictError

CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping; plain YAML would silently keep the last."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", node.start_mark)
    return dict(
        zip(keys, (loader.construct_object(value, deep=True) for _, value in node.value), strict=True)
    )


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class Node:
    """One place in a content file: a value, and the path that leads to it."""

    def __init__(
        self, value: Any, file: str, path: str = "(top)", error: type[DistrictError] = DistrictError
    ):
        self.value, self.file, self.path, self.error = value, file, path, error

    def refuse(self, problem: str) -> DistrictError:
        """The error to raise here."""
        return self.error(self.file, self.path, problem)

    def fields(self, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        """Refuse anything but a mapping with the required and, at most, the optional keys."""
        if not isinstance(self.value, Mapping):
            raise self.refuse("must be a mapping")
        for key in required:
            if key not in self.value:
                raise self.refuse(f"{key} is missing")
        for key in self.value:
            if key not in required + optional:
                raise self.refuse(f"{key} is not known here")

    def __getitem__(self, key: str) -> "Node":
        path = key if self.path == "(top)" else f"{self.path}.{key}"
        return Node(self.value.get(key), self.file, path, self.error)

    def items(self) -> Iterator["Node"]:
        """The entries of a list; nothing at all counts as an empty list."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.refuse("must be a list")
        for number, value in enumerate(self.value):
            yield Node(value, self.file, f"{self.path}[{number}]", self.error)

    def text(self, optional: bool = False) -> str:
        """A text that is not empty (or, where optional, nothing: an empty text)."""
        if optional and self.value is None:
            return ""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refuse("must be a text")
        return self.value.strip()

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(node.text() for node in self.items())

    def code(self) -> str:
        """A short name for programs: lower-case letters, digits and dashes, at most 40."""
        text = self.text()
        if not CODE.fullmatch(text) or len(text) > 40:
            raise self.refuse("must be a code such as puyan-hall")
        return text


def read_content(path: Path, error: type[DistrictError] = DistrictError) -> Node:
    """Read one YAML file. A file that is missing or is not YAML is refused by name."""
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except FileNotFoundError:
        raise error(path.name, "(file)", "does not exist") from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "(file)"
        raise error(path.name, where, str(getattr(problem, "problem", None) or "is not UTF-8 YAML")) from None
    return Node(value, path.name, error=error)
