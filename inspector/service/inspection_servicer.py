"""inspector.v1.InspectionService."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from google.protobuf.message import Message

from inspector.face.model import Model, attribution_methods
from inspector.face.pictures import activation_picture
from inspector.runtime.cancel import Cancellation
from inspector.service.calls import Calls
from inspector.service.convert.enums import POOLINGS, WITH_PICTURES, from_wire
from inspector.service.convert.images import images_from_wire, require_count
from inspector.service.convert.methods import method_to_wire, rectifier_to_wire
from inspector.service.convert.results import prediction_to_wire
from inspector.service.convert.tensors import tensor_to_wire
from inspector.service.executor import Put
from inspector.service.inputs import prepared, require_layers_fit
from inspector.service.names import page
from inspector.service.work import Attributing, attribution_work, occlusion_work, telling_work
from inspector.v1 import inspection_service_pb2, inspection_service_pb2_grpc

MAX_LAYERS = 1000


class InspectionServicer(inspection_service_pb2_grpc.InspectionServiceServicer):
    """Each method reads its request, runs the method of the same name of `Model`, and writes the result."""

    def __init__(self, calls: Calls, *, max_images: int, max_bytes: int) -> None:
        """Answer through `calls`; a request holds at most `max_images`, a response `max_bytes`."""
        self._max_bytes = max_bytes
        self._calls = calls
        self._max_images = max_images

    async def Predict(
        self, request: inspection_service_pb2.PredictRequest, context: Any
    ) -> inspection_service_pb2.PredictResponse:
        images = images_from_wire(request.images, limit=self._max_images)

        def work(inspector: Model, cancellation: Cancellation) -> inspection_service_pb2.PredictResponse:
            inputs = prepared(inspector, images, cancellation)
            found = inspector.predict(inputs, top=request.top or 5, cancellation=cancellation)
            return inspection_service_pb2.PredictResponse(predictions=map(prediction_to_wire, found))

        return await self._calls.on_model(request.model, context, work)

    async def Activations(
        self, request: inspection_service_pb2.ActivationsRequest, context: Any
    ) -> inspection_service_pb2.ActivationsResponse:
        images = images_from_wire(request.images, limit=self._max_images)
        require_count(len(request.layers), limit=MAX_LAYERS, field="layers")
        layers = list(request.layers)
        drawn = from_wire(WITH_PICTURES, request.rendering, field="rendering")

        def work(inspector: Model, cancellation: Cancellation) -> inspection_service_pb2.ActivationsResponse:
            inputs = prepared(inspector, images, cancellation)
            known = map(inspector.model.layer, layers)
            require_layers_fit(known, images=len(inputs), limit=self._max_bytes)
            found = inspector.activations(inputs, layers=layers, cancellation=cancellation)
            return inspection_service_pb2.ActivationsResponse(
                activations=[
                    inspection_service_pb2.Activation(
                        layer=name,
                        values=tensor_to_wire(found[name]),
                        picture=activation_picture(found[name][0], inspector.model.layer(name))
                        if drawn
                        else b"",
                    )
                    for name in layers
                ],
                notes=found.notes,
            )

        return await self._calls.on_model(request.model, context, work)

    async def Attribute(
        self, request: inspection_service_pb2.AttributeRequest, context: Any
    ) -> inspection_service_pb2.AttributeResponse:
        work = self._attribution_work(request)
        return await self._calls.on_model(
            request.model, context, lambda inspector, cancellation: work(inspector, cancellation, None)
        )

    async def AttributeStream(
        self, request: inspection_service_pb2.AttributeStreamRequest, context: Any
    ) -> None:
        work = telling_work(self._attribution_work(request.attribution), max_bytes=self._max_bytes)
        await self._write_all(request.attribution.model, context, work)

    async def ListMethods(
        self, request: inspection_service_pb2.ListMethodsRequest, _context: Any
    ) -> inspection_service_pb2.ListMethodsResponse:
        methods, token = page(
            attribution_methods(), size=request.page_size, token=request.page_token, default=100, limit=1000
        )
        return inspection_service_pb2.ListMethodsResponse(
            methods=map(method_to_wire, methods), next_page_token=token
        )

    async def ListRectifiers(
        self, request: inspection_service_pb2.ListRectifiersRequest, context: Any
    ) -> inspection_service_pb2.ListRectifiersResponse:
        # The graph is searched for them: too long for the thread that answers all calls.
        found = await self._calls.on_model(
            request.model, context, lambda inspector, _cancellation: inspector.rectifiers()
        )
        rectifiers, token = page(
            found, size=request.page_size, token=request.page_token, default=1000, limit=10_000
        )
        return inspection_service_pb2.ListRectifiersResponse(
            rectifiers=map(rectifier_to_wire, rectifiers), next_page_token=token
        )

    async def Occlude(self, request: inspection_service_pb2.OccludeRequest, context: Any) -> None:
        await self._write_all(request.model, context, occlusion_work(request))

    async def Features(
        self, request: inspection_service_pb2.FeaturesRequest, context: Any
    ) -> inspection_service_pb2.FeaturesResponse:
        images = images_from_wire(request.images, limit=self._max_images)
        pooling = from_wire(POOLINGS, request.pooling, field="pooling")

        def work(inspector: Model, cancellation: Cancellation) -> inspection_service_pb2.FeaturesResponse:
            inputs = prepared(inspector, images, cancellation)
            if pooling == "none" and request.layer:
                known = [inspector.model.layer(request.layer)]
                require_layers_fit(known, images=len(inputs), limit=self._max_bytes)
            found = inspector.features(
                inputs, layer=request.layer or None, pooling=pooling, cancellation=cancellation
            )
            return inspection_service_pb2.FeaturesResponse(features=tensor_to_wire(found))

        return await self._calls.on_model(request.model, context, work)

    def _attribution_work(self, request: inspection_service_pb2.AttributeRequest) -> Attributing:
        return attribution_work(request, max_images=self._max_images, max_bytes=self._max_bytes)

    async def _write_all(
        self, model: str, context: Any, work: Callable[[Model, Cancellation, Put[Message]], None]
    ) -> None:
        async with aclosing(self._calls.stream_on_model(model, context, work)) as responses:
            async for response in responses:
                await context.write(response)
