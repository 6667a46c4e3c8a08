"""Nodes that a model could do without: they hand on what they get, undo each other, repeat themselves or others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.dependence import dependents
from inspector.model.element_types import NAMES
from inspector.model.spec import OnnxModel
from inspector.model.uniform import bound_of
from inspector.operators.attributes import (
    flag,
    integers,
    optional_integer,
    optional_integers,
)
from inspector.operators.domains import is_standard, key_of
from inspector.operators.families import (
    CONTROL_FLOW,
    DEQUANTIZERS,
    GLOBAL_POOLINGS,
    IDENTITIES,
    NON_NEGATIVE,
    POOLINGS,
    QUANTIZERS,
    RANDOM,
    REARRANGERS,
)
from inspector.operators.nodes import name_of
from inspector.types.arrays import Array

_SMALL = 64
"""Constants of at most so many elements are compared by their values, larger ones by where they lie."""


@dataclass(frozen=True, kw_only=True)
class Redundant:
    """A node that changes nothing."""

    name: str
    operator: str
    why: str
    """What follows "The node": hands on what it gets."""


def redundant_nodes(model: OnnxModel) -> Iterator[Redundant]:
    """Yield the nodes on the way from the image that change nothing, in graph order.

    Only nodes that the file itself has are told, not those into which functions and branches were opened.
    """
    written = _written(model)
    seen = _Seen()
    for node in dependents(model.ir.graph, model.input.name):
        first = seen.like(node)
        tensor = node.outputs[0].name or ""
        if written is not None and written.get(tensor) != node.op_type:
            continue
        why = _why(node, model)
        if why is None and first is not None:
            why = f"gives the same as {name_of(first)!r}: operator, inputs and attributes are the same."
        if why is not None:
            yield Redundant(name=name_of(node), operator=node.op_type, why=why)


def foldable_normalizations(model: OnnxModel) -> Iterator[Redundant]:
    """Yield the BatchNormalizations that could be part of the weights of the convolution before them."""
    for node in dependents(model.ir.graph, model.input.name):
        if not is_standard(node) or node.op_type != "BatchNormalization" or flag(node, "training_mode"):
            continue
        given = node.inputs[0]
        conv = None if given is None else given.producer()
        if conv is None or given is None or not is_standard(conv) or conv.op_type != "Conv":
            continue
        is_constant = all(
            one is None or constant_value(one) is not None for one in (*conv.inputs[1:], *node.inputs[1:])
        )
        if is_constant and len(list(given.uses())) == 1 and not given.is_graph_output():
            yield Redundant(
                name=name_of(node),
                operator=node.op_type,
                why=f"could be part of the weights of {name_of(conv)!r} before it.",
            )


def _written(model: OnnxModel) -> Mapping[str, str] | None:
    """Return the operators of the file's own nodes, by their outputs; None where they are not known."""
    if model.file.skeleton is None:
        return None
    graph = onnx.ModelProto.FromString(model.file.skeleton).graph
    return {name: node.op_type for node in graph.node for name in node.output}


# --- what hands on what it gets


def _why(node: ir.Node, model: OnnxModel) -> str | None:
    if not is_standard(node) or len([one for one in node.outputs if one.name]) != 1:
        return None
    judge = _JUDGES.get(node.op_type)
    return None if judge is None else judge(node, model)


_HANDS_ON = "hands on what it gets"


def _identity(node: ir.Node, _model: OnnxModel) -> str | None:
    """An Identity from one of the graph's ends to another has a name to give."""
    given, result = node.inputs[0], node.outputs[0]
    if result.is_graph_output() and (
        given is None or given.producer() is None or given.is_graph_output() or len(list(given.uses())) > 1
    ):
        return None
    return f"{_HANDS_ON}."


def _dropout(node: ir.Node, _model: OnnxModel) -> str | None:
    """By attributes `is_test` of opset 6 and before it may drop values."""
    mode = node.inputs[2] if len(node.inputs) > 2 else None
    if mode is not None:
        value = constant_value(mode)
        if value is None or value.any():
            return None
    return (
        None
        if optional_integer(node, "is_test") == 0
        else f"{_HANDS_ON}: outside of training it drops nothing."
    )


def _cast(node: ir.Node, model: OnnxModel) -> str | None:
    to, given = optional_integer(node, "to"), node.inputs[0]
    if to is None or given is None:
        return None
    name = NAMES.get(ir.DataType(to))
    is_same = name is not None and model.dtypes.get(given.name or "") == name
    return f"{_HANDS_ON}: it is {name} already." if is_same else None


