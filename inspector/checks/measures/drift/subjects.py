"""The layers of a model that can be compared: what they read, which restate another, how their axes are ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inspector.engine.engine import Engine
from inspector.graph.between import Operations
from inspector.graph.bottleneck import Step
from inspector.model.spec import OnnxModel
from inspector.operators.families import CASTS
from inspector.operators.twins import TWINS
from inspector.types.arrays import Array
from inspector.types.layers import Layer

INPUT = "Input"
"""The operator of the image input, which is compared as the first of the layers."""

_SAME = CASTS | {"Identity", "Dropout", "DequantizeLinear"}
"""Operators whose result is their first operand again, at most in another type, or the values that its codes are."""


BLOCKED, _PLAIN_AGAIN = "com.microsoft.nchwc", "ReorderOutput"
"""The domain of tensors whose channels ONNX Runtime has laid side by side in blocks, and what undoes that."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subjects:
    """What of one model can be compared, in graph order, the image input first."""

    model: OnnxModel
    layers: tuple[Layer, ...]
    """Those that lead to an output."""
    steps: Mapping[str, Step]
    """By tensor: what is computed between the image and the outputs."""
    blocked: frozenset[str] = frozenset()
    """Tensors whose values stand in another order than their shapes say, which are not compared."""

    @property
    def input(self) -> str:
        """The image input's name."""
        return self.model.input.name

    @cached_property
    def tensors(self) -> tuple[str, ...]:
        """Of the layers, in their order."""
        return tuple(layer.output for layer in self.layers)

    @cached_property
    def by_tensor(self) -> Mapping[str, Layer]:
        """The layers by the tensors that they compute."""
        return {layer.output: layer for layer in self.layers}

    @cached_property
    def operations(self) -> Operations:
        """The nodes, to be asked what stands between two layers."""
        return Operations(self.model.ir, image=self.input, opset=self.model.opset)

    def name(self, tensor: str) -> str:
        """Return the name of the layer that computes a tensor, or the input's."""
        layer = self.by_tensor.get(tensor)
        return tensor if layer is None else layer.name

    def operator(self, tensor: str) -> str:
        """Return the operator that computes a tensor; `INPUT` of the image input."""
        layer = self.by_tensor.get(tensor)
        return INPUT if layer is None else layer.op_type

    def restated(self, tensor: str) -> str | None:
        """Return the tensor that this one is again, at most in codes and back, or in another type; None of others."""
        same = self.same(tensor)
        step = self.steps.get(tensor)
        if same is not None or step is None or step.op_type != "DequantizeLinear" or not step.reads:
            return same
        before = self.steps.get(step.reads[0])
        return (
            self._known(before.reads) if before is not None and before.op_type == "QuantizeLinear" else None
        )

    def same(self, tensor: str) -> str | None:
        """Return the tensor whose values this one has: as it is, of another type, or of its codes; None of others."""
        step = self.steps.get(tensor)
        if step is None or step.op_type not in _SAME:
            return None
        return self._known(step.reads)

    def _known(self, reads: Sequence[str]) -> str | None:
        """Return the first of what is read, where it is a layer or the input."""
        return reads[0] if reads and (reads[0] in self.by_tensor or reads[0] == self.input) else None

    @cached_property
    def names(self) -> Mapping[str, frozenset[str]]:
        """By tensor: under which names another exporter or a quantizer may know its values."""
        found = {self.input: frozenset({self.input})}
        for layer in self.layers:
            own = {bare for name in (layer.output, layer.name) if not (bare := _bare(name)).isdigit()}
            found[layer.output] = frozenset(own)  # mere numbers are no names
        for tensor in reversed(self.tensors):
            source = self.same(tensor)
            if source is not None:
                found[source] = found[source] | found[tensor]
        return found

    def sources(self, tensor: str, among: frozenset[str]) -> tuple[str, ...]:
        """Return the nearest tensors before this one that are among some, in no particular order."""
        step = self.steps.get(tensor)
        pending, seen, found = list(step.reads) if step else [], set[str](), list[str]()
        while pending:
            one = pending.pop()
            if one in seen:
                continue
            seen.add(one)
            if one in among:
                found.append(one)
            elif one in self.steps:
                pending.extend(self.steps[one].reads)
        return tuple(found)

    def knows_axes(self, tensor: str) -> bool:
        """Return whether it is known which of a tensor's axes are channels."""
        layer = self.by_tensor.get(tensor)
        return tensor == self.input if layer is None else layer.channel_axis is not None

    def is_turned(self, tensor: str) -> bool:
        """Return whether a tensor's columns come before its rows."""
        layer = self.by_tensor.get(tensor)
        axes = [] if layer is None else [axis for axis in layer.spatial_axes if axis >= 0]
        return axes != sorted(axes)

    def canonical(self, tensor: str, values: Array) -> Array:
        """Return a view of (N, …) values with channels first, then rows and columns, where it is known which is which.

        Axes of one place are left out, so that what a layer holds has one shape whatever exporter wrote it.
        """
        if tensor == self.input:
            letters = [letter for letter in self.model.input.layout if letter != "N"]
            order = [letters.index(letter) + 1 for letter in sorted(letters, key="CDHLW".index)]
            turned = values.transpose(0, *order) if len(order) == values.ndim - 1 else values
        else:
            layer = self.by_tensor.get(tensor)
            turned = values if layer is None else _turned(layer, values)
        kept = [size for size in turned.shape[1:] if size != 1]
        return turned.reshape(turned.shape[0], *kept)


def subjects_of(engine: Engine) -> Subjects:
    """Return what of an engine's model can be compared."""
    model = engine.model
    outputs = [output.name for output in model.outputs]
    steps = {step.tensor: step for output in outputs for step in engine.way_to(output)}
    blocked = _blocked(model)
    layers = tuple(layer for layer in model.layers if layer.output in steps and layer.output not in blocked)
    return Subjects(model=model, layers=layers, steps=steps, blocked=blocked)


def _blocked(model: OnnxModel) -> frozenset[str]:
    """Return the tensors whose values stand in another order than their shapes say."""
    return frozenset(
        output.name or ""
        for node in model.ir.graph
        if node.domain == BLOCKED and node.op_type != _PLAIN_AGAIN
        for output in node.outputs
    )


def float_operator(operator: str) -> str:
    """Return the float operator that one on codes stands for; of others, itself."""
    return _FLOAT.get(operator, operator)


def _floats() -> Mapping[str, str]:
    return {operator: twin.float_operator for (_, operator), twin in TWINS.items()}


_FLOAT = _floats()


def _turned(layer: Layer, values: Array) -> Array:
    axis, space = layer.channel_axis, layer.spatial_axes
    if axis is None or values.ndim != len(layer.shape) or axis == 0:
        return values
    order = [0, axis, *space]
    if sorted(order) == list(range(values.ndim)):
        return values.transpose(order)
    return np.moveaxis(values, axis, 1) if values.ndim > 2 else values


def sampled(size: int, *, most: int) -> Array:
    """Return places of a flat array that are the same for every array of that size, int64: evenly, but in no rhythm."""
    if size <= most:
        return np.arange(size)
    return np.sort(np.random.default_rng(size).choice(size, most, replace=False))


_MARKS = (
    "_quantized",
    "_quant",
    "_DequantizeLinear_Output",
    "_DequantizeLinear",
    "_QuantizeLinear_Input",
    ".values",
)
"""What quantizers put behind the names of what they quantize."""


def _bare(name: str) -> str:
    for mark in _MARKS:
        name = name.removesuffix(mark)
    return name
