"""The plain form in which learned models read a text, with the way back to the text as it was written.

Width, traditional characters, spaced-out characters and symbols between characters go the way they go for the
rules. Emoji that say something stay as they are. Disguised spellings stay too: the models learn them from lines,
so that a change of the rules' spelling list never changes what a trained model sees.
"""

from __future__ import annotations

from functools import lru_cache

from models.crisis.normalise import Normaliser, View

_EMOJI = (
    "😀😁😂😃😄😅😆😇😉😊😋😌😍😎😏😐😑😒😓😔😕😖😘😙😚😛😜😝😞😟😠😡😢😣😤😥😦😧😨😩😪😫😬😭😮😯😰😱😲😳😴😵😶😷"
    "🙁🙂🙃🙄🙏🤐🤔🤕🤗🤡🤢🤣🤤🤦🤧🤨🤩🤪🤫🤬🤭🤮🤯🤷🥰🥱🥲🥳🥴🥵🥶🥹🥺🥀🌹🌞🌧🌃🌉🌊🌈🌸🍀🎂🎉🎈🎓🏠🏥🏫"
    "💀💊💉💔💕💖💗💣💤💥💦💪💰💸💩👋👌👍👎👏👨👩👪👶👵👴👼👊🔪🔫🔥🗡🚬🍺🍷🩸🩹🪢🪦🪓🚑🚓🚨❤☠⚰✨⭐☀☔✅❌❗❓♥✌✊"
)


@lru_cache(maxsize=1)
def _normaliser() -> Normaliser:
    return Normaliser((), {sign: sign for sign in _EMOJI}, ())


def view(text: str) -> View:
    """One reading of a text, the one that keeps its emoji. Of an over-long text: its first and its last part."""
    views, _ = _normaliser().views(text)
    return views[-1]
