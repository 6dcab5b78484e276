"""`python -m models.context`: measure the trained models on held-out lines; `--card` writes the tables of a card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.context.measure import into_card, measure, told
from models.context.reader import ContextReader
from models.learned.errors import CorpusError, ModelUnusable
from models.learned.tasks import TRAINED


def main() -> int:
    """Print the figures; with `--card`, put them into that file too. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m models.context", description="Measure the context reader."
    )
    parser.add_argument(
        "--trained", type=Path, default=TRAINED, help="the folder of the three trained models"
    )
    parser.add_argument("--card", type=Path, help="a card whose figures are to be replaced")
    chosen = parser.parse_args()
    try:
        tables = told(measure(ContextReader.from_folder(chosen.trained)))
        if chosen.card:
            written = into_card(chosen.card.read_text(encoding="utf-8"), tables)
            chosen.card.write_text(written, encoding="utf-8")
    except (CorpusError, ModelUnusable, OSError, ValueError) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    print(tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
