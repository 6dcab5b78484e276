"""Promises of the guided skills' files: what every sentence, step and source must be."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.companion.course import Position, begin, card, follow_up, meant, skip, take
from bot.companion.skills import FINISH, SKILLS, Skill, read_skills
from models.crisis.recogniser import CrisisRecogniser

WANTED = {
    *("breathing_box", "breathing_478", "grounding", "muscle_relaxation", "body_scan", "sleep_routine"),
    *("early_waking", "worry_time", "thought_record", "small_plan", "anger_cooldown", "grief_ritual"),
    *("problem_solving", "caring_relative", "parents_of_teens", "exam_nerves", "after_quarrel"),
    *("company_places", "craving_delay", "new_mother_care", "safety_plan", "mood_checkin", "look_back"),
}
TOPICS = {
    *("low_mood", "worry", "anger", "sleeplessness", "loneliness", "bereavement", "illness"),
    *("family_conflict", "work_stress", "couple_quarrel", "divorce", "heartbreak", "in_laws"),
    *("parenting_teen", "parenting_child", "elder_alone", "caregiving", "new_mother"),
    *("pregnancy_loss", "exam_stress", "school_trouble", "bullying", "friends", "unemployment"),
    *("wages_owed", "debt", "gambling", "drinking", "night_shift", "migrant_homesick"),
    *("neighbour_dispute", "property_dispute", "demolition", "petition_no_answer", "scammed"),
    *("chronic_pain", "panic", "body_unease", "self_blame", "emptiness", "shame", "injustice"),
    *("retirement", "ageing", "pet_loss", "missing_someone", "infidelity", "money_tight"),
    *("child_disability", "good_news", "feeling_better", "tired", "overwhelmed", "crying"),
    *("numb", "nobody_understands", "dont_know_why", "cannot_say"),
}
SHORT = {"mood_checkin"}
"""One question and at most one more."""
NEVER = (
    *("诊断", "患者", "病人", "重点人", "高危", "异常", "治疗", "确诊", "康复", "症", "精神病", "心理疾病"),
    *("一直陪", "永远陪", "完全保密", "绝对保密", "不会告诉别人", "只有您知道", "加油", "想开", "别想太多"),
    *(
        "毫克",
        "一片药",
        "剂量",
        "停药",
        "吃药",
        "安眠药",
        "保证",
        "一定会好",
        "肯定会好",
        "必须",
        "您应该",
        "你应该",
    ),
    *("！", "!", "坚强", "您不能这样", "冷静点", "感恩", "正能量"),
)
LEADING_NO = re.compile(r"^(?:别|不要|不准|不许|不能|禁止|切勿|请勿|不该)")
YOU = re.compile(r"你")
QUOTED = re.compile(r"“[^”]*”")
WORK = read_skills()
EACH = pytest.mark.parametrize("skill", WORK.values(), ids=WORK)


def said(skill: Skill) -> Iterator[str]:
    """All that stands on a resident's page, buttons and labels included."""
    yield from (skill.title, *skill.bubbles())
    for step in skill.steps:
        yield from (*((step.button,) if step.button else ()), *((step.label,) if step.label else ()))
        yield from (choice.title for choice in step.choices)


def test_every_skill_is_there_and_no_other() -> None:
    assert set(WORK) == WANTED


@EACH
def test_nothing_is_said_that_a_neighbour_would_not_say(skill: Skill) -> None:
    for sentence in said(skill):
        assert not [word for word in NEVER if word in sentence], sentence
        assert not LEADING_NO.search(sentence), sentence
        assert not YOU.search(QUOTED.sub("", sentence)), f"您, not 你: {sentence}"


@EACH
def test_a_bubble_ends_as_a_sentence_and_asks_at_most_one_thing(skill: Skill) -> None:
    for bubble in skill.bubbles():
        assert bubble[-1] in "。？…”：⟧", bubble
        assert bubble.count("？") <= 1, bubble
    for step in skill.steps:
        assert sum(bubble.count("？") for bubble in step.say) <= 1, step.id
        if step.ask != "next":
            assert step.say[-1].endswith(("？", "。")), step.id


@EACH
def test_it_is_short_enough_and_says_how_long_it_takes_and_that_one_may_stop(skill: Skill) -> None:
    assert (1 if skill.id in SHORT else 3) <= len(skill.steps) <= 12
    assert 1 <= skill.minutes <= 20
    start = "".join(skill.start)
    assert re.search("分钟|一会儿|一句话|半分钟", start), start
    assert re.search("停|跳过|不答", start), start


@EACH
def test_it_ends_with_what_to_do_when_it_did_not_help(skill: Skill) -> None:
    last = skill.finish[-1]
    assert re.search(
        "⟦热线⟧|真人|社工|找人|找个人|家里人|大夫|医生|信得过|老师|打个电话|人说|叫人|12356", last
    ), last


