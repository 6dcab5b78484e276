"""What Rasa may see of a message: no name, telephone, number or address, and nothing that it takes for a command.

Masking is for privacy, never for safety: the crisis reader has read the whole message before. In doubt a word
of feeling stays: a name is masked only where people say names (after 我叫, 女儿, 姓名 …) and only when it begins
with a surname, so that "我是难受" is not a person called 难受.
"""

import re
import unicodedata

_COMPOUND = "欧阳|诸葛|上官|司马|东方|皇甫|尉迟|公孙|令狐|慕容|司徒|夏侯|端木|南宫"
_SURNAMES = (
    "王李张刘陈杨赵周吴徐孙胡朱郭何林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘董袁余俞于叶蒋杜苏魏程吕丁沈姚卢傅钟姜崔谭廖范汪陆"
    "戴贾韦夏邱侯邹熊孟秦薛尹黎陶贺顾郝龚邵严赖覃钱施裘楼章骆虞鲍倪缪诸葛柴盛竺屠来寿华娄翁祝莫黄"
)
_MORE_SURNAMES = "马高田任石白江金方史龙段雷毛万汤洪武孔康乔易齐庄文柳殷付童梅管单包裴甘游骆温关路鲁池项阮"
_NO_NAME = (
    "周[一二三四五六日天末围身]|何[必况时苦处]|许[多久愿可]|谢谢|曾经|程度|余[额生下]|叶子|夏天|范围|陆续|钟[头点]|"
    "盛[大气]|来[了的不看找]|华丽|严[重格厉]|胡[说思乱]|任[何务性]|高[兴血考烧中低]|马[上路桶]|方[便法向]|白[天费]|金[钱额]|"
    "万一|文[化件]|包[括子]|温[和柔度]|关[心系门]|路[上过]|单[位独身]|管[我他她]|石头|江[边湖]|孙[子女]|施工|顾[虑不]|"
    "易怒|康复|游[戏泳]|来[电]"
)
_NOT_IN_NAMES = (
    "我你您他她它们的了是不没想在有很都也就太真最今住难睡哭累烦心痛怕死要会能吗呢吧啊呀嘛说去来到和跟天年岁电手家人"
    "这那个么什怎为做被把给让从得着过还只好吵骂打吃喝走看听觉已又再别老"
)
_GIVEN = f"[^\\W\\d_a-zA-Z{_NOT_IN_NAMES}]"
_TITLE = (
    "阿姨|大姐|大妈|大爷|大叔|大伯|大哥|大嫂|师傅|老师|奶奶|爷爷|叔叔|婶婶|先生|女士|"
    "小姐|同志|医生|主任|姐|哥|婶|嫂|伯|叔|姨"
)
_KIN = (
    "女儿|儿子|老公|老婆|丈夫|妻子|爱人|邻居|同事|同学|孙子|孙女|外孙|妈妈|爸爸|母亲|父亲|妹妹|弟弟|哥哥|姐姐|媳妇|女婿|"
    "朋友|对象|领导|社工|网格员"
)
_FULL = f"(?!{_NO_NAME})(?:(?:{_COMPOUND}) ?{_GIVEN}{{1,2}}|[{_SURNAMES}{_MORE_SURNAMES}] ?{_GIVEN}{{1,2}})"
_SURE = f"(?!{_NO_NAME})(?:(?:{_COMPOUND}){_GIVEN}{{1,2}}|[{_SURNAMES}]{_GIVEN}{{2}})"
_CALLED = f"(?:[老小阿][{_SURNAMES}{_MORE_SURNAMES}]|[小阿]{_GIVEN}{{1,2}})"
_END = r"(?=[^\u4e00-\u9fff]|$|今年|住|就行|吧|就好)"

_NAMES = (
    re.compile(
        f"((?:姓名|名字|大名|小名|本人|称呼我?|署名|联系人|叫)(?:叫做?|就?是|为)?[:“\"'「《 ]*)(?:{_FULL}(?:{_TITLE})?)"
    ),
    re.compile(f"((?:叫|称呼)我?[:“\"'「 ]*)(?:{_CALLED}{_END}|[{_SURNAMES}{_MORE_SURNAMES}](?:{_TITLE}))"),
    re.compile(f"(我(?:就?是)[: ]?)(?:(?!{_NO_NAME})(?:{_COMPOUND}|[{_SURNAMES}]){_GIVEN}{{1,2}}{_END})"),
    re.compile(f"((?:{_KIN})(?:名?叫|是)?[:“\"'「 ]*)(?:{_SURE})"),
    re.compile(r"()[\u4e00-\u9fff]{2,6}·[\u4e00-\u9fff]{2,8}"),
)
_SURNAME = re.compile(f"((?:我|本人|免贵|我家|老公|老婆)姓)(?:{_COMPOUND}|[\\u4e00-\\u9fff])")

