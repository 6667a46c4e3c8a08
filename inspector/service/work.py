"""Requests as work: read and checked when they come, run on a model in a thread later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inspector.errors import InvalidInputError
from inspector.face.model import Model
from inspector.face.pictures import attribution_pictures, occlusion_picture
from inspector.methods.attribution.projection import Progress, info_of
from inspector.runtime.cancel import Cancellation
from inspector.service.convert.enums import WITH_PICTURES, from_wire
from inspector.service.convert.images import (
    extent_from_wire,
    image_from_wire,
    images_from_wire,
    require_count,
)
from inspector.service.convert.methods import options_from_wire
from inspector.service.convert.results import attribution_to_wire, occlusion_to_wire
from inspector.service.convert.targets import target_from_wire, targets_from_wire
from inspector.service.executor import Put
from inspector.service.inputs import prepared, require_maps_fit, require_message_fits
from inspector.v1 import inspection_service_pb2

MAX_TARGETS = 1000

Attributing = Callable[[Model, Cancellation, Progress | None], inspection_service_pb2.AttributeResponse]
Telling = Callable[[Model, Cancellation, Put[inspection_service_pb2.AttributeStreamResponse]], None]
Occluding = Callable[[Model, Cancellation, Put[inspection_service_pb2.OccludeResponse]], None]


def attribution_work(
    request: inspection_service_pb2.AttributeRequest, *, max_images: int, max_bytes: int
) -> Attributing:
    """Return what computes the maps; told of its progress is who asks."""
    images = images_from_wire(request.images, limit=max_images)
    if request.targets:
        require_count(len(request.targets), limit=MAX_TARGETS, field="targets")
    method = info_of(request.method or "saliency")
    options = options_from_wire(request.options, method=method)
    policies, target = dict(request.policies), targets_from_wire(request.targets)
    drawn = from_wire(WITH_PICTURES, request.rendering, field="rendering")

    def work(
        inspector: Model, cancellation: Cancellation, progress: Progress | None
    ) -> inspection_service_pb2.AttributeResponse:
        inputs = prepared(inspector, images, cancellation)
        require_maps_fit(inputs, maps=max(len(inputs), len(request.targets)), limit=max_bytes)
        found = inspector.attribute(
            inputs,
            method=method.name,
            target=target,
            policies=policies,
            progress=progress,
            cancellation=cancellation,
            **options,
        )
        pictures = attribution_pictures(found, inspector.model) if drawn else []
        return attribution_to_wire(found, pictures=pictures)

    return work


def telling_work(work: Attributing, *, max_bytes: int) -> Telling:
    """Return what computes the maps and puts its progress on the way, and the maps last."""

    def tell(
        inspector: Model,
        cancellation: Cancellation,
        put: Put[inspection_service_pb2.AttributeStreamResponse],
    ) -> None:
        told = inspection_service_pb2.AttributeStreamResponse()

        def progress(done: int, total: int) -> None:
            told.done, told.total = done, total
            put(inspection_service_pb2.AttributeStreamResponse(done=done, total=total))

        told.attribution.CopyFrom(work(inspector, cancellation, progress))
        require_message_fits(told, limit=max_bytes)
        put(told)

    return tell


def occlusion_work(request: inspection_service_pb2.OccludeRequest) -> Occluding:
    """Return what puts the responses of a sweep."""
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
        inspector: Model,
        cancellation: Cancellation,
        put: Put[inspection_service_pb2.OccludeResponse],
    ) -> None:
        inputs = inspector.prepare(image)
        for step in inspector.occlude_steps(inputs, cancellation=cancellation, **options):
            is_last = bool(step.done.all())
            picture = occlusion_picture(step, inputs, inspector.model) if drawn and is_last else b""
            put(occlusion_to_wire(step, picture=picture))

    return work
