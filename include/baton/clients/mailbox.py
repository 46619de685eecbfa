"""A folder of .eml files: where mail goes as long as no mail service is connected.

A file bears the send key as its name and is put there whole by a hard link, which fails if the name
is taken. So a second write of one key is impossible, and whether a mail was taken can be looked up.
"""

import contextlib
import os
import secrets
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path

from baton.clients.mail import Accepted, Answer, Outgoing, Refused, Rejected


class LocalMailbox:
    """The folder `folder`, made when the first mail arrives. Safe for several processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def close(self) -> None:
        """Nothing is kept open."""

    def path(self, send_key: str) -> Path:
        """The file of one mail."""
        return self.folder / f"{send_key}.eml"

    def send(self, mail: Outgoing) -> Answer:
        """Write the mail; a mail that is there already stays as it is."""
        part = self.folder / f".{mail.send_key}.{secrets.token_hex(4)}.part"
        try:
            text = compose(mail)
        except ValueError as error:
            return Rejected(f"The mail cannot be written as RFC 5322 text: {error}")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            return Refused(f"The mail could not be written to {self.folder}: {error.strerror}.")
        try:
            os.link(part, self.path(mail.send_key))
        except FileExistsError:
            return Accepted(mail.message_id)  # it was taken by an earlier attempt, and only once
        finally:
            part.unlink(missing_ok=True)
        return Accepted(mail.message_id)

    def was_taken(self, mail: Outgoing) -> bool | None:
        """Tell whether the mail's file is there."""
        return self.path(mail.send_key).exists()


def compose(mail: Outgoing) -> bytes:
    """Return the mail as RFC 5322 text in seven bits: plain text first, HTML as the alternative.

    Raises ValueError where a header cannot be written, such as an address that is not ASCII.
    """
    message = EmailMessage()
    message["From"] = formataddr((mail.sender.name, mail.sender.email))
    message["To"] = formataddr((mail.to.name, mail.to.email))
    if mail.reply_to:
        message["Reply-To"] = formataddr((mail.reply_to.name, mail.reply_to.email))
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    for name, value in mail.headers().items():
        message[name] = value
    message["X-Baton-Send-Key"] = mail.send_key
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    return message.as_bytes(policy=SMTP.clone(cte_type="7bit"))
