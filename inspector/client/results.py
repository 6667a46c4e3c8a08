"""What the verbs return: the results of the Python API, with the pictures that the server may draw."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.client.targets import resolved_from_wire
from inspector.client.tensors import tensor_from_wire
from inspector.types import results
from inspector.types.results import Activations, ClassScore, Prediction
from inspector.v1 import image_pb2, inspection_service_pb2


@dataclass(frozen=True, kw_only=True)
class Attribution(results.Attribution):
    """Maps in the shape of the model's input, one per target, and their pictures."""

    pictures: tuple[bytes, ...] = ()
    """A PNG of each map, when asked."""


@dataclass(frozen=True, kw_only=True)
class Occlusion(results.Occlusion):
    """What a sliding gray square does to an image's answer, and its picture."""

    picture: bytes = b""
    """A PNG of the three maps, when asked, once they are complete."""


def prediction_from_wire(message: inspection_service_pb2.Prediction) -> Prediction:
    """Return the classes of one image."""
    return Prediction(
        classes=tuple(
            ClassScore(
                index=score.index,
                label=score.label if score.HasField("label") else None,
                probability=score.probability,
                score=score.score,
            )
            for score in message.classes
        ),
        notes=tuple(message.notes),
    )


def activations_from_wire(message: inspection_service_pb2.ActivationsResponse) -> Activations:
    """Return the values by layer."""
    values = {activation.layer: tensor_from_wire(activation.values) for activation in message.activations}
    return Activations(values, notes=tuple(message.notes))


def attribution_from_wire(message: inspection_service_pb2.AttributeResponse) -> Attribution:
    """Return the maps."""
    return Attribution(
        method=message.method,
        maps=tensor_from_wire(message.maps),
        targets=tuple(resolved_from_wire(target) for target in message.targets),
        inputs=tensor_from_wire(message.inputs),
        layout=message.layout,
        pictures=tuple(message.pictures),
        completeness_gap=tuple(message.completeness_gap),
        notes=tuple(message.notes),
    )


def occlusion_from_wire(response: inspection_service_pb2.OccludeResponse) -> Occlusion:
    """Return the maps as far as they are."""
    message = response.occlusion
    return Occlusion(
        target=resolved_from_wire(message.target),
        probability=tensor_from_wire(message.probability),
        label=tensor_from_wire(message.label),
        activation=tensor_from_wire(message.activation),
        done=tensor_from_wire(message.done),
        layer=message.layer,
        channel=message.channel,
        baseline_probability=message.baseline_probability,
        baseline_label=message.baseline_label,
        baseline_activation=message.baseline_activation,
        tops=tensor_from_wire(message.tops),
        lefts=tensor_from_wire(message.lefts),
        size=_pair(message.size),
        stride=_pair(message.stride),
        fill=tuple(message.fill),
        notes=tuple(message.notes),
        picture=response.picture,
    )


def _pair(extent: image_pb2.Extent) -> tuple[int, int]:
    return extent.height, extent.width
