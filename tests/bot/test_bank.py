"""The sentence bank: what every sentence keeps to, what every topic has, and what the reader refuses."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.companion.bank import BANK, ECHOES, KINDS, Piece, read_bank
from bot.companion.manner import MANNERS
from models.counsellor.screen import plain, read_rules


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOPICS = words(
    """
    low_mood worry anger sleeplessness loneliness bereavement illness family_conflict work_stress
    couple_quarrel divorce heartbreak in_laws parenting_teen parenting_child elder_alone caregiving
    new_mother pregnancy_loss exam_stress school_trouble bullying friends unemployment wages_owed
    debt gambling drinking night_shift migrant_homesick neighbour_dispute property_dispute
    demolition petition_no_answer scammed chronic_pain panic body_unease self_blame emptiness shame
    injustice retirement ageing pet_loss missing_someone infidelity money_tight child_disability
    good_news feeling_better tired overwhelmed crying numb nobody_understands dont_know_why
    cannot_say self_worth social_fear love direction parents seeking_help
    """
)
FEELINGS = frozenset(
    f"feeling_{emotion}"
    for emotion in ("joy", "sadness", "anger", "fear", "surprise", "shame_or_guilt", "loneliness", "relief")
)
SKILLS = words(
    """
    breathing grounding muscle_relaxation body_scan sleep_routine early_waking worry_time
    thought_record small_plan anger_cooldown grief_ritual problem_solving caring_relative
    parents_of_teens exam_nerves after_quarrel company_places craving_delay new_mother_care
    safety_plan mood_checkin look_back list_skills relax_something
    """
)
PEOPLE = frozenset({"hotlines", "call_person", "call_me_back", "start_screening"})
WINDOWS = frozenset(
    f"ask_{window}"
    for window in (
        *("mediation", "petition", "arbitration", "legal_aid"),
        *("police_or_ambulance", "hospital", "benefits"),
    )
)
DISPUTES = (
    *("wages_owed", "neighbour_dispute", "property_dispute", "demolition"),
    *("petition_no_answer", "scammed", "injustice"),
)

NEVER_SAID = re.compile(
    "诊断|患者|病人|重点人|高危|异常|患有|治疗|确诊|康复|症|保密|一直陪|永远|加油|想开|别想|坚强|振作|"
    "你|剂量|服药|吃药|抑郁|焦虑|障碍|为什么|为啥|应该的是您|都怪您|我是人|我也是"
)
OPEN = re.compile("什么|怎么|哪|多少|谁|几")
CLOSED = re.compile("吗|是不是|有没有|能不能|会不会|要不要|好不好|对不对|行不行|愿不愿|可不可以|难道|何必")
FILLED = {"亲人": "您妈妈", "工作": "夜班", "多久": "三个月", "时候": "半夜"}
NEAR = 0.5
"""Two sentences that share more than this of their pairs of signs say the same."""


def pieces() -> Iterator[tuple[str, Piece]]:
    for topic, kinds in read_bank().items():
        for said in kinds.values():
            for piece in said:
                yield topic, piece


def wrong(hit: re.Pattern[str], kinds: tuple[str, ...] = KINDS) -> list[str]:
    return [f"{topic}: {p.text}" for topic, p in pieces() if p.kind in kinds and hit.search(p.text)]


def filled(text: str) -> str:
    return re.sub("⟦(.+?)⟧", lambda found: FILLED[found[1]], text)


def test_there_is_a_file_for_each_topic_and_feeling_and_one_for_all() -> None:
    assert set(read_bank()) == TOPICS | FEELINGS | {*MANNERS, "any"}
    assert sum(1 for _ in pieces()) >= 1000


@pytest.mark.parametrize("topic", sorted({*TOPICS, *MANNERS}))
def test_a_topic_has_enough_to_say_at_each_stage(topic: str) -> None:
    said = read_bank()[topic]
    floors = {"reflect": 5, "validate": 4, "ask": 5, "offer": 2, "present": 1}
    assert {kind: len(said[kind]) >= floor for kind, floor in floors.items()} == dict.fromkeys(floors, True)
    stages = Counter(piece.stage for piece in said["reflect"] if piece.echo is None)
    assert stages["first"] >= 2
    assert stages["later"] >= 1


def test_what_fits_every_topic_is_plenty() -> None:
    said = {kind: len(found) for kind, found in read_bank()["any"].items()}
    assert min(said.values()) >= 20
    assert said["present"] >= 25
    for feeling in FEELINGS:
        said = {kind: len(found) for kind, found in read_bank()[feeling].items()}
        assert said["reflect"] >= 6
        assert said["validate"] >= 6
        assert said["ask"] >= 4


def test_each_kind_can_be_said_without_an_echo() -> None:
    """Nobody has to name a relative to get an answer; and a third at most leans on what was named."""
    for topic, kinds in read_bank().items():
        said = [piece for found in kinds.values() for piece in found]
        assert sum(piece.echo is not None for piece in said) * 3 <= len(said), topic
        assert all(any(p.echo is None for p in found) for found in kinds.values() if found), topic
    assert {piece.echo for _, piece in pieces()} == {None, *ECHOES}


def test_a_question_is_open_and_never_asks_for_reasons() -> None:
    closed = [p.text for _, p in pieces() if p.kind == "ask" and not OPEN.search(p.text)]
    assert closed == []
    assert wrong(CLOSED, ("ask",)) == []


def test_nothing_is_said_that_judges_hurries_promises_or_prescribes() -> None:
    assert wrong(NEVER_SAID) == []
    assert [p.title for _, p in pieces() if p.title and NEVER_SAID.search(p.title)] == []


def test_no_sentence_begins_with_a_no() -> None:
    assert wrong(re.compile("^(不|别|没|无)")) == []


def test_what_the_model_may_not_say_the_bank_does_not_say_either() -> None:
    hit = [
        (rule.id, topic, piece.text)
        for rule in read_rules()
        for topic, piece in pieces()
        if rule.hits(filled(piece.text) if rule.raw else plain(filled(piece.text)))
    ]
    assert hit == []


def test_most_sentences_are_of_a_length_that_is_spoken() -> None:
    lengths = [len(filled(piece.text)) for _, piece in pieces() if piece.kind != "present"]
    assert sum(12 <= length <= 35 for length in lengths) >= 0.85 * len(lengths)
    assert max(lengths) <= 45


def test_an_echo_reads_well_whatever_fills_it() -> None:
    words = yaml.safe_load((BANK.parent / "companion" / "echoes.yml").read_text("utf-8"))
    fillings = {"亲人": [*words["kin"]], "工作": [*words["work"]], "时候": [*words["when"]]}
    fillings["多久"] = ["三个月", "好几年", "一天", "半年"]
    said = [
        piece.text.replace(f"⟦{piece.echo}⟧", filling)
        for _, piece in pieces()
        if piece.echo
        for filling in fillings[piece.echo]
    ]
    assert len(said) > len(fillings)
    assert [text for text in said if re.search("您您|的的|了了|里里|班班", text)] == []
    assert max(map(len, said)) <= 45


def test_a_lost_child_is_never_asked_after() -> None:
    """孩子 is a relative, too: who lost one while expecting must not be told to talk with it."""
    assert [p.text for t, p in pieces() if t == "pregnancy_loss" and p.echo == "亲人"] == []


@pytest.mark.parametrize("topic", ["missing_someone", "anger", "self_blame", "loneliness", "elder_alone"])
def test_what_is_said_beside_mourning_awaits_nobody(topic: str) -> None:
    awaits = re.compile("回来|见面|见一面|通个?消息|打搅|上一回跟")
    said = [p.text for kind in ("reflect", "validate", "ask") for p in read_bank()[topic][kind]]
    assert [text for text in said if awaits.search(text)] == []


def test_openings_vary_within_a_file() -> None:
    for topic, kinds in read_bank().items():
        said = [piece.text for found in kinds.values() for piece in found]
        openings = Counter(text[:2] for text in said)
        assert {opening for opening, times in openings.items() if times > 2} == set(), topic
        assert sum(text.startswith("听起来") for text in said) <= 2, topic


def test_no_two_sentences_say_the_same_in_nearly_the_same_words() -> None:
    pairs: list[frozenset[str]] = []
    texts: list[str] = []
    holders: dict[str, list[int]] = defaultdict(list)
    near = []
    for topic, piece in pieces():
        bare = re.sub(r"[，。？“”、；：…]", "", piece.text)
        mine = frozenset(bare[at : at + 2] for at in range(len(bare) - 1))
        shared = Counter(other for pair in mine for other in holders[pair])
        for other, common in shared.items():
            if common > NEAR * len(mine | pairs[other]):
                near.append((texts[other], f"{topic}: {piece.text}"))
        for pair in mine:
            holders[pair].append(len(pairs))
        pairs.append(mine)
        texts.append(f"{topic}: {piece.text}")
    assert near == []


def test_an_offer_is_one_small_thing_that_exists() -> None:
    offers = [(topic, piece) for topic, piece in pieces() if piece.kind == "offer"]
    assert {p.choice for _, p in offers} <= SKILLS | PEOPLE | WINDOWS
    assert [p.title for _, p in offers if p.title and len(p.title) > 10] == []
    assert SKILLS - {p.choice for _, p in offers} == set(), "a skill that nobody is offered"


@pytest.mark.parametrize("topic", DISPUTES)
def test_a_dispute_is_heard_before_a_door_is_named(topic: str) -> None:
    doors = [p for p in read_bank()[topic]["offer"] if p.choice in WINDOWS]
    assert doors
    early = {"ask_police_or_ambulance"}  # money that has just gone can still be stopped
    assert [p.text for p in doors if p.stage in (None, "first") and p.choice not in early] == []
    sides = re.compile("对方不对|他们不对|您没错|能要回|能赢|讨回|追回|违法|犯法")
    assert [text for text in wrong(sides) if text.startswith(topic)] == []


@pytest.mark.parametrize("topic", ["good_news", "feeling_better", "feeling_joy", "feeling_relief"])
def test_joy_is_shared_and_not_dug_into(topic: str) -> None:
    asked = "".join(piece.text for piece in read_bank()[topic]["ask"])
    assert not re.search("难|怕|愁|担心|问题|不好", asked)


@pytest.mark.parametrize("topic", ["numb", "crying", "cannot_say"])
def test_who_can_hardly_speak_is_answered_in_few_words(topic: str) -> None:
    said = [p for kind in ("reflect", "validate", "present") for p in read_bank()[topic][kind]]
    assert len(read_bank()[topic]["present"]) >= 2
    assert sum(len(p.text) for p in said) <= 20 * len(said)


GOOD = "owner: dialogue\nreview: draft\n"


@pytest.mark.parametrize(
    ("page", "named"),
    [
        ("reflect: [这里怎么样了？]", "这里怎么样了？"),
        ("ask: [您想说什么。]", "您想说什么。"),
        ("ask: [怎么了？后来呢？]", "怎么了？后来呢？"),
        ("present: [我在]", "我在"),
        ("present: [我在！]", "我在！"),
        (f"present: [{'好' * 60}。]", "好好好"),
        ("present: [我 在。]", "我 在。"),
        ("present: [⟦名字⟧，我在。]", "⟦名字⟧，我在。"),
        ("present: [⟦亲人⟧和⟦工作⟧。]", "⟦亲人⟧和⟦工作⟧。"),
        ("present: [⟦亲人，我在。]", "⟦亲人，我在。"),
        ("present: [{text: 我在。, stage: last}]", "我在。"),
        ("present: [{text: 我在。, choice: breathing, title: 喘口气}]", "我在。"),
        ("offer: [{text: 喘口气。, choice: breathing}]", "喘口气。"),
        ("offer: [喘口气。]", "喘口气。"),
        ("present: [{text: 我在。, mood: low}]", "我在。"),
        ("present: [我在。, 我在。]", "我在。"),
        ("present: 我在。", "present"),
        ("presents: [我在。]", "owner"),
        ("present: [", "tried.yml"),
    ],
)
def test_what_breaks_the_format_is_named_with_its_file(tmp_path: Path, page: str, named: str) -> None:
    (tmp_path / "tried.yml").write_text(GOOD + page, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(named)) as refused:
        read_bank(tmp_path)
    assert "tried.yml" in str(refused.value)


def test_a_piece_says_what_it_is(tmp_path: Path) -> None:
    offer = "{text: 给⟦亲人⟧写几句话。, choice: grief_ritual, title: 写几句话, stage: later}"
    (tmp_path / "loss.yml").write_text(f"{GOOD}offer: [{offer}]\npresent: [我在。]", encoding="utf-8")
    kinds = read_bank(tmp_path)["loss"]
    (piece,) = kinds["offer"]
    assert (piece.kind, piece.stage, piece.choice, piece.title, piece.echo) == (
        *("offer", "later", "grief_ritual", "写几句话", "亲人"),
    )
    assert re.fullmatch("loss.offer.[0-9a-f]{8}", piece.id)
    assert kinds["present"][0].stage is None
    assert kinds["ask"] == ()


def test_nobody_owns_a_page_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "tried.yml").write_text("present: [我在。]", encoding="utf-8")
    with pytest.raises(ValueError, match="owner"):
        read_bank(tmp_path)


def test_ids_are_each_used_once() -> None:
    ids = [piece.id for _, piece in pieces()]
    assert len(set(ids)) == len(ids)
