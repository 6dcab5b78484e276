"""Their own words: which clause is said back, how it is turned, and what is never said back."""

import re
from itertools import pairwise

import pytest

from bot.actions.desk import DialogueState, Listening
from bot.actions.reflect import heard_in
from bot.companion.bank import read_bank
from bot.companion.compose import compose
from bot.companion.echoes import echoes_in
from bot.companion.own_words import LONGEST, PLACEHOLDERS, OwnWords, carriers, instead, own_words
from bot.companion.points import points_in
from models.counsellor.screen import plain, read_rules
from tests.bot.test_actions import Conversation
from tests.bot.test_bank import CLOSED, NEVER_SAID, OPEN

BANK = read_bank()
FILLINGS = {
    "asks": ["怎么跟婆婆开口", "如何让孩子愿意写字"],
    "wonders": ["为什么您总羡慕别人", "会不会一直这样孤单下去"],
    "weighs_up": ["该不该回老家", "要不要换个厂"],
    "ifs": ["她还是不肯开口", "单位不同意换班"],
    "faces": ["总是忍不住熬夜", "孩子一写字就哭"],
    "doubts": ["别人看穿您的心思", "做得不够好"],
    "wishes": ["想一个人静几天", "希望他多听您说两句"],
    "plans": ["跟妻子商量", "每天早睡半个钟头"],
    "tells": ["您总忍不住拿自己跟人比", "觉得在家里插不上话"],
}


def state(text: str, *, said: tuple[str, ...] = (), seed: str = "s", **more: object) -> DialogueState:
    listening = Listening(said=said, seed=seed, echoes=frozenset(echoes_in([text])))
    return DialogueState(listening=listening, **more)  # type: ignore[arg-type]


def reply(text: str, intent: str | None = None, *, said: tuple[str, ...] = (), **more: object) -> list[str]:
    """What is said, its clause filled in."""
    pieces = compose(BANK, heard_in(state(text, said=said, **more), intent, BANK, text))
    filled = [piece.text for piece in pieces]
    for holder, words in echoes_in([text]).items():
        filled = [one.replace(f"⟦{holder}⟧", words) for one in filled]
    return filled


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("谢谢您，那我该怎么跟婆婆开口说分开住呢？", "asks", "怎么跟婆婆开口说分开住"),
        ("法子听着是好，可是我还是担心同事在背后看我笑话", "doubts", "同事在背后看您笑话"),
        ("我很想有几个说得上话的朋友，却不晓得去哪里找", "wishes", "想有几个说得上话的朋友"),
        ("您讲得对，我会每天早睡半个钟头。", "plans", "每天早睡半个钟头"),
        ("人多的地方我总是插不上话，别人聊得热火朝天", "tells", None),
        ("我总是忍不住替别人付饭钱", "tells", "您总是忍不住替别人付饭钱"),
        ("好的，我会去谈，但如果他还是不肯开口，我该怎么办呢？", "ifs", "他还是不肯开口"),
        ("一拿起手机就放不下，总是忍不住熬夜，怎么办？", "faces", "总是忍不住熬夜"),
        ("孩子一写字就哭怎么办", "faces", "孩子一写字就哭"),
        ("那我应该直接告诉他我的想法吗？", "weighs_up", "该不该直接告诉他您的想法"),
        ("我怎么样才能够让孩子愿意开口呢？", "asks", "怎么让孩子愿意开口"),
        ("为什么我一放假就特别孤单呢？", "wonders", "为什么您一放假就特别孤单"),
        ("攒了点钱，不知道该不该回老家开店", "weighs_up", "该不该回老家开店"),
        ("我老觉得自我介绍特别难，轮到就想逃", "tells", "您老觉得自我介绍特别难"),
    ],
)
def test_the_clause_that_counts_is_said_back_to_who_said_it(text: str, kind: str, words: str | None) -> None:
    found = own_words(text)
    assert (found and (found.kind, found.words)) == ((kind, words) if words else None)


@pytest.mark.parametrize(
    "text",
    [
        "我真的很难受。",
        "我不知道该怎么办。",
        "我总是忍不住想死",
        "他动手以后，我总是忍不住发抖",
        "我总觉得自己就是个废物",
        "我总是忍不住给王小明打电话",
        "我总是忍不住跟老公陈建国比",
        "我很想搬到星光大道三弄5号去住",
        "我总觉得你根本不理解我",
        "我们总是为钱吵架",
        "她说她总是睡不着，觉得特别难熬",
        "我会努力的。",
        "那我应该如何解决这个问题呢？",
        "我担心自己疯了",
        "",
        "嗯",
        "/talk",
        "I am always so tired of all this",
    ],
)
def test_what_is_dangerous_names_judges_or_says_too_little_is_not_said_back(text: str) -> None:
    assert own_words(text) is None


def test_a_plan_before_a_but_is_not_what_somebody_comes_out_at() -> None:
    assert own_words("我会每天早睡半个钟头，不过心里还是没底") is None
    found = own_words("我会每天早睡半个钟头，不过我害怕坚持不了几天")
    assert found is not None
    assert (found.kind, found.words) == ("doubts", "坚持不了几天")


