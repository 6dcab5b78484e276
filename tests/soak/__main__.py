"""`make soak`: what takes long. Each part ends with a table of counts, and non-zero when anybody was lost.

make soak ARGS="--minutes 30 --people 20"     R03: programs are killed at random
make soak ARGS="mixed --old REVISION"         O02: the last release's application beside the new jobs, and the reverse
make soak ARGS="scale"                        a million residents: how long a page's request takes
python -m tests.soak.long_chat                M06: chats of 200 turns
"""

import argparse
import sys

from tests.soak import kills, mixed, scale


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="?", default="kills", choices=["kills", "mixed", "scale"])
    parser.add_argument("--minutes", type=float, help="30; of each pair when mixed: 5")
    parser.add_argument("--people", type=int, default=20, help="at any time")
    parser.add_argument("--severe", type=float, default=0.3, help="the share of those who are in danger")
    parser.add_argument("--gap", type=float, nargs=2, default=(5.0, 20.0), help="seconds between two kills")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--old", metavar="REVISION", help="mixed: the release before this one")
    parser.add_argument("--residents", type=int, default=1_000_000, help="scale")
    parser.add_argument("--tickets", type=int, default=100_000, help="scale")
    parser.add_argument("--open", type=int, default=1_500, help="scale: of the tickets")
    parser.add_argument("--requests", type=int, default=40, help="scale: of each page")
    chosen = parser.parse_args()
    if chosen.part == "scale":
        sys.exit(scale.measure(scale.Size(chosen.residents, chosen.tickets, chosen.open, chosen.requests)))
    minutes = chosen.minutes or (5.0 if chosen.part == "mixed" else 30.0)
    plan = kills.Plan(minutes, chosen.people, chosen.severe, tuple(chosen.gap), chosen.seed)
    if chosen.part == "mixed":
        if not chosen.old:
            parser.error("mixed: --old names the revision of the release before this one")
        sys.exit(mixed.soak(plan, chosen.old))
    sys.exit(kills.soak(plan))


if __name__ == "__main__":
    main()