def _transpose(node: ir.Node, _model: OnnxModel) -> str | None:
    order = optional_integers(node, "perm")
    if order is None:
        return None
    if order == tuple(range(len(order))):
        return f"{_HANDS_ON}: no axis moves."
    before = node.inputs[0].producer() if node.inputs[0] is not None else None
    if before is None or not is_standard(before) or before.op_type != "Transpose":
        return None
    first = optional_integers(before, "perm")
    if first is None or len(first) != len(order):
        return None
    if tuple(first[axis] for axis in order) == tuple(range(len(order))):
        return f"undoes {name_of(before)!r} (Transpose) before it."
    return None


def _reshape(node: ir.Node, model: OnnxModel) -> str | None:
    given, result = _shape(node.inputs[0], model), _shape(node.outputs[0], model)
    if given is None or given != result or not _keeps_batch(node, given, model):
        return None
    return f"{_HANDS_ON}: the shape is {'×'.join(map(str, given))} before and after."


def _keeps_batch(node: ir.Node, shape: tuple[int, ...], model: OnnxModel) -> bool:
    """Return whether several images keep their axis: shapes are known for one, whose 1 may be any axis's."""
    if model.input.batch is not None:
        return model.input.batch == 1
    if node.op_type == "Flatten":
        return len(shape) == 2
    wanted = constant_value(node.inputs[1]) if len(node.inputs) > 1 else None
    if wanted is None or wanted.size == 0:
        return False
    if node.op_type == "Expand":
        return True  # a constant that changes nothing of one image is 1 along its axis
    if wanted.size != len(shape):
        return False
    first, *rest = (int(size) for size in wanted)
    return first in (0, -1) and all(size in (0, known) for size, known in zip(rest, shape[1:], strict=True))


def _slice(node: ir.Node, model: OnnxModel) -> str | None:
    """Step by step from the first to the last: others turn around, or cut off images."""
    steps = constant_value(node.inputs[4]) if len(node.inputs) > 4 else None
    axes = constant_value(node.inputs[3]) if len(node.inputs) > 3 else optional_integers(node, "axes")
    given, result = _shape(node.inputs[0], model), _shape(node.outputs[0], model)
    if given is None or given != result or axes is None:
        return None
    if (len(node.inputs) > 4 and node.inputs[4] is not None and steps is None) or np.any(
        np.asarray(1 if steps is None else steps) != 1
    ):
        return None
    if model.input.batch != 1 and not {int(axis) for axis in np.asarray(axes).reshape(-1)} <= _beside_batch(
        given
    ):
        return None
    return f"{_HANDS_ON}: it cuts nothing off."


def _beside_batch(shape: tuple[int, ...]) -> set[int]:
    return {*range(1, len(shape)), *range(-len(shape) + 1, 0)}


def _shape(value: ir.Value | None, model: OnnxModel) -> tuple[int, ...] | None:
    found = None if value is None else model.shapes.get(value.name or "")
    if found is None or not all(isinstance(size, int) for size in found):
        return None
    return tuple(size for size in found if isinstance(size, int))


def _single(node: ir.Node, _model: OnnxModel) -> str | None:
    return f"{_HANDS_ON}: it has one input." if len(node.inputs) == 1 else None


def _pad(node: ir.Node, _model: OnnxModel) -> str | None:
    pads: Array | Sequence[int] | None = optional_integers(node, "pads")
    if pads is None and len(node.inputs) > 1:
        pads = constant_value(node.inputs[1])
    return f"{_HANDS_ON}: it adds nothing." if pads is not None and not np.any(pads) else None


def _arithmetic(neutral: float, *, sides: Sequence[int]) -> Callable[[ir.Node, OnnxModel], str | None]:
    def judge(node: ir.Node, model: OnnxModel) -> str | None:
        for side in sides:
            constant = constant_value(node.inputs[side]) if len(node.inputs) == 2 else None
            if constant is None or not constant.size or np.any(constant != neutral):
                continue
            given, result = _shape(node.inputs[1 - side], model), _shape(node.outputs[0], model)
            if given is not None and given == result:
                return f"{_HANDS_ON}: its constant is {neutral:g}."
        return None

    return judge


def _pool(node: ir.Node, _model: OnnxModel) -> str | None:
    is_one = all(set(integers(node, name, (1,))) <= {1} for name in ("kernel_shape", "strides")) and not any(
        integers(node, "pads", ())
    )
    return f"{_HANDS_ON}: its window is one place." if is_one else None


# --- what repeats what was done before it


def _relu(node: ir.Node, _model: OnnxModel) -> str | None:
    before = _before(node.inputs[0])
    if before is None or not is_standard(before):
        return None
    if before.op_type in NON_NEGATIVE or (before.op_type == "Clip" and (_bounds(before)[0] or -1.0) >= 0):
        return f"cuts nothing off: {name_of(before)!r} ({before.op_type}) before it gives nothing below 0."
    return None


