"""What is known of a model before it runs: plain data, no behavior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import onnx_ir as ir

from inspector.errors import unknown_name
from inspector.model.checks.limits import Limits
from inspector.model.codes import Codes
from inspector.model.file_facts import FileFacts
from inspector.model.heads.head import Heads
from inspector.model.receptive.field import Field
from inspector.types.layers import Layer, Output, Shape
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.model_info import ImageInput


@dataclass(frozen=True, kw_only=True)
class OnnxModel:
    """A parsed, validated model. Never mutated: passes make copies."""

    ir: ir.Model
    outline: bytes
    """Its graph as a message without the large weights, of which shapes are inferred."""
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
    takes: tuple[float, float] | None = None
    """Which values the graph wants for black and white, where it says so beyond doubt."""
    limits: Limits = field(default_factory=Limits)
    other_inputs: tuple[str, ...] = ()
    """Inputs without a default beside the image: the layers are known, but a run would need their values."""
    codes: Mapping[str, Codes] = field(default_factory=dict)
    """By tensor: layers that hold codes of quantized values, and the real values that these stand for."""
    heads: Heads = field(default_factory=Heads)
    """What each output means."""
    fields: Mapping[str, Field] = field(default_factory=dict)
    """By tensor that depends on the image: which of its axes are channels and space, and where its units stand."""
    file: FileFacts = field(default_factory=FileFacts)
    """What the file said itself, before anything of it was rewritten."""

    def layer(self, name: str) -> Layer:
        """Return the layer of that name (or whose output tensor has it); NotFoundError names the nearest ones."""
        found = self._layers_by_name.get(name) or self._layers_by_output.get(name)
        if found is None:
            raise unknown_name("layer", name, (layer.name for layer in self.layers))
        return found

    def has_layer(self, name: str) -> bool:
        """Return whether there is a layer of that name, or one whose output tensor has it."""
        return name in self._layers_by_name or name in self._layers_by_output

    def layer_giving(self, tensor: str) -> Layer | None:
        """Return the layer whose output a tensor is, if it is one's."""
        return self._layers_by_output.get(tensor)

    @cached_property
    def answered(self) -> tuple[str, ...]:
        """The tensors that nearly every call asks for: outputs, and what classes are read from, each once."""
        names = [output.name for output in self.outputs]
        return tuple(dict.fromkeys((*names, *(head.scores for head in self.heads.heads.values()))))

    @cached_property
    def _layers_by_name(self) -> Mapping[str, Layer]:
        return {layer.name: layer for layer in reversed(self.layers)}

    @cached_property
    def _layers_by_output(self) -> Mapping[str, Layer]:
        return {layer.output: layer for layer in self.layers}
