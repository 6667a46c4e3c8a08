"""What no graph of ours says ends in an error of ONNX Runtime, and reads nothing that is not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inspector.runtime.failures import RUNTIME_FAILURES
from tests.support.kernels import kernel, needs_kernels, session_with_kernels

pytestmark = needs_kernels

WINDOW = {"kernel_shape": [2, 2], "strides": [2, 2], "begins": [0, 0], "rectified": 0}

SPREAD = {"strides": [2, 2], "begins": [1, 1], "sizes": [8, 8]}

MIX = {"strides": [2, 2], "begins": [1, 1], "ends": [1, 0]}

ATTRIBUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "no bounds": ("ClipGrad", {}),
    "no bounds of marks": ("Inside", {"low": 0.0}),
    "bounds that are integers": ("ClipGrad", {"low": 0, "high": 6}),
    "no alpha": ("SiluGrad", {}),
    "an alpha without end": ("SiluGrad", {"alpha": float("inf")}),
    "no alpha behind a gate": ("GatedSiluGrad", {}),
    "an alpha without end behind a gate": ("GatedSiluGrad", {"alpha": float("nan")}),
    "no kernel": ("MaxPoolGrad", {name: value for name, value in WINDOW.items() if name != "kernel_shape"}),
    "a kernel of one axis": ("MaxPoolGrad", WINDOW | {"kernel_shape": [2]}),
    "a kernel of three axes": ("MaxPoolGrad", WINDOW | {"kernel_shape": [2, 2, 2]}),
    "a kernel of nothing": ("MaxPoolGrad", WINDOW | {"kernel_shape": [2, 0]}),
    "a kernel without end": ("MaxPoolGrad", WINDOW | {"kernel_shape": [2**40, 2]}),
    "no stride": ("MaxPoolGrad", WINDOW | {"strides": [0, 2]}),
    "a stride backwards": ("MaxPoolGrad", WINDOW | {"strides": [2, -1]}),
    "a stride without end": ("MaxPoolGrad", WINDOW | {"strides": [2**62, 2**62]}),
    "padding as wide as the kernel": ("MaxPoolGrad", WINDOW | {"begins": [0, 2]}),
    "negative padding": ("MaxPoolGrad", WINDOW | {"begins": [-1, 0]}),
    "not rectified or not": (
        "MaxPoolGrad",
        {name: value for name, value in WINDOW.items() if name != "rectified"},
    ),
    "no sizes": ("DepthwiseConvTranspose", {"strides": [2, 2], "begins": [1, 1]}),
    "sizes of one axis": ("DepthwiseConvTranspose", SPREAD | {"sizes": [8]}),
    "sizes without end": ("DepthwiseConvTranspose", SPREAD | {"sizes": [2**40, 8]}),
    "no size": ("DepthwiseConvTranspose", SPREAD | {"sizes": [8, 0]}),
    "no stride of a filter": ("DepthwiseConvTranspose", SPREAD | {"strides": [0, 2]}),
    "a stride beyond the largest": ("DepthwiseConvTranspose", SPREAD | {"strides": [2, 17]}),
    "negative padding of a filter": ("DepthwiseConvTranspose", SPREAD | {"begins": [-1, 0]}),
    "no ends": ("DenseConvTranspose", {"strides": [2, 2], "begins": [1, 1]}),
    "ends of one axis": ("DenseConvTranspose", MIX | {"ends": [1]}),
    "ends beyond any stride": ("DenseConvTranspose", MIX | {"ends": [-16, 0]}),
    "ends without end": ("DenseConvTranspose", MIX | {"ends": [2**62, -(2**62)]}),
    "no stride of filters": ("DenseConvTranspose", MIX | {"strides": [0, 2]}),
    "strides beyond the largest": ("DenseConvTranspose", MIX | {"strides": [17, 2]}),
    "strides without end": ("DenseConvTranspose", MIX | {"strides": [2**62, 2]}),
    "negative padding of filters": ("DenseConvTranspose", MIX | {"begins": [0, -1]}),
    "rectified by half": ("MaxPoolGrad", WINDOW | {"rectified": 0.5}),
}


@pytest.mark.parametrize(("op_type", "attributes"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_attributes_are_refused(op_type: str, attributes: dict[str, Any]) -> None:
    inputs = {"MaxPoolGrad": ("x", "gy"), "Inside": ("y",)}
    names = ("x", "w") if op_type.endswith("ConvTranspose") else inputs.get(op_type, ("gy", "y"))
    with pytest.raises(RUNTIME_FAILURES):
        session_with_kernels(kernel(op_type, names, **attributes))


SHAPES = {
    "maps of three axes": ((1, 4, 4), (1, 2, 2)),
    "maps of five axes": ((1, 1, 4, 4, 4), (1, 1, 2, 2, 2)),
    "a scalar": ((), ()),
    "a scalar and a map": ((1, 1, 4, 4), ()),
    "other channels": ((1, 2, 4, 4), (1, 1, 2, 2)),
    "more images than gradients": ((2, 1, 4, 4), (1, 1, 2, 2)),
    "fewer images than gradients": ((2, 1, 4, 4), (3, 1, 2, 2)),
    "no image": ((0, 1, 4, 4), (2, 1, 2, 2)),
    "more windows than rows": ((1, 1, 4, 4), (1, 1, 4, 2)),
    "more windows than columns": ((1, 1, 4, 4), (1, 1, 2, 400)),
    "windows over nothing": ((1, 1, 0, 4), (1, 1, 2, 2)),
}


@pytest.mark.parametrize(("x", "gy"), SHAPES.values(), ids=SHAPES)
def test_shapes_of_poolings_are_refused(x: tuple[int, ...], gy: tuple[int, ...]) -> None:
    session = session_with_kernels(kernel("MaxPoolGrad", ("x", "gy"), **WINDOW))
    with pytest.raises(RUNTIME_FAILURES, match="MaxPoolGrad"):
        session.run(None, {"x": np.ones(x, np.float32), "gy": np.ones(gy, np.float32)})


FILTERS = {
    "maps of three axes": ((1, 4, 4), (1, 1, 3, 3)),
    "filters of three axes": ((1, 1, 4, 4), (1, 3, 3)),
    "filters of five axes": ((1, 1, 4, 4), (1, 1, 3, 3, 1)),
    "fewer filters than channels": ((1, 2, 4, 4), (1, 1, 3, 3)),
    "filters of two channels": ((1, 2, 4, 4), (2, 2, 3, 3)),
    "filters of nothing": ((1, 1, 4, 4), (1, 1, 0, 3)),
    "filters without end": ((1, 1, 4, 4), (1, 1, 3, 17)),
    "filters within the padding": ((1, 1, 4, 4), (1, 1, 1, 3)),
    "a map of nothing": ((1, 1, 0, 4), (1, 1, 3, 3)),
    "too few rows": ((1, 1, 3, 4), (1, 1, 3, 3)),
    "too few columns": ((1, 1, 4, 3), (1, 1, 3, 3)),
}


@pytest.mark.parametrize(("x", "w"), FILTERS.values(), ids=FILTERS)
def test_shapes_of_depthwise_convolutions_are_refused(x: tuple[int, ...], w: tuple[int, ...]) -> None:
    session = session_with_kernels(kernel("DepthwiseConvTranspose", ("x", "w"), **SPREAD))
    with pytest.raises(RUNTIME_FAILURES, match="DepthwiseConvTranspose"):
        session.run(None, {"x": np.ones(x, np.float32), "w": np.ones(w, np.float32)})


@pytest.mark.parametrize(("images", "channels"), [(0, 2), (2, 0)])
def test_depthwise_convolutions_of_nothing_give_nothing(images: int, channels: int) -> None:
    session = session_with_kernels(kernel("DepthwiseConvTranspose", ("x", "w"), **SPREAD))
    feeds = {
        "x": np.ones((images, channels, 4, 4), np.float32),
        "w": np.ones((channels, 1, 3, 3), np.float32),
    }
    (found,) = session.run(None, feeds)
    assert found.shape == (images, channels, 8, 8)


MIXED = {
    "maps of three axes": ((1, 4, 4), (4, 3, 3, 3)),
    "filters of three axes": ((1, 4, 4, 4), (4, 3, 3)),
    "filters of five axes": ((1, 4, 4, 4), (4, 3, 3, 3, 1)),
    "fewer filters than channels": ((1, 4, 4, 4), (3, 3, 3, 3)),
    "no channel": ((1, 0, 4, 4), (0, 3, 3, 3)),
    "no channel of the result": ((1, 4, 4, 4), (4, 0, 3, 3)),
    "filters of nothing": ((1, 4, 4, 4), (4, 3, 0, 3)),
    "filters without end": ((1, 4, 4, 4), (4, 3, 3, 17)),
    "filters within the padding": ((1, 4, 4, 4), (4, 3, 1, 3)),
    "a map of nothing": ((1, 4, 0, 4), (4, 3, 3, 3)),
    "a map without end": ((0, 4, 2**17, 2**17), (4, 3, 3, 3)),
    "nothing but padding": ((1, 4, 1, 4), (4, 3, 2, 3)),
}


@pytest.mark.parametrize(("x", "w"), MIXED.values(), ids=MIXED)
def test_shapes_of_dense_convolutions_are_refused(x: tuple[int, ...], w: tuple[int, ...]) -> None:
    session = session_with_kernels(kernel("DenseConvTranspose", ("x", "w"), **MIX))
    with pytest.raises(RUNTIME_FAILURES, match="DenseConvTranspose"):
        session.run(None, {"x": np.ones(x, np.float32), "w": np.ones(w, np.float32)})


def test_a_dense_convolution_of_more_than_x_reaches_is_refused() -> None:
    session = session_with_kernels(kernel("DenseConvTranspose", ("x", "w"), **MIX | {"ends": [1, -2]}))
    with pytest.raises(RUNTIME_FAILURES, match="larger than what x reaches"):
        session.run(None, {"x": np.ones((1, 4, 4, 4), np.float32), "w": np.ones((4, 3, 3, 3), np.float32)})


def test_a_dense_convolution_of_no_image_gives_none() -> None:
    session = session_with_kernels(kernel("DenseConvTranspose", ("x", "w"), **MIX))
    feeds = {"x": np.ones((0, 4, 4, 4), np.float32), "w": np.ones((4, 3, 3, 3), np.float32)}
    (found,) = session.run(None, feeds)
    assert found.shape == (0, 3, 7, 8)


@pytest.mark.parametrize(
    "op_type", ["ReluGrad", "ClipGrad", "SiluGrad", "GeluGrad", "TanhGeluGrad", "HardSwishGrad"]
)
def test_shapes_that_do_not_broadcast_are_refused(op_type: str) -> None:
    attributes = {"ClipGrad": {"low": 0.0, "high": 6.0}, "SiluGrad": {"alpha": 1.0}}.get(op_type, {})
    session = session_with_kernels(kernel(op_type, ("gy", "y"), **attributes))
    with pytest.raises(RUNTIME_FAILURES, match="broadcast"):
        session.run(None, {"gy": np.ones((2, 3), np.float32), "y": np.ones((2, 4), np.float32)})


@pytest.mark.parametrize("odd", [0, 1, 2, 3])
def test_gates_that_do_not_broadcast_are_refused(odd: int) -> None:
    names = ("gy", "x", "gate", "share")
    session = session_with_kernels(kernel("GatedSiluGrad", names, alpha=1.0))
    feeds = {name: np.ones((2, 3, 4, 5), np.float32) for name in names}
    with pytest.raises(RUNTIME_FAILURES, match="broadcast"):
        session.run(None, feeds | {names[odd]: np.ones((2, 2, 4, 5), np.float32)})


@pytest.mark.parametrize(
    ("gy", "x", "reason"),
    [((2, 3, 4), (2, 2, 4), "broadcast"), ((2, 3), (2, 3), "maps"), ((), (), "maps")],
    ids=str,
)
def test_sums_of_what_has_no_maps_are_refused(gy: tuple[int, ...], x: tuple[int, ...], reason: str) -> None:
    session = session_with_kernels(kernel("ChannelSums", ("gy", "x")))
    with pytest.raises(RUNTIME_FAILURES, match=reason):
        session.run(None, {"gy": np.ones(gy, np.float32), "x": np.ones(x, np.float32)})


def test_sums_of_nothing_are_nothing() -> None:
    session = session_with_kernels(kernel("ChannelSums", ("gy", "x")))
    for shape in ((2, 3, 0, 4), (0, 3, 4, 4), (2, 0, 4, 4)):
        (found,) = session.run(None, dict.fromkeys(("gy", "x"), np.ones(shape, np.float32)))
        assert found.shape == (*shape[:2], 1, 1)
        assert not found.any()


def test_marks_that_do_not_broadcast_are_refused() -> None:
    session = session_with_kernels(kernel("MaskGrad", ("gy", "marks")))
    with pytest.raises(RUNTIME_FAILURES, match="broadcast"):
        session.run(None, {"gy": np.ones((2, 3), np.float32), "marks": np.ones((2, 4), np.uint8)})


@pytest.mark.parametrize(
    ("gy", "y"), [((0, 3), (0, 3)), ((0, 3), (1, 3)), ((4, 0, 2), (1, 0, 2)), ((1,), (0,))], ids=str
)
def test_nothing_gives_nothing(gy: tuple[int, ...], y: tuple[int, ...]) -> None:
    session = session_with_kernels(kernel("ReluGrad", ("gy", "y")))
    (found,) = session.run(None, {"gy": np.ones(gy, np.float32), "y": np.ones(y, np.float32)})
    assert found.size == 0


@pytest.mark.parametrize(
    "shapes",
    [((2, 0, 4, 4), (2, 0, 2, 2)), ((1, 1, 4, 4), (0, 1, 2, 2)), ((1, 1, 4, 4), (1, 1, 0, 2))],
    ids=str,
)
def test_poolings_of_nothing_give_nothing(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    session = session_with_kernels(kernel("MaxPoolGrad", ("x", "gy"), **WINDOW))
    (found,) = session.run(None, {"x": np.ones(shapes[0], np.float32), "gy": np.ones(shapes[1], np.float32)})
    assert found.shape == (shapes[1][0], *shapes[0][1:])
    assert not found.any()
