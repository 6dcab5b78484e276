"""`xinqiao score`: other programs are built on these forms, so they are tested as those programs see them."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from assessments.library import Library
from escalation.level_policy import read_level_policy
from server.commands.score import score_line
from tests.assessments.golden_vectors import Vector, vectors

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = yaml.safe_load(Path(__file__).with_name("golden.yml").read_text("utf-8"))
PROGRAM = "import typer; from server.commands.score import score; typer.run(score)"
KEYS = ["instrument", "version", "total", "subscales", "band", "critical", "missing", "level"]
LIBRARY = Library.from_files()
POLICY = read_level_policy()
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


FLAGS = {"phq9": ["flags"]}


@pytest.mark.parametrize("form", GOLDEN)
def test_golden_vectors_come_out_as_other_programs_read_them(form):
    printed = scores(form, "\n".join(as_line(vector[0]) for vector in GOLDEN[form]).encode())

    assert len(printed) == len(GOLDEN[form])
    for (written, total, band, critical, level), line in zip(GOLDEN[form], printed, strict=True):
        assert [key for key in line if key not in FLAGS.get(form, [])] == KEYS
        assert (line["instrument"], line["version"], line["subscales"]) == (
            form,
            "2" if form == "phq9" else "1",
            {},
        )
        assert (line["total"], line["band"], line["critical"], line["level"]) == (
            total,
            band,
            critical,
            level,
        ), written
        assert (line["missing"] != []) == (total is None)


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: f"{vector.form}: {vector.written}")
def test_every_form_is_printed_as_its_golden_vectors_say(vector: Vector):
    form = LIBRARY.to_score(vector.form)
    line = score_line(json.dumps(vector.printed).encode(), form, POLICY)

    if vector.error:
        assert list(line) == ["error"]
        return
    expected = vector.expected if not vector.missing else {"total": None, "band": None, "level": None}
    assert (line["total"], line["band"], line["level"]) == tuple(
        expected[key] for key in ("total", "band", "level")
    )
    assert line["critical"] == vector.listed("critical")
    assert line["missing"] == vector.missing
    assert line.get("attention", []) == vector.listed("attention")
    assert {name: line["subscales"][name] for name in vector.subscales} == vector.subscales
    for name, value in vector.expected.get("flags", {}).items():
        assert line["flags"][name] is value, name
    if "standard_score" in line:
        assert line["standard_score"] == vector.expected.get("standard_score")


def test_the_fields_that_only_some_forms_have_stand_in_their_places():
    (who5,) = scores("who5", b'{"1": 5, "2": 5, "3": 5, "4": 5, "5": 5}')
    assert list(who5) == [
        "instrument", "version", "total", "standard_score", "subscales", "band", "flags", "critical", "missing",
        "level",
    ]  # fmt: skip
    (asked,) = scores("gds15", b'{"12": 1}')
    assert (asked["attention"], asked["flags"], asked["total"]) == (["12"], {}, None)
    (nobody,) = scores("scl90", json.dumps({str(n): 1 for n in range(1, 91)}).encode())
    assert nobody["subscales"]["positive_mean"] is None


def test_every_form_of_the_published_list_is_known():
    ids = (
        "phq2 phq4 phq9 phq_a gad2 gad7 phq15 asq cssrs_screener gds15 k6 k10 who5 cesd srq20 pcl5 audit audit_c "
        "cbi scl90 sds sas epds psqi isi ais pss10 sdq_self mssmhs"
    )
    assert {form.id for form in LIBRARY.every()} == set(ids.split())


NIGHT = {"1": "23:00", "2": 10, "3": "07:00", "4": 8, **{f"5{n}": 0 for n in "abcdefghij"}} | {
    n: 0 for n in "6789"
}
TIMES_REFUSED = [
    ("1", 2300), ("1", "11pm"), ("1", "23.00"), ("1", " 23:00"), ("1", "٢٣:00"), ("1", 23.5), ("1", True),
    ("2", "10"), ("2", 10.0), ("2", -1), ("2", 1441), ("2", True), ("4", "7"), ("4", "7:00"), ("4", -0.5),
    ("4", 24.5), ("4", True), ("4", [7]), ("4", 10**400), ("6", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("number", "value"), TIMES_REFUSED)
def test_a_time_that_is_not_written_as_the_form_prints_it_is_refused_and_not_repeated(number, value):
    line = score_line(json.dumps(NIGHT | {number: value}).encode(), LIBRARY.to_score("psqi"), POLICY)
    assert list(line) == ["error"]
    assert line["error"].startswith(f"第 {number} 题")
    assert str(value) not in line["error"].replace("22:30", "").replace("7 或 6.5", "")


@pytest.mark.parametrize(
    ("hours", "points"),
    [
        ("7", 0),
        ("7.0", 0),
        ("6.999999999999999", 1),
        ("6.9999", 1),
        ("6." + "9" * 60, 1),
        ("5e0", 2),
        ("1e-999999999", 3),
        ("0", 3),
    ],
)
def test_hours_are_taken_exactly_and_never_rounded_up(hours, points):
    line = json.dumps(NIGHT).replace('"4": 8', f'"4": {hours}').encode()
    assert score_line(line, LIBRARY.to_score("psqi"), POLICY)["subscales"]["duration"] == points


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


def test_memory_stays_the_same_however_many_lines_come():
    lines = (json.dumps({str(n): n % 4 for n in range(1, 10)}) + "\n").encode() * 1000
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "phq9"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as program:
        held = []
        for _ in range(20):
            writer = threading.Thread(target=program.stdin.write, args=(lines,))
            writer.start()
            for _ in range(1000):
                assert program.stdout.readline()
            writer.join()
            held.append(resident_kilobytes(program.pid))
        program.stdin.close()
        assert program.wait(30) == 0
    assert held[-1] - held[1] < 1024


def resident_kilobytes(pid: int) -> int:
    """How much memory a process holds, as Linux counts it."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
