"""Numbers as people type them, in figures or in Chinese: 3, 三, 十二, 二十五."""


def number(text: str) -> int | None:
    """A number in figures, or one of up to two digits in Chinese; `None` for anything else."""
    if text.isdecimal():
        return int(text)
    tens, mark, ones = text.rpartition("十")
    if not mark:
        return DIGITS.get(text)
    many, few = DIGITS.get(tens, 1 if not tens else None), DIGITS.get(ones, 0 if not ones else None)
    return None if many is None or few is None else many * 10 + few


DIGITS = {
    word: digit
    for digit, names in enumerate(("零〇", "一", "二两俩", "三仨", "四", "五", "六", "七", "八", "九"))
    for word in names
}
ONE = "[零〇一二两俩三仨四五六七八九]"
COUNT = rf"(?:[0-9]{{1,3}}|{ONE}?十{ONE}?|{ONE})"
"""What `number` reads, as a pattern."""
