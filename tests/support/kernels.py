"""The kernels, where they are installed (`make kernels`)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from inspector.operators.domains import KERNELS, KERNELS_VERSION
from tests.support.sessions import plain_options

INSTALLED = find_spec("inspector_kernels") is not None
REASON = "the package onnx-inspector-kernels is not installed: make kernels"

needs_kernels = pytest.mark.skipif(not INSTALLED, reason=REASON)

WAYS = pytest.mark.parametrize(
    "kernels", ["stock", pytest.param("kernels", marks=needs_kernels)], indirect=True
)
"""For tests of what the engine computes: without kernels, and with them."""


def choose(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gradients be computed in one of the two ways from now on."""
    monkeypatch.setenv("INSPECTOR_KERNELS", {"stock": "never", "kernels": "always"}[way])


def session_with_kernels(model: onnx.ModelProto, *, threads: int = 1) -> ort.InferenceSession:
    """Return a session of ONNX Runtime alone that knows the domain."""
    import inspector_kernels  # noqa: PLC0415 — it need not be installed

    options = plain_options()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # every tensor is memory of its own: a sanitizer sees where it ends
    options.register_custom_ops_library(str(inspector_kernels.LIBRARY))
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def kernel(op_type: str, inputs: Sequence[str], **attributes: Any) -> onnx.ModelProto:
    """Return a model of one operator of the domain, whose inputs have any shapes; marks are bytes."""
    node = helper.make_node(op_type, [*inputs], ["gx"], domain=KERNELS, **attributes)
    marks = {"MaskGrad": inputs[-1], "Inside": "gx"}.get(op_type)
    values = [
        helper.make_tensor_value_info(name, TensorProto.UINT8 if name == marks else TensorProto.FLOAT, None)
        for name in (*inputs, "gx")
    ]
    return helper.make_model(
        helper.make_graph([node], "kernel", values[:-1], values[-1:]),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(KERNELS, KERNELS_VERSION)],
        ir_version=10,
    )
