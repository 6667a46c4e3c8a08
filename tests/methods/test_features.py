"""Features: one vector per image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

import inspector
from inspector.errors import InvalidInputError, NotFoundError
from inspector.types.requests.features import Pooling
from tests.support.graphs import model, node, run_exposed
from tests.support.small_cnn import images, proto, small_cnn

X = images(3)
VALUES = run_exposed(proto(small_cnn()), X, ["conv2", "flat"])


class Loaded(NamedTuple):
    model: inspector.Model
    given: np.ndarray
    """Images in its layout."""


@pytest.fixture(scope="module", params=["NCHW", "NHWC"])
def ours(request: pytest.FixtureRequest) -> Iterator[Loaded]:
    with inspector.load(small_cnn(layout=request.param, head="Softmax"), device="cpu") as loaded:
        yield Loaded(loaded, images(3, layout=request.param))


@pytest.mark.parametrize(
    ("layer", "pooling", "expected"),
    [
        (None, "mean", VALUES["flat"]),
        ("conv2", "mean", VALUES["conv2"].mean(axis=(2, 3))),
        ("conv2", "max", VALUES["conv2"].max(axis=(2, 3))),
        ("conv2", "none", VALUES["conv2"].reshape(3, -1)),
        ("flat", "max", VALUES["flat"]),
    ],
)
def test_vectors_of_layers(ours: Loaded, layer: str | None, pooling: Pooling, expected: np.ndarray) -> None:
    found = ours.model.features(ours.given, layer=layer, pooling=pooling)

    assert found.vectors.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_maps_whose_channels_come_last_are_averaged_over_space() -> None:
    """A layer of a model in TensorFlow's layout: (N, H, W, C)."""
    nodes = [node("Relu", ["x"], "relu"), node("ReduceMean", ["relu"], "y", axes=[1, 2], keepdims=0)]
    data = model(nodes, shape=("n", 16, 12, 3)).SerializeToString()
    x = images(2, layout="NHWC")

    with inspector.load(data, device="cpu") as ours:
        np.testing.assert_allclose(
            ours.features(x, layer="relu"), np.maximum(x, 0).mean(axis=(1, 2)), atol=1e-6
        )


def test_an_unknown_pooling_is_refused(ours: Loaded) -> None:
    with pytest.raises(InvalidInputError, match="pooling is 'median'; allowed: mean, max, none") as error:
        ours.model.features(ours.given, pooling="median")  # type: ignore[arg-type]
    assert error.value.field == "pooling"


def test_an_unknown_layer_is_refused(ours: Loaded) -> None:
    with pytest.raises(NotFoundError, match="no layer 'conv9'"):
        ours.model.features(ours.given, layer="conv9")


def test_a_model_without_a_dense_layer_says_to_name_one() -> None:
    data = model([node("Relu", ["x"], "y")], shape=("n", 3, 16, 12)).SerializeToString()

    with inspector.load(data, device="cpu") as ours, pytest.raises(InvalidInputError, match="name the layer"):
        ours.features(X)
