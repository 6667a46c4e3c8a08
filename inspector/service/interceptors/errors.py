"""Errors become statuses with details: of every service, from a handler or from an interceptor further in."""

from __future__ import annotations

import asyncio
from traceback import clear_frames
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
        """Serve, or abort with the status of what was raised; a caller that left has cancelled."""
        try:
            return await call.proceed()
        except grpc.aio.InternalError as error:
            # What was to be written could not be: the caller has left, of which gRPC may hear only now.
            raise asyncio.CancelledError from error
        except Exception as error:
            if _is_grpcs_own(error) or call.context.done():
                raise
            status = status_of(error, resource=resource_of(_request_of(call), call.method))
            _let_go(error)
            await _abort(call.context, rpc_status.to_status(status))
            raise


def _request_of(call: Call) -> Any:
    """Return the request, where it came: it may have been read further in."""
    record = current_call()
    return call.request if record is None or record.request is None else record.request


def _is_grpcs_own(error: Exception) -> bool:
    """Return whether gRPC raised it to end the call: a handler aborted, the caller left, or the server stops."""
    return isinstance(error, grpc.aio.BaseError) and not isinstance(error, grpc.aio.UsageError)


def _let_go(error: BaseException | None) -> None:
    """Drop what the frames of an error's traceback hold, a request of many megabytes for instance.

    gRPC keeps what it raises to end a call, and that the error before it, in a circle that is not looked for often.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


async def _abort(context: Any, status: Any) -> None:
    """End the call; metadata that was set before (a request id) goes out beside the details."""
    metadata = (*context.trailing_metadata(), *status.trailing_metadata)
    await context.abort(status.code, status.details, metadata)
