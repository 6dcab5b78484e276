"""Points of fear, mood, habits and of being helped: each known by its own object, and whoever asks a fact hears one."""

from __future__ import annotations

import pytest

from bot.companion.points import points_in
from tests.bot.test_points import first_reply


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("我一想到要跟他起争执就怕，话都咽回去了", "fears_conflict"),
        ("我怕再受一回伤，不敢往前走", "fears_being_hurt"),
        ("我总怕他哪天就不要我了", "fears_being_left"),
        ("我害怕谈恋爱，一有人靠近就想躲", "fears_closeness"),
        ("我怕说出来他们不理解", "fears_no_understanding"),
        ("我怕在会上说错话出丑", "fears_saying_wrong"),
        ("我怕辜负家里的期望", "fears_letting_down"),
        ("一到人多的地方我就慌", "fears_people_around"),
        ("我从小就怕打雷", "fears_a_thing"),
        ("我老担心自己得了重病", "fears_illness"),
        ("我担心我妈路上出事", "fears_for_close"),
        ("我一紧张就手抖", "fear_in_the_body"),
        ("那件事我还是没勇气去面对", "fears_to_face_it"),
        ("怎样才能克服这种恐惧", "getting_over_fear"),
        ("有什么法子能缓解焦虑情绪", "restless_worry"),
        ("我老是冲家里人发火，过后又悔", "anger_at_close_ones"),
        ("我爸脾气很暴躁，说不上两句就吼", "others_anger"),
        ("我不敢表达愤怒", "cannot_show_anger"),
        ("我真的很难控制我的情绪", "out_of_hand"),
        ("我的心情时好时坏，像坐船", "up_and_down"),
        ("平时怎么调节情绪比较好", "calm_down"),
        ("我对什么都提不起兴趣", "no_interest"),
        ("我上班一点动力都没有", "no_drive"),
        ("我莫名其妙就流泪", "tears"),
        ("都两年了我还困在里面走不出来", "cannot_get_out"),
        ("脑子里老冒出可怕的画面", "bad_pictures"),
        ("我反复检查门锁，停不下来", "has_to_repeat"),
        ("我这人多疑，总觉得同事针对我", "suspicious"),
        ("夜里一躺下就胡思乱想", "overthinks"),
        ("我什么事都拖延到最后", "puts_off"),
        ("我怎么样才能坚持下去呢", "stick_with_it"),
        ("我夜里忍不住想去吃东西", "cannot_stop"),
        ("昨晚又做噩梦，吓醒了", "bad_dreams"),
        ("催眠是不是真能看见前世", "hypnosis"),
    ],
)
def test_what_moves_somebody_is_known_by_its_object(text: str, point: str) -> None:
    assert points_in(text)[0].id == point


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("我这样是不是得了抑郁症", "is_it_illness"),
        ("我抱着玩偶才睡得着，这正常吗", "is_it_normal"),
        ("上个月被确诊了双相", "diagnosed"),
        ("这个药的副作用会不会很大", "medicine"),
        ("病好了以后会不会复发", "relapse"),
        ("我老公有抑郁症，我快照顾不动了", "partner_ill"),
        ("怎么选一个靠谱的咨询师", "choose_counsellor"),
        ("做咨询真的有用吗", "helps_or_not"),
        ("咨询一般多久去一次", "how_often_to_go"),
        ("咨询跟普通聊天有什么区别", "how_it_differs"),
        ("咨询师为什么不给亲友做咨询", "why_not_friends"),
        ("为什么要先付费", "money_first"),
        ("我那位咨询师说的话让我很不舒服，态度也冷", "not_right_with_counsellor"),
        ("我好像喜欢上我的咨询师了", "drawn_to_counsellor"),
        ("我想去可又不敢看心理医生", "afraid_to_go"),
        ("我这样要不要去看医生？", "should_i_go"),
        ("除了咨询还有别的办法吗", "besides_help"),
        ("我想转行做咨询师", "becoming_counsellor"),
        ("有没有好书可以推荐给我看", "wants_books"),
        ("做咨询会不会被学校和别人知道", "will_it_stay_here"),
        ("孩子不肯去看医生，怎么劝都不动", "other_wont_go"),
        ("线上咨询和线下咨询差别大吗", "online_or_there"),
        ("要是有困难我会再来找你聊的", "says_goodbye"),
        ("新手咨询师没有个案，怎么接到第一个", "helper_career"),
        ("来访者想拥抱我，我不晓得该怎么回", "helper_lines"),
        ("爸妈不相信我有抑郁症，说我装病", "family_no_belief"),
    ],
)
def test_who_asks_about_being_helped_is_told_of_that(text: str, point: str) -> None:
    assert points_in(text)[0].id == point


@pytest.mark.parametrize(
    ("text", "not_this"),
    [
        ("除了运动，有没有其他方法可以缓解焦虑", "partner_ill"),
        ("不管会不会突破心理障碍，我先去试", "is_it_illness"),
        ("我相信只要坚持下去就有结果", "stick_with_it"),
        ("要不然我该怎样缓解压力", "relaxing"),
        ("有时候他的情绪会失控", "out_of_hand"),
        ("这几天忙得我很烦恼", "irritable"),
        ("听您讲完我心里踏实多了", "restless_worry"),
        ("我小学就在家门口读书", "wants_books"),
        ("她情绪波动很大", "up_and_down"),
        ("我是当妈妈的，我总是忍不住发火", "others_anger"),
        ("他不愿意去看心理医生", "afraid_to_go"),
        ("作为咨询师既要中立又要给情感支持", "drawn_to_counsellor"),
    ],
)
def test_a_word_that_only_sounds_alike_brings_no_point(text: str, not_this: str) -> None:
    assert not_this not in [point.id for point in points_in(text)]


def test_a_fact_is_said_first_to_whoever_asks_for_one() -> None:
    said = first_reply("心理咨询一般多久做一次？")
    assert said[0] == "how_often_to_go.reflect"
    known = next(point for point in points_in("心理咨询一般多久做一次？") if point.id == "how_often_to_go")
    assert "一个星期" in known.kinds["reflect"][0].text


def test_of_medicine_nothing_is_said_but_who_is_asked() -> None:
    medicine = next(point for point in points_in("药有副作用怎么办") if point.id == "medicine")
    assert all("医生" in piece.text for piece in medicine.kinds["way"])
