"""No response is larger than a message may be, streamed ones included."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from inspector.errors import LimitExceededError
from inspector.service.interceptors.wrapping import Call, Interceptor


class LimitInterceptor(Interceptor):
    """Raises LimitExceededError instead of sending what the caller's side would refuse without a word of why."""

    def __init__(self, *, max_response_bytes: int) -> None:
        self._max_response_bytes = max_response_bytes

    async def around(self, call: Call) -> Any:
        """Serve, and look at each response before it is sent."""
        return await call.proceed(
            each=lambda response: require_message_fits(response, limit=self._max_response_bytes)
        )


def require_message_fits(response: Message | bytes, *, limit: int) -> None:
    """Raise LimitExceededError where a response is larger than a message may be."""
    # Not `size_of`: what has no size that is known here must not pass.
    size = len(response) if isinstance(response, bytes) else response.ByteSize()
    if size > limit:
        raise LimitExceededError(
            f"The response has {size:,} bytes; a message holds at most {limit:,}. Ask for fewer images or fewer layers "
            "at a time.",
            reason="RESPONSE_TOO_LARGE",
        )


def size_of(message: Any) -> int:
    """Return how many bytes a request or a response has on the wire; of a stream of them nothing is known yet."""
    if isinstance(message, bytes):
        return len(message)
    return message.ByteSize() if isinstance(message, Message) else 0
