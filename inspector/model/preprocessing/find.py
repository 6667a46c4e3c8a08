"""Finds out how a model wants its images, and says where each part came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx_ir as ir

from inspector.errors import InvalidInputError, InvalidModelError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.sources.finding import PartFound
from inspector.model.preprocessing.sources.metadata import (
    from_image_metadata,
    from_own_metadata,
    from_ultralytics,
)
from inspector.model.preprocessing.sources.sidecars import from_hugging_face, from_own_file, from_timm
from inspector.types.layouts import space_of
from inspector.types.preprocessing import VALUES, Preprocessing, PreprocessingLike, flatten
from inspector.types.presets import TO_UNIT
from inspector.types.results.model_info import ImageInput

RESIZING = ("resize", "resize_size")
FIXED = ("layout", "dtype", "source", "assumed")
"""The model decides these, whatever the files of others say."""
_ASSUMED = ": assumed"
"""How a part of the source ends that nothing said."""


def find_preprocessing(
    model: ir.Model,
    image_input: ImageInput,
    folder: Path | None,
    *,
    graph: PartFound | None,
    limits: Limits,
) -> Preprocessing:
    """Return the preprocessing of a model, each part from the first source that names it.

    What was written for us overrides what was found, key by key, as what a caller gives does: "preprocessing" of an
    inspector.json beside the file, then metadata_props `inspector.preprocessing`. Then come what `graph` is certain of
    (see from_graph), ONNX's Image.* properties, Ultralytics' properties, and beside the file preprocessor_config.json
    (Hugging Face) and config.json (timm); at last what the graph only makes likely. The input's shape gives the layout
    and, where fixed, the size. What nobody says is assumed, and listed in `assumed`.
    """
    known: dict[str, Any] = _from_shape(image_input)
    parts = ["layout, dtype, size: the input's shape"]
    assumed: dict[str, Any] = {}
    findings = _findings(model.metadata_props, graph, folder, limits)
    for finding, fields in [
        *((one, one.fields) for one in findings),
        *((one, one.likely) for one in findings),
    ]:
        new = _new_fields(fields, known, image_input, source=finding.source)
        if new:
            known |= new
            parts.append(f"{', '.join(new)}: {finding.source}")
        if fields is finding.likely:
            assumed |= new
    rest = _assumptions(known, image_input)
    if rest:
        parts.append(f"{', '.join(rest)}{_ASSUMED}")
    known |= rest
    assumed |= rest
    try:
        found = Preprocessing(**known, source="; ".join(parts), assumed=tuple(_shown(assumed)))
    except InvalidInputError as error:
        raise InvalidModelError(
            f"The preprocessing found for the model makes no sense. {error.message} Found: {'; '.join(parts)}."
        ) from error
    written = [from_own_metadata(model.metadata_props)]
    if folder is not None:
        written.append(from_own_file(folder, limits=limits))
    for own in written:
        if own is not None:
            found = _overridden(found, own, image_input)
    return found


def overridden(found: Preprocessing, given: PreprocessingLike, *, by: str) -> Preprocessing:
    """Return a preprocessing with what is given in the place of what was found; `by` says who gave it."""
    result = found.override(given, source=by)
    told = repr(given) if isinstance(given, str) else ", ".join(map(str, given))
    rest = _still_true(found.source, result.assumed)
    return replace(result, source="; the rest: ".join(filter(None, (f"{by}: {told}", rest))))


def _still_true(source: str, assumed: Sequence[str]) -> str:
    """Return where each part came from, where of what was assumed only `assumed` is left, such as "color RGB"."""
    left = {one.partition(" ")[0] for one in assumed}
    parts = []
    for part in source.split("; "):
        names = part.removesuffix(_ASSUMED)
        if names == part:
            parts.append(part)
        elif kept := ", ".join(name for name in names.split(", ") if name in left):
            parts.append(f"{kept}{_ASSUMED}")
    return "; ".join(parts)


def _overridden(found: Preprocessing, own: PartFound, image_input: ImageInput) -> Preprocessing:
    try:
        result = overridden(found, own.fields, by=own.source)
        require_fitting({"mean": result.mean, "std": result.std}, image_input)
    except InvalidInputError as error:
        raise InvalidModelError(
            f"{own.source}: {error.message} Mend it or remove it.", field=error.field
        ) from error
    return result


def require_fitting(fields: Mapping[str, Any], image_input: ImageInput) -> None:
    """Raise InvalidInputError for a mean or std that has neither one value nor one per channel of the input."""
    channels = image_input.channels if image_input.layout != "NC" else None
    for name in ("mean", "std"):
        values = fields.get(name, (0.0,))
        if channels is not None and len(values) not in (1, channels):
            raise InvalidInputError(
                f"Preprocessing {name} has {len(values)} values ({', '.join(f'{value:g}' for value in values)}); the "
                f"input {image_input.name!r} has {channels} channels: give one number, or {channels}.",
                field=f"preprocessing.{name}",
            )


def _findings(
    metadata: Mapping[str, str], graph: PartFound | None, folder: Path | None, limits: Limits
) -> list[PartFound]:
    found = [graph, from_image_metadata(metadata), from_ultralytics(metadata)]
    if folder is not None:
        found += [source(folder, limits=limits) for source in (from_hugging_face, from_timm)]
    return [finding for finding in found if finding is not None]


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


def _new_fields(
    given: PreprocessingLike, known: Mapping[str, Any], image_input: ImageInput, *, source: str
) -> dict[str, Any]:
    """Return what a source adds to what is known; the values and the resizing are taken whole or not at all."""
    try:
        fields = flatten(given)
        taken = {name for group in (VALUES, RESIZING) if known.keys() & set(group) for name in group}
        new = {
            name: value
            for name, value in fields.items()
            if name not in known and name not in taken and name not in FIXED and value is not None
        }
        channels = image_input.channels
        if channels not in (None, {"GRAY": 1, "RGBA": 4, "NONE": channels}.get(new.get("color", "RGB"), 3)):
            new.pop("color", None)
        require_fitting(new, image_input)
    except InvalidInputError as error:
        raise InvalidModelError(
            f"{source}: {error.message} Mend it or remove it.", field=error.field
        ) from error
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
        yield f"{name} {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "/".join(map(str, value)) if len(set(value)) > 1 else str(value[0])
    return {TO_UNIT: "1/255", 2 * TO_UNIT: "2/255"}.get(value, str(value))
