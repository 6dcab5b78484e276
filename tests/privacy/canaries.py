"""Twenty invented people whose every detail is unique, so that any trace of them can be found again.

What all telephones (ID numbers, addresses, …) have in common is their `TRUNKS` entry: whoever finds no trunk
has found none of the twenty, in one twentieth of the time. Names are short, so each is looked for.
"""

from dataclasses import dataclass

SURNAMES = "王李张刘陈杨赵周吴徐孙胡朱郭何林罗郑梁谢"
GIVEN = "翠鸢"

PHONE_TRUNK = "139057100"
ID_TRUNK = "33010819421117"
ADDRESS_TRUNK = "鸢尾雀巢苑"
WORDS_TRUNK = "纸鹤叠到第九百"
NOTE_TRUNK = "灶台边的蓝搪瓷缸"


@dataclass(frozen=True)
class Canary:
    """One of the twenty."""

    number: int

    @property
    def name(self) -> str:
        return SURNAMES[self.number] + GIVEN

    @property
    def phone(self) -> str:
        return f"{PHONE_TRUNK}{self.number:02}"

    @property
    def id_number(self) -> str:
        return f"{ID_TRUNK}{self.number:03}X"

    @property
    def address(self) -> str:
        return f"浦沿街道东冠社区{ADDRESS_TRUNK}{self.number + 1}幢{self.number + 2}01室"

    @property
    def trusted(self) -> str:
        return f"妹妹{self.name} {self.phone}"

    @property
    def words(self) -> str:
        return f"夜里把{WORDS_TRUNK}零{self.number}只才睡着"

    @property
    def danger(self) -> str:
        return f"我不想活了，{WORDS_TRUNK}零{self.number}只就走"

    @property
    def plan(self) -> str:
        return f"我攒了一瓶安眠药，今晚就吃下去，不想活了，{WORDS_TRUNK}零{self.number}只"

    @property
    def note(self) -> str:
        return f"{NOTE_TRUNK}上贴着{self.name}的电话{self.phone}，{self.words}"


CANARIES = tuple(Canary(number) for number in range(len(SURNAMES)))

TRUNKS = (
    *(canary.name for canary in CANARIES),
    ADDRESS_TRUNK,
    WORDS_TRUNK,
    NOTE_TRUNK,
    PHONE_TRUNK,
    "139 0571 00",
    "139-0571-00",
    ID_TRUNK,
    "330108 19421117",
    "330108-19421117",
)
"""In the order of kinds; telephones and ID numbers also as people part them."""
