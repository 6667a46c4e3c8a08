"""Finds out how a model wants its images, and says where each part came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx_ir as ir

from inspector.errors import InvalidInputError, InvalidModelError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.sources.finding import TO_UNIT, PartFound
from inspector.model.preprocessing.sources.graph import from_graph
from inspector.model.preprocessing.sources.metadata import (
    from_image_metadata,
    from_own_metadata,
    from_ultralytics,
)
from inspector.model.preprocessing.sources.sidecars import from_hugging_face, from_own_file, from_timm
from inspector.types.layouts import space_of
from inspector.types.preprocessing import Preprocessing, flatten, require_known_keys
from inspector.types.results.model_info import ImageInput

VALUES = ("scale", "mean", "std")
"""These mean something only together, so they are taken from one source."""
RESIZING = ("resize", "resize_size")
FIXED = ("layout", "dtype", "source", "assumed")
"""The model decides these, whatever a source says."""


def find_preprocessing(
    model: ir.Model, image_input: ImageInput, folder: Path | None, *, limits: Limits
) -> Preprocessing:
    """Return the preprocessing of a model, each part from the first source that names it.

    The order: the graph itself, metadata_props `inspector.preprocessing`, ONNX's Image.* properties,
    Ultralytics' properties, then beside the file inspector.json, preprocessor_config.json (Hugging Face)
    and config.json (timm). The input's shape gives the layout and, where fixed, the size. What nobody says
    is assumed, and listed in `assumed`.
    """
    known: dict[str, Any] = _from_shape(image_input)
    parts = ["layout, dtype, size: the input's shape"]
    for finding in _findings(model, image_input, folder, limits):
        new = _new_fields(finding, known, image_input)
        if new:
            known |= new
            parts.append(f"{', '.join(new)}: {finding.source}")
    assumed = _assumptions(known, image_input)
    if assumed:
        parts.append(f"{', '.join(assumed)}: assumed")
    known |= assumed
    try:
        return Preprocessing(**known, source="; ".join(parts), assumed=tuple(_shown(assumed)))
    except InvalidInputError as error:
        raise InvalidModelError(
            f"The preprocessing found for the model makes no sense. {error.message} Found: "
            f"{'; '.join(parts)}."
        ) from error


def _findings(
    model: ir.Model, image_input: ImageInput, folder: Path | None, limits: Limits
) -> Iterator[PartFound]:
    metadata = model.metadata_props
    found = [
        from_graph(model, image_input),
        from_own_metadata(metadata),
        from_image_metadata(metadata),
        from_ultralytics(metadata),
    ]
    if folder is not None:
        found += [source(folder, limits=limits) for source in (from_own_file, from_hugging_face, from_timm)]
    yield from (finding for finding in found if finding is not None)


def _from_shape(image_input: ImageInput) -> dict[str, Any]:
    known: dict[str, Any] = {"layout": image_input.layout, "dtype": image_input.dtype}
    if image_input.height is not None:
        known["height"] = image_input.height
    if image_input.width is not None:
        known["width"] = image_input.width
    if space_of(image_input.layout) in ("L", "DHW"):
        # Signals and volumes come as arrays, which are used as they are: nothing is to be assumed of them.
        known |= {"color": "NONE", "scale": 1.0, "mean": (0.0,), "std": (1.0,)}
    elif image_input.channels == 1:
        known["color"] = "GRAY"
    elif image_input.channels not in (None, 3, 4):
        known["color"] = "NONE"
    return known


def _new_fields(finding: PartFound, known: Mapping[str, Any], image_input: ImageInput) -> dict[str, Any]:
    """Return what a source adds to what is known; the values and the resizing are taken whole or not at all."""
    try:
        fields = flatten(finding.fields)
        require_known_keys(fields)
    except InvalidInputError as error:
        raise InvalidModelError(f"{finding.source}: {error.message}") from error
    taken = {name for group in (VALUES, RESIZING) if known.keys() & set(group) for name in group}
    new = {
        name: value
        for name, value in fields.items()
        if name not in known and name not in taken and name not in FIXED and value is not None
    }
    channels = image_input.channels
    if channels not in (None, {"GRAY": 1, "RGBA": 4, "NONE": channels}.get(new.get("color", "RGB"), 3)):
        new.pop("color", None)
    if channels is not None and any(
        len(new.get(name, (0,))) not in (1, channels) for name in ("mean", "std")
    ):
        new = {name: value for name, value in new.items() if name not in VALUES}
    return new


def _assumptions(known: Mapping[str, Any], image_input: ImageInput) -> dict[str, Any]:
    assumed: dict[str, Any] = {}
    if "color" not in known:
        assumed["color"] = "RGBA" if image_input.channels == 4 else "RGB"
    if not known.keys() & set(VALUES):
        assumed |= {"scale": TO_UNIT, "mean": (0.0,), "std": (1.0,)}
    has_size = "height" in known and "width" in known
    if "resize" not in known and has_size:
        assumed["resize"] = "short_side" if known["height"] == known["width"] else "exact"
    return assumed


def _shown(assumed: Mapping[str, Any]) -> Iterator[str]:
    for name, value in assumed.items():
        text = "1/255" if value == TO_UNIT else value[0] if isinstance(value, tuple) else value
        yield f"{name} {text}"