@EACH
def test_its_sources_are_named(skill: Skill) -> None:
    assert skill.source
    for source in skill.source:
        assert re.search(r"(?:19|20)\d\d|本项目自编", source.who), source.who


@EACH
def test_it_is_offered_after_topics_that_there_are(skill: Skill) -> None:
    assert set(skill.for_) <= TOPICS, set(skill.for_) - TOPICS
    assert len(set(skill.for_)) == len(skill.for_)
    assert "？" in skill.offer or re.search("想的话|愿意的话|要是", skill.offer), skill.offer


def test_every_heavy_topic_has_a_skill_to_offer() -> None:
    offered = {topic for skill in WORK.values() for topic in skill.for_}
    assert TOPICS - offered <= {"good_news", "feeling_better"}, TOPICS - offered


@EACH
def test_a_step_without_help_is_rare_and_a_picture_is_never_needed(skill: Skill) -> None:
    for step in skill.steps:
        if step.ask == "text":
            assert step.help, f"{step.id}: somebody will not know what to write"
        for bubble in (*step.say, *step.help):
            assert not re.search("看图|图上|屏幕|动画|圆圈|听录音|听声音", bubble), bubble
        if step.picture:
            assert sum(map(len, step.say)) >= 15, f"{step.id}: words enough without the picture"


@EACH
def test_all_ways_through_come_to_the_end(skill: Skill) -> None:
    """Each choice at each step, and skipping everything."""
    taken = skip(skill, begin(skill))
    for _ in skill.steps[1:]:
        assert not taken.finished
        taken = skip(skill, taken.position)
    assert taken.finished
    assert taken.bubbles[-1] == skill.finish[-1]
    for step in skill.steps:
        here = Position(step.id)
        for choice in step.choices:
            assert not take(skill, here, choice=choice.value).helped
            for words in (choice.title, *choice.words):
                taken = take(skill, here, words)
                assert not taken.helped, words
                if step.keep:
                    assert taken.kept == {step.id: choice.value}, words
        if step.ask == "next":
            assert not take(skill, here, step.button or "好了").helped


@pytest.mark.parametrize(
    ("where", "value", "typed"),
    [
        ("mood_checkin mood", "fair", "还行吧 凑合 🙂 第二个"),
        ("mood_checkin mood", "low", "不太好 心情不好 不咋地 4"),
        ("mood_checkin mood", "hard", "很糟糕 心里很难受 😢 最后一个"),
        ("breathing_box after", "easier", "好一点了 舒服多了"),
        ("breathing_box after", "tighter", "头有点晕 更闷了"),
        ("breathing_478 after", "awake", "还是睡不着 清醒得很"),
        ("grounding after", "steadier", "没那么慌了 好多了"),
        ("grounding after", "same", "还是慌 没用"),
        ("thought_record strength", "high", "8 七八分 9分吧 很难受"),
        ("thought_record strength", "mid", "五六分 大概5分"),
        ("thought_record feeling", "blame", "觉得都怪我 自责"),
        ("small_plan sure", "high", "七八成 应该可以"),
        ("small_plan sure", "low", "没什么把握 2"),
        ("small_plan kind", "nothing", "什么都不想做 没力气"),
        ("anger_cooldown heat", "low", "没那么气了 1"),
        ("anger_cooldown heat", "high", "气死我了 还是很气"),
        ("sleep_routine nap", "long", "会睡一个小时 中午睡两个钟头"),
        ("early_waking when", "now", "刚醒 现在凌晨四点"),
        ("early_waking still", "awake", "一点都不困 还是醒着"),
        ("worry_time sort", "none", "没有啊 好像没有"),
        ("worry_time sort", "some", "有 有一件"),
        ("caring_relative load", "worn", "撑不住了 快累死了"),
        ("exam_nerves when", "later", "还有两个月"),
        ("after_quarrel calm", "calmer", "好多了 平静了"),
        ("craving_delay after", "less", "没那么想了 好点了"),
        ("new_mother_care slept", "none", "没怎么睡 断断续续"),
        ("new_mother_care slept", "enough", "五六个小时"),
    ],
)
def test_what_people_type_is_read_as_the_option_that_they_mean(where: str, value: str, typed: str) -> None:
    skill, step_id = where.split()
    step = WORK[skill].step(step_id)
    assert step is not None
    for words in typed.split():
        choice = meant(step, words)
        assert choice is not None, words
        assert choice.value == value, words


def test_the_safety_plan_has_its_seven_steps_and_all_of_them_are_kept() -> None:
    plan = WORK["safety_plan"]
    assert [step.id for step in plan.steps] == [
        *(
            "warning_signs",
            "by_myself",
            "distract",
            "ask_for_help",
            "professionals",
            "safer_place",
            "reasons",
        ),
    ]
    assert all(step.keep and step.help for step in plan.steps)
    assert "⟦热线⟧" in "".join(plan.steps[4].say)
    assert len(card(plan, {step.id: "好" for step in plan.steps})) == 7
    assert any("120" in bubble or "110" in bubble for bubble in plan.bubbles())


