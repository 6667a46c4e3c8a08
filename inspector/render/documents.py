"""Results as JSON for machines: by their structure, and in forms of their own where those serve scripts better."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence, Sized
from fractions import Fraction
from typing import Any

import numpy as np

from inspector.types.layers import Layer
from inspector.types.results.base import Result
from inspector.types.results.figure import Figure
from inspector.types.results.maps import Maps
from inspector.types.results.model_info import Layers, Rectifiers
from inspector.types.results.predictions import Prediction, Predictions
from inspector.types.results.vectors import Vectors

_TO_DRAW = ("inputs", "layout", "preprocessing")
"""Of results that carry their images, so that they can be drawn: they repeat what the caller has."""


def document(result: Result, images: Sequence[object]) -> object:
    """Return what JSON says of a result about these images, paths or numbers, before it is made plain."""
    match result:
        case Predictions():
            return [
                _prediction(image, one) for image, one in zip(images_of(result, images), result, strict=True)
            ]
        case Vectors():
            return [
                {"image": image, "vector": vector, "notes": result.notes}
                for image, vector in zip(images_of(result, images), result, strict=True)
            ]
        case Maps():
            found = [_map(result, index) for index in range(len(result.maps))]
            return found[0] if len(found) == 1 else found
        case Layers():
            return list(map(_layer, result.layers))
        case Rectifiers():
            return result.rectifiers
        case Figure():
            return {
                "title": result.title,
                "panels": [
                    {"title": one.title, "caption": one.caption, "result": document(one.result, images)}
                    for one in result.panels
                ],
                "notes": result.notes,
            }
        case _:
            return result


def images_of(result: Sized, images: Sequence[object]) -> Sequence[object]:
    """Return what the items of a result are about: images as they were named, or where those are others, numbers."""
    return images if len(images) == len(result) else range(len(result))


def plain(value: object) -> Any:
    """Return what a value is in JSON: NaN and infinity are null, pictures are left out."""
    if isinstance(value, Mapping) and not isinstance(value, Result):
        return {str(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: plain(getattr(value, one.name))
            for one in dataclasses.fields(value)
            if not _is_left_out(value, one.name)
        }
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _is_left_out(owner: object, name: str) -> bool:
    """Return whether a field goes to files (--output), never into JSON."""
    value = getattr(owner, name)
    if isinstance(value, bytes) or (isinstance(value, np.ndarray) and _is_picture(value)):
        return True
    return isinstance(owner, Result) and (
        name == "rendered" or (name in _TO_DRAW and hasattr(owner, "inputs"))
    )


def _is_picture(values: np.ndarray[Any, Any]) -> bool:
    return values.dtype == np.uint8 and values.ndim == 3 and values.shape[-1] == 3


def _prediction(image: object, one: Prediction) -> dict[str, object]:
    """Return what is there for the kind of answer; maps go to pictures."""
    found: dict[str, object] = {
        "image": image,
        "meaning": one.meaning,
        "output": one.output,
        "classes": one.classes,
        "notes": one.notes,
    }
    if one.meaning == "boxes":
        found["boxes"] = one.boxes
    if one.values is not None and one.values.size <= _MOST_VALUES:
        found["values"] = one.values
    return found


_MOST_VALUES = 4096
"""Of an output without classes that go into JSON; more are a picture."""


def _map(result: Maps, index: int) -> dict[str, object]:
    return {
        "method": result.method,
        "target": result.targets[index],
        "shape": result.maps[index].shape,
        "map": result.maps[index],
        "layer": result.layers[index] if result.layers else None,
        "options": result.options,
        "completeness_gap": result.completeness_gap[index] if result.completeness_gap else None,
        "notes": result.notes,
    }


def _layer(layer: Layer) -> dict[str, object]:
    field = layer.receptive_field
    axes = () if field is None else field.axes
    geometry = {name: [float(getattr(axis, name)) for axis in axes] for name in ("size", "stride", "offset")}
    return {
        "name": layer.name,
        "operator": layer.op_type,
        "output": layer.output,
        "shape": layer.shape,
        "dtype": layer.dtype,
        "channels": layer.channels,
        "receptive_field": geometry if axes else None,
    }
