"""The README's pictures, from the last run of the stories in the browser.

make test ARGS=tests/stories_browser && .venv/bin/python -m tests.support.pictures
"""

import shutil
import sys

from server.settings import ROOT
from tests.support.browser import Shots

WANTED = {
    "phone-first-screen": "yu_dajie/*-phone-first-screen.png",
    "phone-chat": "yu_dajie/*-phone-chat.png",
    "phone-question": "yu_dajie/*-phone-question.png",
    "phone-danger-and-contact": "yu_dajie/*-phone-red-and-contact.png",
    "phone-result": "yu_dajie/*-phone-result.png",
    "phone-progress": "yu_dajie/*-phone-progress.png",
    "kiosk-attract": "three_doors/*-kiosk-attract.png",
    "console-list": "yu_dajie/*-desk-list.png",
    "console-ticket": "yu_dajie/*-desk-ticket.png",
}
LARGEST = 300_000


def main() -> int:
    """Copy them to docs/pictures; says which one is missing or too large."""
    shots, pictures = Shots().folder, ROOT / "docs" / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    trouble = 0
    for name, pattern in WANTED.items():
        found = sorted(shots.glob(pattern))
        if len(found) != 1 or found[0].stat().st_size > LARGEST:
            print(f"{name}: {[f'{one.name} {one.stat().st_size}' for one in found] or 'not taken yet'}")
            trouble = 1
            continue
        shutil.copyfile(found[0], pictures / f"{name}.png")
    return trouble


if __name__ == "__main__":
    sys.exit(main())
