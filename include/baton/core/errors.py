"""The errors that Baton raises on purpose.

Each message is one sentence that a person can act on: what is wrong, where, and what to do.
"""


class BatonError(Exception):
    """Anything that Baton foresaw going wrong. `retry` tells the scheduler if another try can help."""

    retry = False


class SettingsError(BatonError):
    """A setting or a connection is missing or cannot be read."""


class PlaybookError(BatonError):
    """A file of the playbook is wrong; the message names file, line and remedy."""


class InputError(BatonError):
    """Something a person handed in (a folder, a mapping, an argument) cannot be used."""


class GateFailed(BatonError):
    """A gate found rows that must not be handed on; nothing of the batch was released."""


class DbtFailed(BatonError):
    """A dbt model or test failed; the message names it and repeats what dbt said."""


class VendorError(BatonError):
    """A vendor answered, and definitely did not do what was asked."""


class VendorUnavailable(VendorError):
    """A vendor could not be reached, or refused for now; trying again later can help."""

    retry = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """`retry_after` is the vendor's own wish in seconds, where it gave one."""
        super().__init__(message)
        self.retry_after = retry_after


class VendorAmbiguous(VendorError):
    """The request left and no definite answer came: it may or may not have been carried out."""
