"""inspector.v1.InspectionService: every call that carries a verb is made from the verb."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from google.protobuf.message import Message

from inspector.face.model import Model
from inspector.service.calls import Calls, require_few
from inspector.service.executor import Put
from inspector.service.names import page
from inspector.types.control import Cancellation, Control, Progress
from inspector.types.options import MethodInfo, VerbInfo
from inspector.v1 import inspection_service_pb2, inspection_service_pb2_grpc, method_pb2
from inspector.wire.calls import SERVICE, Rpc, rpc_named
from inspector.wire.codec import to_message
from inspector.wire.requests import request_kind, request_of_message
from inspector.wire.results import response_of

MAX_ENTRIES = 10_000
"""Of a repeated field, such as targets or layers, in one request; of images, the server's setting."""

Handler = Callable[[Any, Any], Awaitable[Any]]


class InspectionServicer(inspection_service_pb2_grpc.InspectionServiceServicer):
    """Each call reads its request, asks the model, and writes the result; only the lists are written by hand."""

    def __init__(
        self,
        calls: Calls,
        *,
        methods: Callable[[], tuple[MethodInfo, ...]],
        verbs: Callable[[], tuple[VerbInfo, ...]],
        max_images: int,
        max_bytes: int,
    ) -> None:
        """Answer through `calls`; a request holds at most `max_images`, a response `max_bytes`."""
        self._calls = calls
        self._methods = methods
        self._verbs = verbs
        self._max_images = max_images
        self._max_bytes = max_bytes
        for method in SERVICE.methods:
            if not method.name.startswith("List"):
                call = rpc_named(method.name)
                setattr(self, method.name, self._following(call) if call.is_stream else self._asking(call))

    async def ListMethods(
        self, request: inspection_service_pb2.ListMethodsRequest, _context: Any
    ) -> inspection_service_pb2.ListMethodsResponse:
        methods, token = page(
            self._methods(), size=request.page_size, token=request.page_token, default=100, limit=1000
        )
        return inspection_service_pb2.ListMethodsResponse(
            methods=[to_message(method, method_pb2.Method) for method in methods], next_page_token=token
        )

    async def ListVerbs(
        self, request: inspection_service_pb2.ListVerbsRequest, _context: Any
    ) -> inspection_service_pb2.ListVerbsResponse:
        verbs, token = page(
            self._verbs(), size=request.page_size, token=request.page_token, default=100, limit=1000
        )
        return inspection_service_pb2.ListVerbsResponse(
            verbs=[to_message(verb, method_pb2.Verb) for verb in verbs], next_page_token=token
        )

    def _asking(self, call: Rpc) -> Handler:
        async def handle(message: Any, context: Any) -> Message:
            self._require_counts(message)
            runs = request_kind(message, call).runs_model

            def work(model: Model, cancellation: Cancellation) -> Message:
                request = request_of_message(message, call)
                return response_of(call, result=model.backend.ask(request, self._control(cancellation)))

            return await self._calls.on_model(message.model, self._calls.deadline(context), work, runs=runs)

        return handle

    def _following(self, call: Rpc) -> Handler:
        async def handle(message: Any, context: Any) -> None:
            self._require_counts(message)
            runs = request_kind(message, call).runs_model

            def work(model: Model, cancellation: Cancellation, put: Put[Message]) -> None:
                told: list[Progress] = []

                def tell(progress: Progress) -> None:
                    told[:] = [replace(progress, partial=None)]
                    put(response_of(call, progress=progress))

                request = request_of_message(message, call)
                wants_partial = getattr(message, "wants_partial", False)
                control = self._control(cancellation, progress=tell, wants_partial=wants_partial)
                result = model.backend.ask(request, control)
                # Only the last message is sure to reach a slow reader: it says once more what was told last.
                put(response_of(call, result=result, progress=told[0] if told else None))

            deadline = self._calls.deadline(context)
            stream = self._calls.stream_on_model(message.model, deadline, work, runs=runs)
            async with aclosing(stream) as responses:
                async for response in responses:
                    await context.write(response)

        return handle

    def _control(self, cancellation: Cancellation, **more: Any) -> Control:
        return Control(cancellation=cancellation, max_result_bytes=self._max_bytes, **more)

    def _require_counts(self, message: Message) -> None:
        for field, value in message.ListFields():
            if field.is_repeated:
                most = self._max_images if field.name == "images" else MAX_ENTRIES
                require_few(len(value), most=most, field=field.name)
