"""What is typed while a question of contact is open: an answer, a refusal, or talk about something else."""

import pytest

from bot.contact import read_contact


@pytest.mark.parametrize(
    ("field", "words", "value"),
    [
        ("name", "我叫余秀兰", "余秀兰"),
        ("name", "余大姐", "余大姐"),
        ("name", "叫我小梅", "小梅"),
        ("name", "老陈。", "老陈"),
        ("name", "我叫王在兴", "王在兴"),
        ("phone", "138 0000 0001", "13800000001"),
        ("address", "浦沿街道东冠村12号", "浦沿街道东冠村12号"),
        ("address", "我在西兴地铁站旁边", "我在西兴地铁站旁边"),
        ("safe_to_call", "晚上打吧", "晚上打吧"),
        ("trusted_person", "我女儿", "我女儿"),
        ("name", "不想说", None),
    ],
)
def test_an_answer_is_taken_as_it_was_meant(field, words, value):
    answer = read_contact(field, words)
    assert answer is not None
    assert answer.value == value


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("name", "你不要告诉我女儿"),
        ("name", "别告诉他们"),
        ("name", "我把门反锁了"),
        ("name", "没人知道的"),
        ("name", "我在桥上"),
        ("name", "药在手边"),
        ("address", "刀在包里"),
        ("address", "我把药放在家里床头"),
        ("address", "我站在楼顶边上"),
        ("address", "住在家里天天想死"),
        ("trusted_person", "我女儿恨我"),
        ("phone", "不要打给我妈"),
    ],
)
def test_what_is_said_in_distress_is_never_filed_as_contact_data(field, words):
    assert read_contact(field, words) is None
