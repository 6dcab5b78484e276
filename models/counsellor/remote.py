"""A model behind any OpenAI-compatible server: vLLM, Ollama, llama.cpp, or a provider outside when that was allowed.

What is sent: the frame and this conversation's masked words, and no name of a tool. Redirects are not followed, the
environment's proxies are not asked, cookies are not kept, compressed answers are not taken. Nothing of an address, a
key, a request or an answer is in any error.
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import cached_property

import httpx

from models.counsellor.address import ServerAddress
from models.counsellor.errors import ModelAway
from models.counsellor.sse import events, piece_of
from models.counsellor.voice import Messages, Where

CONNECT_SECONDS = 1.5
MOST_TOKENS = 200
TEMPERATURE = 0.6


class RemoteVoice:
    """One model of one server. `key` is sent as a bearer's token and appears nowhere else.

    `trust` says whose certificates are believed; without it, whoever this machine believes.
    """

    def __init__(
        self, address: ServerAddress, model: str, key: str = "", trust: ssl.SSLContext | None = None
    ) -> None:
        self._address = address
        self._model = model
        self._key = key
        self._trust = trust

    @property
    def where(self) -> Where:
        """Where the words go."""
        return self._address.where

    async def say(self, messages: Messages) -> AsyncGenerator[str, None]:
        """The pieces of one answer; `ModelAway` for everything that is none."""
        try:
            async with httpx.AsyncClient(
                trust_env=False,
                follow_redirects=False,
                verify=self._tls if self._address.url.scheme == "https" else False,
                timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            ) as http:
                response = await self._asked(http, messages)
                try:
                    _believed(response)
                    async with aclosing(_words(response.aiter_raw())) as words:
                        async for piece in words:
                            yield piece
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError):
            raise ModelAway("unreachable") from None

    async def _asked(self, http: httpx.AsyncClient, messages: Messages) -> httpx.Response:
        body = {
            "model": self._model,
            "messages": list(messages),
            "stream": True,
            "temperature": TEMPERATURE,
            "max_tokens": MOST_TOKENS,
        }
        headers = {
            "Host": self._address.url.netloc.decode("ascii"),
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
        }
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        failure: httpx.HTTPError = httpx.ConnectError("nowhere to connect to")
        for address in await self._address.pinned():
            request = http.build_request(
                "POST",
                self._address.url.copy_with(host=address),
                json=body,
                headers=headers,
                extensions={"sni_hostname": self._address.url.host},
            )
            try:
                return await http.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._trust or ssl.create_default_context()


def _believed(response: httpx.Response) -> None:
    if response.status_code != 200:
        raise ModelAway(f"status_{response.status_code // 100}xx")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        raise ModelAway("not_a_stream")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ModelAway("compressed")


async def _words(raw: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    ended = False
    async for event in events(raw):
        if event is None:
            return
        piece, over = piece_of(event)
        if piece and ended:
            raise ModelAway("goes_on")
        ended = ended or over
        if piece:
            yield piece
    if not ended:
        raise ModelAway("cut_off")
