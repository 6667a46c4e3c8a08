"""ONNX's own operator tests, as cases for the numeric checker."""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

from tests.support.numeric import to_float32, to_float64
from tests.support.schemas import opsets, version_at

_PARAMETERS = {"Resize": {1, 2}, "STFT": {2}, "Upsample": {1}}
"""Float inputs that say how to compute and not what from: regions, scales and windows."""

_OLD_IR_VERSION = 8
"""One that goes with every opset, and that ONNX Runtime reads."""


@dataclass(frozen=True)
class NodeCase:
    """A model of one operator in float64, and inputs for it."""

    name: str
    op_type: str
    opset: int
    model: onnx.ModelProto
    feeds: dict[str, np.ndarray]

    @property
    def float_inputs(self) -> list[tuple[int, str]]:
        """The fed inputs by position and name: those that a gradient could be asked for."""
        names = list(self.model.graph.node[0].input)
        return [(i, name) for i, name in enumerate(names) if name in self.feeds and self.feeds[name].size]


def at_other_opsets(case: NodeCase) -> list[NodeCase]:
    """Return the case at the first opset of each other version of its operator that knows a node of that form."""
    own = version_at(case.op_type, case.opset)
    others = [opset for opset in opsets(case.op_type) if version_at(case.op_type, opset) != own]
    return [moved for moved in (_at(case, opset) for opset in others) if moved is not None]


def _at(case: NodeCase, opset: int) -> NodeCase | None:
    proto = onnx.ModelProto()
    proto.CopyFrom(case.model)
    next(o for o in proto.opset_import if o.domain in ("", "ai.onnx")).version = opset
    proto.ir_version = min(proto.ir_version, _OLD_IR_VERSION)
    try:
        onnx.checker.check_model(to_float32(proto), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return None
    return replace(case, opset=opset, model=proto)


@functools.cache
def node_cases() -> tuple[NodeCase, ...]:
    """Return the single-operator tests of the standard domain that take float32 (this takes seconds, once)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # generating some cases overflows on purpose
        tests = load_model_tests(kind="node")
    return tuple(case for case in map(_case, tests) if case is not None)


def _case(test: Any) -> NodeCase | None:
    model, nodes = test.model, list(test.model.graph.node)
    if len(nodes) != 1 or nodes[0].domain not in ("", "ai.onnx"):
        return None
    arrays = test.data_sets[0][0]
    if not all(isinstance(a, np.ndarray | np.generic) for a in arrays):
        return None
    arrays = [np.asarray(a) for a in arrays]
    if not any(a.dtype == np.float32 for a in arrays):
        return None
    feeds: dict[str, np.ndarray] = {}
    wide = to_float64(model)
    parameters = {
        nodes[0].input[index]
        for index in _PARAMETERS.get(nodes[0].op_type, ())
        if index < len(nodes[0].input)
    }
    for value, array in zip(list(wide.graph.input), arrays, strict=False):
        if array.dtype == np.float32 and value.name not in parameters:
            feeds[value.name] = array.astype(np.float64)
        else:  # shapes, axes, pads: constants in every exported model
            wide.graph.initializer.append(numpy_helper.from_array(array, value.name))
            wide.graph.input.remove(value)
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    return NodeCase(test.name, nodes[0].op_type, opset, wide, feeds)
