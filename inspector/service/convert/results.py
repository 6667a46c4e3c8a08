"""Results of the engine to the wire."""

from __future__ import annotations

import numpy as np

from inspector.service.convert.targets import resolved_to_wire
from inspector.service.convert.tensors import tensor_to_wire
from inspector.types.results import Attribution, Occlusion, Prediction
from inspector.v1 import image_pb2, inspection_service_pb2


def prediction_to_wire(prediction: Prediction) -> inspection_service_pb2.Prediction:
    """Return the message of one image's classes."""
    return inspection_service_pb2.Prediction(
        classes=[
            inspection_service_pb2.ClassScore(
                index=score.index, label=score.label, probability=score.probability, score=score.score
            )
            for score in prediction.classes
        ],
        notes=prediction.notes,
    )


def attribution_to_wire(
    attribution: Attribution, *, pictures: list[bytes]
) -> inspection_service_pb2.AttributeResponse:
    """Return the message of the maps, with a PNG of each or none."""
    return inspection_service_pb2.AttributeResponse(
        method=attribution.method,
        maps=tensor_to_wire(attribution.maps),
        targets=[resolved_to_wire(target) for target in attribution.targets],
        inputs=tensor_to_wire(attribution.inputs),
        layout=attribution.layout,
        pictures=pictures,
        completeness_gap=attribution.completeness_gap,
        notes=attribution.notes,
    )


def occlusion_to_wire(
    occlusion: Occlusion, *, picture: bytes = b""
) -> inspection_service_pb2.OccludeResponse:
    """Return the message of the maps as far as they are."""
    return inspection_service_pb2.OccludeResponse(
        done=int(np.count_nonzero(occlusion.done)),
        total=occlusion.done.size,
        picture=picture,
        occlusion=inspection_service_pb2.Occlusion(
            target=resolved_to_wire(occlusion.target),
            probability=tensor_to_wire(occlusion.probability),
            label=tensor_to_wire(occlusion.label),
            activation=tensor_to_wire(occlusion.activation),
            done=tensor_to_wire(occlusion.done),
            layer=occlusion.layer,
            channel=occlusion.channel,
            baseline_probability=occlusion.baseline_probability,
            baseline_label=occlusion.baseline_label,
            baseline_activation=occlusion.baseline_activation,
            tops=tensor_to_wire(occlusion.tops),
            lefts=tensor_to_wire(occlusion.lefts),
            size=_extent(occlusion.size),
            stride=_extent(occlusion.stride),
            fill=occlusion.fill,
            notes=occlusion.notes,
        ),
    )


def _extent(size: tuple[int, int]) -> image_pb2.Extent:
    height, width = size
    return image_pb2.Extent(height=height, width=width)
