"""What is known of a model before it runs: plain data, no behavior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx_ir as ir

from inspector.errors import unknown_name
from inspector.model.checks.limits import Limits
from inspector.model.codes import Codes
from inspector.types.layers import Dim, Layer, Output, Shape
from inspector.types.preprocessing import Preprocessing

__all__ = ["Dim", "ImageInput", "Layer", "OnnxModel", "Output", "Shape"]


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """The model's image input."""

    name: str
    dtype: np.dtype[np.generic]
    shape: Shape
    """As declared, e.g. ("batch", 3, 224, 224)."""
    layout: str
    """"NCHW", "NHWC", or "NC" where the input is not an image (a flat vector)."""
    batch: int | None
    """The fixed batch size, or None where any is allowed."""
    channels: int | None
    height: int | None
    width: int | None


@dataclass(frozen=True, kw_only=True)
class OnnxModel:
    """A parsed, validated model. Never mutated: passes make copies."""

    ir: ir.Model
    name: str
    sha256: str
    size: int
    """Bytes of the file(s), weights included."""
    opset: int
    folder: Path | None
    """The folder it was read from, if any."""
    input: ImageInput
    outputs: tuple[Output, ...]
    layers: tuple[Layer, ...]
    shapes: Mapping[str, Shape]
    """Inferred shape for one image of every tensor that is known."""
    dtypes: Mapping[str, str]
    preprocessing: Preprocessing
    labels: tuple[str, ...] | None
    limits: Limits = field(default_factory=Limits)
    other_inputs: tuple[str, ...] = ()
    """Inputs without a default beside the image: the layers are known, but a run would need their values."""
    codes: Mapping[str, Codes] = field(default_factory=dict)
    """By tensor: layers that hold codes of quantized values, and the real values that these stand for."""

    def layer(self, name: str) -> Layer:
        """Return the layer of that name (or whose output tensor has it); NotFoundError names the nearest ones."""
        by_output = None
        for layer in self.layers:
            if layer.name == name:
                return layer
            if layer.output == name:
                by_output = layer
        if by_output is None:
            raise unknown_name("layer", name, (layer.name for layer in self.layers))
        return by_output
