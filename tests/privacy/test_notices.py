"""P04: a notice holds a ticket's name, a level word, a street, a time and a link, whatever is behind it."""

import re
import uuid
from dataclasses import astuple

import pytest

from escalation.channels.webhook import payload
from tests.privacy.canaries import CANARIES, TRUNKS, Canary
from tests.support import canary
from tests.support.town import Town

LINE = re.compile(
    r"【演示】[蓝黄橙红]色工单 [A-Z]-[0-9A-Z]{4}-[0-9A-Z] · (滨江区|浦沿街道|长河街道|西兴街道) · "
    r"(明天 |\d{1,2}月\d{1,2}日 )?\d\d:\d\d 前回应 · 点开查看"
)
DESK_LINE = re.compile(
    r"【演示】[\u4e00-\u9fff]{2,16}(有人请工作人员过去|终端机旁请自然地过去看看，对方没有叫人) · 现在 · 点开查看"
)
FIELDS = {"ticket", "level", "place", "respond_by", "link", "text", "key", "round"}


def all_occasions(town: Town, who: Canary) -> None:
    """Everything that makes a telephone ring: opened, raised, moved by address, nobody acknowledges, an
    acknowledgement that led to nothing, lateness, follow-ups, call-backs, and the hall."""
    resident = town.resident()
    resident.agrees()
    resident.says(f"我叫{who.name}，电话{who.phone}，身份证{who.id_number}")
    resident.says(who.danger)
    resident.says(who.plan)
    for field, value in (("name", who.name), ("phone", who.phone), ("address", who.address)):
        resident.tells(field, value)
    town.passes(minutes=50)
    officer = town.officer("puyan")
    for ticket in officer.tickets():
        officer.acknowledges(ticket["code"])
    town.passes(minutes=20)
    for ticket in officer.tickets():
        code = ticket["code"]
        officer.acknowledges(code)
        officer.on(code, "calls", outcome="no_answer", note=who.note)
    town.passes(hours=5)
    for ticket in officer.tickets():
        officer.on(ticket["code"], "visits", outcome="met", note=who.note)
        officer.on(ticket["code"], "follow-ups", after_hours=[1])
    town.passes(hours=2)
    caller = town.resident(place="puyan-hall")
    caller.agrees()
    caller.says(who.words)
    caller.chooses("call_me_back")
    caller.tells("name", who.name)
    kiosk = town.resident(place="puyan-hall", door="kiosk")
    kiosk.agrees()
    kiosk.says(who.words)
    kiosk.does("POST", "/person", {"client_id": str(uuid.uuid4())})
    kiosk.says(who.danger)
    kiosk.says(who.plan)
    town.jobs()


@pytest.mark.parametrize("who", [CANARIES[0]], ids=lambda who: f"canary {who.number}")
def test_a_notice_says_nothing_of_anybody(town: Town, who: Canary) -> None:
    all_occasions(town, who)
    sent = town.channel.sent

    occasions = {re.sub(r"\d+|[0-9a-f-]{36}", "", notice.key.split(".", 1)[1]) for notice in sent}
    assert len(occasions) > 5, occasions
    assert any("late" in o for o in occasions)
    assert any("follow_up" in o for o in occasions)
    assert any("yellow" in o for o in occasions)
    for notice in sent:
        told = payload(notice)
        assert set(told) == FIELDS
        assert LINE.fullmatch(told["text"]) or DESK_LINE.fullmatch(told["text"]), "its form gave it away"
        assert re.fullmatch(r"http://town\.test/console/(tickets/[A-Z]-[0-9A-Z]{4}-[0-9A-Z])?", told["link"])
        assert told["level"] in ("黄色", "橙色", "红色", "现场")
        body = str((astuple(notice), told)).encode()
        for trunk in TRUNKS:
            assert not [form for form, shape in canary.forms(trunk).items() if shape in body]
        for word in ("自杀", "PHQ", "GAD", "ASQ", "量表", "分", "抑郁", "焦虑", "不想活", "社区", "幢"):
            assert word not in told["text"]
