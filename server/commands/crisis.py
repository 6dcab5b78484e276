"""`xinqiao crisis`: reads texts, one per line, and prints what the crisis reader says of each."""

from __future__ import annotations

import json
import sys
from typing import BinaryIO

from models.crisis.recogniser import CrisisRecogniser, Reading
from models.crisis.trained import crisis_reader


def as_json(reading: Reading) -> str:
    """One line of output: the level and the reasons, without the words themselves."""
    reasons = [
        {"rule": r.rule, "category": r.category, "start": r.start, "end": r.end, "whose": r.whose}
        for r in reading.reasons
    ]
    return json.dumps({"level": reading.level, "reasons": reasons}, ensure_ascii=True)


def read_lines(lines: BinaryIO, out: BinaryIO, reader: CrisisRecogniser) -> None:
    """Answer each line in order, flushed at once; no line ends the program.

    Bytes that are no UTF-8 are read around, and as GB 18030 too; the higher level counts. A reader that
    fails on a line has not said "none": the line is answered with elevated and the reason `input.failed`.
    """
    for raw in lines:
        line = raw.rstrip(b"\r\n")
        try:
            answer = as_json(_read(line, reader))
        except Exception:
            failed = {
                "rule": "input.failed",
                "category": "unread",
                "start": 0,
                "end": len(line),
                "whose": "self",
            }
            answer = json.dumps({"level": "elevated", "reasons": [failed]})
        out.write(answer.encode("ascii") + b"\n")
        out.flush()


def _read(line: bytes, reader: CrisisRecogniser) -> Reading:
    try:
        return reader.read(line.decode("utf-8"))
    except UnicodeDecodeError:
        reading = reader.read(line.decode("utf-8", errors="surrogateescape"))
    try:
        other = reader.read(line.decode("gb18030"))
    except UnicodeDecodeError:
        return reading
    levels = ("none", "elevated", "crisis")
    return max(reading, other, key=lambda each: levels.index(each.level))


def crisis() -> None:
    """Read texts on standard input, one per line; print {"level", "reasons"} as one JSON object per line."""
    read_lines(sys.stdin.buffer, sys.stdout.buffer, crisis_reader())
