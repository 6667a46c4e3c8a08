"""Maps of more places than can be followed are refused by name, before anything of their size is made."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import pytest

from inspector.errors import LimitExceededError
from inspector.model.checks.limits import Limits
from inspector.model.read import read_model
from tests.support.bad_models import refused
from tests.support.graphs import model, node

ONE = np.ones((1, 1, 1, 1), np.float32)
LINE = (1, 1, 1, 1_000_000)
TILE = (1, 1, 4, 4)


def made(op_type: str, *operands: np.ndarray | None, **attributes: Any) -> onnx.ModelProto:
    """Return a model of one node that makes a long map of a small one; an operand of None is left out."""
    names = ["" if operand is None else f"w{index}" for index, operand in enumerate(operands)]
    weights = {name: operand for name, operand in zip(names, operands, strict=True) if operand is not None}
    return model([node(op_type, ["x", *names], "y", **attributes)], shape=TILE, weights=weights, opset=19)


def chain(length: int, *, window: int = 1, shape: tuple[int, ...] = LINE) -> onnx.ModelProto:
    """Return convolutions one after the other, each with a window of so many places along the last axis."""
    names = ["x", *(f"t{index}" for index in range(length))]
    nodes = [node("Conv", [before, "w"], after, auto_pad="SAME_UPPER") for before, after in pairwise(names)]
    return model(nodes, shape=shape, weights={"w": np.ones((1, 1, 1, window), np.float32)})


@pytest.mark.parametrize(
    "proto",
    [
        made("Pad", np.array([0, 0, 0, 0, 0, 0, 0, 2**28])),
        made("Pad", np.array([0, 0, 0, 0, 0, 0, 0, 2**25]), mode="reflect"),
        made("Resize", None, np.array([1, 1, 1, 8e6], np.float32), mode="linear"),
        made("Tile", np.array([1, 1, 1, 8_000_000])),
        made("Expand", np.array([1, 2**26, 4, 4])),
        made("ConvTranspose", ONE, strides=[1, 10_000_000]),
        model([node("Relu", ["x"], "y")], shape=(1, 1, 1, 100_000_000)),
        model(
            [node("MaxPool", ["x"], "y", kernel_shape=[1, 20_001], pads=[0, 10_000, 0, 10_000])],
            shape=(1, 1, 1, 100_000),
        ),
        chain(20),
    ],
    ids=[
        "Pad", "Pad mirrored", "Resize", "Tile", "Expand", "ConvTranspose", "the image", "a wide window", "many nodes",
    ],
)  # fmt: skip
def test_too_many_places_are_refused(proto: onnx.ModelProto) -> None:
    assert refused(proto, "number of places", error=LimitExceededError).field == "max_places"


@pytest.mark.parametrize(("window", "places"), [(1, 3 * 24), (17, 3 * 24 + 3 * 20 * 2)])
def test_places_are_counted_where_they_are_made_and_one_for_eight_looks_at_others(
    window: int, places: int
) -> None:
    """Each of three convolutions makes 4 rows and 20 columns; a column looks at as many as its window has."""
    data = chain(3, window=window, shape=(1, 1, 4, 20))
    refused(data, f"is {places}; ", error=LimitExceededError, limits=Limits(max_places=places - 1))
    assert len(read_model(data.SerializeToString(), limits=Limits(max_places=places)).layers) == 3


def test_what_places_are_handed_on_is_counted_once() -> None:
    names = ["x", *(f"t{index}" for index in range(50))]
    nodes = [node("Relu", [before], after) for before, after in pairwise(names)]
    data = model(nodes, shape=(1, 1, 4, 20)).SerializeToString()
    assert len(read_model(data, limits=Limits(max_places=24)).layers) == 50
