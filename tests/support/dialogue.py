"""A dialogue that says what it was asked, for tests that are not about its words."""

from bot.rasa_client import RasaSilent
from bot.transcript import Bubble


class ScriptedDialogue:
    """Keeps the promises of `RasaClient` without Rasa. `silent`: as if Rasa were gone."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.silent = False

    async def send(self, sender: str, message: str, *, patient: bool = False) -> list[Bubble]:
        self.heard.append((sender, message))
        if self.silent:
            raise RasaSilent("scripted")
        name = message.removeprefix("/") if message.startswith("/") else "listening"
        return [Bubble(f"（{name}）", name=name)]

    async def close(self) -> None:
        """Nothing to let go of."""
