"""Mail: what leaves us, and that none leaves without the promised encryption."""

import ssl
from datetime import UTC, datetime
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest

from escalation.channels import Channel, PermanentFailure
from escalation.channels.mail import MailChannel
from server.local_https import certificate_for
from tests.escalation.channels.notices import LINK, a_notice
from tests.support import bad_providers

TO = "officer@puyan.example"


def channel(port: int, **more: Any) -> MailChannel:
    chosen = {"security": "none", **more}
    return MailChannel("127.0.0.1", port, "duty@xinqiao.example", 3, **chosen)


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side with a certificate for this machine, and who trusts it."""
    made = certificate_for(tmp_path, "127.0.0.1", datetime.now(UTC))
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(made.certificate, made.key)
    return inside, ssl.create_default_context(cafile=str(made.authority))


def test_a_mail_says_the_line_and_the_link() -> None:
    with bad_providers.mail() as server:
        sender = channel(server.port)
        receipt = sender.send(a_notice(to=TO))
        again = sender.send(a_notice(to=TO))
    assert isinstance(sender, Channel)
    [said, _] = server.said
    letter = message_from_string(said.text, policy=policy.default)
    assert said.to == TO
    assert letter["Subject"] == "工单待回应"
    body = letter.get_body()
    assert body is not None
    assert body.get_content().strip() == f"红色工单 K-0731-7 · 浦沿街道 · 14:30 前回应 · 点开查看 {LINK}"
    assert receipt.reference == again.reference == letter["Message-ID"], "a mailbox can know the repeat"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_encrypted(tls: tuple[ssl.SSLContext, ssl.SSLContext], security: str) -> None:
    inside, trusting = tls
    served: dict[str, Any] = {"starttls": {"starttls": inside}, "tls": {"over_tls": inside}}[security]
    with bad_providers.mail(**served) as server:
        channel(server.port, security=security, tls=trusting).send(a_notice(to=TO))
    assert len(server.said) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_nobody_vouches_for_gets_nothing(
    tls: tuple[ssl.SSLContext, ssl.SSLContext], security: str
) -> None:
    served: dict[str, Any] = {"starttls": {"starttls": tls[0]}, "tls": {"over_tls": tls[0]}}[security]
    with bad_providers.mail(**served) as server, pytest.raises(PermanentFailure, match="trusted"):
        channel(server.port, security=security).send(a_notice(to=TO))
    assert server.said == []


def test_a_server_without_encryption_gets_nothing() -> None:
    with bad_providers.mail() as server, pytest.raises(PermanentFailure, match="encryption"):
        channel(server.port, security="starttls").send(a_notice(to=TO))
    assert not [line for line in server.seen if line.startswith("MAIL")]


def test_what_was_taken_is_taken_though_the_server_leaves_without_a_word() -> None:
    with bad_providers.mail("rude_goodbye") as server:
        assert channel(server.port).send(a_notice(to=TO)).reference
    assert len(server.said) == 1


@pytest.mark.parametrize(
    "to",
    [
        "",
        "officer",
        "a@b",
        "a@b.c\r\nBcc: all@evil.example",
        "a b@c.example",
        "<a@b.example>",
        "余@b.example",
    ],
)
def test_what_is_no_address_is_not_written_to(to: str) -> None:
    with bad_providers.mail() as server, pytest.raises(PermanentFailure):
        channel(server.port).send(a_notice(to=to))
    assert server.seen == []


def test_mail_without_encryption_does_not_leave_this_machine() -> None:
    with pytest.raises(ValueError, match="encryption"):
        MailChannel("mail.example", 25, "duty@xinqiao.example", 3, security="none")
    with pytest.raises(ValueError, match="sender"):
        MailChannel("mail.example", 25, "duty", 3)
    with pytest.raises(ValueError, match="budget"):
        MailChannel("mail.example", 25, "duty@xinqiao.example", 0)
