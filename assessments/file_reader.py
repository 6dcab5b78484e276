"""The small words of reading a file: what must stand there, what may, and going on after a problem."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from math import isfinite
from typing import Any, NoReturn, TypeVar, cast

from assessments.errors import LibraryError
from assessments.reading import Document

T = TypeVar("T")


class FileReader:
    """Reads one document and collects what is wrong with it, each problem with its field and line."""

    def __init__(self, found: Document) -> None:
        self.found = found
        self.data = found.data
        self.problems: list[LibraryError] = []

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Go on after a problem, so that one reading finds as many as possible."""
        try:
            yield
        except LibraryError as error:
            self.problems.append(error)

    def refuse(self, field: str, why: str, at: str | None = None) -> NoReturn:
        raise self.found.problem(field, why, at)

    def each(
        self, data: Mapping[str, Any], name: str, read: Callable[[Any, str], T], field: str = ""
    ) -> tuple[T, ...]:
        field = field or name
        found: list[T] = []
        with self.collecting():
            if not isinstance(data[name], list):
                self.refuse(field, "要写成列表")
            for position, raw in enumerate(data[name], 1):
                with self.collecting():
                    found.append(read(raw, f"{field}[{position}]"))
        return tuple(found)

    def keys(self, data: Any, field: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
        if not isinstance(data, dict):
            self.refuse(field, "要写成「名称: 内容」")
        for name in required:
            if name not in data:
                self.refuse(name if field == "文件" else f"{field}.{name}", "缺少这一项", at=field)
        for name in data:
            if name not in required and name not in optional:
                self.refuse(f"{field}.{name}", "不认识这一项")

    def known(self, names: Any, among: Collection[str]) -> bool:
        """Whether these are names, and each is among the known ones; what is no list and no text is not."""
        return isinstance(names, list) and all(isinstance(name, str) and name in among for name in names)

    def text(self, data: Mapping[str, Any], name: str, field: str = "") -> str:
        value = data[name]
        if not isinstance(value, str) or not value.strip():
            self.refuse(field or name, "不能空着，要写成文字（数字请加引号）")
        return value

    def whole(self, raw: Mapping[str, Any], name: str, field: str) -> int:
        if type(raw.get(name)) is not int:
            self.refuse(f"{field}.{name}", "要写整数")
        return cast(int, raw[name])

    def number(self, raw: Mapping[str, Any], name: str, field: str) -> Fraction:
        value = raw.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            self.refuse(f"{field}.{name}", "要写数字")
        return Fraction(str(value))

    def truth(self, raw: Mapping[str, Any], name: str, field: str, otherwise: bool) -> bool:
        value = raw.get(name, otherwise)
        if not isinstance(value, bool):
            self.refuse(f"{field}.{name}", "只能写 true 或 false")
        return value
