"""Errors of the sandbox: each one is a sentence a person can act on."""


class SandboxError(Exception):
    """Something about the sandbox's set-up is wrong; the message says what to do."""
