"""Enums of the wire, as the names that the engine uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from inspector.collections.neighbors import Metric
from inspector.errors import InvalidInputError
from inspector.v1 import embedding_service_pb2, image_pb2, inspection_service_pb2, target_pb2

T = TypeVar("T")

POOLINGS: Mapping[int, str] = {
    inspection_service_pb2.POOLING_UNSPECIFIED: "mean",
    inspection_service_pb2.POOLING_MEAN: "mean",
    inspection_service_pb2.POOLING_MAX: "max",
    inspection_service_pb2.POOLING_NONE: "none",
}

REDUCTIONS: Mapping[int, str] = {
    target_pb2.REDUCTION_UNSPECIFIED: "mean",
    target_pb2.REDUCTION_MEAN: "mean",
    target_pb2.REDUCTION_SUM: "sum",
    target_pb2.REDUCTION_MAX: "max",
}

METRICS: Mapping[int, Metric] = {
    embedding_service_pb2.METRIC_UNSPECIFIED: Metric.COSINE,
    embedding_service_pb2.METRIC_COSINE: Metric.COSINE,
    embedding_service_pb2.METRIC_EUCLIDEAN: Metric.EUCLIDEAN,
}

WITH_PICTURES: Mapping[int, bool] = {
    image_pb2.RENDERING_UNSPECIFIED: False,
    image_pb2.RENDERING_PNG: True,
}


def from_wire(known: Mapping[int, T], value: int, *, field: str) -> T:
    """Return what a value means; InvalidInputError for one from a newer protocol."""
    if value not in known:
        raise InvalidInputError(
            f"{field} is {value}; this server knows {', '.join(map(str, known))}.",
            reason="UNKNOWN_ENUM",
            field=field,
        )
    return known[value]
