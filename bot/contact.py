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
_PLACE = re.compile(
    r"[路街道弄巷号幢栋室楼村苑园区镇县里院墩埠桥庄]|小区|社区|公寓|医院|学校|附近|旁边|对面|大厦|广场|家里"
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
        return ContactAnswer(name) if 1 <= len(name) <= 8 and not _NOT_A_NAME.search(name) else None
    if field == "address":
        return ContactAnswer(words) if 3 <= len(words) <= 120 and _PLACE.search(words) else None
    return ContactAnswer(words) if 1 <= len(words) <= 80 and not words.endswith(("?", "？")) else None


def normal_phone(text: str) -> str:
    """A telephone number as its digits alone, in ordinary width; empty when there are none."""
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))
