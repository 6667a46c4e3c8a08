"""What a call is told where it ends without an answer: its worker has ended, or its time is over."""

from __future__ import annotations

from inspector.errors import DeadlineExceededError, LimitExceededError, ServerUnavailableError
from inspector.types.control import Deadline

_RETRY_SECONDS = 0.5
"""After which a call that was lost with its worker may come again; it then waits for the next worker."""


def gone(why: str) -> ServerUnavailableError:
    """Return the error for a call whose worker has ended; clients repeat it by themselves."""
    return ServerUnavailableError(
        f"The worker that ran this call has ended: {why}. Another takes its place; try again.",
        reason="WORKER_ENDED",
        retry_seconds=_RETRY_SECONDS,
    )


def crashed(why: str) -> ServerUnavailableError:
    """Return the error for the one call that a worker ran as it ended by itself; it may end the next one, too."""
    return ServerUnavailableError(
        f"The worker that ran this call, and nothing else, has ended: {why}. Another takes its place, but the same "
        "call may end that one, too.",
        reason="WORKER_CRASHED",
    )


def late(deadline: Deadline | None) -> DeadlineExceededError:
    """Return the error for a call that took too long."""
    seconds = 0.0 if deadline is None else deadline.seconds
    return DeadlineExceededError(
        f"The call was not done after {seconds:.3g} s, which was all its deadline or the server allows."
    )


def out_of_memory() -> LimitExceededError:
    """Return the error for a call whose worker ended of its memory."""
    return LimitExceededError(
        "The call took more memory than this server lends to a worker, which ended of it. Ask for fewer or smaller "
        "images, layers or targets at a time.",
        reason="OUT_OF_MEMORY",
    )
