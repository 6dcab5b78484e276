"""How like a question is to what is known: signs and pairs of signs, weighed by two linear models.

Different words for one thing are folded first. One model tells the entries apart, one their areas, and an entry counts
for more when its area fits too; both learn, when the files are read, from the ways to ask, the words and the answer of
each entry, and from what is known elsewhere or is no question. Signs did better than jieba's words, alone and beside
them. Reading takes a few seconds, a question a few milliseconds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bot.companion.knowledge_files import NOWHERE, Pages

SHARPNESS = 8.0
"""How much a lead in the models' measure counts as sureness."""
AREA = 0.5
"""How much the area's measure counts beside the entry's own."""

_SILENT = re.compile(r"[\W_]+")
_PLACEHOLDER = re.compile(r"⟦.*?⟧")


class Likeness:
    """Ranks all that is known by how like it is to a question."""

    def __init__(self, pages: Pages) -> None:
        self._same = dict(pages.same)
        self._folded = re.compile("|".join(sorted(map(re.escape, self._same), key=len, reverse=True)))
        texts, names = zip(*self._lessons(pages), strict=True)
        areas = [pages.entries[name].area if name in pages.entries else NOWHERE for name in names]
        self._features = TfidfVectorizer(analyzer=_signs, binary=True)
        lines = self._features.fit_transform(texts)
        self._entries, self._areas = (
            LinearSVC(C=0.5, class_weight="balanced", random_state=0).fit(lines, labels)
            for labels in (names, areas)
        )
        area_of = dict(zip(names, areas, strict=True))
        place = {area: at for at, area in enumerate(self._areas.classes_)}
        self._area_at = [place[area_of[name]] for name in self._entries.classes_]

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Every id, of entries, of matters known elsewhere and `NOWHERE`, with its share of sureness; best first."""
        line = self._features.transform([self.fold(text)])
        measured = self._entries.decision_function(line)[0]
        measured = measured + AREA * self._areas.decision_function(line)[0][self._area_at]
        shares = np.exp(SHARPNESS * (measured - measured.max()))
        shares /= shares.sum()
        return [(str(self._entries.classes_[at]), float(shares[at])) for at in np.argsort(-shares)]

    def fold(self, text: str) -> str:
        """The text without its marks, each word that has another name under its first."""
        plain = _SILENT.sub("", unicodedata.normalize("NFKC", text).lower())
        return self._folded.sub(lambda found: self._same[found[0]], plain)

    def _lessons(self, pages: Pages) -> Iterator[tuple[str, str]]:
        for entry in pages.entries.values():
            yield from ((self.fold(ask), entry.id) for ask in entry.asks)
            yield self.fold(_PLACEHOLDER.sub("", "".join(entry.answer))), entry.id
            yield " ".join(map(self.fold, entry.words)), entry.id
        for matter in pages.elsewhere.values():
            yield from ((self.fold(ask), matter.id) for ask in matter.asks)
        yield from ((self.fold(line), NOWHERE) for line in pages.talk)


def _signs(text: str) -> list[str]:
    """Each sign and each pair of neighbours, never across a blank."""
    parts = text.split(" ")
    return [sign for part in parts for sign in part] + [
        part[at : at + 2] for part in parts for at in range(len(part) - 1)
    ]
