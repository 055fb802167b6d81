"""Text that cannot be printed by accident: webhook URLs, keys, signing secrets."""

from __future__ import annotations

from urllib.parse import urlsplit


class Secret:
    """Wraps a credential. `reveal()` is the only way to the text; str, repr, format and pickle give a mask."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return "••••••"

    def __repr__(self) -> str:
        return "Secret('••••••')"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a Secret is not pickled; reveal it where it is used")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def mask_url(url: str) -> str:
    """A webhook URL fit to be shown: scheme and host, then the last two characters of the credential.

    Path and query are dropped whole, because every vendor keeps the credential in one or the other.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or "?"
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "…"
    tail = url[-2:] if len(url) > 40 else ""
    return f"{parts.scheme}://{host}{port}/…{tail}"
