"""The instruments of this installation, read from YAML files that a clinician can read.

**The vocabulary.** One file `<id>.yml` for each form; a key that is not listed here is refused. Ids are what we call
an item, `number` is what the published form prints. `A | B` is a choice, `?` may be left out.

    id, version, title, intro, timeframe, minutes, source, rights, setting, checked_on (a date), notes?
    wording?:      shipped (default) | pending | skeleton      `licensed` is what a district's text makes of a skeleton
    translation:   published (with two wording_compared) | own | none (pending and skeleton)
    options?:      [{value: 0, label: 完全不会}, …]            for every item without its own; label may be missing
                                                               in pending and skeleton; key? is another way to write
                                                               the answer, as `male`
    items:
      - id: q1
        number: "1"
        text: …                          missing or null in pending and skeleton
        options?: […]                    its own (AUDIT 9 and 10: 0, 2, 4)
        input?: clock | minutes | hours  a time instead of options (PSQI 1 to 4), kept as minutes after midnight,
                                         minutes, seconds
        reverse?: true                   points = lowest + highest − value
        recode?: {0: 0, 16: 1, 31: 2}    points by the last start that the value reaches; for hours in hours
        scored?: false                   adds no points, and may then be left out (PHQ-A s1)
        needed?: true | false            whether the set is incomplete without it (default: as scored)
        asked_after?: {items: [q1], at_least: 1}    only asked when one of them was so, or refused
        only_for?: {item: sex, is: female}          for these only: nobody else's counts; where the sex is not known, a
                                         set without it is complete, one that refused it is not (PHQ-15)
        critical?: {at_least, reason, say, refusal_counts?}   acted on at once; the policy of levels must know it
        attention?: {at_least, reason}   a worker should read it
    extras?: [item with asked_when: CONDITION]      printed after the form, never scored (PHQ-9's tenth question)
    scoring?:
      total?: sum (default) | none | [subscale ids]           C-SSRS has none; PSQI adds its components
      standard_score?: {times: 1.25}                          the whole-number part of total × times
      bands_on?: total (default) | standard_score
      high_is_good?: true
      subscales?: [{id, name, sum | mean | count: [item ids] or all, at_least?, at_most?, recode?}, …]
                                         at_least and at_most pick the items by their points; a mean of none is
                                         undefined. {percent: {asleep, from, to}} is sleep efficiency, not rounded
    flags?: [{id, name, when: CONDITION}]                     second results (PCL-5's clusters)
    cut_off?: {measure, at_least | at_most, choices: {5: 出处, 8: 出处}}     becomes the flag `cut_off`; a district
                                         chooses another of the choices in its `cut_offs.yml`
    bands: [{id, name, from: 0 | when: CONDITION}]            mildest first; the last one that fits is the result.
                                         Without from and when, the first one is whatever is left
    norms?: {source, sample, year, of: {measure: {mean, sd}}, notes?}        to compare with, never a rule
    reliability?: {source, alpha?, retest?}
    contradictions?: [{id, name, when: CONDITION}]          answers that hardly go together, over items that are not
                                         critical: a worker reads `name` as a doubt about the answers, never as lying
    event_first?: true                   asked only after the resident has named the event that it speaks of
    result_for?: resident (default) | staff                 who is shown what came of it
    other_numbers?: ["1a", "1b", …]      another printed numbering of the same items, in order (ISI)

CONDITION is one of
    {items: [q4, q5], at_least: 1, at_most?: 1, how_many?: 1}     by printed values
    {item: sex, is: male}
    {measure: total | standard_score | subscale id | [several], at_least? , at_most?}
    {flag: id}      {all: [CONDITION, …]}      {any: [CONDITION, …], how_many?: 1}      {not: CONDITION}

The order of a form's items is the order in which they are asked. How a text file completes a skeleton stands in
`assessments/wording.py` and in `instruments/README.md`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from assessments.errors import LibraryError, UnknownInstrument
from assessments.instrument import Instrument
from assessments.instrument_file import content_hash, instrument_from, instrument_of, problems_of
from assessments.reading import Document, StrictLoader, document, file_text, read_yaml, yaml_from
from assessments.wording import District

__all__ = [
    "FOLDER", "Library", "StrictLoader", "content_hash", "instrument_from", "problems_in", "read_instrument",
    "read_yaml", "yaml_from",
]  # fmt: skip

FOLDER = Path(__file__).parent / "instruments"


class Library:
    """Instruments by id. Built once; what it holds has been checked, field by field.

    As a mapping it holds only what a resident may be asked. A form without its wording is only scored: `to_score`
    and `every` know it, and nothing that asks questions can come upon it.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], editions: Mapping[str, str] | None = None
    ) -> None:
        self._every = dict(instruments)
        self._asked = {key: form for key, form in self._every.items() if form.may_be_asked}
        self._editions = dict(editions or {})

    @classmethod
    def from_files(cls, folder: Path = FOLDER, texts: Path | None = None) -> "Library":
        """Read every `*.yml` below `folder`, completed by a district's folder of `texts`.

        Raises `LibraryError` naming the file, the line and the field.
        """
        district = District(texts) if texts is not None else None
        instruments: dict[str, Instrument] = {}
        editions: dict[str, str] = {}
        for path in sorted(folder.rglob("*.yml")):
            text = file_text(path)
            found = document(text, path.name)
            instrument = instrument_of(found)
            if instrument.id in instruments:
                raise found.problem("id", f"{instrument.id} 已经在另一个文件里用过")
            if path.stem != instrument.id:
                raise found.problem("id", "文件名必须和 id 相同")
            made = district.completed(found) if district is not None else found
            if made is not found:
                instrument, text = instrument_of(made), _text_of(made)
            instruments[instrument.id] = instrument
            editions[instrument.id] = text
        if district is not None and (strangers := district.strangers(set(instruments))):
            raise strangers[0]
        return cls(instruments, editions)

    def to_score(self, instrument_id: str) -> Instrument:
        """The form of this id for scoring, with or without wording; raises `UnknownInstrument`."""
        try:
            return self._every[instrument_id]
        except KeyError:
            raise UnknownInstrument(instrument_id) from None

    def every(self) -> tuple[Instrument, ...]:
        """All forms, those without wording too."""
        return tuple(self._every.values())

    def editions(self) -> dict[str, str]:
        """The text of each form by its id, whole in itself: `instrument_from` makes the same form of it again.

        Kept with what was answered, it lets an old answer set be scored as it was.
        """
        return dict(self._editions)

    def __getitem__(self, instrument_id: str) -> Instrument:
        try:
            return self._asked[instrument_id]
        except KeyError:
            raise UnknownInstrument(instrument_id) from None

    def __contains__(self, instrument_id: object) -> bool:
        return instrument_id in self._asked

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._asked.values())

    def __len__(self) -> int:
        return len(self._asked)


