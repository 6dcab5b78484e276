"""What may be said about a group, so that nobody in it can be found by subtracting.

The rule, for one table of counts by level:

1. The levels have one fixed ladder of groupings (`LADDER`), each made from the one before by merging two neighbours.
   What is published is the finest grouping in which every cell counts at least `LEAST` people; else only the total;
   below `LEAST` in all, nothing. No cell is left blank beside others: what would have been hidden lies inside a merged
   cell that counts `LEAST` itself. So does its complement, which is the sum of the other cells, or nobody.
2. A place publishes once for each campaign, after its last day, of screenings that belong to no other campaign. Many of
   the same people may take part again, so a later table also keeps its distance from every earlier one of the place: on
   the coarser of both groupings, each cell and each sum of cells differs by `LEAST` or more. Where it does not, the
   table climbs the ladder, and at last says nothing.

What this promises against somebody who knows this page and all published tables, and adds and subtracts as they like:

- of one table: a count that was not published can be any of 0 to `LEAST` - 1, and its range spans the whole merged cell
  in which it lies, so `LEAST` at least;
- of several: no difference of two is between -`LEAST` and `LEAST`, in any cell or sum of cells. Where people only come
  to be more, a count below `LEAST` among those who were added still spans `LEAST` under everything that was published.
  A table that is withheld says that it is close to an earlier one, and nothing of any level.

It promises nothing against somebody who knows all answers but one from elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from escalation.triage import Level

LEAST = 10

Group = frozenset[Level]
Counts = tuple[int, ...]

_GREEN, _BLUE, _YELLOW = frozenset({Level.GREEN}), frozenset({Level.BLUE}), frozenset({Level.YELLOW})
_HIGH = frozenset({Level.ORANGE, Level.RED})

LADDER: tuple[tuple[Group, ...], ...] = (
    (_GREEN, _BLUE, _YELLOW, _HIGH),
    (_GREEN, _BLUE, _YELLOW | _HIGH),
    (_GREEN | _BLUE, _YELLOW | _HIGH),
    (_GREEN | _BLUE | _YELLOW | _HIGH,),
)
"""From the finest grouping to the total alone. Orange and red are never told apart: somebody sees to both today."""


@dataclass(frozen=True)
class Table:
    """A published table: the grouping it stands on (an index of `LADDER`), and one count for each group of it."""

    step: int
    counts: Counts

    def on(self, step: int) -> Counts:
        """The same counts on a coarser grouping (or the same)."""
        if step < self.step:
            raise ValueError("what was merged cannot be taken apart")
        fine = LADDER[self.step]
        return tuple(
            sum(n for group, n in zip(fine, self.counts, strict=True) if group <= whole)
            for whole in LADDER[step]
        )


def publishable(levels: Mapping[Level, int], earlier: Sequence[Table] = ()) -> Table | None:
    """The finest table of these counts that keeps the rule beside every earlier table of the same place; or None."""
    for step, groups in enumerate(LADDER):
        table = Table(step, tuple(sum(levels.get(level, 0) for level in group) for group in groups))
        if min(table.counts) >= LEAST and all(apart(table, other) for other in earlier):
            return table
    return None


def apart(one: Table, other: Table) -> bool:
    """Whether subtracting these two says nothing about fewer than `LEAST` people, in any cell or sum of cells."""
    step = max(one.step, other.step)
    differences = [a - b for a, b in zip(one.on(step), other.on(step), strict=True)]
    return all(abs(sum(some)) >= LEAST for some in _subsets(differences))


def _subsets(numbers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for size in range(1, len(numbers) + 1):
        yield from combinations(numbers, size)
