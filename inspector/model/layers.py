"""The layer catalog: which nodes compute something from the image that can be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import onnx_ir as ir

from inspector.model.codes import Codes, codes_of
from inspector.model.dependence import dependents
from inspector.model.receptive.field import Field
from inspector.operators.families import QUANTIZERS
from inspector.types.dtypes import Dtype
from inspector.types.layers import Layer, Shape
from inspector.types.results.model_info import ImageInput

FLOAT_DTYPES = frozenset({"float16", "bfloat16", "float32", "float64"})
CODE_DTYPES = frozenset({"int8", "uint8", "int16", "uint16"})


def find_codes(model: ir.Model, image: str, dtypes: Mapping[str, str]) -> dict[str, Codes]:
    """Return the tensors that depend on the image and hold codes of real values that the model does not give as floats.

    By name. Those of a quantizer are left out: its input is the float tensor that they stand for.
    """
    found = {}
    for node in dependents(model.graph, image):
        output = node.outputs[0]
        if output.name and dtypes.get(output.name) in CODE_DTYPES and node.op_type not in QUANTIZERS:
            codes = codes_of(output)
            if codes is not None:
                found[output.name or ""] = codes
    return found


def build_layers(
    model: ir.Model,
    image_input: ImageInput,
    shapes: Mapping[str, Shape],
    dtypes: Mapping[str, str],
    fields: Mapping[str, Field],
    codes: Mapping[str, Codes],
) -> tuple[Layer, ...]:
    """Return one layer per node whose first output depends on the image and is float, or `codes`, in graph order."""
    nodes = [
        node
        for node in dependents(model.graph, image_input.name)
        if node.outputs[0].name and (_is_float(node, dtypes) or node.outputs[0].name in codes)
    ]
    layers = []
    for node, name in zip(nodes, _unique_names(nodes), strict=True):
        output = node.outputs[0].name or ""
        field = fields.get(output)
        shape = shapes.get(output, ())
        axis = field.channel_axis if field is not None else None
        size = shape[axis] if axis is not None and axis < len(shape) else None
        layer = Layer(
            name=name,
            op_type=node.op_type,
            output=output,
            dtype=Dtype(codes[output].scale.dtype.name if output in codes else dtypes.get(output, "float32")),
            shape=shape,
            channel_axis=axis,
            channels=size if isinstance(size, int) else None,
            receptive_field=None if field is None else field.receptive_field(),
            spatial_axes=()
            if field is None
            else tuple(-1 if axis is None else axis for axis in field.spatial_axes),
        )
        layers.append(layer)
    return tuple(layers)


def _is_float(node: ir.Node, dtypes: Mapping[str, str]) -> bool:
    """Take a tensor of unknown type for a float one: operators outside the standard have no known types."""
    return dtypes.get(node.outputs[0].name or "", "float32") in FLOAT_DTYPES


def _unique_names(nodes: list[ir.Node]) -> list[str]:
    """Return each node's name where it is unique, else its output's; no two are equal."""
    counts = Counter(node.name for node in nodes)
    taken: set[str] = set()
    names = []
    for node in nodes:
        output = node.outputs[0].name or ""
        name = node.name if node.name and counts[node.name] == 1 else output
        if name in taken:
            name = output if output not in taken else f"{output}:{len(taken)}"
        taken.add(name)
        names.append(name)
    return names
