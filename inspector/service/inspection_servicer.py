"""inspector.v1.InspectionService."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

from inspector.api.inspector import Inspector
from inspector.api.pictures import activation_picture, attribution_pictures, occlusion_picture
from inspector.errors import InvalidInputError
from inspector.runtime.cancel import Cancellation
from inspector.service.calls import Calls
from inspector.service.convert.enums import POOLINGS, WITH_PICTURES, from_wire
from inspector.service.convert.images import (
    extent_from_wire,
    image_from_wire,
    images_from_wire,
    require_count,
)
from inspector.service.convert.results import attribution_to_wire, occlusion_to_wire, prediction_to_wire
from inspector.service.convert.targets import target_from_wire, targets_from_wire
from inspector.service.convert.tensors import tensor_to_wire
from inspector.service.inputs import prepared, require_layers_fit, require_maps_fit
from inspector.v1 import inspection_service_pb2, inspection_service_pb2_grpc

MAX_LAYERS = 1000
MAX_TARGETS = 1000


class InspectionServicer(inspection_service_pb2_grpc.InspectionServiceServicer):
    """Each method reads its request, runs the method of the same name of `Inspector`, and writes the result."""

    def __init__(self, calls: Calls, *, max_images: int, max_bytes: int) -> None:
        """Answer through `calls`; a request holds at most `max_images`, a response `max_bytes`."""
        self._max_bytes = max_bytes
        self._calls = calls
        self._max_images = max_images

    async def Predict(
        self, request: inspection_service_pb2.PredictRequest, context: Any
    ) -> inspection_service_pb2.PredictResponse:
        images = images_from_wire(request.images, limit=self._max_images)

        def work(inspector: Inspector, cancellation: Cancellation) -> inspection_service_pb2.PredictResponse:
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

        def work(
            inspector: Inspector, cancellation: Cancellation
        ) -> inspection_service_pb2.ActivationsResponse:
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
                ]
            )

        return await self._calls.on_model(request.model, context, work)

    async def Attribute(
        self, request: inspection_service_pb2.AttributeRequest, context: Any
    ) -> inspection_service_pb2.AttributeResponse:
        images = images_from_wire(request.images, limit=self._max_images)
        if request.targets:
            require_count(len(request.targets), limit=MAX_TARGETS, field="targets")
        target = targets_from_wire(request.targets)
        drawn = from_wire(WITH_PICTURES, request.rendering, field="rendering")

        def work(
            inspector: Inspector, cancellation: Cancellation
        ) -> inspection_service_pb2.AttributeResponse:
            inputs = prepared(inspector, images, cancellation)
            maps = max(len(inputs), len(request.targets))
            require_maps_fit(inputs, maps=maps, limit=self._max_bytes)
            found = inspector.attribute(
                inputs, method=request.method or "saliency", target=target, cancellation=cancellation
            )
            pictures = attribution_pictures(found, inspector.model) if drawn else []
            return attribution_to_wire(found, pictures=pictures)

        return await self._calls.on_model(request.model, context, work)

    async def Occlude(self, request: inspection_service_pb2.OccludeRequest, context: Any) -> None:
        work = occlusion_work(request)
        async with aclosing(self._calls.stream_on_model(request.model, context, work)) as responses:
            async for response in responses:
                await context.write(response)

    async def Features(
        self, request: inspection_service_pb2.FeaturesRequest, context: Any
    ) -> inspection_service_pb2.FeaturesResponse:
        images = images_from_wire(request.images, limit=self._max_images)
        pooling = from_wire(POOLINGS, request.pooling, field="pooling")

        def work(inspector: Inspector, cancellation: Cancellation) -> inspection_service_pb2.FeaturesResponse:
            inputs = prepared(inspector, images, cancellation)
            if pooling == "none" and request.layer:
                known = [inspector.model.layer(request.layer)]
                require_layers_fit(known, images=len(inputs), limit=self._max_bytes)
            found = inspector.features(
                inputs, layer=request.layer or None, pooling=pooling, cancellation=cancellation
            )
            return inspection_service_pb2.FeaturesResponse(features=tensor_to_wire(found))

        return await self._calls.on_model(request.model, context, work)


def occlusion_work(request: inspection_service_pb2.OccludeRequest) -> Any:
    """Return what yields the responses of a sweep; the request is checked now, not when it runs."""
    image = image_from_wire(request.image, field="image")
    if request.batch < 0:
        raise InvalidInputError(f"batch is {request.batch}; it must not be negative.", field="batch")
    options: dict[str, Any] = {"layer": request.layer or None, "batch": request.batch or None}
    if request.HasField("target"):
        options["target"] = target_from_wire(request.target, field="target")
    for name in ("size", "stride"):
        if request.HasField(name):
            options[name] = extent_from_wire(getattr(request, name), field=name)
    if request.fill:
        options["fill"] = tuple(request.fill)
    drawn = from_wire(WITH_PICTURES, request.rendering, field="rendering")

    def work(
        inspector: Inspector, cancellation: Cancellation
    ) -> Iterator[inspection_service_pb2.OccludeResponse]:
        inputs = inspector.prepare(image)
        for step in inspector.occlude_steps(inputs, cancellation=cancellation, **options):
            is_last = bool(step.done.all())
            picture = occlusion_picture(step, inputs, inspector.model) if drawn and is_last else b""
            yield occlusion_to_wire(step, picture=picture)

    return work
