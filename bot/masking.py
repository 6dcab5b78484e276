"""What Rasa may see of a message: no name, telephone, number or address, and nothing that it takes for a command.

Masking is for privacy, never for safety: the crisis reader has read the whole message before.
"""

import re
import unicodedata

_NUMBER = re.compile(r"(?<![0-9])\+?[0-9](?:[ \-.·_/,、，]{0,2}[0-9]){5,}[xX]?(?![0-9])")
_SPOKEN_NUMBER = re.compile(r"[零〇一二三四五六七八九幺两](?:[ \-,、，]?[零〇一二三四五六七八九幺两]){5,}")
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
_CHINESE_NAME = re.compile(r"[\u4e00-\u9fff·]{3,4}")
_KIN = re.compile(
    r"^(?:我的?)?(?:大|小|老|二|三)?(?:女儿|儿子|囡|老公|老婆|妹妹?|弟弟?|哥哥?|姐姐?|妈妈?|爸爸?|母亲|父亲|丈夫|妻子|爱人|老伴|"
    r"孙子|孙女|外孙女?|媳妇|女婿|邻居|朋友|同事|同学|表[哥姐弟妹]|堂[哥姐弟妹]|阿姨|叔叔|伯伯|舅舅|姑姑|社工)(?:叫|是)?"
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
        for spelling in _spellings(private, mask):
            text = text.replace(spelling, mask)
    text = _MAIL.sub("某号码", text)
    text = _NUMBER.sub("某号码", text)
    text = _SPOKEN_NUMBER.sub("某号码", text)
    text = _ADDRESS.sub("某地", text)
    text = _HOUSE.sub("某地", text)
    text = _NAME.sub(r"\1某人", text)
    text = _SURNAME.sub(r"\1某", text)
    text = text.strip().lstrip("/\\ ").strip()
    if text.upper().startswith("EXTERNAL"):
        text = text[len("EXTERNAL") :].lstrip(": ")
    return text.replace("{", "（").replace("}", "）")[:1000] or "……"


def _spellings(private: str, mask: str) -> list[str]:
    """How something that was told about oneself may come up again; a person's name also without the surname.

    Who somebody is to the resident (女儿, 邻居) names nobody, and the dialogue needs it.
    """
    whole = unicodedata.normalize("NFKC", private or "").strip()
    found = [whole, *re.split(r"[ ,，、:：;；]+", whole)]
    if mask == "某人":
        found = [_KIN.sub("", part) for part in found]
        found += [part[1:] for part in found if _CHINESE_NAME.fullmatch(part)]
    return sorted({part for part in found if len(part) >= 2}, key=len, reverse=True)


def _visible(c: str) -> bool:
    return unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Cn") or c in "\n\t"
