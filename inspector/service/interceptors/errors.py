"""Errors become statuses with details: of every service, from a handler or from an interceptor further in."""

from __future__ import annotations

import traceback
from typing import Any

import grpc
from grpc_status import rpc_status

from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.record import current_call
from inspector.service.status import resource_of, status_of


class ErrorInterceptor(Interceptor):
    """Turns what is raised into a status; nothing else of an error reaches the wire. What may raise stands inside."""

    encodes = True

    async def around(self, call: Call) -> Any:
        """Serve, or abort with the status of what was raised."""
        try:
            return await call.proceed()
        except Exception as error:
            if _is_grpcs_own(error) or call.context.done():
                raise
            status = status_of(error, resource=resource_of(_request_of(call), call.method))
            # Its traceback holds all that the frames further in held, such as a request of 60 MB, and is held in a
            # circle with what gRPC raises now: refused requests would stay until the garbage collector comes.
            traceback.clear_frames(error.__traceback__)
            await _abort(call.context, rpc_status.to_status(status))
            raise


def _request_of(call: Call) -> Any:
    """Return the request, where it came: it may have been read further in."""
    record = current_call()
    return call.request if record is None or record.request is None else record.request


def _is_grpcs_own(error: Exception) -> bool:
    """Return whether gRPC raised it to end the call: a handler aborted, the caller left, or the server stops."""
    return isinstance(error, grpc.aio.BaseError) and not isinstance(error, grpc.aio.UsageError)


async def _abort(context: Any, status: Any) -> None:
    """End the call; metadata that was set before (a request id) goes out beside the details."""
    metadata = (*context.trailing_metadata(), *status.trailing_metadata)
    await context.abort(status.code, status.details, metadata)
