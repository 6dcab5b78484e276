"""One request to a provider over HTTP, with one deadline, one address, and an answer of bounded size.

Redirects are never followed, proxies of the environment never asked, cookies never sent back, and nothing in an
answer is ever fetched. What can be said of any answer is said here; whether its words are believed is for each
channel. No failure's text holds a word of the provider's, and none holds an address.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from escalation.channels import PermanentFailure, TemporaryFailure
from escalation.channels.deadline import Watch, deadline

LARGEST_ANSWER = 16 * 1024
LATER = frozenset({408, 409, 423, 425, 429})  # refusals that say "not now" rather than "never"
LONGEST_WAIT = 3600.0
LONGEST_BUDGET = 120


class Exchange:
    """Sends requests to one provider. `budget_seconds` is for each whole exchange."""

    def __init__(self, budget_seconds: float, client: httpx.Client | None = None) -> None:
        if not 0 < budget_seconds <= LONGEST_BUDGET:
            raise ValueError(f"the budget must be above 0 and at most {LONGEST_BUDGET} seconds")
        self.budget = budget_seconds
        self._client = client or httpx.Client(trust_env=False)

    def post(
        self,
        url: httpx.URL,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        pinned: Sequence[str] = (),
    ) -> bytes:
        """Post JSON and return the body of a 2xx answer.

        With `pinned`, only these addresses are connected to, under the name in the URL, which the certificate must
        still have. `TemporaryFailure` when the provider is busy, broken, silent, unreachable or not HTTP;
        `PermanentFailure` when it refuses plainly or wants to send us elsewhere.
        """
        with deadline(self.budget) as watch:
            try:
                response, body = self._first_that_listens(url, content, headers or {}, pinned, watch)
            except (httpx.UnsupportedProtocol, httpx.InvalidURL):
                raise PermanentFailure("the gateway's address cannot be used") from None
            except httpx.TimeoutException:
                raise TemporaryFailure("the gateway did not answer in time") from None
            except (httpx.TransportError, OSError):
                if watch.rang:
                    raise TemporaryFailure("the gateway did not answer in time") from None
                raise TemporaryFailure("the gateway cannot be reached or broke off") from None
        return _accepted(response, body)

    def _first_that_listens(
        self,
        url: httpx.URL,
        content: bytes,
        headers: Mapping[str, str],
        pinned: Sequence[str],
        watch: Watch,
    ) -> tuple[httpx.Response, bytes]:
        if not pinned:
            return self._once(url, content, headers, {}, watch)
        failure: httpx.ConnectError | None = None
        named = {"Host": url.netloc.decode("ascii"), **headers}
        for address in pinned:
            try:
                more = {"sni_hostname": url.host}
                return self._once(url.copy_with(host=address), content, named, more, watch)
            except httpx.ConnectError as error:
                failure = error
        raise failure or httpx.ConnectError("nowhere to connect to")

    def _once(
        self,
        url: httpx.URL,
        content: bytes,
        headers: Mapping[str, str],
        extensions: Mapping[str, Any],
        watch: Watch,
    ) -> tuple[httpx.Response, bytes]:
        request = self._client.build_request(
            "POST",
            url,
            content=content,
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Connection": "close",
                **headers,
            },
            timeout=self.budget,
            extensions={"trace": watch.trace, **extensions},
        )
        request.headers.pop("Cookie", None)
        response = self._client.send(request, stream=True, follow_redirects=False)
        try:
            body = b""
            for piece in response.iter_raw():
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise TemporaryFailure("the gateway's answer is too long")
            if watch.rang:
                raise TemporaryFailure("the gateway did not answer in time")
            return response, body
        finally:
            response.close()


def _accepted(response: httpx.Response, body: bytes) -> bytes:
    status = response.status_code
    if 300 <= status < 400:
        raise PermanentFailure(f"the gateway answered {status}: it wants to send us elsewhere")
    if status in LATER or status >= 500:
        raise TemporaryFailure(f"the gateway answered {status}", _retry_after(response))
    if not 200 <= status < 300:
        raise PermanentFailure(f"the gateway answered {status}")
    return body


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds a gateway asks for, within reason; it may not silence us for ever."""
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT) if math.isfinite(seconds) and seconds >= 0 else None


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in an answer; `TemporaryFailure` for anything else."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise TemporaryFailure("the gateway's answer is not JSON") from None
    if not isinstance(answer, dict):
        raise TemporaryFailure("the gateway's answer is not what was agreed")
    return answer


@dataclass(frozen=True)
class Codes:
    """What a provider's `errcode` means beyond 0. `later` and `slower` may succeed later, `slower` after its wait;
    every other code, known or not, is a refusal, so that the next channel is tried at once."""

    later: frozenset[int] = frozenset()
    slower: Mapping[int, float] | None = None

    def believe(self, answer: Mapping[str, Any]) -> None:
        """Return only for `errcode` 0, as a number. A negative one means by custom that the system is busy."""
        code = answer.get("errcode")
        if type(code) is not int:
            raise TemporaryFailure("the gateway's answer has no errcode")
        if code == 0:
            return
        word = str(code)[:12]
        if self.slower and code in self.slower:
            raise TemporaryFailure(f"the gateway is sent too much (errcode {word})", self.slower[code])
        if code < 0 or code in self.later:
            raise TemporaryFailure(f"the gateway is busy (errcode {word})")
        raise PermanentFailure(f"the gateway refused with errcode {word}")


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON as it is sent: readable Chinese in UTF-8."""
    return json.dumps(value, ensure_ascii=False).encode()
