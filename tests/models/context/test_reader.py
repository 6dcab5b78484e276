"""What the reader says of a message, and what it leaves unsaid."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.context import Context, ContextReader
from models.context.labels import labels_of
from tests.models.context.scripted import Scripted, reader_of

WORDS = {
    "emotion": {"气死": "anger", "开心": "joy"},
    "topic": {"工资": "wages", "失眠": "sleep", "太吵": "noise", "欠债": "debt"},
    "life_event": {"退休": "retirement", "车祸": "accident"},
}


def topics(context: Context) -> list[str]:
    return [one.label for one in context.topics]


def events(context: Context) -> list[str]:
    return [one.label for one in context.life_events]


def said(context: Context) -> list[tuple[int, int]]:
    found = [*context.topics, *context.life_events, *([context.emotion] if context.emotion else [])]
    return [span for one in found for span in one.spans]


class TestWhatIsSaid:
    def test_a_label_comes_with_its_chinese_name_its_probability_and_its_words(self) -> None:
        text = "老板三个月没发工资，气死我了"
        context = reader_of(WORDS).read(text)
        assert context.emotion
        assert (context.emotion.label, context.emotion.name) == ("anger", labels_of("emotion")["anger"].name)
        assert context.emotion.probability == 0.9
        assert [text[a:b] for a, b in context.emotion.spans] == ["气死"]
        assert [(one.label, text[slice(*one.spans[0])]) for one in context.topics] == [("wages", "工资")]

    def test_below_its_threshold_a_label_is_not_said(self) -> None:
        assert reader_of(WORDS, threshold=0.95).read("没发工资，气死我了，刚退休") == Context()

    def test_a_label_without_words_is_not_said(self) -> None:
        assert reader_of(WORDS, spans=False).read("没发工资，气死我了，刚退休") == Context()

    def test_no_topic_and_no_event_are_not_reported(self) -> None:
        context = reader_of(WORDS).read("好的，谢谢你")
        assert (context.topics, context.life_events) == ((), ())

    def test_a_calm_message_is_calm(self) -> None:
        context = reader_of(WORDS).read("请问三号窗口在哪里")
        assert context.emotion
        assert context.emotion.label == "neutral"


class TestLongMessages:
    def test_each_sentence_is_read_by_itself_and_the_words_are_found_in_the_message(self) -> None:
        text = "工资拖了三个月没有发给我们。晚上我一直失眠到三四点钟。楼上装修又太吵了一整天。"
        context = reader_of(WORDS).read(text)
        assert set(topics(context)) == {"wages", "sleep", "noise"}
        assert {text[slice(*one.spans[0])] for one in context.topics} == {"工资", "失眠", "太吵"}

    def test_a_long_sentence_is_cut_at_its_commas(self) -> None:
        text = "工资拖了三个月没有发给我们这些人，房租也交不上了不知道怎么办，晚上我一直失眠到三四点钟才睡"
        assert set(topics(reader_of(WORDS).read(text))) == {"wages", "sleep"}

    def test_a_feeling_in_one_sentence_is_the_feeling_of_a_calm_message(self) -> None:
        context = reader_of(WORDS).read(
            "我住在二单元五楼朝南的那一户。楼上的人真是气死我了。其他的没有什么。"
        )
        assert context.emotion
        assert context.emotion.label == "anger"

    def test_one_calm_sentence_does_not_make_a_message_calm(self) -> None:
        """The first sentence is probably angry, not surely; then nothing is said, least of all calm."""
        reader = reader_of({"emotion": {"不讲理": "anger"}}, sure=0.45, threshold=0.5)
        assert reader.read("他这个人一点也不讲理。请问调解室在几楼。").emotion is None

    def test_an_unhappy_feeling_is_said_before_a_cheerful_one(self) -> None:
        reader = reader_of({"emotion": {"笑得合不拢嘴": "joy", "气死": "anger"}})
        context = reader.read("外孙来看我，我笑得合不拢嘴。可是楼上的人真是气死我了。")
        assert context.emotion
        assert context.emotion.label == "anger"

    def test_never_more_than_three_topics(self) -> None:
        text = (
            "工资拖了三个月没有发给我们。晚上我一直失眠到三四点钟。楼上又太吵了一整天。外面还欠债八万块钱。"
        )
        assert len(reader_of(WORDS).read(text).topics) == 3

    def test_of_a_very_long_message_the_first_and_the_last_are_read(self) -> None:
        text = (
            "工资没有发给我们这些人。"
            + "今天天气还可以的呀。" * 500
            + "失眠。"
            + "今天天气还可以的呀。" * 500
            + "欠债八万块钱没有还清。"
        )
        assert set(topics(reader_of(WORDS).read(text))) == {"wages", "debt"}


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        "text", ["", "   ", "。。。！？", "\n\n", "12345", "，，，", "\x00\x01", "\ud800"]
    )
    def test_nothing_is_said_of_nothing(self, text: str) -> None:
        assert reader_of(WORDS).read(text) == Context()

    @pytest.mark.parametrize(
        "text", ["please call me tomorrow 工", "ສະບາຍດີ", "asdf qwer zxcv", "Привет, как дела"]
    )
    def test_other_languages_are_not_guessed_at(self, text: str) -> None:
        assert reader_of({"topic": {"工": "wages", "asdf": "sleep"}}).read(text) == Context()

    def test_an_emoji_may_speak_alone(self) -> None:
        context = reader_of({"emotion": {"😡": "anger"}}).read("😡😡")
        assert context.emotion
        assert context.emotion.label == "anger"

    def test_the_models_never_see_an_endless_piece(self) -> None:
        reader = reader_of(WORDS)
        reader.read("啊" * 100_000)
        model = reader.model("topic")
        assert isinstance(model, Scripted)
        assert max(map(len, model.read)) <= 60
        assert len(model.read) <= 40


class TestATrainedReader:
    """The same on models that were really trained, on a toy corpus."""

    def test_it_reads_what_it_has_learned(self, reader: ContextReader) -> None:
        text = "这几天师傅没发工资，火大"
        context = reader.read(text)
        assert topics(context) == ["wages"]
        assert context.emotion
        assert context.emotion.label == "anger"
        words = "".join(text[a:b] for a, b in context.topics[0].spans)
        assert set("发工资") & set(words), words

    def test_it_reads_a_life_event_and_says_none_of_everyday_talk(self, reader: ContextReader) -> None:
        assert events(reader.read("早上阿姨退休了")) == ["retirement"]
        assert events(reader.read("早上阿姨看电视")) == []

    def test_it_is_cheerful_only_without_a_doubt(self, reader: ContextReader) -> None:
        limits = reader.thresholds("emotion")
        assert limits["joy"] >= 0.9 > limits["anger"]

    def test_it_says_the_same_each_time(self, reader: ContextReader) -> None:
        text = "昨晚老伴失眠。今天同事气炸了。"
        assert reader.read(text) == reader.read(text)

    @pytest.mark.parametrize(
        "text", ["失眠" * 50_000, "\n" * 100_000, "。失" * 20_000, "𠮷野家" * 100, "失\u200b眠\ufeff"]
    )
    def test_huge_and_odd_messages_are_answered(self, reader: ContextReader, text: str) -> None:
        assert all(0 <= a < b <= len(text) for a, b in said(reader.read(text)))

    @settings(max_examples=150, deadline=None)
    @given(
        text=st.text(alphabet=st.characters() | st.sampled_from("工资失眠退休火大。，！ \n"), max_size=300)
    )
    def test_any_string_is_answered_and_the_words_lie_within_it(
        self, reader: ContextReader, text: str
    ) -> None:
        context = reader.read(text)
        assert all(0 <= a < b <= len(text) for a, b in said(context))
        for found, task in ((context.topics, "topic"), (context.life_events, "life_event")):
            assert all(one.probability >= reader.thresholds(task)[one.label] - 1e-4 for one in found)
            assert "none" not in {one.label for one in found}
