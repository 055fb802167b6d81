"""What schemathesis cannot know of the API by its description (test_api_described.py)."""

from __future__ import annotations

import itertools
from typing import Any

import schemathesis

KEY = "Idempotency-Key"
_numbers = itertools.count()


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Each good request gets a key of its own: the same one for another request is refused, as docs/api.md says."""
    good = case.meta is not None and case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
    if good and case.headers and case.headers.get(KEY):
        case.headers[KEY] = f"{case.headers[KEY][:190]}-{next(_numbers):08}"
