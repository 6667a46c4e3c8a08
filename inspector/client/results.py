"""What the verbs return: the dataclasses of the Python API, with the pictures that the server may draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inspector.client.targets import ResolvedTarget, resolved_from_wire
from inspector.client.tensors import Array, tensor_from_wire
from inspector.v1 import image_pb2, inspection_service_pb2


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class of a prediction."""

    index: int
    label: str | None
    probability: float
    score: float
    """Before the final activation."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The most probable classes of one image, best first."""

    classes: tuple[ClassScore, ...]


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Maps in the shape of the model's input, one per target."""

    method: str
    maps: Array
    """float32 (M, *image): (M, C, H, W) or (M, H, W, C), as `layout` says; C is 1 for Grad-CAM and RISE."""
    targets: tuple[ResolvedTarget, ...]
    inputs: Array
    """(N, *image): what the model was given."""
    layout: str
    pictures: tuple[bytes, ...] = ()
    """A PNG of each map, when asked."""
    completeness_gap: tuple[float, ...] = ()
    """Per map, where the method is complete (integrated gradients): Σ map − (f(x) − f(baseline)); 0 is exact."""


@dataclass(frozen=True, kw_only=True)
class Occlusion:
    """What a sliding grey square does to an image's answer, per position (Zeiler & Fergus 2014, §4.2 and Fig 7)."""

    target: ResolvedTarget
    probability: Array
    """float32 (R, C): the target class's probability (Fig 7 d); for a unit, its activation."""
    label: Array
    """int64 (R, C): the most probable class (Fig 7 e)."""
    activation: Array
    """float32 (R, C): the chosen map's total activation (Fig 7 b)."""
    done: Array
    """bool (R, C): which positions have been computed."""
    layer: str
    channel: int
    """The map: of `layer`, the one with the largest total activation in the unoccluded image."""
    baseline_probability: float
    baseline_label: int
    baseline_activation: float
    tops: Array
    """int64 (R,): the square's upper edge, in input pixels."""
    lefts: Array
    """int64 (C,): the square's left edge, in input pixels."""
    size: tuple[int, int]
    stride: tuple[int, int]
    fill: tuple[float, ...]
    """The square's value per channel, in the model's input units."""
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
        )
    )


def activations_from_wire(message: inspection_service_pb2.ActivationsResponse) -> Mapping[str, Array]:
    """Return the values by layer."""
    return {activation.layer: tensor_from_wire(activation.values) for activation in message.activations}


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
        picture=response.picture,
    )


def _pair(extent: image_pb2.Extent) -> tuple[int, int]:
    return extent.height, extent.width
