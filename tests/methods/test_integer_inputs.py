"""Models that take integers: what is made of an image is cut off and rounded, never wrapped; what is given must fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

import inspector
from inspector.errors import InvalidInputError
from inspector.methods.perturbed import ROUNDED_INPUTS
from inspector.types.dtypes import held_by, saturated
from tests.support.graphs import model, node

SHAPE = (3, 10, 10)
KINDS = ("uint8", "int8", "int16", "int32", "int64", "uint16")


def net(dtype: str) -> inspector.Model:
    """Return a small CNN that takes `dtype`."""
    rng = np.random.default_rng(5)
    nodes = [
        node("Cast", ["x"], "real", to=TensorProto.FLOAT),
        node("Div", ["real", "k"], "small"),
        node("Conv", ["small", "w"], "c", pads=[1, 1, 1, 1]),
        node("Relu", ["c"], "r"),
        node("Conv", ["r", "v"], "d"),
        node("Relu", ["d"], "q"),
        node("GlobalAveragePool", ["q"], "g"),
        node("Flatten", ["g"], "y"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "k": np.float32(128),
        "w": rng.standard_normal((6, 3, 3, 3)).astype(np.float32),
        "v": rng.standard_normal((4, 6, 3, 3)).astype(np.float32),
    }
    proto = model(nodes, shape=("n", *SHAPE), weights=weights)
    proto.graph.input[0].type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return inspector.load(proto.SerializeToString(), device="cpu")


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[inspector.Model, inspector.Model, np.ndarray]]:
    """Give a model of integers, its twin of floats, and an image that reaches the ends of the integers, or is large."""
    ends = np.iinfo(request.param)
    low, high = max(ends.min, -1000), min(ends.max, 1000)
    x = np.random.default_rng(2).integers(low, high, (1, *SHAPE), endpoint=True).astype(request.param)
    with net(request.param) as own, net("float32") as twin:
        yield own, twin, x


def test_smoothgrad_is_the_mean_over_images_that_do_not_wrap(
    pair: tuple[inspector.Model, inspector.Model, np.ndarray],
) -> None:
    own, twin, x = pair
    ends = np.iinfo(x.dtype)
    drawn = np.random.default_rng(0).standard_normal((6, *SHAPE), np.float32)
    noisy = x + 0.3 * float(np.ptp(x.astype(np.float32))) * drawn
    right = twin.attribute(
        np.clip(np.rint(noisy), ends.min, ends.max).astype(np.float32), target=1
    ).maps.mean(axis=0)

    found = own.attribute(x, method="smoothgrad", noise=0.3, samples=6, target=1)

    np.testing.assert_allclose(found.maps[0], right, atol=1e-5 * np.abs(right).max())
    assert ROUNDED_INPUTS in {note.id for note in found.notes}


@pytest.mark.parametrize("method", ["integrated_gradients", "rise"])
def test_images_on_the_way_are_those_of_the_twin_but_for_rounding(
    pair: tuple[inspector.Model, inspector.Model, np.ndarray], method: str
) -> None:
    own, twin, x = pair
    options: dict[str, Any] = {"steps": 20} if method == "integrated_gradients" else {"masks": 40, "cells": 4}
    options |= {"method": method, "baseline": 3.0, "target": inspector.Unit("y", 1)}

    found, right = own.attribute(x, **options), twin.attribute(x.astype(np.float32), **options)

    assert np.abs(found.maps - right.maps).max() < 0.03 * np.abs(right.maps).max()
    assert ROUNDED_INPUTS in {note.id for note in found.notes}
    assert not right.notes


def test_named_colors_fit_and_given_ones_must(
    pair: tuple[inspector.Model, inspector.Model, np.ndarray],
) -> None:
    own, _, x = pair
    ends = np.iinfo(x.dtype)
    for color in ("gray", "black", "white"):
        own.attribute(x, method="integrated_gradients", steps=1, baseline=color, target=0)
    assert own.occlude(x, size=10).fill[0] in {0.0, float(min(ends.max, 128)), 1.0}
    for wrong in (2.5, float(ends.max) * 2 + 1, float(ends.min) * 2 - 1, (0.0, 1.0, 0.5)):
        with pytest.raises(InvalidInputError, match=f"of {x.dtype}, cannot hold") as caught:
            own.occlude(x, fill=wrong)
        assert (caught.value.reason, caught.value.field) == ("OUT_OF_RANGE", "fill")
        with pytest.raises(InvalidInputError) as caught:
            own.attribute(x, method="integrated_gradients", baseline=wrong)
        assert caught.value.field == "options[baseline]"


def test_an_image_that_the_model_cannot_hold_is_refused(
    pair: tuple[inspector.Model, inspector.Model, np.ndarray],
) -> None:
    own, _, x = pair
    same = own.attribute(x.astype(np.float64), target=0)
    np.testing.assert_array_equal(same.inputs, x)
    for wrong in (x + 0.5, x.astype(np.float64) + 2.0**70):
        with pytest.raises(InvalidInputError, match="cannot hold, such as") as caught:
            own.attribute(wrong)
        assert caught.value.field == "images"


def test_half_floats_hold_what_they_can() -> None:
    nodes = [node("Relu", ["x"], "r"), node("GlobalAveragePool", ["r"], "g"), node("Flatten", ["g"], "y")]
    proto = model(nodes, shape=("n", *SHAPE), dtype=TensorProto.FLOAT16)
    x = np.random.default_rng(0).random((1, *SHAPE), np.float32).astype(np.float16)
    with inspector.load(proto.SerializeToString(), device="cpu") as own:
        assert own.occlude(x, fill=0.1, size=5).fill[0] == 0.1
        with pytest.raises(InvalidInputError, match="of float16, cannot hold") as caught:
            own.occlude(x, fill=1e9)
    assert caught.value.field == "fill"


@pytest.mark.parametrize("dtype", [*KINDS, "uint32", "uint64", "float16", "float32", "float64"])
@pytest.mark.parametrize("source", [np.float32, np.float64])
def test_every_type_is_filled_up_to_its_ends(dtype: str, source: Any) -> None:
    kind: Any = np.dtype(dtype)
    ends: Any = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    values = np.array([-1e30, -300.0, -0.4, 0.5, 1.5, 2.5, 99.6, 300.0, 2.0**31, 2.0**63, 1e30], source)

    found = saturated(values, dtype)

    low, high = (float(ends.min), float(ends.max)) if kind.kind == "f" else (int(ends.min), int(ends.max))
    exact = [float(value) if kind.kind == "f" else round(float(value)) for value in values]
    clipped = [min(max(value, low), high) for value in exact]
    assert found.dtype == kind
    assert [one.item() for one in found] == [np.asarray(value).astype(kind).item() for value in clipped]
    assert held_by(found.astype(np.float64), dtype) is not None or kind.itemsize == 8
