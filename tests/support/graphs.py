"""Small graphs by hand, and ONNX Runtime as an independent judge of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.support.sessions import plain_session

FLOAT = TensorProto.FLOAT


def node(
    op_type: str, inputs: Sequence[str], outputs: Sequence[str] | str, **attributes: Any
) -> onnx.NodeProto:
    """Return a node; its name is that of its first output."""
    outputs = [outputs] if isinstance(outputs, str) else list(outputs)
    return helper.make_node(op_type, list(inputs), outputs, name=outputs[0], **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    *,
    shape: Sequence[int | str] = (1, 3, 20, 17),
    weights: Mapping[str, np.ndarray | np.generic] | None = None,
    outputs: Sequence[str] | None = None,
    opset: int = 17,
    dtype: int = FLOAT,
    gives: int | None = None,
    input_name: str = "x",
    ir_version: int = 8,
) -> onnx.ModelProto:
    """Return a model with one input of `shape`; its output is that of the last node unless told.

    What it takes is of type `dtype`, and so is what it gives, unless that is told.
    """
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(input_name, dtype, shape)],
        [
            helper.make_tensor_value_info(name, gives or dtype, None)
            for name in outputs or nodes[-1].output[:1]
        ],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)


def run_exposed(proto: onnx.ModelProto, feed: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Run a model in ONNX Runtime with the tensors `names` as its outputs."""
    return Exposed(proto, names).run(feed)


class Exposed:
    """A session whose outputs are the tensors asked for."""

    def __init__(self, proto: onnx.ModelProto, names: Sequence[str]) -> None:
        copy = onnx.ModelProto()
        copy.CopyFrom(proto)
        del copy.graph.output[:]
        copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        self._names = list(names)
        self._session = plain_session(copy, optimize=False)
        self._input = self._session.get_inputs()[0].name

    def run(self, feed: np.ndarray) -> dict[str, np.ndarray]:
        """Return the tensors by name."""
        return dict(zip(self._names, self._session.run(self._names, {self._input: feed}), strict=True))
