"""Chooses the mail vendor by the connection `baton_mail`; without one, mail goes to a local folder."""

from baton.clients.mail import Mailer
from baton.clients.mailbox import LocalMailbox
from baton.clients.sendgrid import SendGrid
from baton.clients.smtp import Smtp
from baton.core.errors import SettingsError
from baton.core.settings import Settings


def open_mailer(settings: Settings) -> Mailer:
    """Return the mailer of these settings. Raises SettingsError if the connection cannot be used."""
    connection = settings.connection("baton_mail")
    if connection is None:
        return LocalMailbox(settings.home / "mailbox")
    if connection.conn_type == "sendgrid":
        return SendGrid(connection)
    if connection.conn_type == "smtp":
        return Smtp(connection)
    raise SettingsError(
        f"The connection baton_mail has the type {connection.conn_type!r}; use sendgrid or smtp."
    )
