"""Calls that share a run: each gets what it would get alone, and who minds company has none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import numpy as np
import onnx
import pytest

from inspector.engine.engine import Engine
from inspector.engine.joint_runs import Joining
from inspector.engine.run import Run
from inspector.errors import EngineError
from inspector.face.local import LocalBackend
from inspector.face.model import Model
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from tests.support.patience import eventually
from tests.support.small_cnn import images, proto, small_cnn

T = TypeVar("T")


SIXTEEN = Joining(images=16)


class Watched(Engine):
    """An engine whose runs are counted and can be held."""

    def __init__(self, data: bytes, *, joining: Joining | None = SIXTEEN) -> None:
        super().__init__(read_model(data), device=CPU, cache=SessionCache(max_bytes=1 << 30))
        if joining is not None:
            self.share_runs(joining)
        self.sizes: list[int] = []
        self.goes = threading.Event()
        self.goes.set()
        self.fails: Callable[[Any], bool] = lambda chunk: False

    def run_forward(
        self, chunk: Array | DeviceTensor, tensors: Sequence[str], **more: Any
    ) -> dict[str, DeviceTensor]:
        self.sizes.append(chunk.shape[0])
        self.goes.wait(30)
        if self.fails(chunk):
            raise EngineError("planted", reason="RUN_FAILED")
        return super().run_forward(chunk, tensors, **more)


def held(engine: Watched, pool: ThreadPoolExecutor, asks: Sequence[Callable[[], T]]) -> list[Future[T]]:
    """Let the first ask run until all others wait, then let all go on, and wait until they are done."""
    engine.goes.clear()
    before = len(engine.sizes)
    futures = [pool.submit(asks[0])]
    assert eventually(lambda: len(engine.sizes) > before)
    futures += [pool.submit(ask) for ask in asks[1:]]
    assert engine.joint_runs is not None
    lines = engine.joint_runs._lines
    assert eventually(lambda: sum(len(line.waiting) for line in lines.values()) == len(asks) - 1)
    engine.goes.set()
    wait(futures, 60)
    return futures


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def forward(engine: Engine, x: Array, tensors: Sequence[str]) -> dict[str, Array]:
    return Run(engine).forward(x, tensors)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("tensors", [["scores"], ["relu1", "scores"], ["answer"]])
def test_each_gets_what_it_would_get_alone(pool: ThreadPoolExecutor, layout: str, tensors: list[str]) -> None:
    data = small_cnn(layout=layout, head="Softmax")
    engine, alone = Watched(data), Watched(data, joining=None)
    parts = np.split(images(9, layout=layout), [1, 2, 4, 5, 8])

    found = held(engine, pool, [lambda part=part: forward(engine, part, tensors) for part in parts])  # type: ignore[misc]

    assert engine.sizes == [1, 8]
    for part, one in zip(parts, found, strict=True):
        for name, values in forward(alone, part, tensors).items():
            np.testing.assert_allclose(one.result(30)[name], values, rtol=0, atol=1e-6 * np.abs(values).max())


def test_a_fixed_batch_is_filled_with_others_instead_of_copies(pool: ThreadPoolExecutor) -> None:
    data = small_cnn(batch=4)
    engine, alone = Watched(data), Watched(data, joining=None)
    x = images(4)

    found = held(
        engine,
        pool,
        [lambda row=row: forward(engine, x[row : row + 1], ["scores"]) for row in range(4)],  # type: ignore[misc]
    )

    assert engine.sizes == [4, 4]
    for row, one in enumerate(found):
        expected = forward(alone, x[row : row + 1], ["scores"])["scores"]
        np.testing.assert_allclose(
            one.result(30)["scores"], expected, rtol=0, atol=1e-6 * np.abs(expected).max()
        )


def test_no_caller_keeps_the_values_of_the_others(pool: ThreadPoolExecutor) -> None:
    engine, x = Watched(small_cnn()), images(3)

    found = held(
        engine,
        pool,
        [lambda row=row: forward(engine, x[row : row + 1], ["relu1"]) for row in range(3)],  # type: ignore[misc]
    )

    for one in found[1:]:
        values = one.result(30)["relu1"]
        assert values.base is None or values.base.nbytes == values.nbytes


def _said_to_be_free() -> bytes:
    """Return an export whose batch is free by its declaration, and one by its Reshape."""
    model = proto(small_cnn())
    shape = next(one for one in model.graph.initializer if one.name == "shape")
    shape.CopyFrom(onnx.numpy_helper.from_array(np.asarray([1, 10], np.int64), "shape"))
    return model.SerializeToString()


def _mixing() -> bytes:
    """Return an export whose answer is a Softmax over the images."""
    model = proto(small_cnn(head="Softmax"))
    model.graph.node[-1].attribute.append(onnx.helper.make_attribute("axis", 0))
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("data", "tensor"),
    [(small_cnn(batch=1), "scores"), (_said_to_be_free(), "scores"), (_mixing(), "answer")],
    ids=["batch of one", "said to be free", "mixing"],
)
def test_where_images_mind_company_nobody_waits_for_another(
    pool: ThreadPoolExecutor, data: bytes, tensor: str
) -> None:
    engine, alone, x = Watched(data), Watched(data, joining=None), images(3)
    engine.goes.clear()

    found = [pool.submit(forward, engine, x[row : row + 1], [tensor]) for row in range(3)]

    assert eventually(lambda: engine.sizes == [1, 1, 1])  # all at once
    engine.goes.set()
    for row, one in enumerate(found):
        expected = forward(alone, x[row : row + 1], [tensor])[tensor]
        np.testing.assert_array_equal(one.result(30)[tensor], expected)


def test_what_fills_a_run_anyway_does_not_wait(pool: ThreadPoolExecutor) -> None:
    engine = Watched(small_cnn(), joining=Joining(images=8))
    engine.goes.clear()

    found = [pool.submit(forward, engine, images(5), ["scores"]) for _ in range(3)]

    assert eventually(lambda: engine.sizes == [5, 5, 5])
    engine.goes.set()
    assert all(one.result(30)["scores"].shape == (5, 5) for one in found)


def test_other_sizes_and_other_tensors_are_other_runs(pool: ThreadPoolExecutor) -> None:
    engine = Watched(small_cnn(height="h", width="w"))
    engine.goes.clear()

    found = [
        pool.submit(forward, engine, images(1), ["scores"]),
        pool.submit(forward, engine, images(1, height=20), ["scores"]),
        pool.submit(forward, engine, images(1), ["relu2"]),
    ]

    assert eventually(lambda: engine.sizes == [1, 1, 1])
    engine.goes.set()
    for one in found:
        one.result(30)


def test_one_image_that_fails_fails_alone(pool: ThreadPoolExecutor) -> None:
    engine, x = Watched(small_cnn()), images(4)
    x[2] = np.inf
    engine.fails = lambda chunk: bool(np.isinf(chunk).any())

    found = held(
        engine,
        pool,
        [lambda row=row: forward(engine, x[row : row + 1], ["scores"]) for row in range(4)],  # type: ignore[misc]
    )

    assert [one.exception(30) is None for one in found] == [True, True, False, True]
    assert engine.sizes[:2] == [1, 3]


def test_a_model_that_fails_with_several_is_asked_one_by_one(pool: ThreadPoolExecutor) -> None:
    engine, x = Watched(small_cnn()), images(3)
    engine.fails = lambda chunk: len(chunk) > 1
    asks = [lambda row=row: forward(engine, x[row : row + 1], ["scores"]) for row in range(3)]

    for one in held(engine, pool, asks):
        one.result(30)
    assert engine.sizes == [1, 2, 1, 1]
    for one in [pool.submit(ask) for ask in asks]:
        one.result(30)
    assert engine.sizes[4:] == [1, 1, 1]


def test_a_tensor_that_cannot_be_divided_is_asked_for_one_by_one(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, x = Watched(small_cnn()), images(3)
    values = Engine.values
    monkeypatch.setattr(
        Engine, "values", lambda self, *given, images: values(self, *given, images=min(images, 1))
    )

    found = held(
        engine,
        pool,
        [lambda row=row: forward(engine, x[row : row + 1], ["scores"]) for row in range(3)],  # type: ignore[misc]
    )

    assert [one.result(30)["scores"].shape for one in found] == [(1, 5)] * 3
    assert engine.sizes == [1, 2, 1, 1]


def test_verbs_give_the_same_with_the_same_notes(pool: ThreadPoolExecutor) -> None:
    data, x = small_cnn(head="Softmax"), images(4)
    engine, alone = Watched(data), Watched(data, joining=None)
    shared, own = (Model(LocalBackend(one), name="m") for one in (engine, alone))
    own.predict(x), shared.predict(x)  # what is measured once of a model is measured

    def predict(model: Model, row: int) -> Any:
        return model.predict(x[row : row + 1])

    found = held(engine, pool, [lambda row=row: predict(shared, row) for row in range(4)])  # type: ignore[misc]

    assert engine.sizes[-2:] == [1, 3]
    for row, one in enumerate(found):
        ours, expected = one.result(30), predict(own, row)
        assert ours.notes == expected.notes
        assert [c.index for c in ours[0].classes] == [c.index for c in expected[0].classes]
        np.testing.assert_allclose(
            [c.probability for c in ours[0].classes], [c.probability for c in expected[0].classes], atol=1e-6
        )


def test_occlusions_share_what_does_not_fill_a_run(pool: ThreadPoolExecutor) -> None:
    data, x = small_cnn(head="Softmax"), images(2)
    engine, alone = Watched(data), Watched(data, joining=None)
    shared, own = (Model(LocalBackend(one), name="m") for one in (engine, alone))

    def occlude(model: Model, row: int) -> Any:
        return model.occlude(x[row : row + 1], target=1, size=4, stride=4, batch=4)

    found = [pool.submit(occlude, shared, row % 2) for row in range(8)]

    for row, one in enumerate(found):
        np.testing.assert_allclose(one.result(60).probability, occlude(own, row % 2).probability, atol=1e-6)
