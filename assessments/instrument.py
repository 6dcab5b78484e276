"""What a questionnaire is: items, options, rules, bands. Values only; nothing here reads a file or a clock."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from assessments.errors import AnswerNotOffered, UnknownItem

Answers = Mapping[str, int | None]
"""Answers by item id; `None` is a question that was shown and that the resident did not want to answer."""

Wording = Literal["shipped", "licensed", "pending", "skeleton"]
Unit = Literal["clock", "minutes", "hours"]
Way = Literal["sum", "mean", "count", "percent"]
Recode = tuple[tuple[int, int], ...]
"""Pairs (from, points), rising: a value gets the points of the last start that it reaches."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that the form offers, with the value printed on the published form.

    `label` is empty as long as the wording is missing. `key` is how other programs write it (`male`), if not
    by its value.
    """

    value: int
    label: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """An answer that is a time and not an option, kept as a whole number from `lowest` to `highest`.

    `clock`: minutes after midnight, printed `22:30`. `minutes`: minutes. `hours`: seconds, printed in hours (7 or
    6.5), so that whatever is computed from them stays exact.
    """

    unit: Unit
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Critical:
    """From which value an answer counts at once, why, and what the resident is told at that moment."""

    at_least: int
    reason: str
    say: str
    refusal_counts: bool = False


@dataclass(frozen=True, slots=True)
class Attention:
    """From which value a worker should read this answer, and why. It starts nothing by itself."""

    at_least: int
    reason: str


@dataclass(frozen=True, slots=True)
class AskedAfter:
    """The item is asked only when one of `items` was answered at least so, or was refused."""

    items: tuple[str, ...]
    at_least: int


@dataclass(frozen=True, slots=True)
class OnlyFor:
    """The item is meant for those only who gave this answer to another (women). Nobody else's counts."""

    item: str
    value: int


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `number` is the one printed on the published form; `text` is empty while it is missing.

    `reverse` turns the points round; `recode` turns values into points. An item that is not `scored` adds no
    points; one that is not `needed` may be left out of a complete set.
    """

    id: str
    number: str
    text: str
    options: tuple[Option, ...]
    critical: Critical | None = None
    asked_after: AskedAfter | None = None
    only_for: OnlyFor | None = None
    attention: Attention | None = None
    reverse: bool = False
    recode: Recode = ()
    scored: bool = True
    needed: bool = True
    measured: Measured | None = None
    keys: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _values: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys = {option.key: option.value for option in self.options if option.key is not None}
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "_values", frozenset(option.value for option in self.options))

    def offers(self, value: object) -> bool:
        """Whether the form offers this value; `True`, `2.0` and `"2"` are not values of a form."""
        if type(value) is not int:
            return False
        if self.measured is not None:
            return self.measured.lowest <= value <= self.measured.highest
        return value in self._values

    def label(self, value: int) -> str:
        """The words of one option; refuses a value that is not offered."""
        for option in self.options:
            if self.offers(value) and option.value == value:
                return option.label
        raise AnswerNotOffered(self.number, value)

    def is_critical(self, value: int | None) -> bool:
        """Whether this answer, by itself and whatever the total, must be acted on at once."""
        if self.critical is None:
            return False
        if value is None:
            return self.critical.refusal_counts
        return value >= self.critical.at_least

    def points(self, value: int) -> int:
        """What an offered answer adds: its value, turned round or recoded where the key says so."""
        if self.recode:
            return recoded(self.recode, value)
        return self.lowest + self.highest - value if self.reverse else value

    @property
    def lowest(self) -> int:
        """The lowest value that the form offers."""
        return self.measured.lowest if self.measured else min(option.value for option in self.options)

    @property
    def highest(self) -> int:
        """The highest value that the form offers."""
        return self.measured.highest if self.measured else max(option.value for option in self.options)

    @property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest points."""
        if self.recode:
            points = [points for _, points in self.recode]
            return min(points), max(points)
        return self.lowest, self.highest

    @property
    def worded(self) -> bool:
        """Whether there is wording to show: the question and each of its options."""
        return bool(self.text) and all(option.label for option in self.options)


@dataclass(frozen=True, slots=True)
class ItemsReach:
    """At least `how_many` of `items` were answered from `at_least` to `at_most`, by the values of the form."""

    items: tuple[str, ...]
    at_least: int
    at_most: int | None = None
    how_many: int = 1


