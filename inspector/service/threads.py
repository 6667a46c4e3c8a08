"""Work that is done to its end, whoever leaves meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` gives. Who is cancelled meanwhile waits for its end, and is cancelled then."""
    task = asyncio.ensure_future(work)
    left: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            left = error
    if left is not None:
        if not task.cancelled() and task.exception() is not None:
            log.debug("What nobody waits for any more failed: %s", task.exception())
        raise left
    return task.result()


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns in a thread, which is not left alone where its caller is cancelled.

    `asyncio.to_thread` leaves it alone: it would write on into a file that is closed by now, whose descriptor may be
    another file's.
    """
    return await to_its_end(asyncio.to_thread(function, *args, **kwargs))