def test_the_small_plan_is_asked_after_the_next_day() -> None:
    asked = follow_up(WORK["small_plan"], {"plan": "下楼走一圈"})
    assert "下楼走一圈" in asked[0]
    assert follow_up(WORK["small_plan"], {}) == ()


def test_places_and_the_week_are_filled_in_by_the_application() -> None:
    assert any("⟦附近⟧" in bubble for bubble in WORK["company_places"].bubbles())
    assert any("⟦这周⟧" in bubble for bubble in WORK["look_back"].bubbles())
    assert not WORK["look_back"].kept_steps()
    assert len(WORK["mood_checkin"].steps[0].choices) == 5


def test_no_sentence_stands_in_two_skills_but_the_ones_about_stopping() -> None:
    seen: dict[str, str] = {}
    for skill in WORK.values():
        for bubble in skill.bubbles():
            assert seen.setdefault(bubble, skill.id) == skill.id, f"{bubble}: {seen[bubble]} and {skill.id}"


def test_no_button_says_what_a_person_should_hear() -> None:
    """A tap is not read for danger, so whatever means it is typed, and never offered."""
    reader = CrisisRecogniser.from_files()
    for skill in WORK.values():
        for choice in (choice for step in skill.steps for choice in step.choices):
            assert reader.read(choice.title).level == "none", f"{skill.id}: {choice.title}"


# What the reader refuses -----------------------------------------------------------------------------------------


def a_file() -> dict[str, Any]:
    return yaml.safe_load((SKILLS / "breathing_box.yml").read_text("utf-8"))


def written(folder: Path, data: object, name: str = "breathing_box.yml") -> Path:
    (folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return folder


def spoil(data: dict[str, Any], what: str) -> dict[str, Any]:
    first, choices = data["steps"][0], data["steps"][-1]["choices"]
    match what:
        case "unknown keys":
            data["colour"] = "red"
        case "keys missing":
            del data["review"]
        case "is not the name of the file":
            data["id"] = "another"
        case "more than 60 characters":
            first["say"] = ["长" * 61]
        case "two bubbles":
            first["say"] = ["一。", "二。"]
        case "one or 2 sentences":
            data["steps"][1]["say"] = ["一。", "二。", "三。"]
        case "is no later step":
            choices[0]["goto"] = "settle"
        case "each with an id of its own":
            data["steps"][1]["id"] = "settle"
        case "none called finish":
            first["id"] = FINISH
        case "nothing that was kept before":
            data["finish"][0] = "您写了⟦记下:settle⟧。"
        case "filled in":
            data["offer"] = "想的话，给⟦亲人⟧写几句话。"
        case "may have been skipped":
            data["steps"][-1] |= {"keep": True, "label": "现在"}
            data["finish"][-1] = "您选了⟦记下:after⟧，不行就找人。"
        case "no picture":
            first["picture"] = "sunset"
        case "two to five different choices":
            del choices[1:]
        case "words for a choice that is not offered":
            data["steps"][-1]["words"] = {"elsewhere": ["远"]}
        case "the same words for two choices":
            data["steps"][-1]["words"] = {"easier": ["差不多"]}
        case "is kept has words and a label":
            first |= {"keep": True, "label": "坐"}
        case "choices belong to ask: choice":
            first["choices"] = choices
        case "a button of more than":
            first["button"] = "好" * 13
        case "minutes":
            data["minutes"] = 90
        case "check after":
            data["check"] = {"after": "a year", "say": "后来呢？"}
        case "is not a text":
            data["title"] = 5
        case "a list is wanted":
            data["steps"] = []
        case "ask 'dance'":
            first["ask"] = "dance"
    return data


@pytest.mark.parametrize(
    "what",
    [
        *("unknown keys", "keys missing", "is not the name of the file", "more than 60 characters"),
        *("two bubbles", "one or 2 sentences", "is no later step", "each with an id of its own"),
        *("none called finish", "nothing that was kept before", "filled in", "may have been skipped"),
        *("no picture", "two to five different choices", "words for a choice that is not offered"),
        *("the same words for two choices", "is kept has words and a label"),
        *("choices belong to ask: choice", "a button of more than", "minutes", "check after"),
        *("is not a text", "a list is wanted", "ask 'dance'"),
    ],
)
def test_a_broken_file_is_refused_by_name(what: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(what)) as refused:
        read_skills(written(tmp_path, spoil(a_file(), what)))
    assert "breathing_box.yml" in str(refused.value)


def test_the_file_as_it_stands_is_read_and_what_is_no_yaml_is_not(tmp_path: Path) -> None:
    assert read_skills(written(tmp_path, a_file()))["breathing_box"] == WORK["breathing_box"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.yml").write_text("id: [", "utf-8")
    with pytest.raises(ValueError, match=r"x\.yml: not YAML"):
        read_skills(other)
    with pytest.raises(ValueError, match="no skills"):
        read_skills(tmp_path / "empty")
