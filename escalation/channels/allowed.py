"""Where robots' addresses may lead. They are typed in by administrators, so they are checked like anything typed.

An address must be https at a host of the list, on the usual port and without a name or password in it; every
address that the host's name resolves to must be a public one. Those are the addresses that are connected to: a
name that resolves differently a moment later changes nothing. In demo mode the machine itself is allowed too.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx

from escalation.channels import PermanentFailure, TemporaryFailure

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LONGEST_ADDRESS = 1024
RESOLVED_WITHIN = 1.5
Resolve = Callable[[str], Sequence[str]]


def resolved(host: str) -> Sequence[str]:
    """What a name resolves to, IPv4 first; `TemporaryFailure` when nobody says so in time."""
    found: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    asking = threading.Thread(target=ask, daemon=True)  # the system's resolver has no deadline of its own
    asking.start()
    asking.join(RESOLVED_WITHIN)
    if not found:
        raise TemporaryFailure("the robot's host cannot be found")
    return sorted(found, key=lambda address: ":" in address)


class AllowedHosts:
    """The hosts to which robots' addresses may lead."""

    def __init__(self, hosts: Iterable[str], *, loopback: bool = False, resolve: Resolve = resolved) -> None:
        self._hosts = frozenset(host.strip().lower() for host in hosts if host.strip())
        self._loopback = loopback
        self._resolve = resolve

    def check(self, address: str) -> httpx.URL:
        """The address as a URL. `PermanentFailure`, which does not repeat it, when it may not be called."""
        try:
            if len(address) > LONGEST_ADDRESS or not (address.isascii() and address.isprintable()):
                raise PermanentFailure("the robot's address is not one")
            url = httpx.URL(address)
            port = url.port
        except (httpx.InvalidURL, ValueError):
            raise PermanentFailure("the robot's address is not one") from None
        if url.userinfo:
            raise PermanentFailure("the robot's address has a name or password in it")
        if self._loopback and url.scheme in ("http", "https") and url.host in LOOPBACK:
            return url
        if url.scheme != "https" or port not in (None, 443) or url.host not in self._hosts:
            raise PermanentFailure("the robot's address is not on the list of allowed hosts")
        return url

    def pin(self, url: httpx.URL) -> tuple[str, ...]:
        """The addresses to connect to for a URL that was checked. `PermanentFailure` when one leads inside."""
        if url.host in LOOPBACK:
            return ("127.0.0.1",) if url.host != "::1" else ("::1",)
        found = tuple(self._resolve(url.host))
        if not found or not all(_is_public(address) for address in found):
            raise PermanentFailure("the robot's host leads into a network of our own")
        return found


def _is_public(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return all(one.is_global and not one.is_multicast for one in (parsed, *_carried(parsed)))


def _carried(parsed: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64, compatible."""
    if isinstance(parsed, IPv4Address):
        return []
    carried = [parsed.ipv4_mapped, parsed.sixtofour, *(parsed.teredo or ())]
    if parsed.packed[:12] in (bytes.fromhex("0064ff9b") + bytes(8), bytes(12)):
        carried.append(IPv4Address(parsed.packed[12:]))
    return [address for address in carried if address is not None]
