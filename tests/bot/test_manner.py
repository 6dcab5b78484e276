"""How a message is meant: what stands after 但是 counts, and thanks alone are no plan."""

from dataclasses import replace

import pytest

from bot.actions.desk import DialogueState, Listening
from bot.actions.reflect import ANOTHER, goes_on_about_another
from bot.companion.bank import read_bank
from bot.companion.believing import believed, topic_in
from bot.companion.compose import Heard, compose, thread_of
from bot.companion.manner import MANNERS, manner_of, only_thanks, refuses, what_counts


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("谢谢您，我回去先试着跟婆婆好好说一次", "takes_up"),
        ("您说得对，我应该多给自己一点时间", "takes_up"),
        ("我明白了，知道该怎么做了", "takes_up"),
        ("谢谢你的话，可是我一到人前还是发抖", None),
        ("好的我会试试，不过他要是还不理我怎么办", "asks_how"),
        ("我妈老翻我手机，该怎么跟她讲？", "asks_how"),
        ("还有别的办法吗", "asks_how"),
        ("去外地还是留下来，我纠结了半年", "torn"),
        ("老做同一个梦，是不是有什么意思呢？", "wonders"),
        ("忙不过来，饭都顾不上吃", None),
        ("我不知道他去了哪里", None),
        ("厂里规定要穿工装，这一条我不太能接受", None),
        ("我一直要强，需要保持名次，感觉压力很大", None),
        ("我会从小事入手，多跟她沟通", "takes_up"),
        ("吵嘴难以避免，我会试着先停一停", "takes_up"),
        ("我会回去试试，除了这个，有没有其他的建议？", "asks_how"),
        ("能否给我一点指导", "asks_how"),
        ("我能做些什么来帮我妈缓一缓", "asks_how"),
        ("想好了，不会再犹豫", None),
        ("我明白你的意思，就是跟大家格格不入", None),
    ],
)
def test_a_message_is_meant_in_one_way(text: str, manner: str | None) -> None:
    assert manner_of(text) == manner


def test_what_stands_after_but_counts() -> None:
    assert what_counts("谢谢您的建议，同事都挺好，但是我怕我妈不同意") == "我怕我妈不同意"
    assert what_counts("活太多，忙不过来") == "活太多，忙不过来"


def test_a_matter_is_read_by_its_own_words() -> None:
    bank = [one for one in read_bank() if one not in MANNERS and one != "any"]
    assert topic_in("我对他很依赖，一天不见就慌", [], bank) != "wages_owed"
    assert topic_in("我这人没什么执行力", [], bank) != "debt"
    assert topic_in("我今年上高二，晚上睡得晚", [], bank) != "parenting_teen"
    assert topic_in("总觉得自己不够好，样样不如别人", [], bank) == "self_worth"
    assert topic_in("一跟陌生人说话就脸红，手心出汗", [], bank) == "social_fear"


def test_an_answer_to_our_question_turns_the_talk_only_with_a_word_of_it() -> None:
    assert believed("worried_about_other", "最心疼我老婆，她还不知道")
    assert not believed("worried_about_other", "最心疼我老婆，她还不知道", answering=True)
    assert believed("worried_about_other", "我怕她出事，她都不说话", answering=True)


def test_who_asks_how_is_offered_something_of_their_own_matter() -> None:
    bank = read_bank()
    first = compose(bank, Heard(topic="self_worth", manner="asks_how"))
    assert [piece.kind for piece in first] == ["reflect", "ask"], "no exercise with the first word"
    told = tuple(piece.id for piece in first)
    said = compose(bank, Heard(topic="self_worth", manner="asks_how", said=told))
    assert [piece.kind for piece in said] == ["validate", "offer"]
    assert {piece.id.split(".")[0] for piece in said} == {"self_worth"}


def test_who_has_taken_something_up_is_not_asked_how_it_began() -> None:
    said = compose(read_bank(), Heard(manner="takes_up"))
    assert {piece.id.split(".")[0] for piece in said} == {"takes_up"}


def test_a_manner_is_never_what_the_talk_is_on() -> None:
    bank = read_bank()
    said = [piece.id for piece in compose(bank, Heard(topic="debt"))]
    said += [piece.id for piece in compose(bank, Heard(manner="takes_up", said=tuple(said)))]
    assert thread_of(said, bank) == "debt"


def test_who_wants_only_to_talk_is_offered_nothing() -> None:
    bank = read_bank()
    assert refuses("不写了，我就想说说话")
    assert not refuses("我妈不做饭了，天天叫外卖")
    said: list[str] = []
    for _ in range(3):
        pieces = compose(bank, Heard(topic="bereavement", refuses=True, said=tuple(said)))
        assert [piece for piece in pieces if piece.kind == "offer"] == []
        said += [piece.id for piece in pieces]


def test_who_fears_for_somebody_goes_on_telling_of_them_and_a_mourner_does_not() -> None:
    asked = DialogueState(said={ANOTHER: 1}, last_said=f"{ANOTHER}/2")
    assert goes_on_about_another(asked, "她在电话里说，活着没意思")
    assert not goes_on_about_another(asked, "今天下了一天雨")
    assert not goes_on_about_another(DialogueState(), "她在电话里说，活着没意思")
    loss = [piece.id for piece in compose(read_bank(), Heard(topic="bereavement"))]
    mourning = replace(asked, listening=Listening(said=tuple(loss)))
    assert not goes_on_about_another(mourning, "她的茶杯还摆在老地方")


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("您说得对，原来一家人过日子靠的是互相让一让", "agrees"),
        ("我明白了，人和人本来就各有各的活法", "agrees"),
        ("我明白了，可是人和人本来就各有各的活法", None),
        ("我明白了，人和人的活法总让我羡慕", None),
        ("我明白了，我会找个时间跟他谈谈", "takes_up"),
    ],
)
def test_who_sees_it_now_is_told_from_who_plans_and_from_who_is_in_trouble(
    text: str, manner: str | None
) -> None:
    assert manner_of(text) == manner


def test_an_insight_is_asked_about_and_no_trouble_named_beside_it() -> None:
    said = compose(read_bank(), Heard(manner="agrees"))
    assert {piece.id.split(".")[0] for piece in said} == {"agrees"}


@pytest.mark.parametrize(
    ("text", "thanks"),
    [
        ("好的，我会努力的，再次谢谢您", True),
        ("谢谢您，我现在轻松了很多，祝您一切都好", True),
        ("谢谢您，如果以后有需要我再来找您", True),
        ("谢谢您，我回去跟婆婆把话说开", False),
        ("谢谢您，可是我还是睡不着", False),
    ],
)
def test_thanks_and_nothing_besides_is_taken_as_thanks(text: str, thanks: bool) -> None:
    assert only_thanks(text) is thanks
