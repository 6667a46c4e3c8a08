"""The numeric checker: one directional central difference judges every rule.

For seeds g and a random direction d,  ⟨vjp(g), d⟩  must equal  ⟨g, (f(x + εd) − f(x − εd)) / 2ε⟩.
Forward and backward both run in ONNX's reference evaluator, which is not ours and knows float64. The same backward
graph in float32 in ONNX Runtime must then give the same gradient.

Where the reference evaluator does not compute what the operator says (old opsets of Softmax and BatchNormalization,
LRN, GlobalMaxPool, negative pads, grouped convolutions, SAME_LOWER poolings), ONNX Runtime judges alone, in float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from inspector.grad.backward import GRADIENT, SEED, BackwardGraph, write_backward
from inspector.grad.policies.table import policy_named
from inspector.graph.expose import SWITCHES, expose
from tests.support.sessions import plain_session

Feeds = dict[str, np.ndarray]

_TOLERANCES = {"float64": 1e-6, "float32": 2e-3}


@dataclass(frozen=True)
class Comparison:
    """What the rule says and what the difference says."""

    analytic: float
    numeric: float
    scale: float
    parity: float | None
    """The largest difference between the gradient in float32 in ONNX Runtime and in float64, of its maximum."""
    judge: str
    """What the difference was computed in: "float64" or "float32"."""

    @property
    def error(self) -> float:
        """Relative to the size of the terms that are summed."""
        return abs(self.analytic - self.numeric) / max(self.scale, 1e-12)

    @property
    def holds(self) -> bool:
        """Whether the rule passes."""
        return self.error < _TOLERANCES[self.judge] and (self.parity is None or self.parity < 1e-4)


def compare(
    model: onnx.ModelProto, feeds: Feeds, *, wrt: str, source: str, rng: np.random.Generator
) -> Comparison:
    """Compare a rule's gradient with the central difference along one random direction; the model is in float64."""

    def forward(x: np.ndarray) -> np.ndarray:
        return ReferenceEvaluator(model).run([source], {**feeds, wrt: x})[0]

    x, epsilon = feeds[wrt], 1e-6
    values = ReferenceEvaluator(model).run(None, feeds, intermediate=True)  # large poolings take seconds
    seed = rng.standard_normal(np.shape(values[source]))
    direction = rng.standard_normal(x.shape)
    gradient = vjp(model, feeds, wrt=wrt, source=source, seed=seed, values=values)
    single = vjp(model, feeds, wrt=wrt, source=source, seed=seed, values=values, dtype=ir.DataType.FLOAT)
    assert gradient.shape == single.shape == x.shape
    difference = (forward(x + epsilon * direction) - forward(x - epsilon * direction)) / (2 * epsilon)
    return Comparison(
        analytic=float(np.sum(gradient * direction)),
        numeric=float(np.sum(seed * difference)),
        scale=float(np.sum(np.abs(seed * difference))),
        parity=float(np.abs(single - gradient).max(initial=0) / max(np.abs(gradient).max(initial=0), 1e-12)),
        judge="float64",
    )


def compare_in_runtime(
    model: onnx.ModelProto, feeds: Feeds, *, wrt: str, source: str, rng: np.random.Generator
) -> Comparison:
    """Like `compare`, with forward and backward in float32 in ONNX Runtime."""
    session = plain_session(to_float32(model))
    single = {name: array.astype(np.float32) for name, array in feeds.items()}

    def forward(x: np.ndarray) -> np.ndarray:
        return session.run([source], {**single, wrt: x.astype(np.float32)})[0].astype(np.float64)

    x, epsilon = feeds[wrt], 3e-4
    seed = rng.standard_normal(np.shape(forward(x)))
    direction = rng.standard_normal(x.shape)
    values = run_all(to_float32(model), single)
    gradient = vjp(
        model, feeds, wrt=wrt, source=source, seed=seed, values=values, dtype=ir.DataType.FLOAT
    ).astype(np.float64)
    assert gradient.shape == x.shape
    difference = (forward(x + epsilon * direction) - forward(x - epsilon * direction)) / (2 * epsilon)
    return Comparison(
        analytic=float(np.sum(gradient * direction)),
        numeric=float(np.sum(seed * difference)),
        scale=float(np.sum(np.abs(seed * difference))),
        parity=None,
        judge="float32",
    )


