"""`make bench`: what this costs, part by part. Figures are of this machine at this moment, under the load that is
printed with them: read the ratios and the counts of what was lost or came twice, not the milliseconds.

    make bench                              everything
    make bench ARGS="history"               one part of: talk, alarms, dispatch, history, reader, dialogue
    make bench ARGS="talk --at http://127.0.0.1:8300"    a running Xinqiao's talk, instead of starting one

alarms: last answer to kept ticket and to the gateway, 50 at once and 200 in a minute to one office. dispatch: notices
a second through one dispatcher and two. history: one round with a thousand to a million closed tickets behind
it. dialogue: Rasa as we set it up beside what `rasa init` sets up, with 1, 10 and 50 people talking (an hour or more
with --epochs 15). reader: the crisis reader's rules, its model and both on one core, beside an encoder of BERT-base
size.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.bench import alarms, dialogue, dispatch, history, reader, talk

PARTS = ("talk", "alarms", "dispatch", "history", "reader", "dialogue")
STORMS = ((50, 0.0, "webhook"), (200, 60.0, "webhook"), (200, 60.0, "sms"))
"""How many people, within how many seconds, and over which channel their office hears."""


def say(word: str) -> None:
    print(word, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all of them when none is named")
    parser.add_argument("--at", help="talk: measure a running Xinqiao instead of starting one")
    parser.add_argument("--turns", type=int, default=30, help="talk: of each person")
    parser.add_argument(
        "--pause", type=float, default=0.5, help="talk: seconds that each person waits between turns"
    )
    parser.add_argument("--notices", type=int, default=1000, help="dispatch: how many wait")
    parser.add_argument("--closed", type=int, nargs="+", default=[1_000, 100_000, 1_000_000], help="history")
    parser.add_argument(
        "--data", type=Path, help="reader: a JSON lines file instead of the project's own lines"
    )
    parser.add_argument("--epochs", type=int, default=1, help="dialogue: how long the default is trained")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    work: dict[str, Callable[[], Iterable[object]]] = {
        "talk": lambda: [talk.figures(chosen.at, chosen.turns, chosen.pause)],
        "alarms": lambda: (alarms.measure(*storm) for storm in STORMS),
        "dispatch": lambda: (dispatch.measure(chosen.notices, number) for number in (1, 2)),
        "history": lambda: [history.measure(chosen.closed, say)],
        "dialogue": lambda: [dialogue.measure(chosen.epochs, 200, say)],
        "reader": lambda: [reader.measure(chosen.data)],
    }
    for part in chosen.parts or PARTS:
        say(f"{part} …")
        for figures in work[part]():
            print(json.dumps({part: figures}, ensure_ascii=False, indent=2), flush=True)


if __name__ == "__main__":
    main()
