"""What Rasa may see of a message: no name, telephone, number or address, and nothing that it takes for a command.

Masking is for privacy, never for safety: the crisis reader has read the whole message before.
"""

import re
import unicodedata

_NUMBER = re.compile(r"(?<![0-9])\+?[0-9](?:[ \-]?[0-9]){5,}[xX]?(?![0-9])")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_ADDRESS = re.compile(
    r"(?:浙江省?|杭州市?|滨江区?)*"
    r"[\u4e00-\u9fff]{1,8}?(?:街道|社区|小区|花园|公寓|新村|家园|苑|路|弄|巷|村|大厦|广场)"
    r"(?:[\u4e00-\u9fff]{0,8}?(?:路|弄|巷|街))?"
    r"[0-9一二三四五六七八九十百零〇]{0,6}(?:号|幢|栋|弄|座)?(?:[0-9一二三四五六七八九十]{1,4}(?:幢|栋|单元|座|号楼|楼))*"
    r"[0-9]{0,5}(?:室|号)?"
)
_HOUSE = re.compile(r"[0-9一二三四五六七八九十百]{1,6}(?:号楼?|幢|栋|单元|室)")
_NAME = re.compile(
    r"((?:我叫|我的名字是?|名字叫|我姓名是?|本人姓?|称呼我|叫我|我是)[:： ]?)"
    r"([\u4e00-\u9fff·]{2,4})(?=[,，。.!！ 、;；]|$|今年|住)"
)
_SURNAME = re.compile(r"(我姓)([\u4e00-\u9fff]{1,2})")


def for_rasa(text: str, known: tuple[str, ...] = ()) -> str:
    """The message as Rasa may see it.

    `known` are things this person has told about themselves (name, telephone, address); they are masked
    wherever they stand. A leading slash or `EXTERNAL:` becomes ordinary text, in every width and behind
    invisible characters. Never raises, and an empty message stays a message.
    """
    text = "".join(c for c in unicodedata.normalize("NFKC", text) if _visible(c))
    for private, mask in zip(known, ("某人", "某号码", "某地", "某人"), strict=False):
        if private and len(private.strip()) >= 2:
            text = text.replace(unicodedata.normalize("NFKC", private.strip()), mask)
    text = _MAIL.sub("某号码", text)
    text = _NUMBER.sub("某号码", text)
    text = _ADDRESS.sub("某地", text)
    text = _HOUSE.sub("某地", text)
    text = _NAME.sub(r"\1某人", text)
    text = _SURNAME.sub(r"\1某", text)
    text = text.strip().lstrip("/\\ ").strip()
    if text.upper().startswith("EXTERNAL"):
        text = text[len("EXTERNAL") :].lstrip(": ")
    return text.replace("{", "（").replace("}", "）")[:1000] or "……"


def _visible(c: str) -> bool:
    return unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Cn") or c in "\n\t"
