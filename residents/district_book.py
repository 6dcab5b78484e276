"""The district's tree in force: the one that was imported last, or the one that comes with the program."""

import threading
from pathlib import Path

from sqlalchemy.orm import Session

from residents.district import FOLDER, District, district_from, load_district
from storage.edition import current, newest_position


class DistrictBook:
    """Holds the tree that this process works by.

    Every process asks for a newer one as often as it likes (`refresh` costs one look at an index); between two
    looks `current` never changes in the middle of anything, because whoever needs it takes it once.
    """

    def __init__(self, code: str, folder: Path = FOLDER) -> None:
        self._current = load_district(code, folder)
        self._position = 0
        self._lock = threading.Lock()

    @property
    def current(self) -> District:
        """The tree in force, as far as this process has heard."""
        return self._current

    @property
    def subject(self) -> str:
        """Under which name its editions are kept."""
        return subject_of(self._current.code)

    def refresh(self, db: Session) -> bool:
        """Take over a tree that was imported since the last look; True when there was one.

        A kept edition that cannot be read raises `DistrictError` and leaves the tree as it was.
        """
        with self._lock:
            position = newest_position(db, self.subject)
            if position == self._position:
                return False
            edition = current(db, self.subject)
            if edition is None:
                return False
            self._current = district_from(edition.content, f"{self.subject}#{edition.digest}")
            self._position = edition.position
            return True


def subject_of(code: str) -> str:
    """The name under which the trees of a district are kept as editions."""
    return f"district:{code}"
