"""Computes the shape arithmetic of a graph (Shape, Gather, Concat, ...), so that Reshape's targets become
known.

ONNX's own data propagation knows the newest version of these operators only; old exports are full of the
others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from inspector.model.element_types import element_type
from inspector.model.shapes.measured import MEASURED_DOMAIN, measured_outputs
from inspector.model.shapes.nodes import infer_outputs, is_known
from inspector.operators.domains import STANDARD_SPELLINGS
from inspector.types.layers import Shape

FOLDED = frozenset(
    {
        "Abs",
        "Add",
        "And",
        "Cast",
        "Ceil",
        "Concat",
        "Div",
        "Equal",
        "Floor",
        "Gather",
        "Greater",
        "GreaterOrEqual",
        "Less",
        "LessOrEqual",
        "Max",
        "Min",
        "Mod",
        "Mul",
        "Neg",
        "Not",
        "Or",
        "Pow",
        "ReduceMax",
        "ReduceMin",
        "ReduceProd",
        "ReduceSum",
        "Reshape",
        "Slice",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Transpose",
        "Unsqueeze",
        "Where",
        "Xor",
    }
)
"""Operators whose outputs are no larger than their inputs together, broadcasting aside."""
MAX_ELEMENTS = 256

Array = npt.NDArray[np.generic]


def _steps(start: Array, limit: Array, delta: Array) -> float:
    return (limit.item() - start.item()) / delta.item() if delta.item() else 0.0


SIZED: Mapping[str, Callable[..., float]] = {
    "ConstantOfShape": lambda shape: prod(shape.tolist()),
    "Expand": lambda data, shape: prod(data.shape) * prod(shape.tolist()),
    "Range": _steps,
    "Tile": lambda data, repeats: prod(data.shape) * prod(repeats.tolist()),
}
"""Operators whose outputs can be of any size, with an upper bound of it."""


def fold_shapes(
    graph: onnx.GraphProto,
    shapes: Mapping[str, Shape],
    dtypes: Mapping[str, str],
    *,
    opset: int,
    free: bool = False,
) -> bool:
    """Replace, in place, what follows from known shapes by initializers; say whether there was anything.

    Measured operators become inputs of the graph, of the shape that the runtime makes. Shapes that become known on the
    way are used further down, so one pass resolves a chain of any length. With `free` sizes need not all be numbers.
    """
    sizes, types = dict(shapes), dict(dtypes)
    known = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in graph.initializer
        if int(np.prod(tensor.dims, dtype=np.int64)) <= MAX_ELEMENTS
    }
    folded: dict[str, Array] = {}
    measured: dict[str, tuple[Shape, str]] = {}
    kept = []
    for node in graph.node:
        if node.domain == MEASURED_DOMAIN:
            made = measured_outputs(node, shapes=sizes, dtypes=types, values=known, opset=opset) or {}
            if made and (free or all(is_known(shape) for shape, _ in made.values())):
                measured |= made
                sizes |= {name: shape for name, (shape, _) in made.items()}
                types |= {name: dtype for name, (_, dtype) in made.items()}
            else:
                kept.append(node)
            continue
        value = node_value(node, known, sizes, opset=opset)
        if value is None or node.op_type == "Constant":
            kept.append(node)
        if value is None and not all(is_known(sizes.get(name)) for name in node.output if name):
            found = infer_outputs(node, shapes=sizes, dtypes=types, values=known, opset=opset, free=free)
            sizes |= {name: shape for name, (shape, _) in found.items()}
            types |= {name: dtype for name, (_, dtype) in found.items()}
        elif value is not None:
            name = node.output[0]
            known[name], sizes[name], types[name] = value, value.shape, str(value.dtype)
            if node.op_type != "Constant":
                folded[name] = value
    if not folded and not measured:
        return False
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del graph.node[:]
    graph.node.extend(copies)
    graph.input.extend(
        onnx.helper.make_tensor_value_info(name, element_type(dtype), shape)
        for name, (shape, dtype) in measured.items()
    )
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in folded.items()
    )
    return True


def node_value(
    node: onnx.NodeProto,
    known: Mapping[str, Array],
    shapes: Mapping[str, Shape],
    *,
    opset: int,
) -> Array | None:
    """Return what a node gives where that is small and follows from known values and shapes, else None."""
    if len(node.output) != 1 or node.domain not in STANDARD_SPELLINGS:
        return None
    if node.op_type in ("Shape", "Size"):
        return _sizes(node, shapes.get(node.input[0]))
    if node.op_type == "Constant":
        return constant_of(node)
    if not all(name in known for name in node.input if name):
        return None
    if node.op_type == "Identity":  # which exporters write for what two layers share
        return known.get(node.input[0])
    bound = SIZED.get(node.op_type)
    if node.op_type not in FOLDED and bound is None:
        return None
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415 — costly to import, rarely needed

    try:
        if bound is not None and not bound(*(known[name] for name in node.input)) <= MAX_ELEMENTS:
            return None
        evaluator = ReferenceEvaluator(_single_node_model(node, known, opset))
        results = evaluator.run(None, {name: known[name] for name in node.input if name})
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError, AttributeError, NotImplementedError):
        return None
    array: Array = np.asarray(results[0])
    return None if array.size > MAX_ELEMENTS else array


def _sizes(node: onnx.NodeProto, shape: Shape | None) -> Array | None:
    """Return what Shape (from one axis to another) or Size gives, where those sizes are known."""
    if shape is None:
        return None
    bounds = {attribute.name: attribute.i for attribute in node.attribute}
    part = shape[bounds.get("start", 0) : bounds.get("end", len(shape))]
    sizes = [size for size in part if isinstance(size, int)]
    if len(sizes) != len(part):
        return None
    return np.array(prod(sizes) if node.op_type == "Size" else sizes, np.int64)


def _single_node_model(node: onnx.NodeProto, known: Mapping[str, Array], opset: int) -> onnx.ModelProto:
    inputs = [
        onnx.helper.make_tensor_value_info(
            name, onnx.helper.np_dtype_to_tensor_dtype(known[name].dtype), None
        )
        for name in dict.fromkeys(name for name in node.input if name)
    ]
    outputs = [onnx.ValueInfoProto(name=node.output[0])]
    graph = onnx.helper.make_graph([node], "one", inputs, outputs)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])


def constant_of(node: onnx.NodeProto) -> Array | None:
    """Return the value of a small Constant node, else None."""
    if node.op_type != "Constant":
        return None
    for attribute in node.attribute:
        if attribute.t.data_location == onnx.TensorProto.EXTERNAL:
            return None  # its file is beside the model, and would be looked for in the working directory
        if attribute.name == "value" and int(np.prod(attribute.t.dims, dtype=np.int64)) <= MAX_ELEMENTS:
            value: Array = numpy_helper.to_array(attribute.t)
            return value
        if attribute.name == "value_int":
            return np.array(attribute.i, np.int64)
        if attribute.name == "value_ints" and len(attribute.ints) <= MAX_ELEMENTS:
            return np.array(attribute.ints, np.int64)
    return None
