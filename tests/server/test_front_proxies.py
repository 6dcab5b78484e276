"""Behind our own front proxy each resident is counted by their own address; nobody else can say where they are."""

import httpx
import pytest
from pydantic import ValidationError

from server.commands.serve import configured
from server.limits import RULES
from server.settings import Settings
from tests.support.town import ORIGIN, Town

PROXY, STRANGER = "10.0.0.5", "198.51.100.7"
TRIES, _ = RULES["progress"]


def guesses(town: Town, front_proxies: str, comes_from: str, says: str, times: int = 1) -> list[int]:
    """Wrong codes from this line, which says of itself whom it speaks for."""
    chosen = town.services.settings.model_copy(update={"front_proxies": front_proxies})
    config = configured(chosen, town.app)
    config.load()

    async def ask() -> list[int]:
        line = httpx.ASGITransport(config.loaded_app, client=(comes_from, 4711))
        async with httpx.AsyncClient(transport=line, base_url=ORIGIN) as http:
            return [
                (await http.get("/api/progress/ABCD", headers={"X-Forwarded-For": says})).status_code
                for _ in range(times)
            ]

    found: list[int] = town.run(ask())
    return found


def test_who_guesses_behind_our_proxy_holds_up_nobody_else_there(town: Town) -> None:
    assert guesses(town, PROXY, PROXY, "203.0.113.1", TRIES + 1) == [404] * TRIES + [429]
    assert guesses(town, PROXY, PROXY, "203.0.113.2") == [404]
    assert guesses(town, PROXY, PROXY, "203.0.113.9, 203.0.113.1") == [429], (
        "only what our proxy added counts"
    )


@pytest.mark.parametrize("front_proxies", ["", PROXY])
def test_nobody_else_says_where_they_are(town: Town, front_proxies: str) -> None:
    assert guesses(town, front_proxies, STRANGER, "203.0.113.1", TRIES) == [404] * TRIES
    assert guesses(town, front_proxies, STRANGER, "203.0.113.2") == [429]


@pytest.mark.parametrize(
    "said", ["*", "0.0.0.0/0", "::/0", "the proxy", "10.0.0.5,*", "0.0.0.0/1,128.0.0.0/1", "10.1.0.0/16"]
)
def test_a_setting_that_trusts_everybody_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        Settings(front_proxies=said, _env_file=None)  # type: ignore[call-arg]
    assert Settings(front_proxies="10.0.0.5, 10.1.7.0/24", _env_file=None).front_proxies  # type: ignore[call-arg]
