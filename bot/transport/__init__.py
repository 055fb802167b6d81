"""The one way out of the house: one POST, one `Exchange`, no re-sending, no address that was not allowed."""

from .authorities import Authorities, UnfitAuthority
from .guard import AddressGuard
from .redaction import RedactingFormatter, Redactor, redact, register_secret, silence_http_logs
from .sender import HttpSender, Timeouts

__all__ = [
    "AddressGuard",
    "Authorities",
    "HttpSender",
    "RedactingFormatter",
    "Redactor",
    "Timeouts",
    "UnfitAuthority",
    "redact",
    "register_secret",
    "silence_http_logs",
]
