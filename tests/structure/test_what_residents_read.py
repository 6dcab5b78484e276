"""M11: no sentence that a resident can read names a diagnosis or promises a cure, wherever it stands.

Forms keep the wording that was published (assessments/instruments) and are not read here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONTENT = (
    *sorted((ROOT / "bot").glob("*.yml")),
    *sorted((ROOT / "bot" / "domain").glob("*.yml")),
    *sorted((ROOT / "bot" / "bank").glob("*.yml")),
    *sorted((ROOT / "bot" / "points").glob("*.yml")),
    *sorted((ROOT / "bot" / "skills").glob("*.yml")),
    *sorted((ROOT / "bot" / "companion").glob("*.yml")),
    *sorted((ROOT / "bot" / "knowledge").glob("*.yml")),
    ROOT / "escalation" / "rescreening.yml",
)
PAGES = sorted([*(ROOT / "kiosk" / "src").rglob("*.vue"), *(ROOT / "kiosk" / "src").rglob("*.ts")])
NOT_SAID = {
    "asks", "source", "sources", "words", "said_back", "said_skip", "stuck", "none", "cannot", "worse_words", "who",
    "what", "used", "owner", "review", "title_of_law", "numbers", "kin", "work", "when", "same", "topics", "intents",
}  # fmt: skip
"""Keys of what is looked for in a resident's words, and of where something comes from: nobody reads these."""
DIAGNOSIS = re.compile(
    r"诊断为|您(得|患)(了|的|有)|患者|患有|确诊|重度(?!残疾)|高危|异常|重点人|精神病|神经病|(抑郁|焦虑|强迫|恐惧|躁狂|妄想)症|障碍症"
)
CURE = re.compile(
    r"治好|治愈|根治|包好|药到病除|一定(会|能)好(?!好)|保证(您|你)?(会|能)好|很快就(会|能)好(?!好)"
)


def sentences(node: object, key: str = "") -> Iterator[str]:
    """Every Chinese text of a page that may be said."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in NOT_SAID:
                yield from sentences(value, str(name))
    elif isinstance(node, list | tuple):
        for value in node:
            yield from sentences(value, key)
    elif isinstance(node, str) and re.search(r"[\u4e00-\u9fff]", node):
        yield node


def of_page(path: Path) -> Iterator[str]:
    """The Chinese of a page's code, without its comments."""
    code = re.sub(r"/\*.*?\*/|<!--.*?-->|(?<!:)//[^\n]*", "", path.read_text("utf-8"), flags=re.S)
    yield from re.findall(r"[^\"'`<>\n]*[\u4e00-\u9fff][^\"'`<>\n]*", code)


@pytest.mark.parametrize("page", CONTENT, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_no_content_names_a_diagnosis_or_promises_a_cure(page: Path) -> None:
    said = list(sentences(yaml.safe_load(page.read_text("utf-8"))))
    assert [s for s in said if DIAGNOSIS.search(s) or CURE.search(s)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_names_a_diagnosis_or_promises_a_cure(page: Path) -> None:
    assert [s for s in of_page(page) if DIAGNOSIS.search(s) or CURE.search(s)] == []


def test_the_reading_finds_what_it_is_to_find() -> None:
    assert len([s for page in CONTENT for s in sentences(yaml.safe_load(page.read_text("utf-8")))]) > 3000
    assert len([s for page in PAGES for s in of_page(page)]) > 200
    for bad in ("您得了抑郁症", "重度抑郁", "一定会好的", "这个能治好"):
        assert DIAGNOSIS.search(bad) or CURE.search(bad)
    for good in ("一定要好好吃饭", "您得空来坐坐", "只有医生说了才算"):
        assert not DIAGNOSIS.search(good)
        assert not CURE.search(good)
