"""The corpus: families of lines, the folder is the split, and nothing stands on both sides of a split.

A family is a mapping with `family`, `label`, and `lines` or `templates`; other keys are its author's and are kept.
What is wrong is told with file and line, in the words of those who write these files.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from models.learned.errors import CorpusError

TRAIN, TUNE, HELD_OUT = "train", "tune", "held_out"
SPLITS = (TRAIN, TUNE, HELD_OUT)
ORDINARY = "ordinary"
_SLOT = re.compile(r"\{([^{}]+)\}")
_STRING = "tag:yaml.org,2002:str"
_GOLDEN = 0.6180339887498949
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Line:
    """One text with its label, and where it comes from. `facts` are the family's other keys (style, category, …)."""

    text: str
    label: str
    family: str
    split: str
    where: str
    facts: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Corpus:
    """The lines of some splits, and the version: a fingerprint of what they say."""

    lines: tuple[Line, ...]

    @property
    def version(self) -> str:
        """Sixteen hexadecimal digits that change with any text, label, family or split."""
        digest = hashlib.sha256()
        for line in sorted((x.split, x.family, x.label, x.text) for x in self.lines):
            digest.update("\x1f".join(line).encode("utf-8", "surrogatepass") + b"\n")
        return digest.hexdigest()[:16]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted({line.label for line in self.lines}))

    def with_tune(self, share: float = 0.15) -> Corpus:
        """The same corpus; where it has no tune lines, the families that chance would have put there become them."""
        if self.split(TUNE):
            return self
        moved = (
            replace(line, split=TUNE) if line.split == TRAIN and _fraction(line.family) < share else line
            for line in self.lines
        )
        return Corpus(tuple(moved))

    def with_ordinary(self, name: str, talk: Corpus, label: str, but: Collection[str]) -> Corpus:
        """This corpus and the lines of another one, which is ordinary talk to it; what it has itself stays as it is."""
        own = {plain(line.text) for line in self.lines}
        more = (
            replace(line, label=label, family=f"{name}.{line.family}", facts={"style": ORDINARY})
            for line in talk.lines
            if line.label not in but and plain(line.text) not in own
        )
        return Corpus((*self.lines, *more))

    def split(self, name: str) -> list[Line]:
        """The lines of one split, in the order of the files."""
        return [line for line in self.lines if line.split == name]