_NUMBER = re.compile(r"(?<![0-9])\+?[0-9](?:[ \-._,()]{0,2}[0-9]){5,}(?: ?[xX](?![A-Za-z]))?")
_SPOKEN_NUMBER = re.compile(r"[零〇一二三四五六七八九幺两]{7,}")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+", re.ASCII)
_ACCOUNT = re.compile(
    r"((?:微信|威信|vx|wx|wechat|qq|抖音|账号|帐号)(?:号码?)?(?:是|为)?[: ]*)[A-Za-z0-9_.-]{4,}", re.I
)
_MIXED = re.compile(
    r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{6,}", re.ASCII
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼] ?[A-Z][· ]?[A-Z0-9]{5,6}"
)
_BIRTH = re.compile(r"[0-9]{4}年[0-9]{1,2}月(?:[0-9]{1,2}[日号])?")

_N = "[0-9一二三四五六七八九十百零〇]{1,6}"
_UNIT = "(?:号楼|号|幢|栋|弄|座|单元|楼|室|组|层)"
_HOUSE_NUMBER = f"(?: ?{_N}{_UNIT})+(?: ?[0-9]{{2,5}}室?)?| ?[0-9]{{1,4}}(?:-[0-9]{{1,4}})*"
_IN_PLACES = r"[^\W\d_a-zA-Z我你您他她的了是不没在有去到从这那住跟就都也很烦请找叫]"
_REGION = "(?:浙江省?|杭州市?|[\\u4e00-\\u9fff]{2}区)*"
_ADDRESS = re.compile(
    f"{_REGION}{_IN_PLACES}{{2,8}}?(?:街道|社区|小区|花园|公寓|新村|家园|大厦|广场|豪庭|华庭|名苑|佳苑|雅苑|嘉苑|大道|老街|新城|小镇)"
    f"(?:{_IN_PLACES}{{2,6}}?(?:路|弄|巷|街|村|苑|城|里))?(?:{_HOUSE_NUMBER})?"
)
_STREET = re.compile(f"{_REGION}{_IN_PLACES}{{2,6}}?(?:路|弄|巷|街|村|苑|城|府|里|坊|湾)(?:{_HOUSE_NUMBER})")
_LIVES = re.compile(
    f"((?:住在?|家在|屋里在|地址[是:]?|搬到)[: ]?){_IN_PLACES}{{2,8}}?(?:路|弄|巷|街|村|苑|城|府|里|坊|湾)"
)
_HOUSE = re.compile(
    f"{_N}(?:号楼|幢|栋|单元|室)(?: ?{_N}{_UNIT})*(?: ?[0-9]{{2,5}})?|(?<![0-9])[0-9]{{1,3}}-[0-9]{{1,3}}-[0-9]{{2,4}}"
)

_COMMAND = re.compile(r"^(?:[\s/\\⁄∕╱⧸⧵:]|EXTERNAL)+", re.I)


def for_rasa(text: str, known: tuple[str, ...] = ()) -> str:
    """The message as Rasa may see it.

    `known` are things this person has told about themselves (name, telephone, address, whom to reach); they
    are masked wherever they stand, spaced out or not. A leading slash or `EXTERNAL:` becomes ordinary text,
    in every width and behind invisible characters. Never raises, and an empty message stays a message.
    """
    text = "".join(c for c in unicodedata.normalize("NFKC", text) if _visible(c))
    for private, mask in zip(known, ("某人", "某号码", "某地", "某人"), strict=False):
        for part in _parts(unicodedata.normalize("NFKC", private or "")):
            text = re.sub(r"[ \-.,]*".join(map(re.escape, part)), mask, text)
    text = _MAIL.sub("某号码", text)
    text = _ACCOUNT.sub(r"\1某号码", text)
    text = _PLATE.sub("某号码", text)
    text = _BIRTH.sub("某日", text)
    for pattern in (_ADDRESS, _STREET, _HOUSE):
        text = pattern.sub("某地", text)
    text = _LIVES.sub(r"\1某地", text)
    for pattern in (_NUMBER, _SPOKEN_NUMBER, _MIXED):
        text = pattern.sub("某号码", text)
    for pattern in _NAMES:
        text = pattern.sub(r"\1某人", text)
    text = _SURNAME.sub(r"\1某", text)
    text = _COMMAND.sub("", text.strip())
    return text.replace("{", "（").replace("}", "）")[:1000].strip() or "……"


def _parts(private: str) -> list[str]:
    """What of one told thing is masked: all of it, each number and name in it, and a given name of two signs."""
    whole = re.sub(r"\s+", "", private)
    parts = {whole, *re.findall(r"[0-9]{5,}", whole)}
    names = re.findall(_SURE, whole) + ([whole] if re.fullmatch(r"[\u4e00-\u9fff]{3}", whole) else [])
    for name in names:
        parts |= {name, name[-2:]}
    return sorted((part for part in parts if len(part) >= 2), key=len, reverse=True)


def _visible(c: str) -> bool:
    return unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Cn") or c in "\n\t"
