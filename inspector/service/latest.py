"""A place for what came last."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """A place for one item, where a newer one replaces an older. For one event loop."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, item: T) -> None:
        """Put an item in the place of the one before."""
        self._item = item
        self._changed.set()

    def close(self) -> None:
        """Say that there will be no more."""
        self._closed = True
        self._changed.set()

    async def get(self) -> T | None:
        """Wait for an item and take it; None when there will be no more."""
        while self._item is None and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        item, self._item = self._item, None
        return item