def plain(text: str) -> str:
    """What makes two lines the same line: no spaces, no punctuation, no width, no case."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN") or folded.strip()


def load_corpus(
    folder: Path, splits: Sequence[str] = (TRAIN, TUNE), labels: Sequence[str] | None = None
) -> Corpus:
    """The families of these splits, templates filled.

    Raises `CorpusError` for a file that does not load, an unknown label, and whatever stands in two splits. `held_out`
    is not read unless it is named.
    """
    lines: list[Line] = []
    if not folder.is_dir():
        raise CorpusError(f"没有语料目录 {folder.name}")
    for split in splits:
        for path in sorted((folder / split).glob("**/*.yml")):
            lines.extend(_Reader(path, f"{split}/{path.name}", split, labels).lines())
    _check(lines)
    return Corpus(tuple(_once(lines)))


def load_rows(path: Path, labels: Sequence[str] | None = None, tune_share: float = 0.15) -> Corpus:
    """Any labelled JSON lines: `text`, `label`, and where given `family` and `split` (train, tune).

    Without `split` every family (or line) falls to one side by its fingerprint, the same way each time.
    """
    lines: list[Line] = []
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path.name}：读不了，要 UTF-8 的 JSON Lines") from error
    for number, written in enumerate(content.split("\n"), 1):
        if not written.strip():
            continue
        where = f"{path.name} 第 {number} 行"
        try:
            row = json.loads(written)
        except ValueError as error:
            raise CorpusError(f"{where}：不是 JSON") from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str) or "label" not in row:
            raise CorpusError(f"{where}：要有 text 和 label")
        label, family = str(row["label"]), str(row.get("family") or plain(row["text"]))
        _known(label, labels, where)
        split = str(row.get("split") or (TUNE if _fraction(family) < tune_share else TRAIN))
        if split not in SPLITS:
            raise CorpusError(f"{where}：split 只能是 {'、'.join(SPLITS)}")
        if row["text"].strip():
            lines.append(Line(row["text"].strip(), label, family, split, where))
    if not lines:
        raise CorpusError(f"{path.name}：一行也没有")
    return Corpus(tuple(_once(lines)))


def fill(template: str, slots: Mapping[str, Sequence[str]], take: int | None, where: str) -> list[str]:
    """The fillings of a template: all, or `take` of them, spread evenly over every slot, always the same ones."""
    names = list(dict.fromkeys(_SLOT.findall(template)))
    if missing := [name for name in names if not slots.get(name)]:
        raise CorpusError(f"{where}：模板里的 {{{missing[0]}}} 没有填的词")
    if unused := [name for name in slots if name not in names]:
        raise CorpusError(f"{where}：fill 里的 {unused[0]} 在模板里没有用到")
    sizes = [len(slots[name]) for name in names]
    total = math.prod(sizes)
    wanted = total if take is None else min(take, total)
    step = next(s for s in range(max(1, round(total * _GOLDEN)), 2 * total + 2) if math.gcd(s, total) == 1)
    filled = []
    for number in range(wanted):
        index = number * step % total
        words = {}
        for name, size in zip(names, sizes, strict=True):
            index, which = divmod(index, size)
            words[name] = slots[name][which]
        filled.append(_SLOT.sub(lambda slot, words=words: words[slot.group(1)], template))  # type: ignore[misc]
    return filled


def _fraction(text: str) -> float:
    return int(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) / 0x1_0000_0000


def _known(label: str, labels: Sequence[str] | None, where: str) -> None:
    if labels and label not in labels:
        raise CorpusError(f"{where}：没有 {label} 这个标签，只有 {'、'.join(labels)}")


def _once(lines: Iterable[Line]) -> Iterator[Line]:
    seen: set[str] = set()
    for line in lines:
        if (key := plain(line.text)) not in seen:
            seen.add(key)
            yield line


def _check(lines: Sequence[Line]) -> None:
    families: dict[str, Line] = {}
    texts: dict[str, Line] = {}
    for line in lines:
        first = families.setdefault(line.family, line)
        if first.where.split(" ")[0] != line.where.split(" ")[0]:
            raise CorpusError(f"{line.where}：家族 {line.family} 已经在 {first.where}，一个家族只能在一处")
        same = texts.setdefault(plain(line.text), line)
        if same.split != line.split:
            raise CorpusError(f"{line.where}：这一行已经在 {same.where}，一行只能在一边")
        if same.label != line.label:
            raise CorpusError(f"{line.where}：同一行在 {same.where} 标的是 {same.label}，这里是 {line.label}")


class _Reader:
    """One file, read by its nodes, so that every complaint has a line."""

    def __init__(self, path: Path, name: str, split: str, labels: Sequence[str] | None) -> None:
        self.path, self.name, self.split, self.labels = path, name, split, labels

    def lines(self) -> Iterator[Line]:
        try:
            root = yaml.compose(self.path.read_text(encoding="utf-8"), Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            row = error.problem_mark.line + 1 if error.problem_mark else 1
            raise CorpusError(f"{self.name} 第 {row} 行：YAML 写错了：{error.problem}") from error
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise CorpusError(f"{self.name}：读不了") from error
        if root is None:
            return
        if not isinstance(root, yaml.SequenceNode):
            raise CorpusError(f"{self._at(root)}：最外面要是一列家族")
        seen: set[str] = set()
        for node in root.value:
            yield from self._family(node, seen)

    def _family(self, node: yaml.Node, seen: set[str]) -> Iterator[Line]:
        entry = self._mapping(node, "一个家族")
        for key in ("family", "label"):
            if key not in entry:
                raise CorpusError(f"{self._at(node)}：家族缺 {key}")
        family, label = self._text(entry["family"]), self._text(entry["label"])
        if family in seen:
            raise CorpusError(f"{self._at(entry['family'])}：家族 {family} 在这个文件里有两个")
        seen.add(family)
        _known(label, self.labels, self._at(entry["label"]))
        if "lines" not in entry and "templates" not in entry:
            raise CorpusError(f"{self._at(node)}：家族 {family} 既没有 lines 也没有 templates")
        facts = {
            key: str(value.value)
            for key, value in entry.items()
            if isinstance(value, yaml.ScalarNode) and key not in {"family", "label", "note"}
        }
        for item in self._list(entry.get("lines")):
            yield self._line(self._text(item), item, family, label, facts)
        for item in self._list(entry.get("templates")):
            template = self._mapping(item, "一个模板")
            if "text" not in template or "fill" not in template:
                raise CorpusError(f"{self._at(item)}：模板要有 text 和 fill")
            slots = {
                name: [self._scalar(word) for word in self._list(words)]
                for name, words in self._mapping(template["fill"], "fill").items()
            }
            take = self._number(template["take"]) if "take" in template else None
            text = self._text(template["text"])
            for filled in fill(text, slots, take, self._at(item)):
                yield self._line(filled, item, family, label, facts)

    def _line(self, text: str, node: yaml.Node, family: str, label: str, facts: Mapping[str, str]) -> Line:
        if not text.strip():
            raise CorpusError(f"{self._at(node)}：空行")
        return Line(text.strip(), label, family, self.split, self._at(node), facts)

    def _mapping(self, node: yaml.Node, what: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise CorpusError(f"{self._at(node)}：{what}要写成 键: 值")
        entry: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self._scalar(key)
            if name in entry:
                raise CorpusError(f"{self._at(key)}：{name} 写了两次")
            entry[name] = value
        return entry

    def _list(self, node: yaml.Node | None) -> list[yaml.Node]:
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise CorpusError(f"{self._at(node)}：这里要是一列，每项前有 -")
        return list(node.value)

    def _scalar(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise CorpusError(f"{self._at(node)}：这里要是一个词，是不是少了引号")
        return str(node.value)

    def _text(self, node: yaml.Node) -> str:
        text = self._scalar(node)
        if node.tag != _STRING:
            raise CorpusError(f"{self._at(node)}：{text!r} 会被读成别的东西，请加引号")
        return text

    def _number(self, node: yaml.Node) -> int:
        text = self._scalar(node)
        if not text.isdecimal() or int(text) < 1:
            raise CorpusError(f"{self._at(node)}：take 要是正整数")
        return int(text)

    def _at(self, node: yaml.Node) -> str:
        return f"{self.name} 第 {node.start_mark.line + 1} 行"
