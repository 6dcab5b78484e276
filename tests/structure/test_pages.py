"""No page loads anything from elsewhere, and none shows residents a word that judges them."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("kiosk", "console")
NAMES_NOT_ADDRESSES = ("http://www.w3.org/", "https://vuejs.org/error-reference/")
"""Names of XML dialects, and the text of an error message: nothing is ever asked of them."""

NEVER_SAID = ("诊断", "患者", "病人", "重点人", "高危", "异常", "患有", "治疗", "完全保密")
RESIDENT_TEXTS = [
    *sorted((ROOT / "bot" / "domain").glob("*.yml")),
    ROOT / "bot" / "page_wording.yml",
    ROOT / "bot" / "safety_reply.yml",
    ROOT / "bot" / "errors.py",
    ROOT / "server" / "errors.py",
    ROOT / "server" / "front_door.py",
    ROOT / "server" / "results_wording.yml",
    *sorted(p for p in (ROOT / "kiosk" / "src").rglob("*") if p.suffix in (".ts", ".vue")),
    *sorted((ROOT / "residents" / "districts").glob("*.yml")),
    *sorted((ROOT / "assessments" / "instruments").glob("*.yml")),
]
SOURCES_OF_FORMS = {"source", "rights", "setting", "notes"}


def addresses(text: str) -> list[str]:
    found = re.findall(r"(?:https?:|wss?:)?//[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}[^\s\"'`)]*", text)
    return [address for address in found if not address.startswith(NAMES_NOT_ADDRESSES)]


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|<!--.*?-->|(?<![:\"'`])//[^\n]*", "", text, flags=re.S)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_foreign_address(page: str) -> None:
    built = ROOT / page / "dist"
    files = [p for p in built.rglob("*") if p.suffix in (".html", ".js", ".css", ".svg")]
    assert files, "make setup first: the pages have not been built"
    for path in files:
        assert addresses(path.read_text(encoding="utf-8")) == [], path.name
    for path in [ROOT / page / "index.html", *(ROOT / page / "src").rglob("*")]:
        if path.suffix in (".html", ".ts", ".vue", ".css", ".svg"):
            assert addresses(without_comments(path.read_text(encoding="utf-8"))) == [], path.name


@pytest.mark.parametrize("page", PAGES)
def test_no_page_runs_what_stands_in_the_page_itself(page: str) -> None:
    index = (ROOT / page / "dist" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", index) == []
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", index)
    for path in (ROOT / page / "src").rglob("*"):
        if path.suffix in (".ts", ".vue"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"v-html|innerHTML|document\.write|\beval\(|new Function", text), path.name


SEALED = {
    "kept.ts": "a visit that cannot be sent yet, sealed with its owner's key and erased once it has arrived; "
    "tests/stories_browser/test_desk.py reads what lies there"
}
"""The one thing that a page may keep on a device, and why."""


@pytest.mark.parametrize("page", PAGES)
def test_no_page_keeps_anything_in_the_browser(page: str) -> None:
    for path in (ROOT / page / "src").rglob("*"):
        if path.suffix in (".ts", ".vue"):
            text = without_comments(path.read_text(encoding="utf-8"))
            found = set(re.findall(r"localStorage|indexedDB|document\.cookie|caches\.open", text))
            sealed = page == "console" and path.name in SEALED and "subtle.encrypt" in text
            assert found <= ({"indexedDB"} if sealed else set()), path.name


@pytest.mark.parametrize("path", RESIDENT_TEXTS, ids=lambda path: path.name)
def test_no_word_that_residents_read_judges_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yml":
        said = yaml.safe_load(text)
        texts = list(strings({k: v for k, v in said.items() if k not in SOURCES_OF_FORMS}))
    else:
        texts = [without_comments(text)]
    for sentence in texts:
        assert not [word for word in NEVER_SAID if word in sentence], sentence[:80]


def test_no_sentence_of_a_level_judges() -> None:
    table = yaml.safe_load((ROOT / "escalation" / "policies" / "five_colours.yml").read_text("utf-8"))
    for sentence in table["residents"].values():
        assert not [word for word in (*NEVER_SAID, "红色", "橙色", "黄色") if word in sentence], sentence


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []
