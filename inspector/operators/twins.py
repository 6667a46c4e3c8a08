"""Operators that compute on codes of quantized values: which float operator each stands for, and where things lie.

A code q stands for x = (q − z)·s, with the scale s and the zero point z. An operator on codes is
y = q⁻¹(f(q(a), q(b), …)) for a float operator f (ONNX, QLinearConv; ONNX Runtime, ContribOperators.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from inspector.operators.domains import MICROSOFT, STANDARD, STANDARD_SPELLINGS, Key, key_of
from inspector.operators.nodes import Named, Node
from inspector.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Operand:
    """Which inputs of a node hold an operand's codes, scale and zero point."""

    value: int
    scale: int | None = None
    """None where the scale is 1, or where the node measures it itself."""
    zero_point: int | None = None
    axis: int = -1
    """Along which scales in a vector differ."""
    transposed_axis: tuple[str, int] | None = None
    """An attribute, and the axis that holds in place of `axis` where it is set."""


@dataclass(frozen=True, kw_only=True)
class CodesResult:
    """Which inputs of a node hold its result's scale and zero point."""

    scale: int
    zero_point: int
    axis: int = -1
    """Along which scales in a vector differ."""


@dataclass(frozen=True, kw_only=True)
class QuantizedTwin:
    """An operator on codes, and the float operator that it stands for."""

    domain: str
    op_type: str
    since: int
    float_operator: str
    """Of the standard domain."""
    operands: tuple[Operand, ...]
    """In the order of the float operator's inputs."""
    is_variadic: bool = False
    """Whether the last operand is followed by any number of others: its codes, scale, zero point, its codes, …"""
    plain: tuple[int, ...] = ()
    """Inputs that hold no codes, and come first in the float operator."""
    bias: int | None = None
    """The input that holds a bias."""
    result: CodesResult | None = None
    """None where the result is no codes: plain integers, or floats."""
    own_attributes: tuple[str, ...] = ()
    """Attributes that the float operator does not have."""
    opset: int = 13
    """Of the float operator, where no attribute `opset` says it."""
    has_kernel: bool = True
    """Whether ONNX Runtime runs it on the CPU; without one, nothing can judge a backward rule."""

    def operands_of(self, node: Node) -> list[Operand]:
        """Return where a node's operands lie; the axes are those that hold for it."""
        return [_turned(operand, node) for operand in self._operands(len(node.inputs))]

    def places(self, count: int) -> list[int]:
        """Return which inputs, of a node that has `count`, are those of the float operator, in its order."""
        return [*self.plain, *(operand.value for operand in self._operands(count))]

    def _operands(self, count: int) -> list[Operand]:
        if not self.is_variadic:
            return list(self.operands)
        *first, last = self.operands
        starts = range(last.value, count, 3)
        return [*first, *(replace(last, value=at, scale=at + 1, zero_point=at + 2) for at in starts)]

    def opset_of(self, node: Node) -> int:
        """Return the opset of the float operator."""
        given = node.attributes.get("opset") if "opset" in self.own_attributes else None
        return self.opset if given is None else given.as_int()


def _turned(operand: Operand, node: Node) -> Operand:
    if operand.transposed_axis is None:
        return operand
    name, axis = operand.transposed_axis
    given = node.attributes.get(name)
    return replace(operand, axis=axis) if given is not None and given.as_int() else operand


TWINS: Registry[Key, QuantizedTwin] = Registry("quantized twin")
"""By domain and operator."""


def float_operator(node: Named) -> str:
    """Return the float operator that a node stands for: its own, where it does not compute on codes."""
    twin = TWINS.get(key_of(node))
    return node.op_type if twin is None else twin.float_operator


def result_of(node: Named) -> CodesResult | None:
    """Return where the scale and zero point of a node's result lie; None where they are no inputs of it."""
    if node.op_type == "QuantizeLinear" and node.domain in (*STANDARD_SPELLINGS, MICROSOFT):
        return _QUANTIZED
    twin = TWINS.get(key_of(node))
    return None if twin is None else twin.result


_QUANTIZED = CodesResult(scale=1, zero_point=2)
_X = Operand(value=0, scale=1, zero_point=2)
_W = Operand(value=3, scale=4, zero_point=5)
_RESULT = CodesResult(scale=6, zero_point=7)
_UNARY_RESULT = CodesResult(scale=3, zero_point=4)
_LAYOUT = ("channels_last",)

_CONVOLUTIONS = (
    QuantizedTwin(
        domain=STANDARD,
        op_type="QLinearConv",
        since=10,
        float_operator="Conv",
        operands=(_X, replace(_W, axis=0)),
        bias=8,
        result=_RESULT,
    ),
    QuantizedTwin(
        domain=MICROSOFT,
        op_type="QLinearConv",
        since=1,
        float_operator="Conv",
        operands=(_X, replace(_W, axis=0)),
        bias=8,
        result=_RESULT,
        own_attributes=_LAYOUT,
    ),
    QuantizedTwin(
        domain=STANDARD,
        op_type="ConvInteger",
        since=10,
        float_operator="Conv",
        operands=(Operand(value=0, zero_point=2), Operand(value=1, zero_point=3, axis=0)),
    ),
)

_MATRIX_PRODUCTS = (
    QuantizedTwin(
        domain=STANDARD,
        op_type="QLinearMatMul",
        since=10,
        float_operator="MatMul",
        operands=(replace(_X, axis=-2), _W),
        result=replace(_RESULT, axis=-2),
    ),
    QuantizedTwin(
        domain=STANDARD,
        op_type="MatMulInteger",
        since=10,
        float_operator="MatMul",
        operands=(Operand(value=0, zero_point=2, axis=-2), Operand(value=1, zero_point=3)),
    ),
    QuantizedTwin(
        domain=MICROSOFT,
        op_type="QGemm",
        since=1,
        float_operator="Gemm",
        # Scales of B differ from column to column of the product.
        operands=(_X, replace(_W, axis=1, transposed_axis=("transB", 0))),
        bias=6,
        result=CodesResult(scale=7, zero_point=8),
    ),
    QuantizedTwin(
        domain=MICROSOFT,
        op_type="DynamicQuantizeMatMul",
        since=1,
        float_operator="MatMul",
        operands=(Operand(value=0), Operand(value=1, scale=2, zero_point=3)),
    ),
    QuantizedTwin(
        domain=MICROSOFT,
        op_type="MatMulIntegerToFloat",
        since=1,
        float_operator="MatMul",
        operands=(Operand(value=0, scale=2, zero_point=4), Operand(value=1, scale=3, zero_point=5)),
    ),
)

_BINARY = tuple(
    QuantizedTwin(
        domain=MICROSOFT,
        op_type=op_type,
        since=1,
        float_operator=float_operator,
        operands=(_X, _W),
        result=_RESULT,
    )
    for op_type, float_operator in (("QLinearAdd", "Add"), ("QLinearMul", "Mul"))
)

_UNARY = tuple(
    QuantizedTwin(
        domain=MICROSOFT,
        op_type=op_type,
        since=1,
        float_operator=float_operator,
        operands=(_X,),
        result=_UNARY_RESULT,
        own_attributes=own_attributes,
        has_kernel=op_type != "QLinearReduceMean",
    )
    for op_type, float_operator, own_attributes in (
        ("QLinearAveragePool", "AveragePool", _LAYOUT),
        ("QLinearGlobalAveragePool", "GlobalAveragePool", _LAYOUT),
        ("QLinearLeakyRelu", "LeakyRelu", ()),
        ("QLinearReduceMean", "ReduceMean", ()),
        ("QLinearSigmoid", "Sigmoid", ()),
        ("QLinearSoftmax", "Softmax", ("opset",)),
    )
)

_OTHERS = (
    QuantizedTwin(
        domain=MICROSOFT,
        op_type="QLinearConcat",
        since=1,
        float_operator="Concat",
        operands=(Operand(value=2, scale=3, zero_point=4),),
        is_variadic=True,
        result=CodesResult(scale=0, zero_point=1),
    ),
    QuantizedTwin(
        domain=MICROSOFT,
        op_type="QLinearWhere",
        since=1,
        float_operator="Where",
        operands=(Operand(value=1, scale=2, zero_point=3), Operand(value=4, scale=5, zero_point=6)),
        plain=(0,),
        result=CodesResult(scale=7, zero_point=8),
    ),
)

for _twin in (*_CONVOLUTIONS, *_MATRIX_PRODUCTS, *_BINARY, *_UNARY, *_OTHERS):
    TWINS.add((_twin.domain, _twin.op_type), _twin)
