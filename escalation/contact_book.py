"""Contact points: which telephone, mailbox or robot reaches whom. Addresses are sealed and never shown whole."""

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from escalation.channels.mail import ADDRESS
from escalation.contact_point import ContactPoint
from escalation.errors import PersonnelError
from storage.vault import Vault

CHANNELS = {
    "sms": "短信",
    "mail": "邮件",
    "dingtalk": "钉钉机器人",
    "wecom": "企业微信机器人",
    "webhook": "通知网关",
}
AUDIENCES = {"office": "值班", "supervisor": "负责人", "district_desk": "区值班台"}
INDEX = "contact"
"""Under this name addresses are indexed: `vault.index(INDEX, normal_address(channel, typed))`."""
_MOBILE = re.compile(r"1[3-9]\d{9}|0\d{9,11}")


def normal_address(channel: str, typed: str) -> str:
    """An address as it is kept; `PersonnelError`, which does not repeat it, when nothing could be sent there."""
    address = unicodedata.normalize("NFKC", typed).strip()
    if channel not in CHANNELS:
        raise PersonnelError(f"渠道写：{'、'.join(f'{code}（{name}）' for code, name in CHANNELS.items())}。")
    if channel == "sms":
        digits = re.sub(r"[\s\-()]", "", address).removeprefix("+86")
        if not _MOBILE.fullmatch(digits):
            raise PersonnelError("手机号不对：写 11 位手机号，或者带区号的号码。")
        return digits
    if channel == "mail":
        if not ADDRESS.fullmatch(address):
            raise PersonnelError("邮箱地址不对，写成 name@example.cn 这样。")
        return address.lower()
    if not 1 <= len(address) <= 500 or not address.isprintable() or not address.isascii():
        raise PersonnelError("地址不对：不能是空的，也不能有看不见的字符。")
    if channel in ("dingtalk", "wecom"):
        url = urlsplit(address)
        if url.scheme not in ("https", "http") or not url.hostname or url.username or url.password:
            raise PersonnelError("机器人地址要从群设置里整个复制，以 https:// 开头。")
    return address


def masked_address(channel: str, address: str) -> str:
    """Enough to tell two addresses apart, and not enough to use one."""
    if channel == "sms":
        return f"{address[:3]}****{address[-4:]}"
    if channel == "mail":
        name, _, host = address.partition("@")
        return f"{name[:1]}***@{host}"
    return f"…{address[-4:]}" if len(address) > 8 else "…"


def add_point(
    db: Session,
    vault: Vault,
    *,
    office: str,
    staff_id: UUID | None,
    audience: str,
    channel: str,
    address: str,
    rank: int = 0,
) -> ContactPoint:
    """Keep one address. The same one again for the same receiver comes back into use instead of standing twice."""
    if audience not in AUDIENCES:
        raise PersonnelError(
            "收哪一类通知，写 office（值班）、supervisor（负责人）或 district_desk（区值班台）。"
        )
    if not 0 <= rank <= 9:
        raise PersonnelError("先后次序写 0 到 9，0 最先。")
    normal = normal_address(channel, address)
    index = vault.index(INDEX, normal)
    known = db.scalar(
        select(ContactPoint).where(
            ContactPoint.channel == channel,
            ContactPoint.address_index == index,
            ContactPoint.staff_id.is_not_distinct_from(staff_id),
            ContactPoint.office == office,
            ContactPoint.audience == audience,
        )
    )
    if known is not None:
        known.active, known.rank = True, rank
        return known
    point = ContactPoint(
        id=uuid4(),
        office=office,
        staff_id=staff_id,
        audience=audience,
        channel=channel,
        rank=rank,
        active=True,
        told_level=0,
        address_index=index,
    )
    vault.seal(point, "address", normal)
    db.add(point)
    db.flush()
    return point


def points_kept(db: Session, office: str) -> Sequence[ContactPoint]:
    """The addresses in use of an office and of its people, each receiver's first one first."""
    return db.scalars(
        select(ContactPoint)
        .where(ContactPoint.office == office, ContactPoint.active.is_(True))
        .order_by(ContactPoint.staff_id, ContactPoint.audience, ContactPoint.rank, ContactPoint.id)
    ).all()