@dataclass(frozen=True, slots=True)
class MeasureReaches:
    """One of `measures` (`total`, `standard_score`, a subscale) lies between the ends; an undefined one never does."""

    measures: tuple[str, ...]
    at_least: int | Fraction | None = None
    at_most: int | Fraction | None = None

    def reached_by(self, value: int | Fraction | None) -> bool:
        """Whether a figure lies between the ends, both included."""
        if value is None or (self.at_least is not None and value < self.at_least):
            return False
        return self.at_most is None or value <= self.at_most


@dataclass(frozen=True, slots=True)
class FlagStands:
    """A flag that stands earlier in the file is set."""

    flag: str


@dataclass(frozen=True, slots=True)
class Some:
    """At least `how_many` of the conditions hold."""

    of: tuple["Condition", ...]
    how_many: int


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    of: "Condition"


Condition = ItemsReach | MeasureReaches | FlagStands | Some | Not


@dataclass(frozen=True, slots=True)
class Subscale:
    """A figure beside the total: over `items`, those only whose points lie between the ends, recoded at last.

    `percent` is the share of time asleep (`items[0]`) of the time from `items[1]` to `items[2]`, across midnight.
    """

    id: str
    name: str
    way: Way
    items: tuple[str, ...]
    at_least: int | None = None
    at_most: int | None = None
    recode: Recode = ()

    @property
    def picks(self) -> bool:
        """Whether it is over some of its items only, by their points."""
        return self.at_least is not None or self.at_most is not None


@dataclass(frozen=True, slots=True)
class Flag:
    """A second result with a name: a published rule beside the total, or the cut-off in force."""

    id: str
    name: str
    when: Condition


@dataclass(frozen=True, slots=True)
class Band:
    """From `start` on (of the measure that the bands are on), or wherever `when` holds; neither: whatever is left.

    Bands stand from the mildest to the most serious; the last one that fits is the result.
    """

    start: int | None
    id: str
    name: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class CutOff:
    """The cut-off in force, and which others the literature knows, each with its source."""

    measure: str
    at: int
    at_most: bool
    choices: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Norm:
    """Mean and standard deviation of one measure in the sample that `Norms` names."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class Norms:
    """A published sample to compare with; never a rule."""

    source: str
    sample: str
    year: int
    of: Mapping[str, Norm]
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Published reliability: internal consistency or retest, with its source, for the reliable change."""

    source: str
    alpha: float | None = None
    retest: float | None = None


@dataclass(frozen=True, slots=True)
class Licence:
    """Who holds which permission for wording that a district has added, and when somebody checked it."""

    holder: str
    statement: str
    checked_on: str


@dataclass(frozen=True, slots=True)
class Scoring:
    """How points become results. `total_of` is `None` for the sum of all points, empty for no total at all."""

    total_of: tuple[str, ...] | None = None
    times: Fraction | None = None
    bands_on: Literal["total", "standard_score"] = "total"
    high_is_good: bool = False
    subscales: tuple[Subscale, ...] = ()

    @property
    def has_total(self) -> bool:
        """Whether the form has a total; several means and no total is a result, too."""
        return self.total_of != ()


@dataclass(frozen=True, slots=True)
class Extra:
    """A question printed after the form that is never scored, asked when a condition on the score holds."""

    item: Item
    asked_when: Condition