def read_instrument(path: Path) -> Instrument:
    """One instrument from one file; raises `LibraryError` naming the field that is wrong."""
    return instrument_from(file_text(path), path.name)


def problems_in(folder: Path = FOLDER, texts: Path | None = None) -> tuple[LibraryError, ...]:
    """Everything that is wrong in a folder of forms and a district's folder of texts; empty when all can be used."""
    problems: list[LibraryError] = []
    found: dict[str, Document] = {}
    for path in sorted(folder.rglob("*.yml")):
        try:
            read = document(file_text(path), path.name)
        except LibraryError as error:
            problems.append(error)
            continue
        wrong = problems_of(read)
        problems.extend(wrong)
        if wrong:
            continue
        if read.data["id"] in found:
            problems.append(read.problem("id", f"{read.data['id']} 已经在另一个文件里用过"))
        elif path.stem != read.data["id"]:
            problems.append(read.problem("id", "文件名必须和 id 相同"))
        found[read.data["id"]] = read
    if texts is not None:
        problems.extend(_problems_of_texts(texts, found))
    return tuple(problems)


def _problems_of_texts(texts: Path, found: Mapping[str, Document]) -> Iterator[LibraryError]:
    try:
        district = District(texts)
    except LibraryError as error:
        yield error
        return
    for form in found.values():
        try:
            district.completed(form)
        except LibraryError as error:
            yield error
    yield from district.strangers(set(found))


def _text_of(made: Document) -> str:
    return yaml.safe_dump(made.data, allow_unicode=True, sort_keys=False, width=1000)
