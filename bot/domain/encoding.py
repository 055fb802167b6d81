"""Values of the domain to plain ones that JSON can hold, and back, by the types of their fields."""

from __future__ import annotations

import types
from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .secret import Secret

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """Dataclasses as objects by field name, tuples as lists. Credentials come out in clear: what this gives is to be
    sealed before it is kept."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [to_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    return value


def from_plain(kind: type[T], plain: Any) -> T:
    """The value that `to_plain` was given. A field that has come since has its default."""
    value: T = _decoded(kind, plain)
    return value


def _decoded(kind: Any, plain: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (only,) = (one for one in inner if one is not types.NoneType)
        return None if plain is None else _decoded(only, plain)
    if origin is tuple:
        return tuple(_decoded(inner[0], one) for one in plain)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        make: Any = kind
        return make(**{name: _decoded(hints[name], one) for name, one in plain.items()})
    return kind(plain) if isinstance(kind, type) and issubclass(kind, Secret | StrEnum) else plain


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)
