"""What can go wrong in a conversation. Messages are for the resident and repeat nothing they said."""


class ConversationError(Exception):
    """The base of this family; `str()` is a sentence for the resident."""

    sentence = "出了点问题，请再试一次。"

    def __str__(self) -> str:
        return self.sentence


class SessionOver(ConversationError):
    """There is no living conversation behind this cookie."""

    sentence = "这次对话已经结束了。想接着聊，重新开始就好。"


class NothingToAnswer(ConversationError):
    """There is no such question or button in this conversation now."""

    sentence = "这一题已经过去了，页面刷新一下就能接着来。您前面答的都还在。"


class ConsentMissing(ConversationError):
    """What was asked for needs a tick that is not there."""

    sentence = "做小测试要先得到您的同意，请在“我的同意”里勾上“做小测试”。"


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