def _clip(node: ir.Node, _model: OnnxModel) -> str | None:
    before = _before(node.inputs[0])
    low, high = _bounds(node)
    if before is None or not is_standard(before) or (low is None and high is None):
        return None
    if before.op_type == "Clip":
        least, most = _bounds(before)
    elif before.op_type in ("Sigmoid", "HardSigmoid", "Softmax"):
        least, most = 0.0, 1.0
    elif before.op_type in NON_NEGATIVE:
        least, most = 0.0, None
    else:
        return None
    is_within = (low is None or (least is not None and least >= low)) and (
        high is None or (most is not None and most <= high)
    )
    return (
        f"cuts nothing off: {name_of(before)!r} ({before.op_type}) before it keeps to its bounds."
        if is_within
        else None
    )


def _before(value: ir.Value | None) -> ir.Node | None:
    """Return the node that made a tensor's values, before what only moves them or takes means and maxima."""
    while value is not None:
        node = value.producer()
        if node is None or not is_standard(node) or node.op_type not in _KEEPS_SIGN:
            return node
        if node.op_type in POOLINGS and node.op_type != "MaxPool" and any(integers(node, "pads", ())):
            return node
        value = node.inputs[0]
    return None


_KEEPS_SIGN = REARRANGERS | {"AveragePool", "MaxPool"} | GLOBAL_POOLINGS - {"GlobalLpPool"} | IDENTITIES


def _bounds(node: ir.Node) -> tuple[float | None, float | None]:
    """Return the bounds of a Clip; None where it has none."""
    return bound_of(node, "min", 1), bound_of(node, "max", 2)


_JUDGES: Mapping[str, Callable[[ir.Node, OnnxModel], str | None]] = {
    "Identity": _identity,
    "Dropout": _dropout,
    "Cast": _cast,
    "Transpose": _transpose,
    **dict.fromkeys(("Expand", "Flatten", "Reshape"), _reshape),
    "Slice": _slice,
    **dict.fromkeys(("Concat", "Max", "Mean", "Min", "Sum"), _single),
    "Pad": _pad,
    "Add": _arithmetic(0.0, sides=(0, 1)),
    "Sub": _arithmetic(0.0, sides=(1,)),
    "Mul": _arithmetic(1.0, sides=(0, 1)),
    "Div": _arithmetic(1.0, sides=(1,)),
    "Pow": _arithmetic(1.0, sides=(1,)),
    "AveragePool": _pool,
    "MaxPool": _pool,
    "Relu": _relu,
    "Clip": _clip,
}


# --- what is there twice


class _Seen:
    """The nodes so far, by what they compute."""

    def __init__(self) -> None:
        self._nodes: dict[object, ir.Node] = {}
        self._same: dict[str, str] = {}
        """By tensor: the first one that holds the same."""

    def like(self, node: ir.Node) -> ir.Node | None:
        """Return the first node that gives the same as this one; None where there is none before it."""
        key = self._key(node)
        if key is None:
            return None
        first = self._nodes.setdefault(key, node)
        if first is node:
            return None
        for own, other in zip(node.outputs, first.outputs, strict=False):
            if own.name and other.name:
                self._same[own.name] = self._same.get(other.name, other.name)
        return first

    def _key(self, node: ir.Node) -> object | None:
        if node.op_type in RANDOM | CONTROL_FLOW | QUANTIZERS | DEQUANTIZERS or node.op_type == "Dropout":
            return None
        attributes = []
        for attribute in node.attributes.values():
            if attribute.is_ref() or attribute.type not in _PLAIN:
                return None
            value = attribute.value
            attributes.append((attribute.name, tuple(value) if isinstance(value, list | tuple) else value))
        inputs = tuple(self._input(value) for value in node.inputs)
        return key_of(node), inputs, tuple(sorted(attributes)), len(node.outputs)

    def _input(self, value: ir.Value | None) -> object:
        if value is None:
            return None
        constant = constant_value(value)
        if constant is not None and constant.size <= _SMALL and constant.dtype.kind in "biuf":
            return constant.dtype.str, constant.shape, constant.tobytes()
        return self._same.get(value.name or "", value.name)


_PLAIN = frozenset(
    {
        ir.AttributeType.FLOAT,
        ir.AttributeType.FLOATS,
        ir.AttributeType.INT,
        ir.AttributeType.INTS,
        ir.AttributeType.STRING,
        ir.AttributeType.STRINGS,
    }
)
