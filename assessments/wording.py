"""Wording that a district adds to a form whose wording we may not pass on: one text file for each, in its own folder.

The file holds the same item ids as the form, the permission and who holds it. What comes out is the content of a
complete instrument of its own, with a hash of its own, so that what was answered can be told apart for good.
"""

import copy
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from assessments.errors import LibraryError
from assessments.instrument_file import instrument_of
from assessments.reading import Document, document, file_text

ENDING = ".text.yml"
CUT_OFFS = "cut_offs.yml"
REQUIRED = ("id", "version", "holder", "licence", "checked_on", "items")
OPTIONAL = ("options", "intro", "timeframe", "notes")


class District:
    """The folder of one district: text files by instrument id, and the cut-offs that it has chosen."""

    def __init__(self, folder: Path) -> None:
        """Reads the folder's files; raises `LibraryError` for a file that is nothing of this kind."""
        self.folder = folder
        self.texts: dict[str, Document] = {}
        self.cut_offs: Document | None = None
        if not folder.is_dir():
            raise LibraryError(str(folder.name), "文件夹", "没有这个文件夹")
        for path in sorted(folder.iterdir()):
            if path.name == CUT_OFFS:
                self.cut_offs = document(file_text(path), path.name)
            elif path.name.endswith(ENDING):
                self.texts[path.name.removesuffix(ENDING)] = document(file_text(path), path.name)
            elif path.suffix in (".yml", ".yaml"):
                raise LibraryError(
                    path.name, "文件名", f"这里只认 <量表 id>{ENDING} 和 {CUT_OFFS}，这个文件不会有人读"
                )

    def completed(self, form: Document) -> Document:
        """The form with this district's wording and cut-off; the same document when it has none for it.

        Raises `LibraryError` where a text does not fit its form: ids, version, options, permission.
        """
        form_id = form.data.get("id") if isinstance(form.data, dict) else None
        text = self.texts.get(form_id) if isinstance(form_id, str) else None
        chosen = self.chosen(form_id)
        if text is None and chosen is None:
            return form
        data = copy.deepcopy(form.data)
        if text is not None:
            _check(text, data)
            _fill(data, text)
        if chosen is not None:
            _choose(data, chosen, self.cut_offs)
        content = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=1000)
        made = document(content, text.name if text is not None else CUT_OFFS)
        instrument_of(made)
        return made

    def chosen(self, form_id: object) -> Any:
        """The cut-off that this district has chosen for a form, if any."""
        if self.cut_offs is None:
            return None
        if not isinstance(self.cut_offs.data, dict):
            raise self.cut_offs.problem("文件", "要写成「量表 id: 划界分」")
        return self.cut_offs.data.get(form_id)

    def strangers(self, known: set[str]) -> tuple[LibraryError, ...]:
        """What this folder says about forms that the library does not have."""
        found = [text.problem("id", "没有这份量表") for name, text in self.texts.items() if name not in known]
        if self.cut_offs is not None and isinstance(self.cut_offs.data, dict):
            found += [
                self.cut_offs.problem(str(name), "没有这份量表")
                for name in self.cut_offs.data
                if name not in known
            ]
        return tuple(found)


def _check(text: Document, form: Mapping[str, Any]) -> None:
    """Refuse a text that is not made for exactly this form, or that does not say who allows it."""
    data = text.data
    if not isinstance(data, dict):
        raise text.problem("文件", "要写成「名称: 内容」")
    for name in REQUIRED:
        if name not in data:
            raise text.problem(name, "缺少这一项")
    for name in data:
        if name not in REQUIRED and name not in OPTIONAL:
            raise text.problem(str(name), "不认识这一项")
    if form.get("wording", "shipped") not in ("skeleton", "pending"):
        raise text.problem("id", "这份量表自己带着文字，不用补")
    if data["id"] != form["id"]:
        raise text.problem("id", "文件名和 id 不一样")
    if data["version"] != form["version"]:
        raise text.problem("version", f"这份文字是给另一版写的，现在的版本是 {form['version']}")
    for name in ("holder", "licence", *(n for n in ("intro", "timeframe", "notes") if n in data)):
        _text(data[name], name, text)
    if len(data["licence"].strip()) < 10:
        raise text.problem("licence", "写明谁在什么时候允许了什么，例如许可编号和范围")
    if not isinstance(data["checked_on"], date):
        raise text.problem("checked_on", "要写日期，如 2026-11-22")
    needed = [item["id"] for item in form["items"] if not item.get("text")]
    given = data["items"]
    if not isinstance(given, dict):
        raise text.problem("items", "要写成「题目 id: 文字」")
    for item in given:
        if item not in needed and item not in [extra["id"] for extra in form.get("extras", [])]:
            raise text.problem(f"items.{item}", "量表里没有这一题，或它已经有文字")
    for item in needed:
        if item not in given:
            raise text.problem("items", f"缺少 {item} 这一题的文字")


def _fill(form: dict[str, Any], text: Document) -> None:
    data = text.data
    for name in ("intro", "timeframe"):
        form[name] = data.get(name, form[name])
    form["wording"], form["translation"] = "licensed", "published"
    form["licence"] = {
        "holder": data["holder"],
        "statement": data["licence"],
        "checked_on": data["checked_on"],
    }
    if "options" in form:
        form["options"] = _labelled(form["options"], data.get("options", {}), "options", text)
    for item in (*form["items"], *form.get("extras", [])):
        given = data["items"].get(item["id"])
        if given is None:
            continue
        field = f"items.{item['id']}"
        if not isinstance(given, dict):
            given = {"text": given}
        if not set(given) <= {"text", "options"}:
            raise text.problem(field, "只能写 text 和 options")
        item["text"] = _text(given.get("text"), field, text)
        if "options" in item:
            item["options"] = _labelled(item["options"], given.get("options", {}), f"{field}.options", text)
        elif "options" in given:
            raise text.problem(f"{field}.options", "这一题用的是整份量表的选项")


def _labelled(options: list[dict[str, Any]], labels: Any, field: str, text: Document) -> list[dict[str, Any]]:
    """Options with their words: by value; those that have words already keep them."""
    if not isinstance(labels, dict):
        raise text.problem(field, "要写成「分值: 文字」")
    open_values = [option["value"] for option in options if not option.get("label")]
    for value in labels:
        if value not in open_values:
            raise text.problem(f"{field}.{value}", "没有这个选项，或它已经有文字")
    for value in open_values:
        if value not in labels:
            raise text.problem(field, f"缺少 {value} 这个选项的文字")
    return [
        {**option, "label": _text(labels[option["value"]], f"{field}.{option['value']}", text)}
        if option["value"] in labels
        else option
        for option in options
    ]


def _text(value: object, field: str, text: Document) -> str:
    if not isinstance(value, str) or not value.strip():
        raise text.problem(field, "不能空着，要写成文字（数字请加引号）")
    return value


def _choose(form: dict[str, Any], chosen: object, where: Document | None) -> None:
    cut_off = form.get("cut_off")
    assert where is not None
    if not isinstance(cut_off, dict):
        raise where.problem(str(form["id"]), "这份量表的划界分不能改")
    if chosen not in cut_off["choices"] or isinstance(chosen, bool):
        known = "、".join(str(choice) for choice in cut_off["choices"])
        raise where.problem(str(form["id"]), f"只能选有出处的划界分：{known}")
    cut_off["at_most" if "at_most" in cut_off else "at_least"] = chosen
