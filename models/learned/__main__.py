"""`python -m models.learned train TASK [--data FILE.jsonl] [--out FOLDER]` and `… finetune --encoder FOLDER …`."""

from __future__ import annotations

import sys

from models.learned.command_line import main

if __name__ == "__main__":
    sys.exit(main())
