"""Any SMTP server.

The connection is `baton_mail` with conn_type `smtp`: host, port (587), login and password;
`extra.security` is `starttls` (default), `tls` or `none` (only sensible on loopback).

The steps of the dialogue are taken one by one, because it matters where it broke: until the final
dot of DATA nothing was taken; a broken connection after it is ambiguous.
"""

import re
import smtplib
import ssl
from collections.abc import Callable

from baton.clients.mail import (
    ANSWER_SECONDS,
    Accepted,
    Ambiguous,
    Answer,
    Outgoing,
    Refused,
    Rejected,
    Throttled,
)
from baton.clients.mailbox import compose
from baton.core.connections import Connection
from baton.core.errors import SettingsError

SECURITIES = ("starttls", "tls", "none")
# SMTP has no Retry-After: greylisting asks for a few minutes (RFC 6647, 2.4).
WAIT = 300.0


class Smtp:
    """One server; each mail has a connection of its own, so threads never share one."""

    def __init__(self, connection: Connection, timeout: float = ANSWER_SECONDS) -> None:
        """`timeout` in seconds holds for each answer of the server."""
        self._security = str(connection.extra.get("security") or "starttls")
        if self._security not in SECURITIES:
            raise SettingsError(
                f"The connection {connection.id} has security {self._security!r}; "
                f"choose one of {', '.join(SECURITIES)}."
            )
        if not connection.host:
            raise SettingsError(
                f"The connection {connection.id} has no host; name the SMTP server."
            )
        self._connection = connection
        self._timeout = timeout

    def close(self) -> None:
        """Nothing is kept open between mails."""

    def was_taken(self, mail: Outgoing) -> bool | None:  # noqa: ARG002 - the face of all vendors
        """SMTP cannot be asked."""
        return None

    def send(self, mail: Outgoing) -> Answer:
        """Hand the mail to the server, once."""
        try:
            body = compose(mail)
        except ValueError as error:
            return Rejected(f"The mail cannot be written as RFC 5322 text: {error}")
        try:
            server = self._open()
        except smtplib.SMTPResponseException as error:
            return Refused(f"The SMTP server answered {error.smtp_code} {_text(error.smtp_error)}.")
        except (OSError, smtplib.SMTPException) as error:
            return Refused(f"No connection to the SMTP server: {error}")
        try:
            return self._dialogue(server, mail, body)
        finally:
            server.close()

    def _open(self) -> smtplib.SMTP:
        host, port = self._connection.host, self._connection.port or 587
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self._security == "tls":
            server = smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=self._timeout)
        try:
            if self._security == "starttls":
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if self._connection.login:
                server.login(self._connection.login, self._connection.password)
        except BaseException:
            server.close()
            raise
        return server

    def _dialogue(self, server: smtplib.SMTP, mail: Outgoing, body: bytes) -> Answer:
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: server.mail(mail.sender.email),
            lambda: server.rcpt(mail.to.email),
            lambda: server.docmd("DATA"),
        )
        try:
            for step in steps:
                code, text = step()
                if code not in (250, 251, 354):
                    return _definite(code, text)
        except (OSError, smtplib.SMTPException) as error:
            return Refused(f"The SMTP server hung up before the mail was sent: {error}")
        try:
            # A line that begins with a dot gets another, RFC 5321, 4.5.2.
            server.send(re.sub(rb"(?m)^\.", b"..", body) + b".\r\n")
            code, text = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return Ambiguous(f"The SMTP server did not answer after the mail: {error}")
        if code == 250:
            return Accepted(mail.message_id, code)
        return _definite(code, text)


def _definite(code: int, text: bytes) -> Answer:
    """Read an answer after which the mail is definitely not the server's (RFC 5321, 4.2.1)."""
    detail = f"The SMTP server answered {code} {_text(text)}."
    return Throttled(WAIT, code, detail) if 400 <= code < 500 else Rejected(detail, code)


def _text(text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(shown.split())[:300]
