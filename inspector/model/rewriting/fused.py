"""What ONNX Runtime's optimizer fused, opened again: FusedConv is a Conv and its activation.

A model that was saved after optimization holds such nodes of the domain "com.microsoft". As the operators they were
made of, they have rules, rectifiers and layers; the runtime fuses them again where nobody looks in between.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from inspector.model.rewriting.names import free_name
from inspector.model.shapes.infer import standard_opset
from inspector.operators.domains import MICROSOFT
from inspector.operators.twins import TWINS
from inspector.registry import Registry

_OWN_DOMAIN = "inspector.fused"


@dataclass
class ExpansionBody:
    """The nodes that a fused node stands for; names of absent inputs are empty."""

    inputs: Sequence[str]
    attributes: dict[str, Any]
    opset: int
    ranks: Sequence[int | None]
    """Of the inputs, where they are weights."""
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    _taken: Counter[str] = field(default_factory=Counter)

    def op(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        """Write a node, of the standard domain unless told; return the name of its output."""
        output = free_name(op_type, self._taken)
        self.nodes.append(helper.make_node(op_type, list(inputs), [output], name=op_type, **attributes))
        return output

    def constant(self, value: float) -> str:
        """Write a float32 scalar."""
        return self.op("Constant", value=numpy_helper.from_array(np.asarray(value, np.float32)))

    def given(self, index: int) -> str:
        """Return the name of an input, empty where it is absent."""
        return self.inputs[index] if index < len(self.inputs) else ""

    def rest(self, *names: str) -> dict[str, Any]:
        """Return those attributes, where given."""
        return {name: self.attributes[name] for name in names if name in self.attributes}


def open_fused(proto: onnx.ModelProto) -> bool:
    """Turn fused nodes, in place, into calls of model-local functions that say what they stand for.

    Say whether there was one. Branches and functions are looked into once they are part of the graph.
    """
    opset = standard_opset(proto)
    ranks = {tensor.name: len(tensor.dims) for tensor in proto.graph.initializer}
    functions: list[onnx.FunctionProto] = []
    for node in proto.graph.node:
        expand = EXPANSIONS.get(node.op_type) if node.domain == MICROSOFT else None
        if expand is None:
            continue
        inputs = [name and f"i{index}" for index, name in enumerate(node.input)]
        attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        body = ExpansionBody(inputs, attributes, opset, [ranks.get(name) for name in node.input])
        outputs = expand(body)
        if outputs is None or any(name for name in node.output[len(outputs) :]):
            continue
        functions.append(_call(node, body, outputs, number=len(functions)))
    if functions:
        proto.functions.extend(functions)
        proto.opset_import.append(helper.make_opsetid(_OWN_DOMAIN, 1))
    return bool(functions)


def _call(
    node: onnx.NodeProto, body: ExpansionBody, outputs: Sequence[str], *, number: int
) -> onnx.FunctionProto:
    """Let a node call a new function, with the inputs and outputs that it has."""
    name = f"{node.op_type}.{number}"
    kept = [(given, made) for given, made in zip(node.output, outputs, strict=False) if given]
    read = [(given, formal) for given, formal in zip(node.input, body.inputs, strict=True) if given]
    node.name, node.domain, node.op_type = node.name or node.op_type, _OWN_DOMAIN, name
    node.input[:], node.output[:] = [given for given, _ in read], [given for given, _ in kept]
    del node.attribute[:]
    opsets = [helper.make_opsetid("", body.opset)]
    formals, results = [formal for _, formal in read], [made for _, made in kept]
    return helper.make_function(_OWN_DOMAIN, name, formals, results, body.nodes, opsets)


Expansion = Callable[[ExpansionBody], Sequence[str] | None]
"""Writes a body and returns its outputs; None where this node cannot be opened."""

_WINDOW = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
_PARAMETERS = {
    "LeakyRelu": ("alpha",),
    "Elu": ("alpha",),
    "HardSigmoid": ("alpha", "beta"),
    "Clip": ("min", "max"),
}
_TO_CHANNELS_FIRST, _TO_CHANNELS_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def _activated(body: ExpansionBody, x: str, parameters: Sequence[float]) -> str:
    """Write the activation that an attribute names, with its parameters in order."""
    name = body.attributes.get("activation", b"").decode()
    if not name:
        return x
    named = dict(zip(_PARAMETERS.get(name, ()), map(float, parameters), strict=False))
    if name == "Clip" and body.opset >= 11:
        return body.op("Clip", x, *(body.constant(value) for value in named.values()))
    return body.op(name, x, **named)


def _fused_conv(body: ExpansionBody) -> Sequence[str]:
    """y = activation(Conv(X, W, B) + Z)."""
    y = body.op("Conv", *(body.given(i) for i in range(3)), **body.rest(*_WINDOW))
    if body.given(3):
        y = body.op("Add", y, body.given(3))
    return [_activated(body, y, body.attributes.get("activation_params", ()))]


def _fused_gemm(body: ExpansionBody) -> Sequence[str]:
    """y = activation(Gemm(A, B, C))."""
    y = body.op("Gemm", *(body.given(i) for i in range(3)), **body.rest("alpha", "beta", "transA", "transB"))
    given = [body.attributes.get(f"activation_{name}", 0.0) for name in ("alpha", "beta")]
    return [_activated(body, y, given)]


def _fused_matmul(body: ExpansionBody) -> Sequence[str] | None:
    """y = activation(alpha·A'·B'), each transposed or not."""
    if body.attributes.get("transBatchA") or body.attributes.get("transBatchB"):
        return None
    left = "ji" if body.attributes.get("transA") else "ij"
    right = "kj" if body.attributes.get("transB") else "jk"
    if (left, right) == ("ij", "jk"):
        y = body.op("MatMul", *body.inputs)
    else:  # a stack of matrices, and another or one that is a weight
        stacks = ["" if rank == 2 else "..." for rank in body.ranks]
        equation = f"{stacks[0]}{left},{stacks[1]}{right}->{max(stacks)}ik"
        y = body.op("Einsum", *body.inputs, equation=equation)
    alpha = body.attributes.get("alpha", 1.0)
    y = y if alpha == 1 else body.op("Mul", y, body.constant(alpha))
    return [
        _activated(body, y, [body.attributes.get(f"activation_{name}", 0.0) for name in ("alpha", "beta")])
    ]


def _gelu(body: ExpansionBody) -> Sequence[str]:
    """y = x/2·(1 + erf(x/√2)), x with a bias or not."""
    x = _biased(body)
    inner = body.op("Erf", body.op("Div", x, body.constant(math.sqrt(2))))
    return [_half_of(body, x, inner)]


def _fast_gelu(body: ExpansionBody) -> Sequence[str]:
    """y = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))."""
    x = _biased(body)
    cube = body.op("Mul", body.op("Mul", x, x), x)
    inner = body.op("Add", x, body.op("Mul", body.constant(0.044715), cube))
    return [_half_of(body, x, body.op("Tanh", body.op("Mul", inner, body.constant(math.sqrt(2 / math.pi)))))]


def _biased(body: ExpansionBody) -> str:
    return body.op("Add", body.inputs[0], body.given(1)) if body.given(1) else body.inputs[0]


def _half_of(body: ExpansionBody, x: str, inner: str) -> str:
    """Write x·(1 + inner)·0.5, one of the forms that rectifiers are found by."""
    product = body.op("Mul", x, body.op("Add", inner, body.constant(1)))
    return body.op("Mul", product, body.constant(0.5))


def _quick_gelu(body: ExpansionBody) -> Sequence[str]:
    """y = x·sigmoid(alpha·x)."""
    alpha = body.constant(body.attributes.get("alpha", 1.702))
    return [body.op("Mul", body.inputs[0], body.op("Sigmoid", body.op("Mul", body.inputs[0], alpha)))]


def _skip_layer_normalization(body: ExpansionBody) -> Sequence[str] | None:
    """y = LayerNormalization(x + skip + bias)·gamma + beta."""
    if body.opset < 17:
        return None
    whole = body.op("Add", body.inputs[0], body.inputs[1])
    if body.given(4):
        whole = body.op("Add", whole, body.given(4))
    scale = [name for name in (body.given(2), body.given(3)) if name]
    y = body.op("LayerNormalization", whole, *scale, axis=-1, epsilon=body.attributes.get("epsilon", 1e-12))
    return [y]


def _bias_add(body: ExpansionBody) -> Sequence[str]:
    """y = x + bias + skip."""
    return [body.op("Add", body.op("Add", body.inputs[0], body.inputs[1]), body.inputs[2])]


def _channels_last(op_type: str) -> Expansion:
    """Return the expansion of an operator that keeps channels last: the standard one between transposes."""

    def expand(body: ExpansionBody) -> Sequence[str]:
        x = body.op("Transpose", body.inputs[0], perm=_TO_CHANNELS_FIRST)
        others = [body.given(i) for i in (1, 2)] if op_type == "Conv" else []
        pooling = ("ceil_mode", "dilations", "kernel_shape", "pads", "strides", "auto_pad")
        y = body.op(op_type, x, *others, **body.rest(*(_WINDOW if op_type == "Conv" else pooling)))
        if body.given(3):
            y = body.op("Add", y, body.op("Transpose", body.given(3), perm=_TO_CHANNELS_FIRST))
        y = _activated(body, y, body.attributes.get("activation_params", ()))
        return [body.op("Transpose", y, perm=_TO_CHANNELS_LAST)]

    return expand


def _codes_channels_last(op_type: str) -> Expansion:
    """Return the expansion of an operator on codes that keeps channels last: itself, channels first, in between."""

    def expand(body: ExpansionBody) -> Sequence[str] | None:
        if not body.attributes.pop("channels_last", 0):
            return None
        x = body.op("Transpose", body.inputs[0], perm=_TO_CHANNELS_FIRST)
        y = body.op(op_type, x, *body.inputs[1:], domain=MICROSOFT, **body.attributes)
        return [body.op("Transpose", y, perm=_TO_CHANNELS_LAST)]

    return expand


EXPANSIONS: Registry[str, Expansion] = Registry("expansion of a fused operator")
"""By operator of the domain "com.microsoft"."""

for _op_type, _expansion in (
    ("BiasAdd", _bias_add),
    ("BiasGelu", _gelu),
    ("FastGelu", _fast_gelu),
    ("FusedConv", _fused_conv),
    ("FusedGemm", _fused_gemm),
    ("FusedMatMul", _fused_matmul),
    ("FusedMatMulActivation", _fused_matmul),
    ("Gelu", _gelu),
    ("NhwcConv", _channels_last("Conv")),
    ("NhwcFusedConv", _channels_last("Conv")),
    ("NhwcMaxPool", _channels_last("MaxPool")),
    ("QuickGelu", _quick_gelu),
    ("SkipLayerNormalization", _skip_layer_normalization),
    ("TransposeMatMul", _fused_matmul),
):
    EXPANSIONS.add(_op_type, _expansion)
for (_domain, _op_type), _twin in TWINS.items():
    if "channels_last" in _twin.own_attributes:
        EXPANSIONS.add(_op_type, _codes_channels_last(_op_type))
