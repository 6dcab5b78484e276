"""P04 for the text itself: whatever stands behind a notice, what leaves us is a code, a level, a place and a time."""

import re
from datetime import timedelta

import pytest

from escalation.channels import Notice, digest_text, notice_text, reply_text, whole_text
from tests.escalation.channels.notices import DUE, LINK, NOW, a_notice
from tests.privacy.canaries import CANARIES, Canary

LIMITS = {
    "sms": (528, "utf-16-le"),
    "wecom": (2048, "utf-8"),
    "dingtalk": (5000, "utf-8"),
    "mail": (4000, "utf-8"),
}


def behind(who: Canary) -> list[Notice]:
    """Every template, with a place that somebody has filled in wrongly: with all that must stay here."""
    place = f"浦沿街道{who.phone}{who.id_number[:-1]}12幢"
    line = notice_text("K-0731-7", "红色", place, DUE, NOW, demo=True)
    several = digest_text(3, "红色", place, DUE, NOW)
    return [
        a_notice(place=place, text=line),
        a_notice(place=place, text=line, reply_code="483920", to=who.phone),
        a_notice(place=place, text=several, count=3),
    ]


@pytest.mark.parametrize("who", CANARIES, ids=lambda who: f"canary {who.number}")
def test_no_number_of_anybody_leaves_in_any_template(who: Canary) -> None:
    for notice in behind(who):
        for limit, coding in LIMITS.values():
            text = whole_text(notice, limit, coding)
            assert who.phone not in text
            assert who.id_number[:-1] not in text
            assert "12幢" not in text
            for word in ("自杀", "PHQ", "GAD", "ASQ", "量表", "得分", "抑郁", "焦虑"):
                assert word not in text
            assert text.endswith(LINK)


def test_a_digest_says_how_many_the_worst_and_the_soonest() -> None:
    assert digest_text(3, "红色", "浦沿街道", DUE, NOW) == (
        "3 件工单待回应 · 最急红色 · 浦沿街道 · 14:30 前回应 · 点开查看"
    )
    assert digest_text(2, "橙色", "滨江区", DUE + timedelta(days=1), NOW, demo=True).startswith(
        "【演示】2 件"
    )
    with pytest.raises(ValueError, match="two"):
        digest_text(1, "红色", "浦沿街道", DUE, NOW)


@pytest.mark.parametrize("most", range(len(LINK) + 45, 240, 7))
def test_however_little_room_there_is_the_way_to_act_stays(most: int) -> None:
    text = whole_text(a_notice(reply_code="483920"), most)
    assert len(text.encode()) <= most
    assert text.endswith(f"{reply_text('483920')} {LINK}")
    assert re.fullmatch(r"[^�]*", text), "no sign is cut in two"


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "１２３４５６", "", "123 456"])
def test_a_reply_code_has_six_digits(code: str) -> None:
    with pytest.raises(ValueError, match="six digits"):
        a_notice(reply_code=code)
