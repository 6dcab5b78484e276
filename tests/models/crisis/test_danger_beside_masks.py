"""Danger beside a turn of speech, or in the middle of one: what is harmless alone hides nothing here (H11 to H13).

Each of these was answered `none` once, because a mask took the words of danger for a figure of speech, news, study, a
game or a denial. Rules alone must hear them: a model may be missing.
"""

import pytest

from models.crisis.recogniser import CrisisRecogniser
from models.crisis.rulebook import RuleBook

HEARD = """
真想一脚踩空摔死
想一脚踩空从天台摔下来算了
干活的时候老想一脚踩空，摔死算工伤给家里留点钱
我打算假装一脚踩空摔下楼
孩子和婴儿车锁在屋里，没人管，哭了一天
孩子在婴儿车锁在阳台哭了一下午
孩子坐婴儿车绑在里面一天没人管
怎么孩子怎么又醒了，安眠药喂了三片了，再喂一把我们就都解脱了
宝宝吞了硬币卡住了，嘴唇发紫
老板说我打翻货，叫人按着我打
老板说打碎你的腿，拿着铁棍追我
我决定后天去找老中医开安眠药一次吃完
我明天去找老师说再见，然后去江边
婆婆把孩子藏到他妈家的冰柜里
队友骂我，我去死算了
游戏输了被同学骂，我去跳楼
原神卸载了，我准备死了
论文过不了，割腕
期末作业交不上，自杀
课上同学割腕了，血流了一桌
小区有人上吊了还挂着呢快救
隔壁有人上吊了，我撞不开门
隔壁单元有人烧炭，救人
昨天隔壁单元有人跳楼了，是我爸
学校有人跳河了，还没捞上来
刷到割腕的视频，我照着试了一下
听说我邻居家暴了，孩子在哭
听说他又家暴她了
自杀意念无，但准备好了绳子
问卷问自残，我选没有，校服底下几十道疤
老师问有没有自残，没有，袖子遮着呢
不想活那题，没有。我妈站后面呢
没必要去死，可我还是站这了
同事以为我要跳楼，我只是在看高度
老师以为我要跳楼，我说我在看风景，其实在量
想死，开玩笑的，也不是玩笑
不想活了开玩笑啦，反正没人信
不想活了，全校都知道那视频了，太丢人
认错人被打了，让我死吧
店铺也活不下去，一家人要喝药
安眠药吃了半年，攒下两百颗
安眠药吃了三年，今天一次吃完
麻将输了被逼债，今晚跳江
不想再醒了，放假第一天就走
炭买好了，烧烤炉搬进房，门封了
一了百了，骚扰不到你们了
不要打了要出人命了！楼上
当心，隔壁打老婆要出人命
爸看球输了就暴打我妈
麻将输了回来暴打孩子
被他们吊打了一晚，手都脱臼了
棋牌室老板欠我钱，我跟他同归于尽
妈，想死你了，我下来陪你
我爸要打死我，买了酒回来了在砸门
活不下去了哈哈
我老公这个狗总家暴我
爸爸打断了弟弟的腿
他不让我打电话，手机摔了，锁着门
伤害自己的身体能让我好受
被性侵的案件，我是受害人，就是昨晚的事
读了他的遗书，他人不见了
短视频里教上吊的，我学会了
毕业论文没过想跳楼
科目二没过想跳楼
考试没过想死
我妈没呼吸了 农药味
我妈要把我卖给人家
他直播要跳 有人管吗
照顾好孩子 我对不起你们
去青岛旅游，把狗托付给我妈，去跳海
""".strip().splitlines()


@pytest.fixture(scope="module")
def reader() -> CrisisRecogniser:
    return CrisisRecogniser.from_files()


@pytest.mark.parametrize("said", HEARD)
def test_danger_beside_a_turn_of_speech_is_heard(reader: CrisisRecogniser, said: str) -> None:
    assert reader.read(said).level != "none"


@pytest.mark.parametrize("before", ["", "麻烦问一下，"])
@pytest.mark.parametrize(
    ("turn", "beside"),
    [
        ("我的论文写青少年自杀预防", "遗书我放抽屉了"),
        ("打游戏又死了", "绳子我也买了"),
        ("笑死我了", "农药我也买好了"),
    ],
)
def test_a_word_of_danger_keeps_the_span_beside_it_open(
    reader: CrisisRecogniser, before: str, turn: str, beside: str
) -> None:
    assert reader.without_harmless(before + turn) != before + turn
    assert reader.without_harmless(f"{before}{turn}，{beside}") == f"{before}{turn}，{beside}"


def test_the_words_that_keep_spans_open_are_there() -> None:
    assert len(RuleBook.shipped().danger_beside) > 50
