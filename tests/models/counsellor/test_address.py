"""Where a model server may stand (B10): on this machine or inside, and elsewhere only when that was said."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.counsellor.address import ServerAddress
from models.counsellor.errors import ModelAway, SlotRefused
from models.counsellor.remote import RemoteVoice
from server.local_https import certificate_for
from tests.support.stub_model import stub_model

INSIDE = ("127.0.0.1", "10.1.2.3", "172.20.0.5", "192.168.1.9", "::1", "fd00::7")
OUTSIDE = ("8.8.8.8", "2606:4700::1111")
NEITHER = (
    "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "100.64.0.1", "fe80::1", "::", "ff02::1",
    "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "192.0.2.1",
)  # fmt: skip


def url(address: str, scheme: str = "http") -> str:
    return f"{scheme}://[{address}]:8000/v1" if ":" in address else f"{scheme}://{address}:8000/v1"


def named(*addresses: str, external: bool = False, scheme: str = "https") -> Sequence[str]:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("model.example", 8000)
        return addresses

    address = ServerAddress(f"{scheme}://model.example:8000/v1", external=external, resolve=resolve)
    return asyncio.run(address.pinned())


@pytest.mark.parametrize("address", INSIDE)
def test_inside_is_allowed(address: str) -> None:
    assert asyncio.run(ServerAddress(url(address)).pinned()) == [address]
    assert list(named(address, scheme="http")) == [address]


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside_must_be_said_and_must_be_https(address: str) -> None:
    with pytest.raises(SlotRefused):
        ServerAddress(url(address, "https"))
    with pytest.raises(SlotRefused):
        ServerAddress(url(address), external=True)
    assert ServerAddress(url(address, "https"), external=True).where == "outside"
    with pytest.raises(ModelAway, match="outside"):
        named(address)
    assert list(named(address, external=True)) == [address]
    with pytest.raises(ModelAway, match="outside"):
        named(address, external=True, scheme="http")


@pytest.mark.parametrize("address", NEITHER)
def test_what_is_neither_is_never_called(address: str) -> None:
    for external in (False, True):
        with pytest.raises(SlotRefused):
            ServerAddress(url(address, "https"), external=external)
        with pytest.raises(ModelAway, match="outside"):
            named(address, external=external)


def test_a_name_that_leads_inside_and_outside_is_refused() -> None:
    for external in (False, True):
        with pytest.raises(ModelAway, match="outside"):
            named("127.0.0.1", "8.8.8.8", external=external)
        with pytest.raises(ModelAway, match="outside"):
            named(external=external)


@pytest.mark.parametrize(
    "address",
    [
        "", "model", "ftp://127.0.0.1/v1", "http://", "http://user:secret@127.0.0.1/v1", "http://127.0.0.1/v1?key=s",
        "http://127.0.0.1/v1#x", "http://127.0.0.1:99999/", "http://127.0.0.1/" + "x" * 600, "http://模型/v1",
        "http://127.0.0.1/\nHost: x", "javascript:alert(1)", "file:///etc/passwd", "http://[::1/v1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(SlotRefused) as refused:
        ServerAddress(address)
    assert "secret" not in str(refused.value).replace("nothing secret in it", "")


def test_the_name_is_kept_and_only_the_pinned_address_is_called() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def say(port: int) -> str:
        address = ServerAddress(f"http://model.example:{port}/v1/", resolve=resolve)
        return "".join([piece async for piece in RemoteVoice(address, "stub").say([])])

    with stub_model("我在听。") as stub:
        port = stub.server.server_address[1]
        assert asyncio.run(say(int(port))) == "我在听。"
        assert stub.headers[0]["host"] == f"model.example:{port}"
        assert "authorization" not in stub.headers[0]


def test_over_https_the_name_is_asked_for_and_must_be_in_the_certificate(tmp_path: Path) -> None:
    made = certificate_for(tmp_path, "127.0.0.1", datetime.now(UTC))
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    here.load_cert_chain(made.certificate, made.key)
    trusting = ssl.create_default_context(cafile=str(made.authority))

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def say(name: str, port: int, trust: ssl.SSLContext | None) -> str:
        address = ServerAddress(f"https://{name}:{port}/v1", resolve=resolve)
        return "".join([piece async for piece in RemoteVoice(address, "stub", trust=trust).say([])])

    with stub_model("我在听。", here) as stub:
        port = int(stub.server.server_address[1])
        assert asyncio.run(say("localhost", port, trusting)) == "我在听。"
        for name, trust in (("localhost", None), ("model.example", trusting)):
            with pytest.raises(ModelAway, match="unreachable"):
                asyncio.run(say(name, port, trust))
        assert len(stub.asked) == 1
