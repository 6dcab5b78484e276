"""What a message is about, as it runs: the models that set-up has trained, or silence."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from models.context.reader import Context, ContextReader
from models.learned.errors import CorpusError, ModelUnusable
from models.learned.tasks import TRAINED

log = logging.getLogger("xinqiao")
SURE = 0.8
"""From this probability on an event may change what happens to somebody; to speak of it, less is enough."""


class LifeReader:
    """Names the feeling, the topics and the life events of a message, and never raises.

    Until `load` has been called, and where there is no model that can be used, it names none: a life event makes a low
    level one step higher at most, and nobody waits for it.
    """

    def __init__(self, folder: Path = TRAINED) -> None:
        self.folder = folder
        self._reader: ContextReader | None = None
        self._tried = False
        self._loading = threading.Lock()

    def load(self) -> None:
        """Load the model now, once for all threads."""
        with self._loading:
            if self._tried:
                return
            self._tried = True
            try:
                self._reader = ContextReader.from_folder(self.folder)
            except (ModelUnusable, CorpusError, ImportError, OSError, ValueError, KeyError) as error:
                log.warning(
                    "feelings, topics and life events: none are read, the model cannot be used (%s)",
                    type(error).__name__,
                )

    def events(self, text: str) -> tuple[str, ...]:
        """The labels of `labels.yml` that the message tells of, the most probable first."""
        reader = self._reader
        return tuple(f.label for f in reader.events(text) if f.probability >= SURE) if reader else ()

    def read(self, text: str) -> Context:
        """Feeling, topics and life events, as far as they are sure; nothing before `load`."""
        reader = self._reader
        return reader.read(text) if reader else Context()
