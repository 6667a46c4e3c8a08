"""Operators that ONNX itself defines as a function of others: differentiated through that body.

The body is inlined by ONNX's own inliner into a graph of one node, written once more into the backward graph on the
node's saved inputs (so the forward graph stays as exported), and walked backwards with the rules of its operators.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnx.defs
import onnx.inliner
import onnx_ir as ir

from inspector.grad.accumulate import accumulate, total
from inspector.grad.refusal import no_rule
from inspector.grad.rule import NO_GRADIENT, Gradients, Rule, find_rule
from inspector.grad.step import Step
from inspector.grad.writing.builder import Builder
from inspector.graph.writer import OPSET
from inspector.operators.domains import opset_among
from inspector.operators.families import VALUE_FREE
from inspector.types.arrays import Array

AXES_AS_INPUTS = 13
"""Since when Unsqueeze and its like read axes from an input, as they do in the backward graph."""


@dataclass(frozen=True)
class Body:
    """What a node stands for: its inputs and outputs, None where one is absent, and the nodes in graph order."""

    inputs: tuple[ir.Value | None, ...]
    nodes: tuple[ir.Node, ...]
    outputs: tuple[ir.Value | None, ...]
    samples: dict[ir.Value, Array]
    """What every value is for one image of zeros: shapes, types, and what depends on shapes alone are true of all."""
    opset: int


def by_body(b: Builder, node: ir.Node, *gys: ir.Value | None) -> Gradients:
    """gx = the sum over the body's nodes of their rules' gradients, with the body computed again."""
    body = _body(b, node)
    reached = _write_forward(b, node, body)
    arrived = {
        output: [gy]
        for output, gy in zip(body.outputs, gys, strict=False)
        if output is not None and gy is not None
    }
    blocked: list[ir.Value] = []
    accumulate(
        b,
        [inner for inner in body.nodes if any(value in reached for value in inner.outputs)],
        arrived,
        reached=reached,
        step_for=lambda inner: Step(inner.inputs, _rule_for(inner, body.opset)),
        missing=lambda _node, _index, value: blocked.append(value),
    )
    known = reached - _ancestors(blocked)
    return [
        total(b, arrived.get(value) or [_zero(b, value)]) if value in known and value is not None else None
        for value in body.inputs
    ]


def _write_forward(b: Builder, node: ir.Node, body: Body) -> set[ir.Value]:
    """Write the body; return its values that may carry a gradient."""
    for inner, given in zip(body.inputs, node.inputs, strict=True):
        if inner is not None and given is not None:
            b.lend(inner, b.saved(given), shape=b.shape(given))
    reached = {v for v in body.inputs if v is not None and v.const_value is None and _is_float(v)}
    for inner_node in body.nodes:
        if any(a.type == ir.AttributeType.GRAPH for a in inner_node.attributes.values()):
            raise no_rule(node)
        if inner_node.op_type == "Constant":
            continue
        for value, written in zip(inner_node.outputs, b.copy(inner_node), strict=True):
            if inner_node.op_type == "Softmax":
                # A row that is masked whole is 0/0 here, which the body replaces by 0 behind it; rules would multiply
                # by it.
                written = b.op("Where", b.op("IsNaN", written), b.constant(0), written)  # noqa: PLW2901
            b.lend(value, written, shape=body.samples[value].shape if value in body.samples else None)
        declared = (inner_node.domain, inner_node.op_type) in NO_GRADIENT
        if not declared and any(value in reached for value in inner_node.inputs):
            reached.update(filter(_is_float, inner_node.outputs))
    return reached


def _zero(b: Builder, value: ir.Value) -> ir.Value:
    return b.op("Expand", b.constant(0), b.op("Shape", b.saved(value)))


def _rule_for(node: ir.Node, opset: int) -> Rule:
    rule = find_rule(node, opset)
    if rule is None:
        raise no_rule(node)
    return rule


def _is_float(value: ir.Value) -> bool:
    return value.dtype is not None and value.dtype.is_floating_point()


def _ancestors(values: Iterable[ir.Value]) -> set[ir.Value]:
    found: set[ir.Value] = set()
    stack = list(values)
    while stack:
        value = stack.pop()
        if value not in found:
            found.add(value)
            node = value.producer()
            stack.extend(v for v in (node.inputs if node else ()) if v is not None)
    return found


# --- inlining


def _body(b: Builder, node: ir.Node) -> Body:
    feeds = {f"in{i}": _sample(b, value) for i, value in enumerate(node.inputs) if value is not None}
    proto = onnx.inliner.inline_selected_functions(
        _alone(node, feeds),
        [("", name) for name in {node.op_type, *_newer()}],
        exclude=False,
        inline_schema_functions=True,
    )
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415 — costly to import, rarely needed

    with np.errstate(all="ignore"):  # zeros may be divided by zeros: only shapes are looked at
        samples = feeds | ReferenceEvaluator(proto).run(None, feeds, intermediate=True)
    graph = ir.from_proto(proto).graph
    nodes = tuple(_settled(inner, samples) for inner in graph)
    values = {v.name: v for v in [*graph.inputs, *(v for inner in nodes for v in inner.outputs)] if v.name}
    for name, value in values.items():
        if samples.get(name) is not None:
            value.dtype = ir.DataType.from_numpy(np.asarray(samples[name]).dtype)
        value.name = f"{node.outputs[0].name}/body/{name}"
    inputs = tuple(values[f"in{i}"] if v is not None else None for i, v in enumerate(node.inputs))
    for inner, given in zip(inputs, node.inputs, strict=True):
        array = b.array(given)
        if inner is not None and array is not None:
            inner.const_value = ir.tensor(array)
    body = Body(
        inputs=inputs,
        nodes=nodes,
        outputs=tuple(values.get(f"out{i}") for i in range(len(node.outputs))),
        samples={v: np.asarray(samples[k]) for k, v in values.items() if samples.get(k) is not None},
        opset=_opset(node),
    )
    _state_what_is_known(body)
    return body


def _sample(b: Builder, value: ir.Value) -> Array:
    """Return a constant's value, or zeros of the shape for one image, in the type of the inlined body."""
    dtype = b.dtype_of(value)
    array = b.array(value)
    sizes = b.sizes(value, *range(b.rank(value)))
    numpy_dtype = np.dtype(np.float32) if dtype.is_floating_point() else dtype.numpy()
    return np.zeros(sizes, numpy_dtype) if array is None else array.astype(numpy_dtype)


