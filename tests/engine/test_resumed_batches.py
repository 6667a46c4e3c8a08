"""Variants of a tensor in batches: what passes the tensor by is computed once, and no variant minds its company."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from inspector.engine import resumption as resuming
from inspector.engine import sessions as opening
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from tests.support.graphs import model, node
from tests.support.sweeps import loaded_engine

COUNT = 13
X = np.random.default_rng(1).standard_normal((1, 2, 8, 8)).astype(np.float32)


def net(*, reads_the_batch: bool = False) -> onnx.ModelProto:
    """Return a network with a way around its rectifier; its end may ask an earlier map how many images there are."""
    rng = np.random.default_rng(2)
    weights: dict[str, np.ndarray] = {
        "w": rng.standard_normal((4, 2, 3, 3)).astype(np.float32),
        "v": rng.standard_normal((4 * 64, 5)).astype(np.float32),
        "first": np.asarray([0], np.int64),
        "second": np.asarray([1], np.int64),
        "rest": np.asarray([-1], np.int64),
    }
    nodes = [
        node("Conv", ["x", "w"], "conv", pads=[1, 1, 1, 1]),
        node("Relu", ["conv"], "relu"),
        node("Add", ["relu", "conv"], "sum"),
    ]
    if reads_the_batch:
        nodes += [
            node("Shape", ["conv"], "shape"),
            node("Slice", ["shape", "first", "second"], "images"),
            node("Concat", ["images", "rest"], "sizes", axis=0),
            node("Reshape", ["sum", "sizes"], "flat"),
        ]
    else:
        nodes.append(node("Flatten", ["sum"], "flat"))
    nodes.append(node("MatMul", ["flat", "v"], "scores"))
    return model(nodes, shape=("n", 2, 8, 8), weights=weights)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many images each forward pass has."""
    seen: list[int] = []
    fetch = Engine.fetch

    def counted(engine: Engine, chunk: np.ndarray, *given: object, **more: object) -> dict[str, DeviceTensor]:
        seen.append(len(chunk))
        return fetch(engine, chunk, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "fetch", counted)
    return seen


def variants_of(values: np.ndarray, count: int = COUNT) -> np.ndarray:
    rng = np.random.default_rng(3)
    made = np.stack([values, *(values * rng.random(values.shape) for _ in range(count - 2)), values])
    return made.astype(values.dtype)


@pytest.mark.parametrize("reads_the_batch", [False, True])
def test_what_passes_the_tensor_by_is_computed_once(ran: list[int], *, reads_the_batch: bool) -> None:
    run = Run(loaded_engine(net(reads_the_batch=reads_the_batch)))
    resumption = run.resume(X, tensor="relu", tensors=["scores"], variants=COUNT)
    variants = variants_of(resumption.values)

    found = resumption(variants)["scores"]

    assert ran == [1]
    assert (resumption.most == 1) is reads_the_batch
    alone = run.resume(X, tensor="relu", tensors=["scores"], variants=1)
    expected = np.concatenate([alone(one[None])["scores"] for one in variants])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found[:1], run.forward(X, ["scores"])["scores"], rtol=1e-4, atol=1e-4)


def test_what_cannot_be_repeated_is_computed_for_as_many_images(
    ran: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming.Resumption, "_may_be_repeated", lambda _: False)
    run = Run(loaded_engine(net()))
    resumption = run.resume(X, tensor="relu", tensors=["scores"], variants=COUNT)
    variants = variants_of(resumption.values)

    found = resumption(variants)["scores"]

    assert ran == [1, resumption.most]
    alone = run.resume(X, tensor="relu", tensors=["scores"], variants=1)
    expected = np.concatenate([alone(one[None])["scores"] for one in variants])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_the_same_variant_gives_the_same_bits_in_any_batch() -> None:
    run = Run(loaded_engine(net()))
    resumption = run.resume(X, tensor="relu", tensors=["scores"], variants=COUNT)
    found = resumption(variants_of(resumption.values))["scores"]
    np.testing.assert_array_equal(found[0], found[-1])


def test_of_many_variants_the_fastest_batch_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "_MANY", COUNT)
    monkeypatch.setattr(resuming, "_SHARE", 1)
    engine = loaded_engine(net())
    first = Run(engine).resume(X, tensor="relu", tensors=["scores"], variants=COUNT)
    sizes = engine.sweeps.sizes
    known = sizes.peek(("resumed", "relu", ("scores",), X.shape[1:]))
    assert known is not None
    assert known <= first.most
    monkeypatch.setattr(resuming, "Trials", None)  # asked for again, it would fail
    monkeypatch.setattr(resuming.Resumption, "_fastest", lambda *_: known)
    again = Run(engine).resume(X, tensor="relu", tensors=["scores"], variants=COUNT)
    assert again.most == first.most


@pytest.mark.parametrize("size", [1, 4, 8])
@pytest.mark.parametrize("count", [1, 9, 33, 65, 513])
def test_the_last_batch_is_filled_up_with_little(size: int, count: int) -> None:
    found = resuming._without_rest(size, count, 64)
    assert size <= found <= max(size, size * 3 // 2)
    assert -(-count // found) * found <= -(-count // size) * size


def test_a_model_that_fails_with_several_images_runs_its_variants_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its end is written for one image, which nothing in its sizes says."""
    proto = net()
    del proto.graph.node[3]
    proto.graph.node.insert(3, node("Reshape", ["sum", "one"], "flat"))
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray([1, 256], np.int64), "one"))
    engine = loaded_engine(proto)
    monkeypatch.setattr(Engine, "company", lambda engine, *_: engine._refused)
    run = Run(engine)
    resumption = run.resume(X, tensor="relu", tensors=["scores"], variants=COUNT)
    assert resumption.most > 1

    found = resumption(variants_of(resumption.values))["scores"]

    assert resumption.most == 1
    np.testing.assert_allclose(found[:1], run.forward(X, ["scores"])["scores"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("most", "is_laid_out"), [(1 << 20, True), (100, False)])
def test_small_dense_weights_behind_a_tensor_are_laid_out_for_its_runs(
    monkeypatch: pytest.MonkeyPatch, most: int, *, is_laid_out: bool
) -> None:
    given: list[bool] = []

    def spied(*args: object, prepacked: bool = False, **more: object) -> Session:
        given.append(prepacked)
        return Session(*args, prepacked=prepacked, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "_SMALL_WEIGHTS", most)
    monkeypatch.setattr(opening, "Session", spied)
    loaded_engine(net()).sessions.resumed("relu", ("scores",))
    assert given == [is_laid_out]