@dataclass(frozen=True, slots=True)
class Instrument:
    """One version of one questionnaire.

    `contradictions`: answers that hardly go together, a sign to look again. `event_first`: it may be asked only after
    the resident has named the event that its questions speak of. `result_for`: who is shown what came of it.
    """

    id: str
    version: str
    title: str
    intro: str
    timeframe: str
    minutes: int
    items: tuple[Item, ...]
    bands: tuple[Band, ...]
    source: str
    rights: str
    setting: str
    checked_on: str
    translation: Literal["published", "own", "none"]
    content_hash: str
    wording: Wording = "shipped"
    scoring: Scoring = Scoring()
    flags: tuple[Flag, ...] = ()
    extras: tuple[Extra, ...] = ()
    cut_off: CutOff | None = None
    norms: Norms | None = None
    reliability: Reliability | None = None
    other_numbers: tuple[str, ...] = ()
    licence: Licence | None = None
    notes: str = ""
    contradictions: tuple[Flag, ...] = ()
    event_first: bool = False
    result_for: Literal["resident", "staff"] = "resident"
    _by_id: dict[str, Item] = field(init=False, repr=False, compare=False)
    by_number: Mapping[str, Item] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        asked = [*self.items, *(extra.item for extra in self.extras)]
        object.__setattr__(self, "_by_id", {item.id: item for item in asked})
        object.__setattr__(self, "by_number", {item.number: item for item in asked})

    def item(self, item_id: str) -> Item:
        """The item of this id, an extra one too; raises `UnknownItem`."""
        try:
            return self._by_id[item_id]
        except (KeyError, TypeError):
            raise UnknownItem(self.id) from None

    def item_numbered(self, number: str) -> Item:
        """The item of this number on the published form; raises `UnknownItem`."""
        try:
            return self.by_number[number]
        except (KeyError, TypeError):
            raise UnknownItem(self.id) from None

    def applies(self, item: Item, answers: Answers) -> bool:
        """Whether the form asks this item after these answers. What was answered always counts.

        A refusal of a question that was not called for is a gap like any other that the form allows, unless its
        refusal counts by itself. A question for some people only applies to those who are, or would not say; where
        nobody asked, to those who were shown it.
        """
        if item.only_for is not None:
            if item.only_for.item not in answers:
                return item.id in answers
            return answers[item.only_for.item] in (None, item.only_for.value)
        if item.asked_after is None:
            return True
        if item.id in answers and (answers[item.id] is not None or item.is_critical(None)):
            return True
        return any(
            self._calls(before, item.asked_after.at_least, answers) for before in item.asked_after.items
        )

    def _calls(self, before: str, at_least: int, answers: Answers) -> bool:
        """Whether this answer calls for what comes after it: it is so, or was refused when it was called for itself."""
        if before not in answers:
            return False
        value = answers[before]
        return self.applies(self.item(before), answers) if value is None else value >= at_least

    def next_item(self, answers: Answers) -> Item | None:
        """The first item, in the order of the form, that still has to be shown; `None` when all were."""
        for item in self.items:
            if item.id not in answers and self.applies(item, answers):
                return item
        return None

    @property
    def may_be_asked(self) -> bool:
        """Whether a resident may be shown this form: its wording is here and may be used here."""
        return self.wording in ("shipped", "licensed")

    @property
    def highest_total(self) -> int:
        """The greatest total that the form allows; 0 when it has none."""
        return self._end_of_total(1)

    @property
    def lowest_total(self) -> int:
        """The smallest total that the form allows; 0 when it has none."""
        return self._end_of_total(0)

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of all figures that a complete set gives."""
        named = ["total"] if self.scoring.has_total else []
        named += ["standard_score"] if self.scoring.times is not None else []
        return (*named, *(subscale.id for subscale in self.scoring.subscales))

    def _end_of_total(self, end: int) -> int:
        if self.scoring.total_of is None:
            return sum(item.span[end] for item in self.items if item.scored)
        parts = (scale for scale in self.scoring.subscales if scale.id in self.scoring.total_of)
        return sum(self._span(scale)[end] for scale in parts)

    def _span(self, scale: Subscale) -> tuple[int, int]:
        """The lowest and the highest value of a subscale that is part of a total."""
        if scale.recode:
            points = [points for _, points in scale.recode]
            return min(points), max(points)
        spans = [self.item(item).span for item in scale.items]
        return sum(low for low, _ in spans), sum(high for _, high in spans)


def recoded(recode: Recode, value: int | Fraction) -> int:
    """The points of the last start that this value reaches; values below the first get its points."""
    points = recode[0][1]
    for start, of_start in recode:
        if value >= start:
            points = of_start
    return points


def conditions_in(condition: Condition) -> Iterator[Condition]:
    """The condition and all that it is made of."""
    yield condition
    if isinstance(condition, Some):
        for part in condition.of:
            yield from conditions_in(part)
    elif isinstance(condition, Not):
        yield from conditions_in(condition.of)


def holds(
    condition: Condition,
    answers: Mapping[str, int],
    measure: Callable[[str], Fraction | int | None],
    flags: Mapping[str, bool],
) -> bool:
    """Whether a condition holds for these answers, figures and flags."""
    if isinstance(condition, ItemsReach):
        low, high = condition.at_least, condition.at_most
        reached = 0
        for item in condition.items:
            value = answers.get(item)
            if value is not None and value >= low and (high is None or value <= high):
                reached += 1
        return reached >= condition.how_many
    if isinstance(condition, MeasureReaches):
        return any(condition.reached_by(measure(name)) for name in condition.measures)
    if isinstance(condition, FlagStands):
        return flags[condition.flag]
    if isinstance(condition, Some):
        return sum(holds(part, answers, measure, flags) for part in condition.of) >= condition.how_many
    return not holds(condition.of, answers, measure, flags)
