"""Notices by electronic mail, over SMTP with encryption.

After RFC 5321: an answer of 4xx may succeed later, one of 5xx will not; a message counts as taken only by the
answer to its end. The `Message-ID` is the same for every try, so that a mailbox can know a repeat.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Literal

from escalation.channels import Notice, PermanentFailure, Receipt, TemporaryFailure, whole_text
from escalation.channels.deadline import Watch, deadline
from escalation.channels.exchange import LONGEST_BUDGET

Security = Literal["starttls", "tls", "none"]
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_BYTES = 4000
SUBJECT = "工单待回应"


class MailChannel:
    """Sends mail through one server, which is the operator's own setting.

    `security`: `starttls` on the port for submission, `tls` from the first byte, or `none`, which is refused at the
    start (`ValueError`) for any server but the machine itself. Without the promised encryption nothing is sent.
    """

    name = "mail"
    pace = timedelta(minutes=1)

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        budget_seconds: float,
        *,
        security: Security = "starttls",
        user: str = "",
        password: str = "",
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if security == "none" and host not in LOOPBACK:
            raise ValueError("mail leaves this machine with encryption only: starttls or tls")
        if not ADDRESS.fullmatch(sender):
            raise ValueError("the sender's mail address is not one")
        if not 0 < budget_seconds <= LONGEST_BUDGET:
            raise ValueError(f"the budget must be above 0 and at most {LONGEST_BUDGET} seconds")
        self._host, self._port, self._sender = host, port, sender
        self._budget = budget_seconds
        self._security = security
        self._login = (user, password) if user else None
        self._tls = tls or ssl.create_default_context()
        self._clock = clock

    def send(self, notice: Notice) -> Receipt:
        """Hand over one notice and return its message id.

        Raises `TemporaryFailure` if a later try may succeed, `PermanentFailure` if none can. Saying goodbye to the
        server is not part of it: what was taken is taken.
        """
        if not ADDRESS.fullmatch(notice.to):
            raise PermanentFailure("nobody has given a mail address that can be sent to")
        message = self._message(notice)
        with deadline(self._budget) as watch:
            try:
                self._hand_over(message, notice.to, watch)
            except smtplib.SMTPException as error:
                raise _failure(error, watch) from None
            except ssl.SSLError:
                raise (
                    _late() if watch.rang else PermanentFailure("the mail server is not trusted")
                ) from None
            except (OSError, ValueError):
                raise (
                    _late() if watch.rang else TemporaryFailure("the mail server cannot be reached")
                ) from None
        return Receipt(self.name, str(message["Message-ID"]))

    def _hand_over(self, message: EmailMessage, to: str, watch: Watch) -> None:
        tls: Any = _WatchedTls(self._tls, watch)
        server: smtplib.SMTP
        if self._security == "tls":
            server = _WatchedOverTls(watch, self._host, self._port, timeout=self._budget, context=tls)
        else:
            server = _Watched(watch, self._host, self._port, timeout=self._budget)
        try:
            if self._security == "starttls":
                server.starttls(context=tls)
            if self._login:
                server.login(*self._login)
            server.send_message(message, self._sender, [to])
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = SUBJECT
        message["From"] = self._sender
        message["To"] = notice.to
        message["Date"] = format_datetime(self._clock())
        mark = sha256(notice.key.encode()).hexdigest()[:24]
        message["Message-ID"] = f"<{mark}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        try:
            message.set_content(whole_text(notice, MOST_BYTES))
        except ValueError:
            raise PermanentFailure("the notice is longer than a mail may be") from None
        return message


class _WatchedTls:
    """Encryption whose beginning is watched too: a server may drip its certificate."""

    def __init__(self, context: ssl.SSLContext, watch: Watch) -> None:
        self.context = context
        self.watch = watch

    def wrap_socket(self, connection: socket.socket, server_hostname: str) -> ssl.SSLSocket:
        """All that smtplib asks of a context."""
        wrapped = self.context.wrap_socket(
            connection, server_hostname=server_hostname, do_handshake_on_connect=False
        )
        self.watch.mind(wrapped)
        wrapped.do_handshake()
        return wrapped


class _Watching:
    """An exchange by SMTP whose connection the watch knows from its first moment."""

    def __init__(self, watch: Watch, *args: Any, **more: Any) -> None:
        self.watch = watch
        super().__init__(*args, **more)

    def _get_socket(self, *args: Any) -> socket.socket:
        connection: socket.socket = super()._get_socket(*args)  # type: ignore[misc]
        self.watch.mind(connection)
        return connection


class _Watched(_Watching, smtplib.SMTP):
    """Plain at first."""


class _WatchedOverTls(_Watching, smtplib.SMTP_SSL):
    """Encrypted from the first byte."""


def _late() -> TemporaryFailure:
    return TemporaryFailure("the mail server did not answer in time")


def _failure(error: smtplib.SMTPException, watch: Watch) -> PermanentFailure | TemporaryFailure:
    """What an answer of the server means: 5xx no, everything else perhaps later."""
    if watch.rang:
        return _late()
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return PermanentFailure("the mail server offers no encryption, or no way to log in")
    codes = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    elif isinstance(error, smtplib.SMTPResponseException):
        codes = [error.smtp_code]
    if codes and all(500 <= code < 600 for code in codes):
        return PermanentFailure(f"the mail server answered {codes[0]}")
    if codes:
        return TemporaryFailure(f"the mail server answered {codes[0]}")
    return TemporaryFailure("the mail server broke off")
