"""Hand-made cases for functions of elements, arithmetic, reductions, normalizations and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.grad.cases import Case, case, ints, scalar
from tests.support.graphs import node
from tests.support.schemas import opsets

FIRST_OPSET = {"Asinh": 9, "Acosh": 9, "Atanh": 9, "Cosh": 9, "Sinh": 9, "Erf": 9}
"""Since when a function exists, where that is not opset 7."""

BELOW_ONE = ("Acos", "Asin", "Atanh")
POSITIVE = ("Log", "Sqrt")


def of_element(op_type: str, opset: int, **attributes: Any) -> Case:
    """Return a case of one function of elements, inside its domain."""
    before, tensor = [], "x"
    if op_type in POSITIVE or op_type == "Acosh":
        before, tensor = [node("Exp", ["x"], "e")], "e"
    if op_type == "Acosh":
        before.append(node("Add", ["e", "one"], "p"))
        tensor = "p"
    judge = "runtime" if op_type in ("Erf", "Gelu") else "reference"
    return case(
        f"{op_type}, opset {opset}" + (f", {attributes}" if attributes else ""),
        *before,
        node(op_type, [tensor], "y", **attributes),
        opset=opset,
        judge=judge,
        scale=0.7 if op_type in BELOW_ONE else 1.0,
        one=scalar(1.0),
    )


def reduction(op_type: str, opset: int, axes: list[int] | None, **attributes: Any) -> Case:
    """Return a case of a reduction of positive values; the axes are an attribute or an input by opset."""
    as_input = opset >= (13 if op_type == "ReduceSum" else 18)
    if axes is not None and not as_input:
        attributes["axes"] = axes
    return case(
        f"{op_type}, opset {opset}, axes {axes}, {attributes}",
        node("Exp", ["x"], "e"),
        node(op_type, ["e", "a"] if as_input and axes is not None else ["e"], "y", **attributes),
        opset=opset,
        a=ints(*(axes or ())),
    )


def einsum(equation: str, *weights: tuple[int, ...], shape: tuple[int, ...] = (2, 3, 4)) -> Case:
    """Return a case of an Einsum of the image and weights; "x" among the weights is the image again."""
    named: dict[str, Any] = {f"w{i}": weight for i, weight in enumerate(weights)}
    return case(
        f"Einsum {equation} {shape} {weights}",
        node("Einsum", ["x", *named], "y", equation=equation),
        shape=shape,
        **named,
    )


REDUCTIONS = (
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
)

_FUNCTIONS = [
    *(
        of_element(op_type, opset)
        for op_type in ("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "Erf", "Exp",
                        "Log", "Reciprocal", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh")
        for opset in (FIRST_OPSET.get(op_type, 7), 22)
    ),
    *(of_element("Selu", opset) for opset in (7, 22)),
    of_element("Selu", 17, alpha=1.3, gamma=0.8),
    of_element("Celu", 12),
    of_element("Celu", 22, alpha=0.6),
    *(of_element("ThresholdedRelu", opset, alpha=alpha) for opset in (10, 22) for alpha in (0.5, -0.7)),
    of_element("Shrink", 9, lambd=0.6, bias=0.2),
    of_element("Mish", 18),
    of_element("Gelu", 20),
    of_element("Gelu", 20, approximate="tanh"),
    of_element("Swish", 24, alpha=1.7),
    case("Softplus far out", node("Softplus", ["x"], "y"), judge="runtime", scale=40.0),
    case("the slopes of PRelu", node("ReduceMean", ["x"], "s", axes=[0, 2, 3], keepdims=1),
         node("PRelu", ["w", "s"], "y"),
         w=(2, 3, 6, 5)),
]  # fmt: skip

_ARITHMETIC = [
    *(case(f"Pow by {exponent}, opset {opset}", node("Pow", ["x", "n"], "y"), opset=opset, n=scalar(exponent))
      for opset in (7, 12, 13, 15) for exponent in (2.0, 3.0, -1.0)),
    case("Pow by a fraction", node("Exp", ["x"], "e"), node("Pow", ["e", "n"], "y"), n=scalar(1.7)),
    case("Pow by integers", node("Pow", ["x", "n"], "y"), opset=12, n=np.asarray([2, 3, 0, 1, -1], np.int64)),
    case("Pow by the image", node("Pow", ["w", "x"], "y"),
         w=np.asarray([[0.5], [2], [3], [0.7], [1.2], [4]], np.float32)),
    case("Pow of itself", node("Exp", ["x"], "e"), node("Pow", ["e", "x"], "y")),
    *(case(f"{op_type} of {len(inputs)}, opset {opset}", node("Exp", ["x"], "n"),
           node(op_type, inputs, "y"), opset=opset,
           w=(3, 1, 1), v=(6, 5))
      for op_type in ("Max", "Min", "Mean", "Sum")
      for opset in (8, 12, 13)
      for inputs in (["x"], ["x", "w"], ["x", "v", "w"], ["n", "w", "x", "v"])),
    *(case(f"{op_type}-6", node(op_type, ["x", "w"], "y"), opset=7,
           w=(2, 3, 6, 5)) for op_type in ("Max", "Min", "Mean")),
    *(case(f"Mod-{opset}, {inputs}", node("Mod", inputs, "y", fmod=1), opset=opset, w=(3, 1, 1))
      for opset in (10, 13) for inputs in (["x", "w"], ["w", "x"])),
    *(case(f"Where-{opset}, {inputs}", node("Where", ["c", *inputs], "y"), opset=opset, w=(3, 1, 1), s=(1,),
           c=np.arange(30).reshape(6, 5) % 3 == 0)
      for opset in (9, 16) for inputs in (["x", "w"], ["w", "x"], ["x", "x"], ["s", "x"])),
    *(case(f"CastLike of a constant and of the image, opset {opset}", node("CastLike", ["w", "x"], "c"),
           node("CastLike", ["x", "x"], "d"), node("Mul", ["c", "d"], "y"), opset=opset, w=(3, 1, 1))
      for opset in opsets("CastLike")),
    case("Where by a computed condition", node("Greater", ["x", "zero"], "c"), node("Exp", ["x"], "e"),
         node("Where", ["c", "x", "e"], "y"), zero=scalar(0)),
    *(case(f"Trilu, upper {upper}, diagonal {k}, {shape}",
           node("Trilu", ["x"] if k is None else ["x", "k"], "y", upper=upper),
           shape=shape, k=np.asarray(k or 0, np.int64))
      for upper in (0, 1) for k in (None, -1, 2) for shape in ((2, 3, 4), (3, 5))),
]  # fmt: skip

_CUMULATIVE = [
    *(case(f"CumSum-{opset}, axis {axis}, exclusive {exclusive}, reverse {reverse}",
           node("CumSum", ["x", "a"], "y", exclusive=exclusive, reverse=reverse), opset=opset,
           shape=(2, 3, 4),
           a=np.asarray(axis, np.int64))
      for opset in (11, 14) for axis in (0, 1, -1) for exclusive in (0, 1) for reverse in (0, 1)),
    *(case(f"CumProd, axis {axis}, exclusive {exclusive}, reverse {reverse}",
           node("CumProd", ["x", "a"], "y", exclusive=exclusive, reverse=reverse), opset=26, shape=(2, 3, 4),
           a=np.asarray(axis, np.int64))
      for axis in (0, 1, -1) for exclusive in (0, 1) for reverse in (0, 1)),
]  # fmt: skip

_REDUCTIONS = [
    *(reduction(op_type, opset, axes, keepdims=keep)
      for op_type in REDUCTIONS
      for opset in (7, 11, 13, 18)
      for axes, keep in (([-1, 1], 1), ([2], 0))),
    *(reduction(op_type, opset, axes, keepdims=keep)
      for op_type in REDUCTIONS
      for opset in (13, 18)
      for axes, keep in ((None, 0), ([0, 2], 1), ([3, 0], 0))),
    *(reduction(op_type, 18, axes, noop_with_empty_axes=1) for op_type in REDUCTIONS for axes in (None, [1])),
    reduction("ReduceLogSumExp", 28, [1, 2], keepdims=0),
    *(reduction(op_type, 20, [1, 2], keepdims=0) for op_type in ("ReduceMax", "ReduceMin")),
]  # fmt: skip

_NORMALIZATIONS = [
    *(case(f"InstanceNormalization, opset {opset}, {shape}",
           node("InstanceNormalization", ["x", "s", "b"], "y", epsilon=0.01),
           opset=opset, shape=shape, judge="runtime", s=(3,), b=(3,))
      for opset in (7, 22) for shape in ((2, 3, 6), (2, 3, 6, 5), (2, 3, 3, 4, 2))),
    *(case(f"LayerNormalization, axis {axis}",
           node("LayerNormalization", ["x", "s", "b"], "y", axis=axis, epsilon=0.01),
           s=(2, 3, 6, 5)[axis:], b=(2, 3, 6, 5)[axis:])
      for axis in (-1, 1, 2)),
    case("LayerNormalization without bias", node("LayerNormalization", ["x", "s"], "y"), s=(5,)),
    case("LayerNormalization of a constant, scaled by the image",
         node("ReduceMean", ["x"], "s", axes=[0, 1, 2], keepdims=0),
         node("LayerNormalization", ["w", "s", "s"], "y"), w=(4, 5)),
    *(case(f"RMSNormalization, axis {axis}", node("RMSNormalization", ["x", "s"], "y", axis=axis), opset=23,
           s=(2, 3, 6, 5)[axis:])
      for axis in (-1, 1)),
    *(case(f"GroupNormalization, opset {opset}, {groups} groups",
           node("GroupNormalization", ["x", "s", "b"], "y", num_groups=groups), opset=opset,
           shape=(2, 6, 4, 3),
           judge="runtime", s=(groups if opset == 18 else 6,), b=(groups if opset == 18 else 6,))
      for opset in (18, 21) for groups in (1, 3, 6)),
    *(case(f"MeanVarianceNormalization, opset {opset}, axes {axes}",
           node("MeanVarianceNormalization", ["x"], "y", **({"axes": axes} if axes else {})),
           opset=opset, judge="runtime")
      for opset in (9, 13) for axes in (None, [2, 3], [1, 2, 3])),
    *(case(f"LpNormalization, opset {opset}, p {p}, axis {axis}",
           node("LpNormalization", ["x"], "y", p=p, axis=axis),
           opset=opset, judge="runtime" if p == 1 else "reference")  # the reference evaluator forgets the |x|
      for opset in (7, 22) for p in (1, 2) for axis in (-1, 1, 0)),
]  # fmt: skip

_PRODUCTS = [
    einsum("bij,bjk->bik", (2, 4, 5)),
    einsum("bij,jk->bik", (4, 5)),
    einsum("bij,jk", (4, 5)),
    einsum("bij->bji"),
    einsum("bij->b"),
    einsum("bij->"),
    einsum("bij,kij->bk", (5, 3, 4)),
    einsum("bij,bij->bij", (1, 3, 4)),
    einsum("bij,bij,j->bi", (2, 3, 4), (4,)),
    einsum("b i j , j -> i b", (4,)),
    einsum("...ij,...jk->...ik", (4, 5)),
    einsum("...j,...j->...", (3, 4)),
    einsum("b...,k->b...k", (5,)),
    einsum("...i,...i->...", (1, 4)),
    einsum("bii->bi", shape=(2, 3, 3)),
    einsum("bii->b", shape=(2, 3, 3)),
    einsum("biij,ij->bij", (3, 4), shape=(2, 3, 3, 4)),
    einsum("bii,bij->bj", (2, 3, 4), shape=(2, 3, 3)),
    einsum("ij,jk->ik", (4, 5), shape=(3, 4)),
    einsum("ij,kj->ki", (5, 4), shape=(3, 4)),
    case("Einsum-28", node("Einsum", ["x", "w"], "y", equation="bij,bjk->bik"), opset=28, shape=(2, 3, 4), w=(2, 4, 5)),
    case("Einsum, the image twice", node("Einsum", ["x", "x"], "y", equation="bij,bkj->bik"),
         shape=(2, 3, 4)),
    case("Einsum, the image over the batch", node("Einsum", ["x", "x"], "y", equation="bij,cij->bc"),
         shape=(2, 3, 4)),
]  # fmt: skip

_LINEAR = [
    *(case(f"Det-{opset} of {shape}", node("Det", ["x"], "y"), opset=opset, shape=shape)
      for opset in (11, 22) for shape in ((2, 1, 1), (2, 2, 2), (2, 3, 4, 4), (3, 3))),
    *(case(f"DFT-{opset}, {shape}, inverse {inverse}", node("DFT", ["x"], "y", inverse=inverse, **attributes),
           opset=opset, shape=shape)
      for opset, attributes in ((17, {"axis": 1}), (20, {}))
      for shape in ((2, 6, 1), (2, 5, 2)) for inverse in (0, 1)),
    *(case(f"DFT-20 of length {length}, onesided {onesided}",
           node("DFT", ["x", "n", "a"], "y", onesided=onesided), opset=20, shape=(2, 6, 3, 1),
           n=np.asarray(length, np.int64), a=np.asarray(1, np.int64))
      for length in (4, 9) for onesided in (0, 1)),
    *(case(f"DFT-20 from half a spectrum to {length}", node("DFT", ["x", "n"], "y", inverse=1, onesided=1), opset=20,
           shape=(2, 5, 2), n=np.asarray(length, np.int64))
      for length in (6, 8, 9)),
]  # fmt: skip

_COMPOSED = [
    *(case(f"Attention-{opset}, three axes, causal {causal}",
           node("Attention", ["x", "x", "v"], "y", q_num_heads=2, kv_num_heads=2, is_causal=causal),
           opset=opset,
           shape=(2, 4, 6), v=(2, 4, 6))
      for opset in (23, 24) for causal in (0, 1)),
    case("Attention-23, grouped queries", node("Attention", ["x", "k", "k"], "y"), opset=23,
         shape=(1, 4, 3, 5), k=(1, 2, 6, 5)),
    case("Attention-23 within a block", node("MatMul", ["x", "wq"], "q"), node("MatMul", ["x", "wk"], "k"),
         node("MatMul", ["x", "wv"], "v"),
         node("Attention", ["q", "k", "v"], "a", q_num_heads=2, kv_num_heads=2, scale=0.3),
         node("Add", ["a", "x"], "y"), opset=23, shape=(2, 4, 6), wq=(6, 6), wk=(6, 6), wv=(6, 6)),
    case("RotaryEmbedding-23", node("RotaryEmbedding", ["x", "c", "s", "p"], "y"), opset=23,
         shape=(2, 3, 4, 6),
         c=(5, 3), s=(5, 3), p=np.asarray([[0, 1, 2, 3], [1, 2, 3, 4]], np.int64)),
    case("SwiGLU-28", node("Exp", ["x"], "e"), node("SwiGLU", ["x", "e"], "y"), opset=28),
    case("CausalConvWithState-27", node("CausalConvWithState", ["x", "w", "b"], ["y", "s"]),
         opset=27, shape=(2, 3, 6),
         w=(3, 1, 4), b=(3,)),
    *(case(f"{op_type}, opset {opset}", node(op_type, ["x", "t"], "y", reduction="mean"), opset=opset,
           shape=(2, 5, 3), t=np.asarray([[0, 3, 4], [1, 1, 2]], np.int64))
      for op_type in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss") for opset in (12, 13, 22)),
    case("CenterCropPad-18", node("CenterCropPad", ["x", "s"], "y", axes=[2, 3]), opset=18, s=ints(4, 9)),
]  # fmt: skip

CASES: list[Case] = [
    *_FUNCTIONS,
    *_ARITHMETIC,
    *_CUMULATIVE,
    *_REDUCTIONS,
    *_NORMALIZATIONS,
    *_PRODUCTS,
    *_LINEAR,
    *_COMPOSED,
]
