"""Occlusion against a plain loop in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Unit
from inspector.errors import CancelledError, InvalidInputError
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.results.sweep import Sweep
from tests.support.graphs import Exposed, model, node
from tests.support.in_process import results_of
from tests.support.small_cnn import HEIGHT, WIDTH, images, proto, small_cnn

X = images(1, seed=3)


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax"), device="cpu") as loaded:
        yield loaded


def plain_loop(x: np.ndarray, found: Sweep) -> dict[str, np.ndarray]:
    """Return the three maps, one image at a time, in the NCHW model."""
    session = Exposed(proto(small_cnn(head="Softmax")), ["answer", "relu2"])
    totals = session.run(x)["relu2"][0].sum(axis=(1, 2))
    strongest = int(totals.argmax())
    shape = (len(found.tops), len(found.lefts))
    maps = {"probability": np.zeros(shape), "label": np.zeros(shape, np.int64), "activation": np.zeros(shape)}
    for row, top in enumerate(found.tops):
        for column, left in enumerate(found.lefts):
            image = x.copy()
            for channel, value in enumerate(found.fill):
                image[0, channel, top : top + found.size[0], left : left + found.size[1]] = value
            values = session.run(image)
            maps["probability"][row, column] = values["answer"][0, found.target.channel]
            maps["label"][row, column] = values["answer"][0].argmax()
            maps["activation"][row, column] = values["relu2"][0, strongest].sum()
    return maps | {"channel": strongest, "total": totals[strongest]}


def assert_like_the_loop(found: Sweep, x: np.ndarray = X) -> None:
    expected = plain_loop(x, found)
    assert found.done.all()
    assert found.channel == expected["channel"]
    assert found.baseline_activation == pytest.approx(expected["total"], rel=1e-5)
    np.testing.assert_allclose(found.probability, expected["probability"], atol=1e-6)
    np.testing.assert_array_equal(found.label, expected["label"])
    np.testing.assert_allclose(found.activation, expected["activation"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"size": 5, "stride": 2},
        {"size": (3, 7), "stride": (4, 1), "fill": 0.0},
        {"size": 4, "stride": 3, "fill": (0.5, -1.0, 2.0)},
        {"size": (HEIGHT, WIDTH)},
        {"size": 1, "stride": 5},
        {"size": 3, "stride": 9, "batch": 2},
        {"size": 6, "stride": 3, "target": 4},
    ],
    ids=str,
)
def test_all_three_maps_equal_a_plain_loop(ours: inspector.Model, asked: dict[str, Any]) -> None:
    assert_like_the_loop(ours.occlude(X, layer="relu2", **asked))


@pytest.mark.parametrize("batch", [1, 5])
def test_fixed_batches_give_the_same(batch: int) -> None:
    with inspector.load(small_cnn(head="Softmax", batch=batch), device="cpu") as fixed:
        assert_like_the_loop(fixed.occlude(X, layer="relu2", size=5, stride=3))


def test_nhwc_gives_the_same() -> None:
    with inspector.load(small_cnn(head="Softmax", layout="NHWC"), device="cpu") as other:
        assert_like_the_loop(other.occlude(images(1, seed=3, layout="NHWC"), layer="relu2", size=5, stride=3))


def test_a_model_of_any_size_is_occluded_at_the_images_size() -> None:
    with inspector.load(small_cnn(head="Softmax", height="h", width="w"), device="cpu") as other:
        x = images(1, height=22, width=31)
        assert_like_the_loop_of_size(other.occlude(x, layer="relu2", size=8, stride=6, target=1), x)


def assert_like_the_loop_of_size(found: Sweep, x: np.ndarray) -> None:
    session = Exposed(proto(small_cnn(head="Softmax", height="h", width="w")), ["answer"])
    assert (found.tops[-1] + 8, found.lefts[-1] + 8) == (22, 31)
    image = x.copy()
    for channel, value in enumerate(found.fill):
        image[0, channel, -8:, -8:] = value
    assert found.probability[-1, -1] == pytest.approx(session.run(image)["answer"][0, 1], rel=1e-4)


@pytest.mark.parametrize(("size", "stride"), [(5, 2), (3, 4), (7, 7), (1, 1), (16, 1)])
def test_the_last_row_and_column_reach_the_edge(ours: inspector.Model, size: int, stride: int) -> None:
    found = ours.occlude(X, size=(size, min(size, WIDTH)), stride=stride)

    assert found.tops[0] == found.lefts[0] == 0
    assert found.tops[-1] + found.size[0] == HEIGHT
    assert found.lefts[-1] + found.size[1] == WIDTH
    for starts, step in ((found.tops, found.stride[0]), (found.lefts, found.stride[1])):
        assert (np.diff(starts) > 0).all()
        assert (np.diff(starts) <= step).all()
        assert (np.diff(starts)[:-1] == step).all()


def test_the_baseline_is_the_unoccluded_image(ours: inspector.Model) -> None:
    found = ours.occlude(X)
    best = ours.predict(X)[0].classes[0]

    assert found.baseline_label == best.index == found.target.channel
    assert found.baseline_probability == pytest.approx(best.probability, rel=1e-5)
    assert found.target.value == pytest.approx(best.score, rel=1e-5)


def test_gray_is_the_default_in_the_models_own_units() -> None:
    preprocessing = {"scale": 1 / 255, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.5]}
    with inspector.load(small_cnn(), device="cpu", preprocessing=preprocessing) as ours:
        found = ours.occlude(X)

    np.testing.assert_allclose(found.fill, [0.5, 0.0, -0.2], atol=1e-6)


def test_a_unit_is_watched_by_its_activation(ours: inspector.Model) -> None:
    unit = Unit("conv2", channel=3, position=(2, 1))
    found = ours.occlude(X, target=unit, size=5, stride=5)

    image = X.copy()
    for channel, value in enumerate(found.fill):
        image[0, channel, :5, 5:10] = value
    values = ours.activations(image, layers=["conv2"])["conv2"]
    assert found.tops[0] == 0
    assert found.lefts[1] == 5
    assert found.probability[0, 1] == pytest.approx(values[0, 3, 2, 1], rel=1e-4)
    assert found.baseline_probability == pytest.approx(found.target.value, rel=1e-5)


def test_the_watched_layer_is_the_last_rectified_one_with_maps(ours: inspector.Model) -> None:
    assert ours.occlude(X, size=8, stride=8).layer == "relu2"
    assert ours.occlude(X, size=8, stride=8, layer="flat").layer == "flat"


def test_steps_fill_the_maps(ours: inspector.Model) -> None:
    steps = list(results_of(ours, OccludeRequest(images=X, size=(4,), stride=(2,), batch=10)))

    counts = [int(step.done.sum()) for step in steps]
    total = steps[-1].done.size
    assert counts == [min(10 * (i + 1), total) for i in range(len(steps))]
    assert counts[-1] == total
    whole = ours.occlude(X, size=4, stride=2)
    for step in steps:
        np.testing.assert_allclose(step.probability[step.done], whole.probability[step.done], atol=1e-6)
        assert np.isnan(step.probability[~step.done]).all()
        assert (step.label[~step.done] == -1).all()


def test_progress_is_told(ours: inspector.Model) -> None:
    told: list[tuple[int, int]] = []

    found = ours.occlude(
        X, size=4, stride=4, batch=5, progress=lambda done, total: told.append((done, total))
    )

    total = found.done.size
    assert told == [(min(5 * (i + 1), total), total) for i in range(-(-total // 5))]


def test_the_sweep_stops_when_it_is_cancelled(ours: inspector.Model) -> None:
    token = inspector.Cancellation()
    steps = results_of(ours, OccludeRequest(images=X, size=(2,), stride=(1,), batch=4), cancellation=token)
    next(steps)
    token.cancel("enough")

    with pytest.raises(CancelledError, match="enough"):
        next(steps)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"size": 0}, "size"),
        ({"size": 17}, "size"),
        ({"size": (4, 13)}, "size"),
        ({"size": (-1, 4)}, "size"),
        ({"stride": 0}, "stride"),
        ({"stride": (2, -3)}, "stride"),
        ({"fill": (1.0, 2.0)}, "fill"),
        ({"fill": float("nan")}, "fill"),
        ({"fill": float("inf")}, "fill"),
        ({"batch": 0}, "batch"),
        ({"batch": -4}, "batch"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_field(
    ours: inspector.Model, asked: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        ours.occlude(X, **asked)
    assert error.value.field == field


def test_one_image_at_a_time(ours: inspector.Model) -> None:
    with pytest.raises(InvalidInputError, match="takes one image; 2 were given"):
        ours.occlude(images(2))


def test_a_flat_input_is_no_image() -> None:
    data = model([node("Relu", ["x"], "r"), node("Softmax", ["r"], "y")], shape=("n", 7)).SerializeToString()

    with inspector.load(data, device="cpu") as flat, pytest.raises(InvalidInputError, match="flat vector"):
        flat.occlude(np.ones((1, 7), np.float32))


def test_five_channels_are_occluded_too() -> None:
    weight = np.ones((2, 5, 3, 3), np.float32)
    nodes = [node("Conv", ["x", "w"], "c"), node("ReduceMean", ["c"], "y", axes=[2, 3], keepdims=0)]
    data = model(nodes, shape=("n", 5, 9, 9), weights={"w": weight}).SerializeToString()

    with inspector.load(data, device="cpu") as other:
        found = other.occlude(np.ones((1, 5, 9, 9), np.float32), size=3, stride=3, fill=0.0)

    assert found.fill == (0.0,) * 5
    assert found.done.all()
