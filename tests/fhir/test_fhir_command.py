"""`xinqiao fhir`, as other programs run it."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from assessments.library import problems_in
from server.settings import ROOT
from tests.fhir.forms import IDS

PROGRAM = "from server.cli import app; app()"
ANSWERS = [
    {str(n): 1 for n in range(1, 10)},
    {str(n): 3 for n in range(1, 10)},
    {**{str(n): 0 for n in range(1, 10)}, "9": None},
    {"9": 2},
]


def run(*arguments: str, given: str = "", code: int = 0) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        input=given.encode(), capture_output=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert finished.returncode == code, finished.stderr.decode()
    return (finished.stdout or finished.stderr).decode()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def as_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_every_form_goes_out_and_comes_in_as_a_draft(tmp_path: Path) -> None:
    sent = run("fhir", "export")
    assert [form["url"].rpartition("/")[2] for form in lines(sent)] == IDS
    said = lines(run("fhir", "import", "--drafts", str(tmp_path), given=sent))
    assert said == [{"draft": f"{name}.yml", "missing": ["rights", "setting", "checked_on"]} for name in IDS]
    assert len(problems_in(tmp_path)) == len(IDS)

    again = lines(run("fhir", "import", "--drafts", str(tmp_path), given=sent.splitlines()[0]))
    assert again == [{"error": f"{IDS[0]}.yml 已经有了，不覆盖"}]
    shown = lines(run("fhir", "import", given=sent.splitlines()[0]))
    assert shown[0]["draft"]["wording"] == "pending"


@pytest.mark.parametrize(
    ("form", "answers"),
    [
        ("phq9", ANSWERS),
        ("audit", [{"1": 0, "9": 0, "10": 2}]),
        ("phq15", [{"sex": "male", **{str(n): 1 for n in range(1, 16) if n != 4}}]),
        ("psqi", [{"1": "22:30", "2": 20, "3": "6:45", "4": 6.9, **{k: 1 for k in ("5a", "5b", "6", "7")}}]),
    ],
)
def test_answers_score_the_same_by_either_way(form: str, answers: list[dict[str, Any]]) -> None:
    plainly = run("score", form, given=as_lines(answers))
    responses = run("fhir", "export", form, "--answers", given=as_lines(answers))
    assert run("fhir", "score", given=responses) == plainly
    taken_in = lines(run("fhir", "import", given=responses))
    assert run("score", form, given=as_lines([one["answers"] for one in taken_in])) == plainly


def test_scores_as_observations() -> None:
    responses = run("fhir", "export", "who5", "--answers", given=as_lines([{str(n): 5 for n in range(1, 6)}]))
    found = lines(run("fhir", "score", "--observations", given=responses))
    assert [one["valueQuantity"]["value"] for one in found if "valueQuantity" in one] == [25, 100]


def test_a_wrong_line_says_why_and_the_next_one_is_read() -> None:
    good = run("fhir", "export", "phq9", "--answers", given=as_lines(ANSWERS[:1]))
    wrong = [
        "{",
        '{"resourceType":"Patient"}',
        good.replace("Questionnaire/phq9", "Questionnaire/none").strip(),
    ]
    said = lines(run("fhir", "score", given="\n".join(wrong) + "\n" + good))
    assert [list(one) == ["error"] for one in said] == [True, True, True, False]
    assert said[3]["total"] == 9
    told = lines(run("fhir", "export", "phq9", "--answers", given='{"1": 7}\n{"1": NaN}\n{"99": 1}\n'))
    assert [list(one) for one in told] == [["error"]] * 3


def test_what_cannot_be_begun_is_refused_in_one_sentence(tmp_path: Path) -> None:
    assert "没有这份量表" in run("fhir", "export", "nothing", code=2)
    assert "要写明一份量表" in run("fhir", "export", "--answers", code=2)
    assert "没有这个文件夹" in run("fhir", "import", "--drafts", str(tmp_path / "none"), code=2)


def test_each_line_is_answered_before_the_next_one_comes() -> None:
    """A stream has no end: whoever waits for the answer to one line gets it."""
    good = run("fhir", "export", "phq9", "--answers", given=as_lines(ANSWERS[:1])).encode()
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "fhir", "score"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    watchdog = threading.Timer(60, program.kill)
    watchdog.start()
    try:
        assert program.stdin is not None
        assert program.stdout is not None
        for _ in range(3):
            program.stdin.write(good)
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["total"] == 9
        program.stdin.close()
        assert program.wait(60) == 0
    finally:
        watchdog.cancel()
        program.kill()
        program.wait()
