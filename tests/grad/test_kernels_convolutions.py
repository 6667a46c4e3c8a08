"""Backward graphs with kernels: the gradients of strided depthwise convolutions, and of those of few channels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.grad.kernel_graphs import found_in, graph_of, kernels_in, same_gradient
from tests.support.graphs import node
from tests.support.kernels import needs_kernels


@pytest.mark.parametrize(
    ("attributes", "shape", "count"),
    [
        ({"strides": [2, 2], "pads": [1, 1, 1, 1]}, (1, 4, 9, 8), 1),
        ({"strides": [2, 1], "pads": [0, 2, 1, 0]}, (1, 4, 9, 8), 1),
        ({"pads": [1, 1, 1, 1]}, (1, 4, 9, 8), 0),
        ({"strides": [2, 2], "dilations": [2, 2]}, (1, 4, 9, 8), 0),
    ],
    ids=["2×2", "2×1, other pads", "no strides", "dilated"],
)
def test_a_strided_depthwise_convolution_is_one_kernel(
    attributes: dict[str, list[int]], shape: tuple[int, ...], count: int
) -> None:
    weights = {"w": np.random.default_rng(0).standard_normal((4, 1, 3, 3)).astype(np.float32)}
    conv = node("Conv", ["x", "w"], "y", group=4, **attributes)
    found, kernels = found_in(graph_of(conv, shape=shape, weights=weights))
    assert kernels["DepthwiseConvTranspose"] == count
    if count:
        assert {one.op_type for one in found.model.graph} == {"DepthwiseConvTranspose", "Identity"}
        assert len(found.model.graph.initializers) == 1


GEOMETRIES = [
    (kernel, stride, pad, size)
    for kernel, stride, pad, size in itertools.product((1, 2, 3, 5), (1, 2), (0, 1, 2), (9, 10))
    if pad < kernel
]


@needs_kernels
@pytest.mark.parametrize(("kernel", "stride", "pad", "size"), GEOMETRIES)
def test_depthwise_convolutions_have_the_same_gradient(kernel: int, stride: int, pad: int, size: int) -> None:
    rng = np.random.default_rng(kernel + 10 * stride + 100 * pad)
    weights = {"w": rng.standard_normal((4, 1, kernel, kernel)).astype(np.float32)}
    conv = node("Conv", ["x", "w"], "y", group=4, strides=[stride, 2], pads=[pad, 0, pad, pad])
    proto = graph_of(conv, shape=(1, 4, size, 8), weights=weights)
    stock, found = same_gradient(proto, np.ones((1, 4, size, 8)), rng, images=3)
    # Where strides lose more than the padding has, zeros between the elements are no way, and nothing is replaced.
    assert len(kernels_in(found)) == ("Resize" in {one.op_type for one in stock.model.graph})


def filters_of(channels: int, *kernel: int) -> dict[str, np.ndarray]:
    return {"w": np.random.default_rng(0).standard_normal((8, channels, *kernel)).astype(np.float32)}


@pytest.mark.parametrize(
    ("channels", "kernel", "attributes", "count"),
    [
        (3, (7, 7), {"strides": [2, 2], "pads": [3, 3, 3, 3]}, 1),
        (3, (3, 3), {"strides": [2, 1], "pads": [0, 2, 1, 0]}, 1),
        (4, (3, 3), {"pads": [1, 1, 1, 1]}, 1),
        (3, (4, 4), {"strides": [4, 4]}, 0),
        (3, (1, 1), {}, 0),
        (1, (3, 3), {}, 0),
        (16, (3, 3), {"strides": [2, 2]}, 0),
        (3, (3, 3), {"dilations": [2, 2]}, 0),
        (3, (17, 3), {"pads": [9, 0, 9, 0]}, 0),
        (3, (3, 3), {"pads": [3, 0, 0, 0]}, 0),
    ],
    ids=[
        "7×7/2",
        "2×1, other pads",
        "no strides",
        "windows side by side",
        "windows of one place",
        "one channel",
        "many channels",
        "dilated",
        "filters beyond the largest",
        "padding as wide as the filters",
    ],
)
def test_a_convolution_of_few_channels_is_one_kernel(
    channels: int, kernel: tuple[int, ...], attributes: dict[str, list[int]], count: int
) -> None:
    conv = node("Conv", ["x", "w"], "y", **attributes)
    proto = graph_of(conv, shape=(1, channels, 12, 13), weights=filters_of(channels, *kernel))
    found, kernels = found_in(proto)
    assert kernels["DenseConvTranspose"] == count
    if count:
        assert {one.op_type for one in found.model.graph} == {"DenseConvTranspose", "Identity"}


def test_a_convolution_of_few_channels_in_groups_stays_as_it_is() -> None:
    conv = node("Conv", ["x", "w"], "y", group=2, strides=[2, 2])
    _, kernels = found_in(graph_of(conv, shape=(1, 6, 9, 8), weights=filters_of(3, 3, 3)))
    assert not kernels


@needs_kernels
@pytest.mark.parametrize(("kernel", "stride", "pad", "size"), GEOMETRIES)
def test_convolutions_of_few_channels_have_the_same_gradient(
    kernel: int, stride: int, pad: int, size: int
) -> None:
    rng = np.random.default_rng(kernel + 10 * stride + 100 * pad)
    conv = node("Conv", ["x", "w"], "y", strides=[stride, 2], pads=[pad, 0, 0, pad])
    proto = graph_of(conv, shape=(1, 3, size, 8), weights=filters_of(3, kernel, kernel))
    _, found = same_gradient(proto, np.ones((1, 3, size, 8)), rng, images=2)
    assert len(kernels_in(found)) == (kernel > min(stride, 2))
