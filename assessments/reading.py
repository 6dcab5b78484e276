"""YAML that says where it is wrong: duplicate keys refused, and the line of every field known."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from assessments.errors import LibraryError

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # a PyYAML without libyaml reads the same, more slowly
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class StrictLoader(_Loader):
    """YAML that refuses a key given twice: the second would silently replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: list[Any] = []
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
            if key in keys:
                raise yaml.constructor.ConstructorError(
                    problem=f"{key} 写了两次", problem_mark=key_node.start_mark
                )
            keys.append(key)
        return super().construct_mapping(node, deep)


class Document:
    """The data of one YAML text, and the line on which each of its fields stands.

    Fields are named as people count: `items[2].critical.at_least`.
    """

    def __init__(self, name: str, data: Any, lines: Mapping[str, int]) -> None:
        self.name = name
        self.data = data
        self._lines = lines

    def line(self, field: str) -> int | None:
        """The line of a field, or of the nearest one around it; `None` for the file as a whole."""
        while field:
            if field in self._lines:
                return self._lines[field]
            field = re.sub(r"(\.[^.\[]*|\[[^\[]*|^[^.\[]*)$", "", field)
        return None

    def problem(self, field: str, why: str, at: str | None = None) -> LibraryError:
        """What is wrong with a field, with its line; `at` when the line is another field's."""
        return LibraryError(self.name, field, why, self.line((at or field).removeprefix("文件.")))


def document(text: str, name: str) -> Document:
    """One YAML text with its lines, duplicate keys refused; raises `LibraryError`."""
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()  # type: ignore[no-untyped-call]
        data = None if node is None else loader.construct_document(node)  # type: ignore[no-untyped-call]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        why = error.problem or str(error).splitlines()[0]
        raise LibraryError(name, "文件", f"读不懂：{why}", None if mark is None else mark.line + 1) from error
    except yaml.YAMLError as error:
        raise LibraryError(name, "文件", f"读不懂：{str(error).splitlines()[0]}") from error
    finally:
        loader.dispose()  # type: ignore[no-untyped-call]
    lines: dict[str, int] = {}
    _number(node, "", lines, set())
    return Document(name, data, lines)


def file_text(path: Path) -> str:
    """The text of a file; raises `LibraryError` when it cannot be read or is not UTF-8."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(path.name, "文件", f"读不懂：{error}") from error


def read_yaml(path: Path) -> Any:
    """The content of one YAML file, duplicate keys refused; raises `LibraryError`."""
    return document(file_text(path), path.name).data


def yaml_from(text: str, name: str) -> Any:
    """The content of one YAML text, duplicate keys refused; raises `LibraryError`."""
    return document(text, name).data


def _number(node: Any, path: str, lines: dict[str, int], seen: set[int]) -> None:
    """Write down the line of every field below a node; what an alias repeats has the line of its first place."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            field = f"{path}.{key.value}" if path else str(key.value)
            lines.setdefault(field, key.start_mark.line + 1)
            _number(value, field, lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value, 1):
            lines.setdefault(f"{path}[{position}]", value.start_mark.line + 1)
            _number(value, f"{path}[{position}]", lines, seen)
