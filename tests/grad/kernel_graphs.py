"""Backward graphs of small models, with kernels in them: how they are written, and what they give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import onnx
import onnx_ir as ir

from inspector.grad.backward import GRADIENT, SEED, BackwardGraph
from inspector.grad.kernels.rewriting import with_kernels
from inspector.operators.domains import KERNELS
from tests.support.graphs import model
from tests.support.kernels import session_with_kernels
from tests.support.numeric import Feeds, backward_of, run_all, to_float32
from tests.support.sessions import plain_session

TOLERANCE = 1e-5
"""Of the largest magnitude."""


def written(
    proto: onnx.ModelProto, values: Feeds, *, policy: str = "gradient", source: str = "y"
) -> BackwardGraph:
    return backward_of(proto, values, wrt="x", source=source, policy=policy, dtype=ir.DataType.FLOAT)


def kernels_in(graph: BackwardGraph) -> Counter[str]:
    return Counter(one.op_type for one in graph.model.graph if one.domain == KERNELS)


def values_of(proto: onnx.ModelProto, image: np.ndarray) -> Feeds:
    return run_all(to_float32(proto), {"x": image.astype(np.float32)})


def graph_of(
    *nodes: onnx.NodeProto,
    shape: tuple[int, ...] = (1, 2, 9, 8),
    opset: int = 18,
    weights: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> onnx.ModelProto:
    return model(list(nodes), shape=shape, weights=dict(weights), opset=opset)


def found_in(proto: onnx.ModelProto, *, policy: str = "gradient") -> tuple[BackwardGraph, Counter[str]]:
    shape = tuple(size.dim_value for size in proto.graph.input[0].type.tensor_type.shape.dim)
    image = np.random.default_rng(0).standard_normal(shape)
    found = with_kernels(written(proto, values_of(proto, image), policy=policy))
    return found, kernels_in(found)


def same_gradient(
    proto: onnx.ModelProto, image: np.ndarray, rng: np.random.Generator, *, images: int
) -> tuple[BackwardGraph, BackwardGraph]:
    """Assert that gradients of several seeds are the same with kernels; return the stock graph and the other."""
    values = values_of(proto, image)
    seed = {SEED: rng.standard_normal((images, *values["y"].shape[1:])).astype(np.float32)}
    stock, found = written(proto, values), with_kernels(written(proto, values))
    fed = {name: values[name].astype(np.float32) for name in stock.saved}
    right = plain_session(ir.to_proto(stock.model)).run([GRADIENT], seed | fed)[0]
    fed = {name: values[name].astype(np.float32) for name in found.saved}
    own = session_with_kernels(ir.to_proto(found.model)).run([GRADIENT], seed | fed)[0]
    np.testing.assert_allclose(own, right, rtol=0, atol=TOLERANCE * np.abs(right).max())
    return stock, found
