"""Points: what a message comes to within its matter, named, explained, asked about, or answered with a way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.actions.desk import DialogueState, Listening
from bot.actions.reflect import heard_in
from bot.companion.bank import read_bank
from bot.companion.believing import believed
from bot.companion.compose import Heard, compose, thread_of
from bot.companion.echoes import echoes_in
from bot.companion.manner import manner_of, only_thanks
from bot.companion.points import KINDS, Point, points_in, read_points
from bot.masking import for_rasa
from models.counsellor.screen import plain, read_rules
from tests.bot.test_bank import CLOSED, NEVER_SAID, OPEN, TOPICS

BANK = read_bank()
KNOWLEDGE = Path(__file__).parents[2] / "bot" / "knowledge"


def pieces() -> list[tuple[str, str, str]]:
    return [(p.id, kind, s.text) for p in read_points().values() for kind in KINDS for s in p.kinds[kind]]


def first_reply(text: str, intent: str | None = None, said: tuple[str, ...] = ()) -> list[str]:
    """Point and kind of each bubble, or topic and kind where no point speaks."""
    state = DialogueState(listening=Listening(said=said, seed="s"))
    of = {text: point for point, _, text in pieces()}
    return [
        f"{of.get(p.text, p.id.split('.')[0])}.{p.kind}"
        for p in compose(BANK, heard_in(state, intent, BANK, text))
    ]


def test_each_point_belongs_to_topics_that_there_are() -> None:
    assert {topic for point in read_points().values() for topic in point.of} <= TOPICS | {"any"}


def test_no_sentence_of_a_point_judges_promises_or_prescribes() -> None:
    assert [text for _, _, text in pieces() if NEVER_SAID.search(text) or re.match("不|别|没|无", text)] == []
    hit = [
        (rule.id, text)
        for rule in read_rules()
        for _, _, text in pieces()
        if rule.hits(text if rule.raw else plain(text))
    ]
    assert hit == []


def test_a_point_asks_openly() -> None:
    asked = [text for _, kind, text in pieces() if kind == "ask"]
    assert [text for text in asked if CLOSED.search(text) or not OPEN.search(text)] == []


def test_no_sentence_stands_twice() -> None:
    texts = [text for _, _, text in pieces()]
    texts += [p.text for kinds in BANK.values() for said in kinds.values() for p in said]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("上回的事以后我总怀疑他，怎么也信不过他了", "trust"),
        ("谢谢您，可是我当着人的面就是张不开嘴拒绝别人", "cannot_refuse"),
        ("我家小子一写作业就磨蹭，手机倒是抱着不放", "child_study"),
        ("天天刷手机刷到两点，放下又恨自己", "phone"),
        ("我爸妈三天两头吵架，我在家里待不住", "parents_quarrel"),
        ("这个法子我试过了，但没什么用", "when_it_sticks"),
    ],
)
def test_the_plainest_point_comes_first(text: str, point: str) -> None:
    assert points_in(text)[0].id == point


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("一走进食堂，总觉得旁人的眼光都在我身上", "judged"),
        ("做得再多也得不到一句肯定，我就盼着有人夸我", "wants_praise"),
        ("我老是看人脸色，到头来委屈自己", "pleases"),
        ("她们在背后说我坏话，传得有鼻子有眼", "spoken_ill"),
        ("同龄人都买房了，我总是落后一截", "compares"),
        ("看见邻居换新车我就眼红，晚上睡不着", "envies"),
        ("我这样的人大概不值得被爱吧", "unlovable"),
        ("家里穷，从小就自卑，同学聚会都躲着", "poor_background"),
        ("我想学着接纳自己，可老做不到", "accept_self"),
        ("在单位戴着面具一整天，回家谁也不想理", "true_self"),
        ("想改变自己这种急性子的处事方式", "wants_change"),
        ("老觉得自己长得难看，出门都低着头", "looks"),
        ("半年胖了二十斤，节食几天又忍不住吃", "weight"),
        ("老师对我的期望那么高，我怕接不住", "expected_of"),
        ("一躺下休息就有罪恶感，好像在偷懒", "rests_with_guilt"),
        ("我对不起老婆，她跟着我没享过几天福", "let_someone_down"),
        ("当初为什么不听劝，现在懊悔得睡不着", "regrets"),
        ("每次冲他吼完，过后我又内疚得不行", "guilt_after"),
        ("我现在也该相信自己了，难关都是自己闯过来的", "trusts_self"),
        ("脏活都推给我，我成了组里的软柿子", "pushed_around"),
        ("想跟亲戚设个界限，心理边界不清太累", "boundaries"),
        ("想跟他讲清楚，又怕他觉得我小题大做", "afraid_to_say"),
        ("跟他谈了也没用，一句都听不进", "talk_fails"),
        ("我这个人不善于表达自己的感情", "words_for_feelings"),
        ("心里一堆事，找不到人倾诉", "nobody_to_tell"),
        ("不敢跟陌生人说话，一开口就脸红", "shy"),
        ("饭桌上不知道该聊什么，一张嘴就冷场", "what_to_say"),
        ("我天生慢热，性格内向，话又少", "introvert"),
        ("我就是不想社交，喜欢一个人待着", "dislikes_company"),
        ("来了两年，一个真心的朋友也没交到，没有朋友", "make_friends"),
        ("她们都是本地人，我怎么也融入不进去", "outsider"),
        ("车间里的人抱团孤立我", "left_out"),
        ("十年的好姐妹渐行渐远，她还把我删了", "friend_drifts"),
        ("组长当着众人数落我，天天挨骂", "scolded"),
        ("因为是外地口音，去哪儿都被歧视", "discriminated"),
    ],
)
def test_how_somebody_stands_with_themselves_and_with_others_is_known(text: str, point: str) -> None:
    assert points_in(text)[0].id == point


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("对不起，我刚才打错字了", "guilt"),
        ("我越来越讨厌自己的工作", "confidence"),
        ("这件事大家怎么看", "judged"),
        ("我以后不会后悔的", "regrets"),
        ("我跟他保证过，晚上少看社交软件", "meeting_people"),
        ("他老是躲开这个话题", "what_to_say"),
        ("我曾经喜欢一个人，后来错过了", "dislikes_company"),
        ("室友不在，冷冰冰的，嗯，同学的作业很麻烦", "friend_rift"),
        ("书上说他是边缘性人格", "outsider"),
        ("他的自尊心强，我不想伤他", "confidence"),
        ("我身高170，在厂里上班", "looks"),
        ("我总不相信自己", "trusts_self"),
        ("同学竞争的压力还有各种不理解", "friend_rift"),
        ("饭后散步，听起来比较合理", "compares"),
    ],
)
def test_what_only_holds_a_word_of_it_is_let_go(text: str, point: str) -> None:
    assert point not in [found.id for found in points_in(text)]


def test_who_asks_how_hears_a_way_and_who_tells_is_asked() -> None:
    assert first_reply("老是觉得自己不够好，一点自信都没有，怎么办？") == [
        "confidence.reflect",
        "confidence.way",
    ]
    assert first_reply("老是觉得自己不够好，一点自信都没有") == ["confidence.reflect", "confidence.ask"]


def test_who_wonders_hears_how_such_a_thing_comes_about() -> None:
    assert first_reply("为什么我一上台发言就发抖呢？") == ["stage_fright.validate", "stage_fright.ask"]


def test_a_point_stays_within_the_matter_that_the_talk_is_on() -> None:
    loss = [piece.id for piece in compose(BANK, Heard(topic="debt"))]
    state = DialogueState(listening=Listening(said=tuple(loss), seed="s"))
    heard = heard_in(state, None, BANK, "我不敢开口跟家里说")
    assert heard.topic == "debt"
    said = [piece.id for piece in compose(BANK, heard)]
    assert {piece.split(".")[0] for piece in said} == {"debt"}
    assert thread_of([*loss, *said], BANK) == "debt"


def test_nobody_who_mourns_is_told_to_make_up_for_it() -> None:
    text = "老伴走了，好多话我都没说出口"
    assert heard_in(DialogueState(), "bereavement", BANK, text).points == ()


def test_a_heavy_matter_is_not_found_in_one_word_of_a_longer_message() -> None:
    text = "前面走过去一个抱着宝宝的人，我就站在路边看了好一会儿"
    assert heard_in(DialogueState(), None, BANK, text).topic is None
    assert heard_in(DialogueState(), "new_mother", BANK, text).topic == "new_mother"


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        ("neighbour_dispute", "邻居看我一个人住，把杂物堆我门口"),
        ("couple_quarrel", "他一回家就看手机 我说一句他顶一句"),
    ],
)
def test_what_a_short_message_is_read_as_stays(intent: str, text: str) -> None:
    assert points_in(text)
    assert heard_in(DialogueState(), intent, BANK, text).topic == intent


def test_a_sentence_of_a_point_is_said_once() -> None:
    text = "我这个人就是太敏感了"
    state, said = DialogueState(listening=Listening(seed="s")), []
    for _ in range(4):
        heard = heard_in(state, None, BANK, text)
        said += [piece for piece in compose(BANK, heard)]
        state = DialogueState(listening=Listening(said=tuple(p.id for p in said), seed="s"))
    assert len({piece.text for piece in said}) == len(said)


def test_thanks_and_a_lighter_heart_are_no_plan() -> None:
    assert only_thanks("嗯，听您这么讲我安心多了，谢谢您")
    assert not only_thanks("谢谢您，可是我心里还是怕")
    assert not only_thanks("谢谢您，我回去就跟婆婆好好说一次，让她也听听我的难处")


def test_whose_child_is_named_is_not_taken_for_their_own() -> None:
    assert "亲人" not in echoes_in(["在她眼里我一直是个让人操心的孩子"])
    assert echoes_in(["我的孩子不爱说话"])["亲人"] == "孩子"


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("{of: [love], words: a, reflect: [好。], ask: [怎么了？], way: [走走。]}", "needs of"),
        (
            "{of: [love], words: a, reflect: [好], validate: [好。], ask: [怎么了？], way: [走走。]}",
            "ends with",
        ),
        (
            "{of: [love], words: a, reflect: [好。], validate: [嗯。], ask: [怎么了？], way: [走走？]}",
            "asks nothing",
        ),
    ],
)
def test_what_breaks_the_format_is_named(tmp_path: Path, entry: str, named: str) -> None:
    (tmp_path / "p.yml").write_text(f"owner: x\nreview: y\npoints:\n  tried: {entry}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=named) as refused:
        read_points(tmp_path)
    assert "p.yml: tried" in str(refused.value)


def test_a_narrow_point_goes_before_a_broad_one() -> None:
    found = [point for point in points_in("我很害怕，一到晚上就做噩梦") if isinstance(point, Point)]
    assert [bool(point.broad) for point in found] == sorted(bool(point.broad) for point in found)


@pytest.mark.parametrize(
    ("intent", "meant", "not_meant"),
    [
        ("worried_about_other", "我怕我弟想不开", "我最近老是走神"),
        ("worried_about_other", "他对我说活着没意思", "他这个人真无情"),
        ("personal_question", "你几岁啦", "那你看我该怎么起头"),
        ("scam_suspicion", "这是骗人的吧", "老是否定自己，一点自信也没有"),
        (
            "ask_my_data",
            "你们存的记录能不能删掉呀，我有点不放心的",
            "我回去就把每天的情绪记录下来，自己看看变化",
        ),
        (
            "can_it_get_better",
            "这样下去还能好起来吗，我撑不住了呀真的",
            "我会试着多出去走走，希望心情能好起来吧",
        ),
    ],
)
def test_a_reading_that_its_words_speak_against_is_not_believed(
    intent: str, meant: str, not_meant: str
) -> None:
    assert believed(intent, meant)
    assert not believed(intent, not_meant)


@pytest.mark.parametrize(
    ("text", "manner"),
    [
        ("我会好好思考应该怎么跟他谈", "takes_up"),
        ("路是难走，但我会慢慢试下去的", "takes_up"),
        ("我不愿意再去面对那些人", None),
        ("那我该从哪里入手呢？", "asks_how"),
        ("这件事顺其自然而然就好了，我会努力放松自己", "takes_up"),
        ("他的犹豫是不是说明他不喜欢我？", "wonders"),
    ],
)
def test_a_plan_is_no_question_and_a_refusal_no_plan(text: str, manner: str | None) -> None:
    assert manner_of(text) == manner


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("眼看就要中考了，我一翻书手心就冒汗", "exam_near"),
        ("我一进考场就紧张得手发抖", "exam_fear"),
        ("今年又没考上，爸妈虽然没说什么", "exam_failed"),
        ("这学期成绩一直往下掉，我急得上火", "grades_drop"),
        ("上了一天课，提不起学习的兴趣，书也看不进去", "study_drive"),
        ("学的这个专业我一点兴趣也没有，想转专业", "change_major"),
        ("马上填志愿了，报哪个专业我拿不准", "choose_major"),
        ("几个室友半夜还在外放，我说了也没人听", "dorm"),
        ("班主任当着全班骂我，说我拖后腿", "teacher_hurts"),
        ("我纠结要不要休学，怕回来跟不上", "leave_school"),
        ("论文改了八稿，还是过不了", "thesis"),
        ("车间主管老拿我当出气筒，当着人骂我", "boss_scolds"),
        ("功劳都叫领导抢去了，我白干", "boss_unfair"),
        ("这话该怎么跟老板说才好呢", "boss_talk"),
        ("同事背后到处说我坏话", "colleague_clash"),
        ("刚进公司一个月，样样都不会", "new_at_work"),
        ("一想到要上班我就想吐", "dread_work"),
        ("公司裁员，上个月轮到我了", "laid_off"),
        ("我不晓得自己适合做什么工作", "career"),
        ("没什么兴趣爱好，下了班就发呆", "hobby"),
        ("三十多的人了，天天混日子，一点斗志都没有", "drifting"),
        ("我怕犯错，交出去以前要看十遍", "afraid_of_mistakes"),
        ("有什么法子能缓解压力吗", "ease_pressure"),
        ("开学才一个月，课就落下一大截，跟不上进度", "fell_behind"),
        ("老板说我不稳重，我天天想着领导对我的看法", "boss_opinion"),
        ("上班真的很不顺心，可又没地方去", "work_unhappy"),
        ("我就是不喜欢这个学校", "dislikes_school"),
        ("我对刻章很感兴趣，就是没工夫学", "hobby"),
    ],
)
def test_what_is_told_of_work_and_study_is_known_by_its_words(text: str, point: str) -> None:
    assert points_in(text)[0].id == point


@pytest.mark.parametrize(
    ("text", "not_meant"),
    [
        ("我试着散步转移注意力，还是放不下他", "focus"),
        ("我想找一位心理疏导师聊聊", "supervisor"),
        ("他工作很辛苦，回家一句话也不说", "work_load"),
        ("我们两个没有共同的兴趣爱好，话越来越少", "hobby"),
        ("我不喜欢那个班主任", "fond_of_teacher"),
        ("他没什么事业心，我看不到头", "career"),
        ("他下了班常拉我一起打游戏", "other_on_screen"),
        ("我怕发生意外怀孕，又不敢跟他讲", "business"),
        ("我对此很感兴趣，您接着说", "hobby"),
        ("玩手机反倒让我注意力集中", "focus"),
        ("我不想复读，就去上那个学校", "again_or_not"),
    ],
)
def test_a_word_in_passing_makes_no_matter_of_work_or_study(text: str, not_meant: str) -> None:
    assert not_meant not in [found.id for found in points_in(text)]


def test_who_asks_before_an_exam_hears_what_to_do_in_it() -> None:
    assert first_reply("我一考试就紧张，怎么办？", "exam_stress") == ["exam_fear.reflect", "exam_fear.way"]


def test_a_boss_in_passing_gives_way_to_what_was_done() -> None:
    assert first_reply("领导老拿我的功劳去邀功，我心里堵得慌", "work_stress") == [
        "boss_unfair.reflect",
        "boss_unfair.ask",
    ]


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("丈夫出轨以后，我夜夜睡不着", "affair_found"),
        ("我结婚八年了，最近爱上了一个同事", "my_affair"),
        ("想离婚，又怕孩子以后没有完整的家", "divorce_and_child"),
        ("男朋友昨天突然跟我提了分手", "other_wants_out"),
        ("他什么家务都不做，孩子也不管，没有一点责任心", "partner_leaves_all_to_me"),
        ("说了多少遍，他就是不理解我的难处", "not_taken_in"),
        ("我老公一喝酒就骂人，酗酒好几年了", "their_drinking"),
        ("两个人要不要互查手机", "phone_checked"),
        ("他消息总是不回，打电话也不接", "no_reply"),
        ("分不清自己是不是真的喜欢他", "like_or_not"),
        ("我喜欢的人已经有女朋友了", "taken"),
        ("三十岁了还单身，想脱单", "want_partner"),
        ("不喜欢那个男生，他还一直追我，很困扰", "unwanted_love"),
        ("每次想离开他，又没有勇气", "dare_not_leave"),
        ("男友老跟他前女友联系", "partner_and_ex"),
        ("家里催婚催得紧，过年都不敢回", "urged_to_marry"),
        ("交往才两周，他就说要结婚", "too_fast"),
        ("婚姻里没有爱，过得很痛苦", "marriage_hurts"),
        ("离婚半年了，晚上还是难受", "after_divorce"),
        ("我怀疑老公是不是外面有人了", "suspects_affair"),
        ("和前夫又住在一起，藕断丝连", "tangled"),
        ("两个男生都对我好，我不知道选哪个人", "two_loves"),
        ("那件事我到现在还是耿耿于怀", "knot"),
    ],
)
def test_what_happens_between_two_people_is_known_by_its_words(text: str, point: str) -> None:
    assert [points_in(one)[0].id for one in (text, for_rasa(text, ()))] == [point, point]


@pytest.mark.parametrize(
    ("text", "not_meant"),
    [
        ("按时上床，可就是睡不着", "intimacy"),
        ("老师讲得很有针对性，生活费也够", "intimacy"),
        ("我没有意识到自己的错", "no_answer_from_other"),
        ("这件事无法挽回了", "win_back"),
        ("女儿会不会不喜欢这个决定", "crush"),
        ("我想过平淡安稳的日子", "flat"),
        ("跟领导请假撒谎了", "trust"),
        ("没有人陪我玩", "apart"),
        ("我老公不想要孩子，想离婚的是我", "other_wants_out"),
        ("我又怕分手，又怕吵", "same_again"),
        ("我怕自己变得冷漠无情", "cold"),
        ("妈妈出轨了，我不知道该不该告诉爸爸", "affair_found"),
    ],
)
def test_a_word_in_passing_makes_no_matter_of_love(text: str, not_meant: str) -> None:
    assert not_meant not in [point.id for one in (text, for_rasa(text, ())) for point in points_in(one)]


def test_the_marks_of_a_sentence_part_its_points_as_wide_as_narrow() -> None:
    told = "快考试了，我怎么也睡不着"
    known = [point.id for point in points_in(told)]
    assert [point.id for point in points_in(for_rasa(told, ()))] == known


def test_what_gives_way_to_all_does_not_hide_what_stands_before_it() -> None:
    assert points_in("上回的事以后我总怀疑他，但是我不知道该怎么办")[0].id == "trust"
    assert [point.id for point in points_in("我心里很乱，但是我不知道该怎么办")] == ["what_now"]


def test_a_number_that_a_point_names_is_one_of_the_reviewed_knowledge() -> None:
    pages = [yaml.safe_load(page.read_text("utf-8")) for page in KNOWLEDGE.glob("*.yml")]
    reviewed = {entry["number"] for page in pages for entry in page.get("numbers", ())}
    said = [piece.text for point in read_points().values() for kind in point.kinds.values() for piece in kind]
    named = {number for text in said for number in re.findall("[0-9]{3,}", text)}
    assert "12333" in named
    assert named <= reviewed | {"110", "120"}
