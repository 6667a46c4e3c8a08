"""Hand-made cases in which the image decides what is a constant in most models: filters, matrices, grids, regions."""

from __future__ import annotations

from tests.grad.cases import Case, case, ints
from tests.support.graphs import node


def dynamic(
    op_type: str, name: str, w: tuple[int, ...], *, shape=(2, 4, 7, 6), opset=17, bias=True, **settings
) -> Case:
    """Return a case of a convolution whose filter and bias the image computes (Yang et al. 2019, CondConv)."""
    spatial = list(range(2, len(shape)))
    groups = settings.get("group", 1)
    outputs = w[0] if op_type == "Conv" else w[1] * groups
    return case(
        f"{op_type} with a computed filter, {name}",
        node("ReduceMean", ["x"], "m", axes=[0, 1, *spatial], keepdims=0),
        node("Sin", ["m"], "s"),
        node("Mul", ["w", "s"], "k"),
        node("Mul", ["v", "s"], "b"),
        node(op_type, ["x", "k", "b"] if bias else ["x", "k"], "y", **settings),
        shape=shape, opset=opset, judge="runtime" if groups > 1 or op_type == "ConvTranspose" else "reference",
        w=w, v=(outputs,),
    )  # fmt: skip


_FILTERS = [
    dynamic("Conv", "plain", (5, 4, 3, 2)),
    dynamic("Conv", "strides that do not fit, pads, dilations", (5, 4, 2, 3), shape=(2, 4, 8, 9), strides=[3, 2],
            pads=[1, 0, 2, 1], dilations=[2, 1]),
    dynamic("Conv", "groups", (6, 2, 3, 3), group=2, strides=[2, 2], pads=[1, 1, 1, 1]),
    dynamic("Conv", "depthwise, no bias", (4, 1, 3, 3), group=4, bias=False),
    dynamic("Conv", "1-D, SAME_LOWER", (5, 4, 4), shape=(2, 4, 9), strides=[2], auto_pad="SAME_LOWER"),
    dynamic("Conv", "3-D", (3, 4, 2, 1, 2), shape=(1, 4, 3, 4, 5), strides=[1, 2, 2]),
    dynamic("ConvTranspose", "plain", (4, 5, 3, 2)),
    dynamic("ConvTranspose", "strides, pads, dilations", (4, 5, 3, 2), strides=[3, 2], pads=[1, 0, 2, 1],
            dilations=[1, 2]),
    dynamic("ConvTranspose", "groups and output_padding", (4, 3, 2, 3), group=2, strides=[3, 2], output_padding=[2, 1]),
    dynamic("ConvTranspose", "1-D, SAME_UPPER", (4, 2, 3), shape=(2, 4, 5), strides=[2], auto_pad="SAME_UPPER"),
    case("CondConv: images as groups", node("Reshape", ["x", "one"], "r"), node("Sin", ["x"], "s"),
         node("ReduceMean", ["s"], "m", axes=[2, 3]), node("Mul", ["m", "w"], "k"), node("Reshape", ["k", "kernel"], "f"),
         node("Conv", ["r", "f"], "c", group=2), node("Reshape", ["c", "back"], "y"), shape=(2, 3, 5, 4),
         judge="runtime", w=(1, 3, 4, 2), one=ints(1, 6, 5, 4), kernel=ints(8, 3, 1, 2), back=ints(2, 4, 5, 3)),
]  # fmt: skip

_MATRICES = [
    *(case(f"MatMul by a matrix of the image's own, {shape}", node("ReduceMean", ["x"], "m", axes=[0], keepdims=0),
           node("Sin", ["m"], "s"), node("Transpose", ["s"], "t", perm=[1, 0]), node("MatMul", ["x", "t"], "y"),
           shape=shape) for shape in ((1, 3, 4), (2, 3, 4))),
    *(case(f"MatMul of {shape} by a matrix of its mean", node("ReduceMean", ["x"], "m", keepdims=0),
           node("Mul", ["m", "w"], "k"), node("MatMul", ["x", "k"], "y"), shape=shape, w=(4, 5))
      for shape in ((1, 4), (2, 4), (1, 3, 4), (2, 2, 3, 4))),
    *(case(f"Gemm by a matrix of the image's mean, transB {turned}", node("ReduceMean", ["x"], "m", keepdims=0),
           node("Mul", ["m", "w"], "k"), node("Mul", ["m", "v"], "c"),
           node("Gemm", ["x", "k", "c"], "y", transB=turned, alpha=0.5, beta=2.0), shape=shape,
           w=(5, 4) if turned else (4, 5), v=(5,)) for shape in ((1, 4), (3, 4)) for turned in (0, 1)),
]  # fmt: skip

CASES: list[Case] = [*_FILTERS, *_MATRICES]