def _alone(node: ir.Node, feeds: dict[str, Array]) -> onnx.ModelProto:
    """Return a model of the node alone, with the schema's defaults spelled out: the inliner leaves them out."""
    copy = ir.serde.serialize_node(node)
    opset = _opset(node)
    for index, value in enumerate(node.inputs):
        copy.input[index] = "" if value is None else f"in{index}"
    for index, value in enumerate(node.outputs):
        copy.output[index] = f"out{index}" if value.name else ""
    given = {attribute.name for attribute in copy.attribute}
    for name, attribute in onnx.defs.get_schema(node.op_type, opset, "").attributes.items():
        if name not in given and attribute.default_value.name:
            copy.attribute.append(attribute.default_value)
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [copy],
        "alone",
        [info(name, onnx.helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for name, a in feeds.items()],
        [info(name, onnx.TensorProto.FLOAT, None) for name in copy.output if name],
        # The inliner asks for the types of absent inputs too.
        value_info=[info("", onnx.TensorProto.FLOAT, None)],
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=10)


def _settled(node: ir.Node, samples: dict[str, Array]) -> ir.Node:
    """Replace a CastLike, which reads only the type of its second input, by the Cast that it is."""
    if node.op_type != "CastLike":
        return node
    (output,) = node.outputs
    dtype = ir.DataType.from_numpy(samples[output.name or ""].dtype)
    cast = ir.node("Cast", [node.inputs[0]], {"to": dtype})
    cast.outputs[0].name = output.name
    output.replace_all_uses_with(cast.outputs[0], replace_graph_outputs=True)
    return cast


def _state_what_is_known(body: Body) -> None:
    """Make constants of what depends on constants and shapes alone: rules read axes, sizes and places from them."""
    for node in body.nodes:
        read = [value for value in node.inputs if value is not None]
        if node.op_type in VALUE_FREE or all(value.const_value is not None for value in read):
            for value in node.outputs:
                if value in body.samples:
                    value.const_value = ir.tensor(body.samples[value])


def _opset(node: ir.Node) -> int:
    """Return the opset of the body: the node's, or the next whose bodies the backward graph can hold."""
    imports = node.graph.opset_imports if node.graph is not None else {}
    return max(opset_among(imports, default=OPSET), AXES_AS_INPUTS)


@functools.cache
def _newer() -> Sequence[str]:
    """Return the operators with a body that are newer than the backward graph's opset."""
    schemas = [schema for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""]
    old = {schema.name for schema in schemas if schema.since_version <= OPSET}
    composed = {s.name for s in schemas if s.has_function or s.has_context_dependent_function}
    return sorted(composed - old)
