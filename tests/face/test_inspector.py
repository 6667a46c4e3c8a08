"""The Python face: what it takes, threads, cancellation, closing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import inspector
from inspector import Cancellation, Unit
from inspector.errors import (
    CancelledError,
    ConflictError,
    DeadlineExceededError,
    DeviceError,
    InvalidInputError,
    InvalidModelError,
    NotFoundError,
)
from inspector.runtime.cache import SessionCache
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.results.predictions import Predictions
from tests.support.graphs import model, node
from tests.support.in_process import prepared
from tests.support.small_cnn import CLASSES, HEIGHT, WIDTH, images, small_cnn

X = images(2)


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax"), device="cpu") as loaded:
        yield loaded


def test_what_is_known_of_a_model(ours: inspector.Model) -> None:
    assert ours.info.device == "cpu"
    assert [layer.name for layer in ours.layers()][:3] == ["conv1", "relu1", "pool1"]
    assert ours.info.input.layout == "NCHW"


def test_the_device_that_runs_is_named() -> None:
    with inspector.load(small_cnn()) as loaded:
        assert loaded.info.device in {"cpu", "cuda:0"}
    with pytest.raises(DeviceError):
        inspector.load(small_cnn(), device="tpu")


@pytest.mark.parametrize("names", [["conv1"], ["relu2", "scores", "answer"], ["answer", "answer"]])
def test_activations_by_name(ours: inspector.Model, names: list[str]) -> None:
    found = ours.activations(X, layers=names)

    assert list(found) == list(dict.fromkeys(names))
    for name, values in found.items():
        assert values.shape == (2, *ours.layer(name).shape[1:])


def test_no_layer_and_an_unknown_layer_are_refused(ours: inspector.Model) -> None:
    with pytest.raises(InvalidInputError, match="No layer was named") as error:
        ours.activations(X, layers=[])
    assert error.value.field == "layers"
    with pytest.raises(NotFoundError, match="no layer 'relu9'.*Did you mean"):
        ours.activations(X, layers=["relu9"])


@pytest.mark.parametrize("nothing", [X[:0], [X[:0]], []], ids=["array", "list of arrays", "list"])
@pytest.mark.parametrize(
    "verb",
    [
        lambda ours, x: ours.predict(x),
        lambda ours, x: ours.activations(x, layers=["conv1"]),
        lambda ours, x: ours.attribute(x),
        lambda ours, x: ours.occlude(x),
        lambda ours, x: list(ours.steps(OccludeRequest(images=x))),
        lambda ours, x: ours.features(x),
    ],
)
def test_a_batch_of_nothing_is_refused_by_every_verb(
    ours: inspector.Model, verb: Callable[..., Any], nothing: list[np.ndarray] | np.ndarray
) -> None:
    with pytest.raises(InvalidInputError, match="is empty.*at least one image"):
        verb(ours, nothing)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("verb", ["predict", "attribute", "features", "occlude"])
def test_images_with_nan_or_inf_are_refused(ours: inspector.Model, verb: str, value: float) -> None:
    x = X[:1].copy()
    x[0, 1, 2, 3] = value

    with pytest.raises(InvalidInputError, match="NaN or Inf"):
        getattr(ours, verb)(x)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((1, 3, 16, 13), np.float32),
        np.zeros((0, 3, 16, 12), np.float32),
        np.zeros((16, 12, 3), np.float32),
        [],
        None,
    ],
)
def test_images_that_do_not_fit_are_refused(ours: inspector.Model, x: list[Any] | np.ndarray | None) -> None:
    with pytest.raises(InvalidInputError):
        ours.predict(x)


def test_pictures_are_prepared_and_arrays_are_taken_as_they_are(ours: inspector.Model) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)

    np.testing.assert_array_equal(prepared(ours, X), X)
    assert prepared(ours, [picture, X[0]]).shape == X.shape
    assert len(ours.predict([picture, X[0], picture])) == 3


# --- threads


def test_eight_threads_and_all_verbs_at_once_give_what_one_gives() -> None:
    """Sessions are made, evicted and used by all of them together: the cache holds little."""
    data = small_cnn(head="Softmax")
    verbs: list[Callable[[inspector.Model], Any]] = [
        lambda m: m.predict(X),
        lambda m: m.activations(X, layers=["relu1", "conv2"])["conv2"],
        lambda m: m.attribute(X, target=1).maps,
        lambda m: m.attribute(X, method="deconvnet", target=Unit("conv2", channel=2)).maps,
        lambda m: m.attribute(X[:1], method="guided", target=list(range(CLASSES))).maps,
        lambda m: m.features(X),
        lambda m: m.occlude(X[:1], size=6, stride=3).probability,
    ]
    with inspector.load(data, device="cpu", sessions=SessionCache(max_bytes=12_000)) as shared:
        expected = [verb(shared) for verb in verbs]
        with ThreadPoolExecutor(8) as pool:
            jobs = [(i, pool.submit(verbs[i], shared)) for _ in range(12) for i in range(len(verbs))]
            for i, job in jobs:
                if isinstance(expected[i], Predictions):
                    assert [p.classes[0].index for p in job.result()] == [
                        p.classes[0].index for p in expected[i]
                    ]
                else:
                    np.testing.assert_allclose(job.result(), expected[i], atol=1e-6)


# --- cancellation


def endless() -> bytes:
    """Return a model whose loop never ends."""
    body = helper.make_graph(
        [node("Identity", ["go"], "again"), node("Sigmoid", ["state"], "next")],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH]),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH]),
        ],
    )
    nodes = [
        node("Relu", ["x"], "relu"),
        node("Loop", ["", "true", "relu"], "looped", body=body),
        node("Relu", ["looped"], "y"),
    ]
    return model(nodes, shape=(1, 3, HEIGHT, WIDTH), weights={"true": np.asarray(True)}).SerializeToString()


@pytest.mark.parametrize(
    "verb",
    [
        lambda m, c: m.predict(X[:1], cancellation=c),
        lambda m, c: m.activations(X[:1], layers=["y"], cancellation=c),
        lambda m, c: m.features(X[:1], layer="y", cancellation=c),
        lambda m, c: m.occlude(X[:1], layer="relu", cancellation=c),
    ],
)
def test_a_run_that_never_ends_is_stopped_from_another_thread(verb: Callable[..., Any]) -> None:
    with inspector.load(endless(), device="cpu") as ours:
        token = Cancellation()
        threading.Timer(0.2, token.cancel, ["the deadline passed"]).start()
        with pytest.raises(CancelledError, match="the deadline passed"):
            verb(ours, token)
        assert ours.activations(X[:1], layers=["relu"])["relu"].shape == X[:1].shape


def test_a_run_out_of_time_is_stopped_alone() -> None:
    with inspector.load(endless(), device="cpu") as ours:
        token = Cancellation()
        with pytest.raises(DeadlineExceededError, match=r"longer than the 0\.2 s"):
            ours.predict(X[:1], timeout=0.2, cancellation=token)
        assert not token.cancelled
        threading.Timer(0.2, token.cancel, ["enough"]).start()
        with pytest.raises(CancelledError, match="enough"):
            ours.predict(X[:1], timeout=60, cancellation=token)


@pytest.mark.parametrize("verb", ["predict", "attribute", "features", "occlude"])
def test_nothing_starts_under_a_cancelled_token(ours: inspector.Model, verb: str) -> None:
    token = Cancellation()
    token.cancel()

    with pytest.raises(CancelledError) as error:
        getattr(ours, verb)(X[:1], cancellation=token)
    assert error.value.reason == "CANCELLED"


# --- closing


def test_a_closed_model_says_so_and_frees_its_sessions() -> None:
    sessions = SessionCache(max_bytes=1 << 30)
    first = inspector.load(small_cnn(), device="cpu", sessions=sessions)
    second = inspector.load(small_cnn(), device="cpu", sessions=sessions)
    first.attribute(X)
    second.attribute(X)
    held = len(sessions)
    assert held > 0, "a cache that is given empty is the one that is used"

    first.close()
    first.close()

    assert len(sessions) == held / 2
    with pytest.raises(ConflictError, match="closed; load it again") as error:
        first.predict(X)
    assert error.value.reason == "MODEL_CLOSED"
    for fact in (lambda: first.info, first.layers, first.rectifiers):
        with pytest.raises(ConflictError, match="closed; load it again"):
            fact()
    second.predict(X)
    assert second.layers()


def test_a_sweep_ends_when_its_model_is_closed() -> None:
    ours = inspector.load(small_cnn(), device="cpu")
    steps = ours.steps(OccludeRequest(images=X[:1], size=(3,), stride=(1,), batch=2))
    next(steps)
    ours.close()

    with pytest.raises(ConflictError):
        list(steps)


# --- odd exports


def test_a_model_whose_answer_has_no_batch_axis() -> None:
    """Some exports squeeze the batch away: (10,) instead of (1, 10)."""
    weights = {"w": np.random.default_rng(0).standard_normal((3, 10)).astype(np.float32)}
    nodes = [
        node("GlobalAveragePool", ["x"], "mean"),
        node("Squeeze", ["mean"], "flat", axes=[0, 2, 3]),
        node("MatMul", ["flat", "w"], "y"),
    ]
    data = model(nodes, shape=(1, 3, HEIGHT, WIDTH), weights=weights, opset=11).SerializeToString()
    expected = X.mean(axis=(2, 3)) @ weights["w"]

    with inspector.load(data, device="cpu") as ours:
        found = ours.activations(X, layers=["y"])["y"]
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert [p.classes[0].index for p in ours.predict(X)] == list(expected.argmax(axis=1))
        maps = ours.attribute(X, target=7).maps
        several = ours.attribute(X[:1], target=[7, 2, 7]).maps

    gradient = np.broadcast_to(weights["w"][:, 7, None, None] / (HEIGHT * WIDTH), (3, HEIGHT, WIDTH))
    for one in maps:
        np.testing.assert_allclose(one, gradient, rtol=1e-5)
    np.testing.assert_allclose(several[2], gradient, rtol=1e-5)
    np.testing.assert_array_equal(several[0], several[2])


def test_a_model_that_needs_a_second_input_is_refused_by_name() -> None:
    proto = model([node("Add", ["x", "z"], "y")], shape=("n", 3, HEIGHT, WIDTH))
    proto.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1]))

    with pytest.raises(InvalidModelError, match="needs inputs beside the image 'x': 'z'"):
        inspector.load(proto.SerializeToString(), device="cpu")


def test_a_model_in_half_precision() -> None:
    """The backward graph is in float32 and casts what it is fed."""
    single = onnx.ModelProto.FromString(small_cnn())
    half = onnx.ModelProto.FromString(small_cnn())
    half.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    half.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    for tensor in half.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            array = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))

    with (
        inspector.load(half.SerializeToString(), device="cpu") as ours,
        inspector.load(single.SerializeToString(), device="cpu") as other,
    ):
        for method in ("saliency", "deconvnet", "guided"):
            found, expected = (m.attribute(X, method=method, target=2).maps for m in (ours, other))
            assert found.dtype == np.float32
            # One rounded switch or mask changes a few pixels, so the maps are compared as a whole.
            assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99
        assert ours.features(X).vectors.dtype == np.float32
        assert ours.activations(X, layers=["conv1"])["conv1"].dtype == np.float16
