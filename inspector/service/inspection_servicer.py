"""inspector.v1.InspectionService: requests pass as bytes to the worker of their model, and so do responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc

from inspector.errors import InvalidInputError
from inspector.service.calls import Calls
from inspector.service.tenancy import Tenancy
from inspector.wire.calls import RUN, SERVICE, Rpc, rpc_named
from inspector.wire.peek import peek

Handler = Callable[[bytes, Any], Awaitable[Any]]


class InspectionServicer:
    """Each call looks up the model that a request names; what it asks is read where the model runs."""

    def __init__(self, calls: Calls, tenancy: Tenancy, *, max_images: int, max_bytes: int) -> None:
        """Answer through `calls`; a request holds at most `max_images`, a response `max_bytes`."""
        self._calls = calls
        self._tenancy = tenancy
        self._limits = {"most_images": max_images, "most_bytes": max_bytes}

    def handlers(self) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
        """Return gRPC's handlers by the names of the calls: of bytes, which nobody parses here."""
        return {method.name: self._handler(method.name) for method in SERVICE.methods}

    def _handler(self, name: str) -> grpc.RpcMethodHandler[Any, Any]:
        call = rpc_named(name)
        if name.startswith("List"):
            return grpc.unary_unary_rpc_method_handler(self._listing(name))
        if call.is_stream:
            return grpc.unary_stream_rpc_method_handler(self._following(call))
        return grpc.unary_unary_rpc_method_handler(self._asking(call))

    def _listing(self, name: str) -> Handler:
        async def handle(request: bytes, context: Any) -> bytes:
            answer = await self._tenancy.shared.ask(
                "list", {"call": name, "quick": True}, request, deadline=self._calls.deadline(context)
            )
            return answer.body

        return handle

    def _asking(self, call: Rpc) -> Handler:
        async def handle(request: bytes, context: Any) -> bytes:
            model, quick = self._peeked(request, call)
            answer = await self._calls.on_model(
                model,
                "inspect",
                {"call": call.name, **self._limits},
                request,
                deadline=self._calls.deadline(context),
                quick=quick,
            )
            return answer.body

        return handle

    def _following(self, call: Rpc) -> Handler:
        async def handle(request: bytes, context: Any) -> None:
            model, quick = self._peeked(request, call)
            stream = self._calls.stream_on_model(
                model,
                "inspect",
                {"call": call.name, **self._limits},
                request,
                deadline=self._calls.deadline(context),
                quick=quick,
            )
            async with aclosing(stream) as responses:
                async for response in responses:
                    await context.write(response)

        return handle

    def _peeked(self, request: bytes, call: Rpc) -> tuple[str, bool]:
        """Return the name of the model that a request asks, and whether it runs none."""
        texts = peek(request, call.request.DESCRIPTOR)
        if "model" not in texts:
            raise InvalidInputError(
                "model is ''; it must be models/ and an id.", reason="INVALID_NAME", field="model"
            )
        verb = texts.get("verb", "") if call.name == RUN else call.verb
        return texts["model"], verb in self._tenancy.quick
