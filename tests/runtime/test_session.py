"""Sessions: runs, cancellation, errors, and weights that are held once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from inspector.errors import CancelledError, EngineError, InvalidInputError, InvalidModelError
from inspector.graph.pack import pack
from inspector.runtime.device import CPU
from inspector.runtime.session import Optimization, Session
from inspector.runtime.tensor import DeviceTensor
from inspector.types.control import Cancellation
from tests.support.graphs import model, node

ROOT = Path(__file__).parents[2]
X = np.arange(6, dtype=np.float32).reshape(2, 3) - 2


def session(proto: onnx.ModelProto, **weights: DeviceTensor) -> Session:
    return Session(proto.SerializeToString(), weights=weights, device=CPU)


def relu() -> Session:
    return session(
        model([node("Relu", ["x"], "y"), node("Neg", ["y"], "z")], shape=("n", 3), outputs=["y", "z"])
    )


def endless_loop() -> Session:
    """Return a session of a Loop that never ends: its condition stays true."""
    body = helper.make_graph(
        [
            node("Identity", ["condition"], "again"),
            node("Mul", ["state", "half"], "scaled"),
            node("Add", ["scaled", "half"], "next"),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("condition", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [1, 3]),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [1, 3]),
        ],
    )
    loop = node("Loop", ["", "true", "x"], "y", body=body)
    weights = {"true": np.asarray(True), "half": np.asarray(0.5, np.float32)}
    return session(model([loop], shape=(1, 3), weights=weights))


def test_only_what_is_fetched_comes_back() -> None:
    found = relu().run({"x": X}, ["z"])

    assert list(found) == ["z"]
    np.testing.assert_array_equal(found["z"].numpy(), -np.maximum(X, 0))


def test_tensors_go_from_session_to_session_as_they_are() -> None:
    first = relu().run({"x": X}, ["y"])["y"]

    second = relu().run({"x": first}, ["z"])["z"]

    assert first.shape == (2, 3)
    np.testing.assert_array_equal(second.numpy(), -np.maximum(X, 0))


def test_arrays_that_are_not_contiguous_are_placed_right() -> None:
    np.testing.assert_array_equal(
        relu().run({"x": X[:, ::-1]}, ["y"])["y"].numpy(), np.maximum(X[:, ::-1], 0)
    )


@pytest.mark.parametrize(
    "graph",
    [
        b"",
        b"no model at all",
        model([node("NoSuchOperator", ["x"], "y")]).SerializeToString(),
    ],
    ids=["empty", "noise", "unknown operator"],
)
def test_a_graph_that_onnx_runtime_refuses_is_an_invalid_model(graph: bytes) -> None:
    with pytest.raises(InvalidModelError, match="ONNX Runtime .* cannot load this graph") as error:
        Session(graph, weights={}, device=CPU)
    assert error.value.reason == "MODEL_REFUSED"


def test_an_operator_without_a_kernel_is_an_invalid_model() -> None:
    proto = model([node("LRN", ["x"], "y", size=4)])

    with pytest.raises(InvalidModelError, match="cannot load"):
        session(proto)


@pytest.mark.parametrize(
    "feeds", [{"x": np.zeros((2, 4), np.float32)}, {"x": np.zeros((2, 3), np.int64)}, {}, {"w": X}], ids=str
)
def test_a_run_that_fails_is_an_engine_error_and_the_next_one_works(feeds: dict[str, Any]) -> None:
    running = relu()

    with pytest.raises(EngineError, match="ONNX Runtime failed") as error:
        running.run(feeds, ["y"])
    assert error.value.reason == "RUN_FAILED"
    running.run({"x": X}, ["y"])


def test_cancelling_from_another_thread_ends_an_endless_loop() -> None:
    loop, token = endless_loop(), Cancellation()
    timer = threading.Timer(0.3, token.cancel, ["the client went away"])
    timer.start()

    with pytest.raises(CancelledError, match="the client went away"):
        loop.run({"x": X[:1]}, ["y"], cancellation=token)
    timer.join()


def test_each_run_has_options_of_its_own_so_a_session_outlives_a_cancelled_run() -> None:
    loop, token = endless_loop(), Cancellation()
    threading.Timer(0.1, token.cancel).start()
    with pytest.raises(CancelledError):
        loop.run({"x": X[:1]}, ["y"], cancellation=token)

    second = Cancellation()
    threading.Timer(0.1, second.cancel, ["again"]).start()
    with pytest.raises(CancelledError, match="again"):
        loop.run({"x": X[:1]}, ["y"], cancellation=second)


def test_a_cancelled_token_lets_nothing_start() -> None:
    token = Cancellation()
    token.cancel("too late")
    token.cancel("and again")

    assert token.cancelled
    with pytest.raises(CancelledError, match="too late"):
        relu().run({"x": X}, ["y"], cancellation=token)


def test_one_token_stops_all_the_runs_that_carry_it() -> None:
    loop, token, ended = endless_loop(), Cancellation(), []

    def run() -> None:
        try:
            loop.run({"x": X[:1]}, ["y"], cancellation=token)
        except CancelledError:
            ended.append(threading.get_ident())

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    threading.Timer(0.2, token.cancel).start()
    for thread in threads:
        thread.join()

    assert len(set(ended)) == 3


def test_the_optimization_levels_agree_on_floats() -> None:
    graph = model([node("Relu", ["x"], "y")], shape=("n", 3)).SerializeToString()
    one, *others = [
        Session(graph, weights={}, device=CPU, optimization=level).run({"x": X}, ["y"])["y"].numpy()
        for level in Optimization
    ]

    for other in others:
        np.testing.assert_array_equal(one, other)


# --- weights


def dense(weight: np.ndarray) -> ir.Model:
    return ir.from_proto(
        model([node("Gemm", ["x", "w"], "y")], shape=("n", weight.shape[0]), weights={"w": weight})
    )


def test_weights_beside_the_graph_are_read_from_where_they_lie() -> None:
    weight = np.ones((40, 30), np.float32)
    packed = pack(dense(weight))
    placed = {"w": DeviceTensor.place(weight)}
    x = np.ones((1, 40), np.float32)

    two = [Session(packed.graph, weights=placed, device=CPU) for _ in range(2)]
    weight[:] = 2  # whoever made a copy does not see this

    for running in two:
        np.testing.assert_array_equal(running.run({"x": x}, ["y"])["y"].numpy(), np.full((1, 30), 80))
        assert running.size >= weight.nbytes


RSS = """
import resource, sys
import numpy as np
import onnx_ir as ir
from inspector.graph.pack import PackedGraph, pack
from inspector.runtime.device import CPU
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from tests.support.graphs import model, node

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

