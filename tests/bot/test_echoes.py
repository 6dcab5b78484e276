"""What may be named back: only what the list has, only theirs, the newest mention first."""

import pytest

from bot.companion.echoes import echoes_in


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("我妈走了三个月了", {"亲人": "您妈妈", "多久": "三个月"}),
        ("上了三年夜班，半夜睡不着", {"工作": "夜班", "时候": "半夜"}),
        ("他妈老是说我", {}),
        ("他老婆打电话来骂", {}),
        ("3个月没睡好了", {"多久": "三个月"}),
        ("2年了", {"多久": "两年"}),
        ("我6月生的", {}),
        ("一天没吃东西", {}),
        ("", {}),
        ("住在星光大道三弄5号，电话13800000000，叫王小明", {}),
    ],
)
def test_what_is_found(said: str, found: dict[str, str]) -> None:
    assert echoes_in([said]) == found


def test_the_newest_mention_counts() -> None:
    assert echoes_in(["女儿回来了", "儿子走了"])["亲人"] == "您女儿"
    assert echoes_in(["嗯", "儿子走了"])["亲人"] == "您儿子"
