"""M06 whole: chats of 200 turns with danger in turn 5, 100 and 195, ten sentences each; every reaction the same.

    .venv/bin/python -m tests.soak.long_chat [--turns 200]

With a stub model beside the script; takes about ten minutes.
"""

import argparse
import logging
import random
import sys
import tempfile
from pathlib import Path

from storage.database import Database
from storage.vault import Keyring, Vault
from tests.models.counsellor.scene import counselled_town
from tests.personas.conftest import GOOD
from tests.personas.long_chat import DANGER, after
from tests.support.clock import MovableClock
from tests.support.postgres import server


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=200)
    turns = parser.parse_args().turns
    logging.getLogger("xinqiao").setLevel(logging.ERROR)
    moments, chance, different = (5, turns // 2, turns - 5), random.Random(3), 0
    with server() as postgres, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        database = Database(postgres.url(postgres.new_database()), Vault(Keyring.create(home / "keys.json")))
        with counselled_town(
            database, MovableClock(), home, lambda _: chance.choice(GOOD)
        ) as (town, stub):  # fmt: skip
            for level, sentences in DANGER.items():
                for number, words in enumerate(sentences, start=1):
                    found = [after(town, moment, words) for moment in moments]
                    same = len(set(found)) == 1 and found[0].card
                    different += not same
                    levels = ", ".join(sorted({one.level for one in found}))
                    print(f"{level} {number}: {'same' if same else 'DIFFERENT'} ({levels})", flush=True)
            print(f"the model was asked {len(stub.asked)} times")
        database.close()
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