before = resident()
weight = np.random.default_rng(0).random((5000, 5000), np.float32)
small = {"w": np.ones((5000, 1), np.float32)}
graph = ir.from_proto(model([node("Gemm", ["x", "w"], "y")], shape=(1, 5000), weights=small))
graph.graph.initializers["w"].const_value = ir.tensor(weight, name="w")
packed = pack(graph)
placed = {"w": DeviceTensor.place(packed.weights["w"])}
x = np.ones((1, 5000), np.float32)
costs = []
sessions = []
for _ in range(2):
    sessions.append(Session(packed.graph, weights=placed, device=CPU))
    sessions[-1].run({"x": x}, ["y"])
    costs.append(resident() - before)
print(*costs)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_second_session_of_100_megabytes_of_weights_costs_less_than_half_of_the_first() -> None:
    found = subprocess.run([sys.executable, "-c", RSS], capture_output=True, text=True, check=True)

    one, two = map(int, found.stdout.split())

    assert two < 1.5 * one
    assert one < 3 * 100e6


def test_the_host_process_can_still_make_sessions_of_its_own(tmp_path: Path) -> None:
    script = (
        "import inspector, onnxruntime, numpy as np\n"
        "model = inspector.load('demo/model/demo.onnx', device='cpu')\n"
        "model.attribute(np.zeros((1, 3, 96, 96), np.float32))\n"
        "session = onnxruntime.InferenceSession('demo/model/demo.onnx', providers=['CPUExecutionProvider'])\n"
        "print(session.run(None, {'image': np.zeros((1, 3, 96, 96), np.float32)})[0].shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **os.environ},
    )
    assert done.stdout == "(1, 12)\n", done.stderr


def test_threads_spin_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_SPINNING", "never")
    relu().run({"x": X}, ["y"])
    monkeypatch.setenv("INSPECTOR_SPINNING", "always")
    with pytest.raises(InvalidInputError, match="'always'.*auto, running, never"):
        relu()


def test_no_run_is_captured_as_a_graph_of_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    entries: list[tuple[str, str]] = []

    class Options(ort.RunOptions):  # type: ignore[misc]
        def add_run_config_entry(self, key: str, value: str) -> None:
            entries.append((key, value))
            super().add_run_config_entry(key, value)

    graph = model([node("Neg", ["x"], "y")], shape=("n",)).SerializeToString()
    made = Session(graph, weights={}, device=CPU)
    monkeypatch.setattr(ort, "RunOptions", Options)

    made.run({"x": np.ones(2, np.float32)}, ["y"])

    assert ("gpu_graph_id", "-1") in entries
