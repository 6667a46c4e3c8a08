"""What is known of a model before it runs: plain data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx_ir as ir

from inspector.errors import unknown_name
from inspector.model.limits import Limits
from inspector.model.preprocessing import Preprocessing
from inspector.model.receptive_field import ReceptiveField

Dim = int | str | None
"""One dimension: a number, a symbol such as "batch", or None where nothing is known."""

Shape = tuple[Dim, ...]


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
class Output:
    """One output of the model."""

    name: str
    dtype: str
    shape: Shape


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One node of the graph whose first output depends on the image and is a float tensor."""

    name: str
    """Unique: the node's name where it has a unique one, else its output's."""
    op_type: str
    output: str
    """The name of the tensor that this layer computes."""
    dtype: str
    shape: Shape
    """For one image: the batch dimension, where there is one, is 1."""
    channel_axis: int | None
    """Which axis of `shape` holds channels (or units of a dense layer); None where unknown."""
    channels: int | None
    receptive_field: ReceptiveField | None
    """None where it cannot be computed; for a dense or global layer it covers the whole image."""


@dataclass(frozen=True, kw_only=True)
class Model:
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