def test_half_a_question_is_not_taken_for_one() -> None:
    assert own_words("为什么我书读得越多，越看不起身边的人？") is None


def test_every_kind_has_its_sentences_and_questions() -> None:
    assert set(carriers()) == set(PLACEHOLDERS) == set(FILLINGS)
    assert sum(len(kinds["reflect"]) for kinds in carriers().values()) >= 12
    assert all(len(kinds["reflect"]) >= 3 and len(kinds["ask"]) >= 2 for kinds in carriers().values())


def test_no_carrier_judges_promises_or_asks_for_a_yes() -> None:
    pieces = [piece for kinds in carriers().values() for said in kinds.values() for piece in said]
    assert [piece.text for piece in pieces if NEVER_SAID.search(piece.text)] == []
    asked = [piece.text for piece in pieces if piece.kind == "ask"]
    assert [text for text in asked if CLOSED.search(text) or not OPEN.search(text)] == []
    bank = {piece.text for kinds in BANK.values() for said in kinds.values() for piece in said}
    assert [piece.text for piece in pieces if piece.text in bank] == []


def test_a_carrier_reads_well_whatever_fills_it() -> None:
    for kind, words in FILLINGS.items():
        for piece in carriers()[kind]["reflect"]:
            for filling in words:
                text = piece.text.replace(f"⟦{PLACEHOLDERS[kind]}⟧", filling)
                assert not re.search("您您|您打算您|⟦", text), text
                assert len(text) <= 60
                assert [
                    rule.id for rule in read_rules() if rule.hits(text if rule.raw else plain(text))
                ] == []
    assert max(len(words) for fillings in FILLINGS.values() for words in fillings) <= LONGEST


def test_where_nothing_fits_their_own_words_come_back_with_a_question_to_them() -> None:
    first, second = reply("我总是忍不住替别人付饭钱", "nobody_understands")
    assert "您总是忍不住替别人付饭钱" in first
    assert second in {piece.text for piece in carriers()["tells"]["ask"]}


def test_a_heavy_matter_keeps_its_own_sentence() -> None:
    text = "老公外面有人，我总是忍不住去翻他的手机"
    assert not any("您总是忍不住" in said for said in reply(text, "infidelity"))


def test_what_is_asked_is_not_answered_as_a_plan_nor_a_plan_as_a_question() -> None:
    assert "每天早睡半个钟头" in reply("您讲得对，我会每天早睡半个钟头。")[0]
    assert "怎么跟新来的徒弟交代活计" in reply("那我该怎么跟新来的徒弟交代活计呢？", "scam_suspicion")[0]


def test_a_plan_is_said_back_also_where_a_point_knows_its_matter() -> None:
    text = "谢谢您，我会试着多跟室友说几句话，不再一个人闷着"
    assert points_in(text)
    assert "跟室友说几句话" in reply(text)[0]


@pytest.mark.parametrize("more", [{"level": "orange"}, {"level": "red"}, {"danger_replies": 1}])
def test_once_danger_was_heard_nothing_is_said_back(more: dict[str, object]) -> None:
    text = "我总是忍不住替别人付饭钱"
    heard = heard_in(state(text, **more), None, BANK, text)
    assert heard.own is None


def test_in_the_middle_of_a_questionnaire_nothing_is_said_back() -> None:
    conversation = Conversation()
    conversation.desk.opens_questions()
    text = "我总是忍不住替别人付饭钱"
    conversation.desk.listening = {"echoes": frozenset(echoes_in([text]))}
    said = conversation.asks_for("action_reflect", intent="low_mood", words=text)
    assert [bubble["text"] for bubble in said if "⟦" in bubble["text"]] == []


def test_at_most_one_reply_in_three_says_their_words_back_and_none_in_the_same_sentence() -> None:
    text = "我总是忍不住替别人付饭钱"
    said: list[str] = []
    echoed, sentences = [], []
    for turn in range(24):
        pieces = compose(BANK, heard_in(state(text, said=tuple(said)), None, BANK, text))
        said += [piece.id for piece in pieces]
        if mine := [piece.text for piece in pieces if piece.echo == PLACEHOLDERS["tells"]]:
            echoed.append(turn)
            sentences += mine
    assert len(echoed) >= 2
    assert all(later - earlier >= 3 for earlier, later in pairwise(echoed))
    assert len(set(sentences)) == len(sentences)


def test_only_the_newest_message_is_said_back() -> None:
    old, new = "我总是忍不住替别人付饭钱", "嗯"
    assert not set(echoes_in([new, old])) & set(PLACEHOLDERS.values())
    assert set(echoes_in([old, new])) & set(PLACEHOLDERS.values())


def test_a_placeholder_that_cannot_be_filled_is_never_read() -> None:
    assert "⟦" not in instead("⟦所说⟧，这句话里有分量。")
    assert instead("我在听。") == "我在听。"


def test_a_plan_before_a_but_comes_back_where_what_follows_is_one_too() -> None:
    held = own_words("我会试着接受自己的不完美。虽然还怕，但我会努力克服")
    assert held == OwnWords("plans", "接受自己的不完美")
    feared = own_words("我会试着接受自己的不完美，但是我怕自己根本做不到")
    assert feared is None or feared.kind != "plans"
