"""How much there is to compute in a stage, by kinds of work that differ in speed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from enum import Enum
from math import prod

import onnx_ir as ir

from inspector.graph.incremental.known import Known
from inspector.operators.attributes import integer, integers
from inspector.operators.domains import key_of
from inspector.operators.families import DENSE, LINEAR, NORMALIZATIONS, POOLINGS, REDUCTIONS, SOFTMAXES
from inspector.operators.operation import as_float
from inspector.operators.twins import TWINS

DENSE_WORK, GROUPED_WORK, POOL_WORK, POINTWISE_WORK = "dense", "grouped", "pooling", "pointwise"
KINDS = (DENSE_WORK, GROUPED_WORK, POOL_WORK, POINTWISE_WORK)
"""Multiply-adds of convolutions and matrices; of convolutions in groups; elements that pools read; elements made."""

Work = dict[str, float]
"""By kind."""


def work_of(nodes: Iterable[ir.Node], known: Known) -> Work:
    """Return what nodes compute for one whole image."""
    total: dict[str, float] = defaultdict(float)
    for node in nodes:
        kind, amount = _of_node(node, known)
        total[kind] += amount
    return dict(total)


class Rounding(Enum):
    """How sums are rounded, which decides whether parts of a map have the very values of the whole."""

    FLOATS = "sums of floats: their last bits depend on how a kernel goes through a map"
    FUSED = "sums of floats between codes, which the runtime makes sums of integers where it may fuse them"
    INTEGERS = "sums of integers, or none between codes: exact"


def rounding_of(nodes: Collection[ir.Node]) -> Rounding:
    """Return how nodes round where they compute on codes of quantized values; FLOATS also where some sums are."""
    if not is_coded(nodes):
        return Rounding.FLOATS
    sums = [node for node in nodes if key_of(node) not in TWINS and node.op_type in _SUMS]
    if not sums:
        return Rounding.INTEGERS
    return Rounding.FUSED if all(map(_is_between_codes, sums)) else Rounding.FLOATS


def is_coded(nodes: Iterable[ir.Node]) -> bool:
    """Return whether nodes compute on codes of quantized values, or on what these stand for."""
    return any(key_of(node) in TWINS or node.op_type in _CODING for node in nodes)


_CODING = frozenset({"DequantizeLinear", "QuantizeLinear"})
_SUMS = LINEAR | REDUCTIONS | NORMALIZATIONS | SOFTMAXES | {"AveragePool"}


def _is_between_codes(node: ir.Node) -> bool:
    """Return whether a sum takes dequantized codes and gives quantized ones, maybe through a rectifier."""
    before = [value.producer() for value in node.inputs[:2] if value is not None]
    if node.op_type != "Conv" or any(one is None or one.op_type != "DequantizeLinear" for one in before):
        return False
    readers = [use.node for use in node.outputs[0].uses()]
    if len(readers) == 1 and readers[0].op_type in ("Clip", "Relu"):
        readers = [use.node for use in readers[0].outputs[0].uses()]
    return len(readers) == 1 and readers[0].op_type == "QuantizeLinear"


def _of_node(node: ir.Node, known: Known) -> tuple[str, float]:
    operation = as_float(node)
    made = float(prod(known.sizes(node.outputs[0])))
    if operation.op_type == "Conv" and operation.inputs[1] is not None:
        filters = known.sizes(operation.inputs[1])
        groups = integer(operation, "group", 1)
        return (GROUPED_WORK if groups > 1 else DENSE_WORK), made * prod(filters[1:])
    if operation.op_type in DENSE and operation.inputs[0] is not None:
        return DENSE_WORK, made * (known.sizes(operation.inputs[0]) or (1,))[-1]
    if operation.op_type in POOLINGS:
        return POOL_WORK, made * prod(integers(operation, "kernel_shape"))
    return POINTWISE_WORK, made
