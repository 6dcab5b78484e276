"""Reads what somebody types when they are asked how they can be reached. Pure; keeps nothing."""

import re
import unicodedata
from dataclasses import dataclass

from residents.resident import ContactField

_DECLINED = re.compile(
    r"^(?:我)?(?:先)?(?:不想说|不说|不想留|不留|不方便(?:说|留)?|不告诉你?们?|保密|算了|不用了?|没有|跳过|先不说|不想告诉.{0,4}|不愿意?)[了吧。!！.~]*$"
)
_PHONE = re.compile(r"(?<!\d)(?:\+?86[ \-]?)?(1[3-9]\d(?:[ \-]?\d{4}){2}|0\d{2,3}[ \-]?\d{7,8})(?!\d)")
_NAME_LEAD = re.compile(r"^(?:我叫|叫我|我是|我的名字是?|称呼我|可以叫我|你?就?叫我|我姓名是?|本人)[:： ]?")
_NOT_A_NAME = re.compile(r"[?？!！0-9]|什么|怎么|为什么|难受|不想|想死|睡不着|谢谢|你好|您好|帮|烦|累|哭")
_SAID_NOT_NAMED = re.compile(r"[我你您他她它别把在了过着不没会要说打锁给让想]|告诉|知道|联系")
"""What stands in a sentence and hardly in a name that is typed alone; after "我叫" anything may be one."""
_DANGEROUS = re.compile(r"刀|药|绳|炭|煤气|血|包里|手里|反锁|栏杆|楼顶|天台|跳|割|吊")
_PLACE = re.compile(
    r"[路街道弄巷号幢栋室楼村苑园区镇县里院墩埠桥庄]|小区|社区|公寓|医院|学校|附近|旁边|对面|大厦|广场|家里"
)


_WHEN = re.compile(
    r"方便|可以打|能打|打吧|打就|别打|不要打|短信|微信|随时|早上|上午|中午|下午|晚上|白天|夜里|点钟?|以后|之前|周末|工作日|下班|^(?:可以|行|好的?|能|没事|不行|不能|嗯)[的啊吧。]*$"
)
_SOMEBODY = re.compile(
    r"妈|爸|娘|爹|儿子|女儿|囡|孩子|老公|老婆|爱人|丈夫|妻子|哥|弟|姐|妹|叔|姨|姑|舅|伯|婶|侄|外甥|邻居|隔壁|朋友|同事|同学|"
    r"亲戚|社区|网格|房东|老师|师傅|领导|保安|物业|1[3-9]\d{9}"
)
_DISTRESS = re.compile(
    r"难受|难过|害怕|睡不着|困不着|不想|想死|想哭|痛苦|绝望|心里|怎么办|没用|不管我|打我|骂我|恨|死"
)


@dataclass(frozen=True)
class ContactAnswer:
    """What the text says about one field; `value` None means that they would rather not say."""

    value: str | None


def read_contact(field: ContactField, text: str) -> ContactAnswer | None:
    """The answer that this text gives to the open question, or None when it is talk about something else.

    In doubt it is talk: nothing that somebody says in distress is to be filed away as a name.
    """
    words = unicodedata.normalize("NFKC", text).strip()
    if _DECLINED.match(words):
        return ContactAnswer(None)
    if field == "phone":
        found = _PHONE.search(words)
        return ContactAnswer(normal_phone(found.group(1))) if found else None
    if field == "name":
        name = _NAME_LEAD.sub("", words).strip(" 。,，.!！")
        talk = _NOT_A_NAME.search(name) or _DISTRESS.search(name) or _DANGEROUS.search(name)
        if name == words.strip(" 。,，.!！"):
            talk = talk or _SAID_NOT_NAMED.search(name)
        return ContactAnswer(name) if 1 <= len(name) <= 8 and not talk else None
    if field == "address":
        talk = _DISTRESS.search(words) or _DANGEROUS.search(words)
        return ContactAnswer(words) if 3 <= len(words) <= 120 and _PLACE.search(words) and not talk else None
    about = _WHEN if field == "safe_to_call" else _SOMEBODY
    if len(words) > 60 or words.endswith(("?", "？")) or _DISTRESS.search(words):
        return None
    return ContactAnswer(words) if about.search(words) else None


def normal_phone(text: str) -> str:
    """A telephone number as its digits alone, in ordinary width; empty when there are none."""
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))
