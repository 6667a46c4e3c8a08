"""A model on a server, with the verbs of the Python API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from inspector.client.connection import Connection
from inspector.client.images import image_to_wire, images_to_wire
from inspector.client.methods import options_to_wire, policies_to_wire, rectifier_from_wire
from inspector.client.models import ModelInfo, layer_from_wire, model_from_wire
from inspector.client.results import (
    Attribution,
    Occlusion,
    activations_from_wire,
    attribution_from_wire,
    occlusion_from_wire,
    prediction_from_wire,
)
from inspector.client.targets import target_to_wire, targets_to_wire
from inspector.client.tensors import tensor_from_wire
from inspector.errors import EngineError, InvalidInputError
from inspector.types.arrays import Array
from inspector.types.layers import FoundRectifier, Layer
from inspector.types.results import Activations, Prediction
from inspector.types.targets import TargetLike
from inspector.v1 import image_pb2, inspection_service_pb2, model_service_pb2

RENDERINGS = {None: image_pb2.RENDERING_UNSPECIFIED, "png": image_pb2.RENDERING_PNG}
POOLINGS = {
    "mean": inspection_service_pb2.POOLING_MEAN,
    "max": inspection_service_pb2.POOLING_MAX,
    "none": inspection_service_pb2.POOLING_NONE,
}


class RemoteModel:
    """Images are paths, bytes, PIL images, uint8 arrays, prepared float arrays, or lists of those."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._service = connection.inspection
        self._name = f"models/{name}"

    def __repr__(self) -> str:
        return f"<{self._name} at {self._connection.address}>"

    def info(self) -> ModelInfo:
        """Return what the server knows of it now."""
        request = model_service_pb2.GetModelRequest(name=self._name)
        return model_from_wire(self._connection.call(self._connection.models.GetModel, request).model)

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers that can be looked at, in graph order."""
        request = model_service_pb2.ListLayersRequest(model=self._name)
        return tuple(
            map(
                layer_from_wire, self._connection.pages(self._connection.models.ListLayers, request, "layers")
            )
        )

    def rectifiers(self) -> tuple[FoundRectifier, ...]:
        """Return what the methods "deconvnet" and "guided" take for rectifiers, in graph order."""
        request = inspection_service_pb2.ListRectifiersRequest(model=self._name)
        pages = self._connection.pages(self._service.ListRectifiers, request, "rectifiers")
        return tuple(map(rectifier_from_wire, pages))

    def predict(self, x: object, *, top: int = 5) -> tuple[Prediction, ...]:
        """Return the `top` most probable classes of each image."""
        request = inspection_service_pb2.PredictRequest(model=self._name, images=images_to_wire(x), top=top)
        response = self._connection.call(self._service.Predict, request)
        return tuple(map(prediction_from_wire, response.predictions))

    def activations(self, x: object, *, layers: Sequence[str]) -> Activations:
        """Return what layers computed: name -> (N, *layer shape)."""
        return activations_from_wire(self._activations(x, layers, None))

    def activation_pictures(self, x: object, *, layers: Sequence[str]) -> dict[str, bytes]:
        """Return the feature maps of the first image as PNG: name -> a grid of all channels."""
        response = self._activations(x, layers, "png")
        return {activation.layer: activation.picture for activation in response.activations}

    def attribute(
        self,
        x: object,
        *,
        method: str = "saliency",
        target: TargetLike | Sequence[TargetLike] = None,
        policies: Mapping[str, str] | None = None,
        progress: Callable[[int, int], None] | None = None,
        rendering: str | None = None,
        **options: Any,
    ) -> Attribution:
        """Map a target back to the image by one of `Client.attribution_methods()`, with that method's own options.

        A target is a class index, `Class()` (the most probable), or any other of the targets. One target goes
        with any number of images, several targets with one image or with as many images. `policies` names other
        policies by layer. `progress` is called with (steps done, steps in all) by methods that take many.
        `rendering="png"` asks for pictures too.
        """
        request = inspection_service_pb2.AttributeRequest(
            model=self._name,
            images=images_to_wire(x),
            method=method,
            targets=targets_to_wire(target),
            rendering=_choice(RENDERINGS, rendering, field="rendering"),
            options=options_to_wire(options),
            policies=policies_to_wire(policies),
        )
        if progress is None:
            return attribution_from_wire(self._connection.call(self._service.Attribute, request))
        return attribution_from_wire(self._tell_and_attribute(request, progress))

    def occlude(
        self,
        x: object,
        *,
        target: TargetLike = None,
        layer: str | None = None,
        size: int | tuple[int, int] | None = None,
        stride: int | tuple[int, int] | None = None,
        fill: float | Sequence[float] | None = None,
        batch: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        rendering: str | None = None,
    ) -> Occlusion:
        """Slide a gray square over one image; `progress` is called with (positions done, positions in all)."""
        result = None
        for result in self.occlude_steps(
            x,
            target=target,
            layer=layer,
            size=size,
            stride=stride,
            fill=fill,
            batch=batch,
            rendering=rendering,
        ):
            if progress is not None:
                progress(int(result.done.sum()), result.done.size)
        if result is None:
            raise EngineError("The server ended the occlusion without a result.")
        return result

    def occlude_steps(
        self,
        x: object,
        *,
        target: TargetLike = None,
        layer: str | None = None,
        size: int | tuple[int, int] | None = None,
        stride: int | tuple[int, int] | None = None,
        fill: float | Sequence[float] | None = None,
        batch: int | None = None,
        rendering: str | None = None,
    ) -> Iterator[Occlusion]:
        """Like `occlude`, but yield the maps as they fill: the newest there are, and at last the complete ones."""
        request = inspection_service_pb2.OccludeRequest(
            model=self._name,
            image=image_to_wire(x),
            target=None if target is None else target_to_wire(target),
            layer=layer or "",
            size=_extent(size),
            stride=_extent(stride),
            fill=_numbers(fill),
            batch=batch or 0,
            rendering=_choice(RENDERINGS, rendering, field="rendering"),
        )
        yield from map(occlusion_from_wire, self._connection.stream(self._service.Occlude, request))

    def features(self, x: object, *, layer: str | None = None, pooling: str = "mean") -> Array:
        """Return one vector per image, (N, D) float32, from a layer (default: what the last dense layer reads)."""
        request = inspection_service_pb2.FeaturesRequest(
            model=self._name,
            images=images_to_wire(x),
            layer=layer or "",
            pooling=_choice(POOLINGS, pooling, field="pooling"),
        )
        return tensor_from_wire(self._connection.call(self._service.Features, request).features)

    def _tell_and_attribute(
        self, request: inspection_service_pb2.AttributeRequest, progress: Callable[[int, int], None]
    ) -> inspection_service_pb2.AttributeResponse:
        """Return the last message's maps; what was told when it came is told once, here as in-process."""
        told = (0, 0)
        found: inspection_service_pb2.AttributeResponse | None = None
        wrapped = inspection_service_pb2.AttributeStreamRequest(attribution=request)
        for response in self._connection.stream(self._service.AttributeStream, wrapped):
            if told != (response.done, response.total):
                told = (response.done, response.total)
                progress(*told)
            if response.HasField("attribution"):
                found = response.attribution
        if found is None:
            raise EngineError("The server ended the attribution without a result.")
        return found

    def _activations(
        self, x: object, layers: Sequence[str], rendering: str | None
    ) -> inspection_service_pb2.ActivationsResponse:
        request = inspection_service_pb2.ActivationsRequest(
            model=self._name,
            images=images_to_wire(x),
            layers=layers,
            rendering=_choice(RENDERINGS, rendering, field="rendering"),
        )
        response: inspection_service_pb2.ActivationsResponse = self._connection.call(
            self._service.Activations, request
        )
        return response


def _choice(known: dict[Any, Any], given: str | None, *, field: str) -> Any:
    if given not in known:
        raise InvalidInputError(f"{field} is {given!r}; allowed: {', '.join(map(repr, known))}.", field=field)
    return known[given]


def _extent(size: int | tuple[int, int] | None) -> image_pb2.Extent | None:
    if size is None:
        return None
    height, width = (size, size) if isinstance(size, int) else size
    return image_pb2.Extent(height=height, width=width)


def _numbers(fill: float | Sequence[float] | None) -> list[float]:
    return [] if fill is None else [float(value) for value in np.atleast_1d(fill)]
