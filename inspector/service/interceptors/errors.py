"""Around every call of our own services: errors become statuses, responses stay within their limit."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc_status import rpc_status

from inspector.service.inputs import require_message_fits
from inspector.service.status import status_of

log = logging.getLogger(__name__)

Method = Callable[[Any, Any], Awaitable[Any]]

_HEALTH = "/grpc.health."
_OURS = ("/inspector.", _HEALTH)


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Turns what a servicer raises into a status with details; nothing else of an error reaches the wire."""

    def __init__(self, *, max_response_bytes: int) -> None:
        self._max_response_bytes = max_response_bytes

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the handler of a call."""
        handler = await continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(_OURS):
            return handler
        make, method = _shape(handler)
        wrapped = self._wrap(handler_call_details.method, method)
        return make(
            wrapped,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _wrap(self, name: str, method: Method) -> Method:
        async def call(request: Any, context: Any) -> Any:
            began = time.monotonic()
            outcome = "OK"
            try:
                response = await method(request, context)
                if response is not None:
                    require_message_fits(response, limit=self._max_response_bytes)
            except grpc.aio.AbortError:
                raise
            except Exception as error:  # noqa: BLE001 — whatever it is, the caller gets a status and no stack
                status = rpc_status.to_status(
                    status_of(error, request if isinstance(request, Message) else None)
                )
                outcome = f"{status.code.name} {' '.join(str(error).split())}"
                await context.abort_with_status(status)
            except BaseException:
                outcome = "CANCELLED"
                raise
            finally:
                level = logging.DEBUG if name.startswith(_HEALTH) else logging.INFO
                log.log(level, "%s %.1f ms %s", name, (time.monotonic() - began) * 1000, outcome)
            return response

        return call


def _shape(handler: Any) -> tuple[Callable[..., Any], Method]:
    """Return how to make a handler of the same kind, and its method.

    Servicers here write streamed responses with `context.write`, so that a method is a coroutine whatever its kind.
    """
    if handler.request_streaming and handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler, handler.stream_stream
    if handler.request_streaming:
        return grpc.stream_unary_rpc_method_handler, handler.stream_unary
    if handler.response_streaming:
        return grpc.unary_stream_rpc_method_handler, handler.unary_stream
    return grpc.unary_unary_rpc_method_handler, handler.unary_unary
