"""What can go wrong in a conversation. Messages are for the resident and repeat nothing they said."""


class ConversationError(Exception):
    """The base of this family; `str()` is a sentence for the resident."""

    sentence = "出了点问题，请再试一次。"

    def __str__(self) -> str:
        return self.sentence


class SessionOver(ConversationError):
    """There is no living conversation behind this cookie."""

    sentence = "这次对话已经结束了。想接着聊，重新开始就好。"


class SessionMoved(SessionOver):
    """The conversation behind this cookie goes on at another device."""

    sentence = "已经转到您的另一台设备上了，这里已清除。前面答的都在那边。"


class CodeUnknown(ConversationError):
    """A one-time code that opens nothing: mistyped, used, or of yesterday."""

    sentence = "这串数字打不开。请对一对有没有抄错；用过一次或过了一天的，要在原来那台上再要一串新的。"


class Locked(ConversationError):
    """Something beside the questionnaire was asked for on a phone that a worker handed over."""

    sentence = "这部手机现在只用来答这几道题。要退出，请把手机交给工作人员。"


class NothingToAnswer(ConversationError):
    """There is no such question or button in this conversation now."""

    sentence = "这一题已经过去了，页面刷新一下就能接着来。您前面答的都还在。"


class ConsentMissing(ConversationError):
    """What was asked for needs a tick that is not there."""

    sentence = "做小测试要先得到您的同意，请在“我的同意”里勾上“做小测试”。"


class AgeNotSaid(ConversationError):
    """An entrance where age decides, before anybody said an age."""

    sentence = "先说说年龄，我们才知道问哪几道题合适。"


class GuardianMissing(ConsentMissing):
    """Somebody under 14 wants the questionnaires, and no guardian has agreed."""

    sentence = "做小测试要先请爸爸妈妈或者照顾你的大人同意。大人不在也没关系，我们可以先聊聊。"


class ChatNotAgreed(ConsentMissing):
    """Words were sent without the tick for talking. They were read for danger, and not kept."""

    sentence = "您还没有同意跟这个程序聊天，刚才那句没有保存。想聊的话，请在“我的同意”里勾上第一项。"


class ContactNotAgreed(ConsentMissing):
    """A telephone or an address was sent without the tick, and nobody had asked for it."""

    sentence = "您还没有同意留联系方式，刚才填的没有保存。想留的话，请在“我的同意”里勾上“需要时联系我”。"


class MessageTooLong(ConversationError):
    """More than 4,000 characters; its beginning and end were kept and read for danger."""

    sentence = "这段话太长了，我先读了开头和结尾。麻烦分成几段再发，您写的还在输入框里。"


class Unstorable(ConversationError):
    """Characters that cannot be kept; a repaired copy was kept and read for danger."""

    sentence = "这段话里有系统认不出的字符，请改一改再发，您写的还在输入框里。"
