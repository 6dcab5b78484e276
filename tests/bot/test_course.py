"""How a guided skill goes with people who answer in their own ways."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.companion.course import (
    GO_ON,
    LONGEST_KEPT,
    Position,
    Taken,
    back,
    begin,
    card,
    follow_up,
    shown,
    skip,
    take,
)
from bot.companion.skills import FINISH, Check, Choice, Skill, Source, Step, read_skills

WALK = Skill(
    id="walk",
    title="出门走一小段",
    minutes=3,
    source=(Source("散步", "我们自己", "次序"),),
    owner="dialogue",
    review="draft",
    for_=("low_mood",),
    picture=None,
    offer="想的话，我们约一小段路。",
    start=("大约三分钟。",),
    steps=(
        Step("shoes", ("先把鞋穿上。",), "next", button="穿好了", help=("拖鞋也行。",)),
        Step(
            "where",
            ("往哪边走？",),
            "choice",
            choices=(
                Choice("河边", "river", words=("运河", "看水")),
                Choice("菜场", "market", goto="whom"),
                Choice("今天算了", "none", goto=FINISH, words=("算了", "不想出门")),
            ),
            keep=True,
            label="往哪边",
        ),
        Step(
            "heavy",
            ("脚有多沉？",),
            "choice",
            choices=(Choice("0–3", "low"), Choice("4–6", "mid"), Choice("7–10", "high", words=("沉得很",))),
        ),
        Step("whom", ("路上能碰到谁？",), "text", keep=True, label="碰到谁", help=("门卫也算。",)),
        Step("go", ("跟“⟦记下:whom⟧”点个头。", "走到头再回来。"), "next"),
    ),
    finish=("下回还走⟦记下:where⟧。", "走不动也没关系，找个人说说。"),
    check=Check("next_day", ("昨天您说能碰到“⟦记下:whom⟧”。", "后来走了吗？")),
)


class Walker:
    """Somebody in the middle of a skill, who says things."""

    def __init__(self, skill: Skill = WALK, step: str | None = None) -> None:
        self.skill, self.position = skill, begin(skill) if step is None else Position(step)
        self.kept: dict[str, str] = {}
        self.heard: tuple[str, ...] = shown(skill, self.position).bubbles
        self.finished = self.helped = False

    def says(self, words: str = "", choice: str | None = None) -> "Walker":
        return self._hears(take(self.skill, self.position, words, choice=choice, kept=self.kept))

    def skips(self) -> "Walker":
        return self._hears(skip(self.skill, self.position, kept=self.kept))

    def goes_back(self) -> "Walker":
        return self._hears(back(self.skill, self.position, kept=self.kept))

    def _hears(self, taken: Taken) -> "Walker":
        self.position, self.kept = taken.position, dict(taken.kept)
        self.heard, self.finished, self.helped = taken.bubbles, taken.finished, taken.helped
        return self


def test_the_start_is_said_with_the_first_step_and_not_again_after_help() -> None:
    person = Walker()
    assert person.heard == ("大约三分钟。", "先把鞋穿上。")
    first = shown(WALK, person.position)
    assert [(choice.title, choice.value) for choice in first.choices] == [("穿好了", GO_ON)]
    assert (first.number, first.of, first.ask) == (1, 5, "next")
    assert shown(WALK, person.says("做不到").position).bubbles == ("先把鞋穿上。",)


def test_anything_goes_on_while_something_is_done() -> None:
    for words in ("好了", "穿上了", "外头在下雨", "。。。", ""):
        assert Walker().says(words).position.step == "where"
    assert Walker().says(choice=GO_ON).heard == ("往哪边走？",)


def test_not_managing_gets_help_once_and_then_it_goes_on() -> None:
    person = Walker().says("我做不来这个")
    assert (person.heard, person.helped, person.position.step) == (("拖鞋也行。",), True, "shoes")
    assert person.says("还是做不来").position.step == "where"
    assert not person.helped


def test_a_long_story_is_no_cry_for_help_with_the_step() -> None:
    story = "我跟您说，昨天我儿子打电话来说过年又不行，说单位里走不开，我听了心里空落落的"
    assert Walker().says(story).position.step == "where"


def test_worse_twice_lets_people_out_with_the_last_bubble() -> None:
    person = Walker().says("越做越难受")
    assert person.heard == ("拖鞋也行。",)
    person.says("好了").says("河边").says("头晕得很")
    assert person.finished
    assert person.heard[-1] == WALK.finish[-1]
    assert len(person.heard) == 2


@pytest.mark.parametrize("step", ["shoes", "whom", "go", "heavy"])
def test_enough_is_enough_at_any_step_and_what_was_kept_stays(step: str) -> None:
    person = Walker(step=step)
    person.kept = {"where": "river"}
    person.says("不想做了。")
    assert person.finished
    assert person.kept == {"where": "river"}
    assert person.heard[-1] == WALK.finish[-1]
    assert take(WALK, Position(step), "不做了").stopped


def test_an_option_called_so_is_chosen_and_does_not_stop() -> None:
    taken = take(WALK, Position("where"), "算了")
    assert taken.kept == {"where": "none"}
    assert not taken.stopped


def test_worse_where_the_step_has_no_help_of_its_own_gets_a_pause() -> None:
    person = Walker(step="go").says("更慌了")
    assert person.helped
    assert not person.finished
    assert person.heard
    assert not Walker(step="go").says("没有更慌").helped


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("河边", "river"),
        ("去运河边走走吧", "river"),
        ("第二个", "market"),
        ("2", "market"),
        ("二", "market"),
        ("２。", "market"),
        ("选2", "market"),
        ("最后一个", "none"),
        ("今天就算了吧", "none"),
        ("不想出门", "none"),
    ],
)
def test_a_choice_is_read_from_title_place_and_words(said: str, value: str) -> None:
    assert Walker(step="where").says(said).kept == {"where": value}


@pytest.mark.parametrize("said", ["四", "河边还是菜场", "不想去河边", "嗯", "0", "河" * 30 + "河边", "12"])
def test_a_choice_is_never_guessed(said: str) -> None:
    person = Walker(step="where").says(said)
    assert person.helped
    assert person.heard
    assert person.kept == {}
    assert person.position == Position("where", tries=1)
    assert person.says(said).position.step == "heavy"
    assert person.kept == {}
    assert not person.helped


@pytest.mark.parametrize(
    ("said", "value"),
    [("2", "low"), ("0", "low"), ("8分", "high"), ("大概五分吧", "mid"), ("十", "high"), ("7-10", "high")],
)
def test_where_titles_are_ranges_a_number_lies_in_one(said: str, value: str) -> None:
    kept_heavy = Skill(**{f: getattr(WALK, f) for f in WALK.__slots__} | {"steps": _keeping("heavy")})
    assert Walker(kept_heavy, step="heavy").says(said).kept == {"heavy": value}


def test_a_place_among_ranges_is_named_as_a_place() -> None:
    kept_heavy = Skill(**{f: getattr(WALK, f) for f in WALK.__slots__} | {"steps": _keeping("heavy")})
    assert Walker(kept_heavy, step="heavy").says("第二个").kept == {"heavy": "mid"}
    assert Walker(kept_heavy, step="heavy").says("11").kept == {}


def test_a_choice_leads_where_it_says() -> None:
    assert Walker(step="where").says(choice="market").position.step == "whom"
    person = Walker(step="where").says(choice="none")
    assert person.finished
    assert person.heard == ("下回还走今天算了。", "走不动也没关系，找个人说说。")


def test_an_old_button_is_asked_about_and_never_taken_for_an_answer() -> None:
    person = Walker(step="where").says(choice="long gone")
    assert person.helped
    assert person.kept == {}
    person = Walker(step="whom").says(choice=GO_ON)
    assert person.helped
    assert person.kept == {}


def test_any_words_are_kept_trimmed_and_nothing_can_be_smuggled_in() -> None:
    person = Walker(step="whom").says("  门口老张\n还有⟦热线⟧  ")
    assert person.kept == {"whom": "门口老张 还有「热线」"}
    assert person.heard == ("跟“门口老张 还有「热线」”点个头。", "走到头再回来。")
    assert len(Walker(step="whom").says("长" * 500).kept["whom"]) == LONGEST_KEPT
    assert max(map(len, Walker(step="whom").says("长" * 500).heard)) <= 60


def test_words_that_ask_for_help_are_no_answer() -> None:
    person = Walker(step="whom").says("想不出来")
    assert person.heard == ("门卫也算。",)
    assert person.kept == {}
    assert person.says("不知道").position.step == "go"
    assert person.kept == {}
    assert person.heard == ("走到头再回来。",), "what was not kept is not repeated"


def test_nobody_is_asked_once_in_other_words_and_then_kept() -> None:
    person = Walker(step="whom").says("没有人")
    assert person.helped
    assert person.says("没有人").kept == {"whom": "没有人"}


def test_back_goes_where_one_came_from_and_answers_may_change() -> None:
    person = Walker().says("好了").says("菜场").goes_back()
    assert person.position.step == "where"
    assert person.heard == ("往哪边走？",)
    assert person.says("河边").kept == {"where": "river"}
    assert person.says("上一步").position.step == "where"
    assert person.goes_back().goes_back().position == begin(WALK)


def test_skipping_keeps_nothing_and_loses_nothing() -> None:
    person = Walker().skips().skips().skips().skips()
    assert person.position.step == "go"
    assert person.kept == {}
    assert person.skips().finished
    assert person.heard == ("走不动也没关系，找个人说说。",)
    person = Walker(step="where").says("河边")
    assert person.goes_back().says("跳过").kept == {"where": "river"}


def test_a_step_of_another_edition_begins_anew() -> None:
    person = Walker(step="no such step")
    assert person.heard == ("大约三分钟。", "先把鞋穿上。")
    person.kept = {"whom": "老张"}
    assert person.says("河边").position == begin(WALK)
    assert person.kept == {"whom": "老张"}
    assert back(WALK, Position("go", path=("no such step",))).position == begin(WALK)


@pytest.mark.parametrize("kept", [None, [], {}, {"step": 3}, {"step": "go", "tries": "x", "path": 5}, "go"])
def test_a_position_that_cannot_be_read_begins_anew_or_stands(kept: object) -> None:
    position = Position.from_json(kept)
    assert shown(WALK, position).number in (1, 5)


def test_the_card_and_the_next_day_speak_of_what_was_kept() -> None:
    kept = {"where": "river", "whom": "老张。", "gone": "x"}
    assert card(WALK, kept) == (("往哪边", "河边"), ("碰到谁", "老张。"))
    assert follow_up(WALK, kept) == ("昨天您说能碰到“老张”。", "后来走了吗？")
    assert follow_up(WALK, {"where": "river"}) == ()


def _keeping(step_id: str) -> tuple[Step, ...]:
    return tuple(
        Step(step.id, step.say, step.ask, step.choices, keep=True, label="沉不沉")
        if step.id == step_id
        else step
        for step in WALK.steps
    )


SKILLS = (WALK, *read_skills().values())
WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ("", "嗯", "不会", "没有", "更难受了", "第二个", "2", "十", "上一步", "跳过", "⟦热线⟧", "😊")
    ),
)
STEPS = st.one_of(
    st.tuples(st.just("says"), WORDS),
    st.tuples(st.just("taps"), st.sampled_from((GO_ON, "low", "easier", "", "x"))),
    st.tuples(st.just("back"), st.none()),
    st.tuples(st.just("skip"), st.none()),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_said_nothing_raises_and_everything_ends(data: st.DataObject) -> None:
    skill = data.draw(st.sampled_from(SKILLS), label="skill")
    ids = [step.id for step in skill.steps]
    person = Walker(skill, data.draw(st.one_of(st.none(), st.sampled_from([*ids, "gone"]))))
    for how, words in data.draw(st.lists(STEPS, max_size=12)):
        if how == "says":
            person.says(words or "")
        elif how == "taps":
            person.says(choice=words)
        else:
            person.goes_back() if how == "back" else person.skips()
        person.position = Position.from_json(json.loads(json.dumps(person.position.as_json())))
        assert person.heard
        assert len(person.heard) <= 2
        assert all("⟦记下" not in bubble for bubble in person.heard)
        assert shown(skill, person.position, person.kept).choices or person.position.step in ids
        if person.finished:
            break
    turns = 0
    on = WORDS.filter(lambda words: words not in ("上一步",))
    while not person.finished:
        person.says(data.draw(on))
        turns += 1
        assert turns <= 4 * len(skill.steps)
