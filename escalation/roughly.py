"""Counts of people as they may be said beside others: in tens, and never how many when they are fewer than ten.

None and nine read alike. If they did not, whoever moves one cut-off over one person would read that person's answer
from a nought that becomes a one. What is left out of a count stays hidden with it: between two counts in tens lie
ten whole numbers or more.
"""

LEAST = 10


def roughly(count: int) -> str:
    """`不到 10`, `10 到 19`, `20 到 29`, and so on."""
    return f"不到 {LEAST}" if count < LEAST else f"{tens(count)} 到 {tens(count) + LEAST - 1}"


def tens(count: int) -> int:
    """The count without what stands behind the tens."""
    return count // LEAST * LEAST


def share(part: int, whole: int) -> str | None:
    """`约 3 成` of a whole; None where the part or the rest is small."""
    if min(part, whole - part) < LEAST:
        return None
    return f"约 {part * 10 // whole} 成"
