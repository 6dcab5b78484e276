"""`xinqiao score`: other programs are built on these forms, so they are tested as those programs see them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = yaml.safe_load(Path(__file__).with_name("golden.yml").read_text("utf-8"))
PROGRAM = "import typer; from server.commands.score import score; typer.run(score)"
KEYS = ["instrument", "version", "total", "subscales", "band", "critical", "missing", "level"]
GOOD = b'{"1": 3, "2": 0}'


def run(form: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, form], input=given, capture_output=True, cwd=ROOT, timeout=60
    )


def scores(form: str, given: bytes) -> list[dict]:
    finished = run(form, given)
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.decode("utf-8").splitlines()]


def as_line(written: str) -> str:
    marks = enumerate(written.split(), 1)
    return json.dumps({str(n): None if mark == "r" else int(mark) for n, mark in marks if mark != "-"})


@pytest.mark.parametrize("form", GOLDEN)
def test_golden_vectors_come_out_as_other_programs_read_them(form):
    printed = scores(form, "\n".join(as_line(vector[0]) for vector in GOLDEN[form]).encode())

    assert len(printed) == len(GOLDEN[form])
    for (written, total, band, critical, level), line in zip(GOLDEN[form], printed, strict=True):
        assert list(line) == KEYS
        assert (line["instrument"], line["version"], line["subscales"]) == (form, "1", {})
        assert (line["total"], line["band"], line["critical"], line["level"]) == (
            total,
            band,
            critical,
            level,
        ), written
        assert (line["missing"] != []) == (total is None)


def test_what_is_missing_is_named_by_the_numbers_of_the_form():
    (line,) = scores("phq9", b'{"1": 1, "9": 2, "4": null}')
    assert line["missing"] == ["2", "3", "4", "5", "6", "7", "8"]
    assert line["critical"] == ["9"]


BAD_LINES = [
        b"", b"   ", b"[]", b"7", b'"text"', b"null", b"{", b"{]", b'{"1": }', b"{'1': 0}",
        b'{"1": 0, "1": 3}', b'{"1": NaN}', b'{"1": Infinity}', b'{"1": 2.0}', b'{"1": 1e400}', b'{"1": true}',
        b'{"1": false}', b'{"1": "2"}', b'{"1": [2]}', b'{"1": {"2": 0}}', b'{"1": 4}', b'{"1": -1}', b'{"3": 0}',
        b'{"01": 0}', b'{"q1": 0}', b'{"": 0}', b'{"1 ": 0}', b'{"\\u0661": 0}', b'{"1": ' + b"9" * 5000 + b"}",
        b"[" * 60_000, b'{"1":' * 9_000, b'{"1": 0}' + b" " * 70_000, b"x" * 1_000_000,
        b'\xff\xfe{"1": 0}', b'{"1": 0}\x00', b'{"1": "\\ud800"}', b'{"1": 0} {"2": 0}',
    ]  # fmt: skip


def test_a_bad_line_is_answered_in_one_line_and_the_next_one_is_scored():
    printed = scores("phq2", b"".join(bad + b"\n" + GOOD + b"\n" for bad in BAD_LINES))

    assert len(printed) == 2 * len(BAD_LINES)
    for bad, error, score in zip(BAD_LINES, printed[::2], printed[1::2], strict=True):
        assert list(error) == ["error"], bad[:60]
        assert "\n" not in error["error"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in error["error"])
        assert score["total"] == 3


def test_an_error_never_repeats_what_was_sent():
    for line in scores("phq2", '{"余大姐": 0}\n{"1": "我不想活了"}\n我不想活了\n'.encode()):
        assert "余" not in line["error"]
        assert "我" not in line["error"]


def test_a_last_line_without_its_end_an_empty_input_windows_lines_and_a_byte_order_mark():
    assert scores("phq2", GOOD)[0]["total"] == 3
    assert scores("phq2", b"") == []
    assert [line["total"] for line in scores("phq2", b"\xef\xbb\xbf" + GOOD + b"\r\n" + GOOD)] == [3, 3]


def test_each_line_is_answered_before_the_next_one_is_sent():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "phq2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as program:
        for _ in range(3):
            program.stdin.write(GOOD + b"\n")
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["total"] == 3
        program.stdin.close()
        assert program.wait(30) == 0


@pytest.mark.parametrize("form", ["mbi", "../phq9", "PHQ9", ""])
def test_a_form_that_we_do_not_have_ends_with_two_and_one_line(form):
    finished = run(form, GOOD)
    assert (finished.returncode, finished.stdout) == (2, b"")
    assert finished.stderr.decode("utf-8").count("\n") == 1
