"""Work that is done to its end, whoever leaves meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from inspector.types.control import Deadline

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


async def settled(
    future: asyncio.Future[Any], *, timeout: float | None = None
) -> asyncio.CancelledError | None:
    """Wait for at most `timeout` seconds, however often the waiting task is cancelled; return its last cancel."""
    deadline = None if timeout is None else Deadline(timeout)
    cancel: asyncio.CancelledError | None = None
    while not future.done() and (deadline is None or deadline.left()):
        try:
            await asyncio.wait({future}, timeout=None if deadline is None else deadline.left())
        except asyncio.CancelledError as error:
            cancel = error
    return cancel


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` gives. Who is cancelled meanwhile waits for its end, and is cancelled then."""
    task = asyncio.ensure_future(work)
    if (left := await settled(task)) is not None:
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


@asynccontextmanager
async def beside(make: Callable[[], AbstractContextManager[T]]) -> AsyncIterator[T]:
    """Give what a context gives that is made, entered and left in threads, such as a file."""

    def entered() -> tuple[AbstractContextManager[T], T]:
        context = make()
        return context, context.__enter__()

    entering = asyncio.ensure_future(asyncio.to_thread(entered))
    if (cancel := await settled(entering)) is not None:
        if entering.exception() is None:
            await in_thread(entering.result()[0].__exit__, None, None, None)
        raise cancel
    context, given = entering.result()
    try:
        yield given
    except BaseException as error:
        if not await in_thread(context.__exit__, type(error), error, error.__traceback__):
            raise
    else:
        await in_thread(context.__exit__, None, None, None)
