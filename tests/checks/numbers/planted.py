"""Small models for rules about numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from tests.support.graphs import model
from tests.support.toys import SIDE, toy_cnn

Values = dict[str, "np.ndarray | np.generic"]


def images(count: int = 4, *, seed: int = 2) -> np.ndarray:
    """Return images of the toy, (count, 3, SIDE, SIDE)."""
    return np.random.default_rng(seed).standard_normal((count, 3, SIDE, SIDE)).astype(np.float32)


def graph(
    nodes: Sequence[onnx.NodeProto],
    weights: Mapping[str, Any] | None = None,
    *,
    batch: int | str = "n",
    **given: Any,
) -> bytes:
    """Return a model of the toy's images."""
    values: Values = {name: np.asarray(value) for name, value in (weights or {}).items()}
    return model(nodes, shape=(batch, 3, SIDE, SIDE), weights=values, **given).SerializeToString()


def toy_with(name: str, change: Callable[[np.ndarray], np.ndarray], **given: Any) -> bytes:
    """Return the toy CNN with one of its weights changed."""
    proto = onnx.load_from_string(toy_cnn(**given))
    weight = next(one for one in proto.graph.initializer if one.name == name)
    array = numpy_helper.to_array(weight)
    weight.CopyFrom(numpy_helper.from_array(change(array.copy()).astype(array.dtype), name))
    return proto.SerializeToString()
