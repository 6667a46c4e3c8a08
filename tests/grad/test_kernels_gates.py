"""Gates of channels: what stands in the backward graph with kernels, and that it gives the same."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from tests.grad.kernel_graphs import found_in, graph_of, same_gradient, values_of, written
from tests.support.graphs import node
from tests.support.kernels import needs_kernels


def squeezing(*, axes: tuple[int, ...] = (2, 3), curve: str = "silu", pooled: bool = True) -> onnx.ModelProto:
    """Return x -> conv -> curve -> times a gate of its mean -> conv (Hu et al. 2018)."""
    rng = np.random.default_rng(0)
    sizes = {"w": (4, 2, 3, 3), "down": (2, 4, 1, 1), "up": (4, 2, 1, 1), "last": (3, 4, 3, 3)}
    weights = {name: rng.standard_normal(size).astype(np.float32) for name, size in sizes.items()}
    mean = (
        node("GlobalAveragePool", ["x1"], "mean")
        if pooled
        else node("ReduceMean", ["x1", "axes"], "mean", keepdims=1)
    )
    curves = {
        "silu": [node("Sigmoid", ["c"], "s"), node("Mul", ["c", "s"], "x1")],
        "relu": [node("Relu", ["c"], "x1")],
    }
    return graph_of(
        node("Conv", ["x", "w"], "c", pads=[1, 1, 1, 1]),
        *curves[curve],
        mean,
        node("Conv", ["mean", "down"], "d"),
        node("Relu", ["d"], "r"),
        node("Conv", ["r", "up"], "u"),
        node("Sigmoid", ["u"], "gate"),
        node("Mul", ["gate", "x1"], "scaled"),
        node("Conv", ["scaled", "last"], "y"),
        weights=weights | {"axes": np.asarray(axes)},
    )


def test_a_gate_of_channels_is_two_kernels() -> None:
    graph, kernels = found_in(squeezing())
    assert kernels["ChannelSums"] == kernels["GatedSiluGrad"] == 1
    assert kernels["SiluGrad"] == 0
    assert {one.op_type for one in graph.model.graph}.isdisjoint({"Expand", "Add", "ReduceSum"})


def test_behind_other_rectifiers_the_sums_are_a_kernel() -> None:
    _, kernels = found_in(squeezing(curve="relu"))
    assert (kernels["ChannelSums"], kernels["GatedSiluGrad"]) == (1, 0)


@needs_kernels
def test_what_is_spread_along_one_axis_is_right_too() -> None:
    proto = squeezing(axes=(-1,), pooled=False)
    rng = np.random.default_rng(3)
    _, found = same_gradient(proto, rng.standard_normal((1, 2, 9, 8)), rng, images=1)
    assert "ChannelSums" not in {one.op_type for one in found.model.graph}


@needs_kernels
@pytest.mark.parametrize("curve", ["silu", "relu"])
@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("images", [1, 3])
def test_gradients_are_the_same(curve: str, pooled: bool, images: int) -> None:
    rng = np.random.default_rng(images)
    same_gradient(
        squeezing(curve=curve, pooled=pooled), rng.standard_normal((1, 2, 9, 8)), rng, images=images
    )


def test_nothing_is_spread_before_it_is_added() -> None:
    proto = squeezing()
    image = np.random.default_rng(5).standard_normal((1, 2, 9, 8))
    assert not [one for one in written(proto, values_of(proto, image)).model.graph if one.op_type == "Expand"]
