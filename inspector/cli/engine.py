"""The engine may be missing: say so in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inspector.errors import UserError
from inspector.extras import engine_required


@contextmanager
def engine_needed() -> Iterator[None]:
    """Around imports of the engine: UserError says in one line what to install where it is missing."""
    try:
        with engine_required():
            yield
    except ImportError as error:
        if not isinstance(error.__cause__, ModuleNotFoundError):  # a bug, which no installation mends
            raise
        raise UserError(str(error), reason="NOT_INSTALLED") from error
