"""The check digit of the codes that people read aloud (H. M. Damm, 2004).

It finds every single wrong digit and every two neighbours swapped.
"""

_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def damm(digits: str) -> str:
    """The check digit of these digits; "0" for digits that end with their own."""
    row = "0"
    for digit in digits:
        row = _DAMM[int(row)][int(digit)]
    return row
