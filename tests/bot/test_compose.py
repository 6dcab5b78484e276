"""How a listening reply is put together: kinds by turn, nothing twice, echoes only where they can be filled."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.companion.bank import read_bank
from bot.companion.compose import Heard, compose, on_topic, thread_of

BANK = read_bank()
TOPICS = sorted(t for t in BANK if t != "any")


def talk(turns: int, **heard: object) -> list[list[str]]:
    """So many replies on one thing; each a list of ids."""
    said: list[str] = []
    replies = []
    for _ in range(turns):
        reply = [piece.id for piece in compose(BANK, Heard(said=tuple(said), **heard))]  # type: ignore[arg-type]
        replies.append(reply)
        said += reply
    return replies


def kinds(reply: list[str]) -> list[str]:
    return [piece.split(".")[1] for piece in reply]


def test_the_first_reply_says_back_and_asks() -> None:
    assert kinds(talk(1, topic="bereavement")[0]) == ["reflect", "ask"]


def test_an_offer_comes_with_the_third_reply_and_the_fifth_asks_nothing() -> None:
    replies = talk(5, topic="sleeplessness")
    assert kinds(replies[2])[1] == "offer"
    assert kinds(replies[4])[1] == "present"


def test_little_is_said_to_who_can_hardly_speak() -> None:
    assert [kinds(reply)[-1] for reply in talk(2, topic="numb")] == ["present", "present"]


def test_hardly_any_words_get_one_bubble() -> None:
    said = tuple(talk(1, topic="worry")[0])
    assert len(compose(BANK, Heard(topic="worry", said=said, brief=True))) == 1


def test_a_sentence_that_names_something_back_is_only_said_when_it_can() -> None:
    for topic in TOPICS:
        for reply in talk(8, topic=topic):
            assert not [i for i in reply if _piece(i).echo]


def test_conversations_differ() -> None:
    replies = {tuple(talk(1, topic="low_mood", seed=str(seed))[0]) for seed in range(20)}
    assert len(replies) >= 5


def test_the_thread_is_the_last_topic_that_was_spoken_of() -> None:
    said = [*talk(1, topic="debt")[0], *talk(1)[0]]
    assert thread_of(said, BANK) == "debt"
    assert thread_of([], BANK) is None
    assert on_topic(said, "debt") == 1


@given(
    topic=st.sampled_from([*TOPICS, None, "nothing_of_the_kind"]),
    beside=st.sampled_from([*TOPICS, None]),
    feeling=st.sampled_from(["sadness", "anger", "neutral", None]),
    echoes=st.sets(st.sampled_from(["亲人", "工作", "多久", "时候"])),
    seed=st.text(max_size=3),
)
def test_nothing_is_said_twice_and_nothing_ends_the_talk(  # type: ignore[no-untyped-def]
    topic, beside, feeling, echoes, seed
) -> None:
    replies = talk(25, topic=topic, beside=beside, feeling=feeling, echoes=frozenset(echoes), seed=seed)
    said = [piece for reply in replies for piece in reply]
    assert all(1 <= len(reply) <= 2 for reply in replies)
    assert len(said) == len(set(said))


def test_when_everything_was_said_what_is_said_again_was_said_longest_ago() -> None:
    everything = [p.id for kinds in BANK.values() for pieces in kinds.values() for p in pieces]
    said = list(everything)
    again = []
    for _ in range(6):
        [piece] = compose(BANK, Heard(topic="debt", said=tuple(said)))
        assert piece.kind == "present"
        again.append(piece.id)
        said.append(piece.id)
    assert all(one != another for one, another in pairwise(again))


def _piece(name: str):  # type: ignore[no-untyped-def]
    topic, kind, _ = name.split(".")
    return next(p for p in BANK[topic][kind] if p.id == name)
