"""Where a model server may stand: on this machine or in a network of our own, and elsewhere only when that is said.

A name is asked for each time, and what it says is what is connected to: a name that answers differently a moment
later changes nothing. A name that leads inside and outside at once is refused.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from models.counsellor.errors import ModelAway, SlotRefused
from models.counsellor.voice import Where

OWN = tuple(
    ip_network(net)
    for net in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
LONGEST = 500
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolved(host: str, port: int) -> Sequence[str]:
    """What a name resolves to, IPv4 first; `ModelAway` when nobody says so."""
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ModelAway("unknown_host") from None
    return sorted({str(answer[4][0]) for answer in answers}, key=lambda one: (":" in one, one))


class ServerAddress:
    """The address of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1.

    `SlotRefused` for what is none, for one with a name or password in it, and for one outside that is not https or
    for which `external` was not said.
    """

    def __init__(self, address: str, *, external: bool = False, resolve: Resolve = resolved) -> None:
        try:
            if len(address) > LONGEST or not (address.isascii() and address.isprintable()):
                raise ValueError
            url = httpx.URL(address)
            port = url.port
            if port is not None and not 0 < port < 65536:
                raise ValueError
        except (httpx.InvalidURL, ValueError):
            raise SlotRefused("the model server's address is not one") from None
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
            raise SlotRefused(
                "the model server's address must be http(s)://host/…, with nothing secret in it"
            )
        self.external = external
        self.url = url.copy_with(path=url.path.rstrip("/") + "/chat/completions")
        self.port = port or (443 if url.scheme == "https" else 80)
        self._resolve = resolve
        literal = _literal(url.host)
        if literal is not None:
            self._allowed([url.host])

    @property
    def where(self) -> Where:
        """Where words go that are sent here, as far as the settings say."""
        if self.external:
            return "outside"
        return "here" if self.url.host in ("127.0.0.1", "::1", "localhost") else "inside"

    async def pinned(self) -> Sequence[str]:
        """The addresses to connect to. `ModelAway` when the name leads where it may not."""
        if _literal(self.url.host) is not None:
            return [self.url.host]
        found = await self._resolve(self.url.host, self.port)
        try:
            self._allowed(found)
        except SlotRefused:
            raise ModelAway("outside") from None
        return found

    def _allowed(self, addresses: Sequence[str]) -> None:
        kinds = {_kind(address) for address in addresses}
        if kinds == {"own"}:
            return
        if kinds != {"public"} or not self.external:
            raise SlotRefused("the model server is outside our own network, and that was not allowed")
        if self.url.scheme != "https":
            raise SlotRefused("a model server outside our own network must be spoken to over https")


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _kind(address: str) -> str:
    """own, public, or neither (link-local, multicast, reserved, an IPv4 address wrapped in an IPv6 one)."""
    parsed = _literal(address.partition("%")[0])
    if parsed is None:
        return "neither"
    if any(parsed in net for net in OWN if net.version == parsed.version):
        return "own"
    wrapped = isinstance(parsed, IPv6Address) and (
        parsed.ipv4_mapped or parsed.sixtofour or parsed.teredo or parsed.packed[:12] in _WRAPPERS
    )
    return "public" if parsed.is_global and not parsed.is_multicast and not wrapped else "neither"


_WRAPPERS = (bytes.fromhex("0064ff9b") + bytes(8), bytes(12))