def run_all(model: onnx.ModelProto, feeds: Feeds) -> Feeds:
    """Return all tensors of a model as ONNX Runtime computes them."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    names = [name for node in copy.graph.node for name in node.output if name]
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return feeds | dict(zip(names, plain_session(copy).run(names, feeds), strict=True))


def vjp(
    model: onnx.ModelProto,
    feeds: Feeds,
    *,
    wrt: str,
    source: str,
    seed: np.ndarray,
    policy: str = "gradient",
    values: Feeds | None = None,
    dtype: ir.DataType = ir.DataType.DOUBLE,
) -> np.ndarray:
    """Write the backward graph of a float64 model and run it: float64 in the reference evaluator, float32 in ORT.

    `values` are the tensors of the forward pass; without them the reference evaluator computes them.
    """
    values = values or ReferenceEvaluator(model).run(None, feeds, intermediate=True)
    backward = backward_of(model, values, wrt=wrt, source=source, policy=policy, dtype=dtype)
    fed = {name: values[name] for name in backward.saved} | switches_of(model, backward, feeds) | {SEED: seed}
    proto = ir.to_proto(backward.model)
    onnx.checker.check_model(proto, full_check=True)
    if dtype == ir.DataType.DOUBLE:
        return ReferenceEvaluator(proto).run([GRADIENT], fed)[0]
    single = {name: a.astype(np.float32) if a.dtype == np.float64 else a for name, a in fed.items()}
    return plain_session(proto).run([GRADIENT], single)[0]


def backward_of(
    model: onnx.ModelProto,
    values: Feeds,
    *,
    wrt: str,
    source: str,
    policy: str = "gradient",
    dtype: ir.DataType = ir.DataType.DOUBLE,
) -> BackwardGraph:
    """Write the backward graph of a model; `values` are its tensors, which give the shapes and the types."""
    graph = ir.from_proto(model if dtype == ir.DataType.DOUBLE else to_float32(model))
    for node in graph.graph:
        for output in node.outputs:
            if values.get(output.name) is not None:
                found = np.asarray(values[output.name]).dtype
                output.dtype = dtype if found in (np.float32, np.float64) else ir.DataType.from_numpy(found)
    shapes = {name: np.shape(value) for name, value in values.items() if value is not None}
    return write_backward(
        graph, source=source, target=wrt, policy=policy_named(policy), shapes=shapes, dtype=dtype
    )


def to_float64(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with float32 tensors declared and stored as float64."""
    return _converted(model, TensorProto.FLOAT, TensorProto.DOUBLE)


def to_float32(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with float64 tensors declared and stored as float32."""
    return _converted(model, TensorProto.DOUBLE, TensorProto.FLOAT)


def _converted(model: onnx.ModelProto, old: int, new: int) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for value in [*copy.graph.input, *copy.graph.output, *copy.graph.value_info]:
        if value.type.tensor_type.elem_type == old:
            value.type.tensor_type.elem_type = new
    attributes = [attribute for node in copy.graph.node for attribute in node.attribute]
    for tensor in [*copy.graph.initializer, *(a.t for a in attributes if a.HasField("t"))]:
        if tensor.data_type == old:
            array = numpy_helper.to_array(tensor).astype(onnx.helper.tensor_dtype_to_np_dtype(new))
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    for attribute in attributes:
        if attribute.name == "to" and attribute.i == old:
            attribute.i = new
    return copy


def switches_of(model: onnx.ModelProto, backward: BackwardGraph, feeds: Feeds) -> Feeds:
    """Return the switches: the reference evaluator's are wrong for several paddings, so ONNX Runtime gives them."""
    if not backward.switches:
        return {}
    session = plain_session(ir.to_proto(expose(ir.from_proto(model), tensors=[], switches=backward.switches)))
    names = [name + SWITCHES for name in backward.switches]
    used = {i.name: feeds[i.name] for i in session.get_inputs()}
    return dict(zip(names, session.run(names, used), strict=True))
