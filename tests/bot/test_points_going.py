"""How a talk goes on: another way, what failed, what may fail, a word, somebody else's own story."""

import pytest

from bot.companion.points import points_in


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("这个法子我试过了，但没什么用", "when_it_sticks"),
        ("要是他还是不听呢", "what_if_it_fails"),
        ("嗯，这一条我记下了，还有其他的建议吗", "another_way"),
        ("“边界”到底是什么意思呢？", "asks_what_it_means"),
        ("那你当时是怎么熬过来的呀", "asks_mine"),
    ],
)
def test_how_the_talk_goes_on_is_known(text: str, point: str) -> None:
    assert points_in(text)[0].id == point


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("他有没有别的办法，我管不着", "asks_mine"),
        ("这是什么概念店，从来没听过", "asks_what_it_means"),
        ("你怎么看这件事", "asks_mine"),
        ("试过了，没什么效果", "what_if_it_fails"),
    ],
)
def test_what_only_sounds_alike_is_let_go(text: str, point: str) -> None:
    assert point not in [one.id for one in points_in(text)]
