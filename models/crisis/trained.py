"""The crisis reader as it runs: the rules, and beside them the model that set-up has trained, when there is one."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from models.crisis.recogniser import CrisisRecogniser, Vote
from models.crisis.rulebook import RuleBook
from models.crisis.second_reader import SecondReader
from models.learned.errors import ModelUnusable
from models.learned.tasks import trained_folder

log = logging.getLogger("xinqiao")


class TrainedReader:
    """The model of a folder, loaded when it is first asked (or by `load`), once for all threads.

    One that cannot be loaded says nothing from then on; `ready` is false, and the rules read alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ready: bool | None = None
        self._reader: SecondReader | None = None
        self._loading = threading.Lock()

    def load(self) -> None:
        """Load the model now, so that nobody waits for it later. Never raises."""
        with self._loading:
            if self.ready is not None:
                return
            try:
                self._reader = SecondReader.from_folder(self.folder)
                self.ready = True
            except (ModelUnusable, ImportError, OSError, ValueError, KeyError) as error:
                log.error("crisis reader: rules alone, the model cannot be used (%s)", type(error).__name__)
                self.ready = False

    def vote(self, text: str) -> Vote | None:
        """What the model says of a text; nothing when there is no model that can be used."""
        self.load()
        return self._reader.vote(text) if self._reader else None


def crisis_reader(rules: Path | None = None, trained: Path | None = None) -> CrisisRecogniser:
    """The reader of the shipped rules or those of a folder, with the trained model of a folder; without one, alone.

    Never refuses for the model's sake: residents are read in any case, and `CrisisRecogniser.runs_on` says by what.
    Raises `CrisisRulesError` when the rules cannot be used.
    """
    book = RuleBook.from_folder(rules) if rules else RuleBook.shipped()
    folder = trained or trained_folder("crisis")
    if not folder.is_dir():
        log.warning("crisis reader: rules alone, no model has been trained")
        return CrisisRecogniser(book)
    return CrisisRecogniser(book, TrainedReader(folder))
