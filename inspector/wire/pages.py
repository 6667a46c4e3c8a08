"""Pages of lists (AIP-158)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from inspector.errors import InvalidInputError
from inspector.types.names import require_id

T = TypeVar("T")


def page(items: Sequence[T], *, size: int, token: str, default: int, limit: int) -> tuple[Sequence[T], str]:
    """Return one page of a list that only grows or shrinks at its end, and the token of the next."""
    if size < 0:
        raise InvalidInputError(f"page_size is {size}; it must not be negative.", field="page_size")
    if token and not (token.isascii() and token.isdigit() and len(token) < 10):
        raise InvalidInputError(
            "page_token is none of ours; give the next_page_token of the page before.", field="page_token"
        )
    first = int(token or "0")
    last = first + min(size or default, limit)
    return items[first:last], str(last) if last < len(items) else ""


def page_by_id(
    ids: Sequence[str], *, size: int, token: str, default: int, limit: int
) -> tuple[Sequence[str], str]:
    """Return one page of sorted ids, and the token of the next: the last id of this one.

    A list that changes between two pages neither repeats nor skips what was there all the time.
    """
    if token:
        require_id(token, field="page_token")
    ids, more = page([one for one in ids if one > token], size=size, token="", default=default, limit=limit)
    return ids, ids[-1] if more else ""
