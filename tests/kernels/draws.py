"""Random uses of the kernels: inputs and attributes, with what should come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tests.kernels import oracle

Draw = tuple[str, dict[str, np.ndarray], dict[str, Any]]
"""Operator, inputs, attributes."""

ODD = (np.nan, np.inf, -np.inf, -0.0, 1e-42)
ORACLES: Mapping[str, Callable[..., np.ndarray]] = {
    "ReluGrad": oracle.relu_grad,
    "ClipGrad": oracle.clip_grad,
    "Inside": oracle.inside,
    "MaskGrad": oracle.mask_grad,
    "SiluGrad": oracle.silu_grad,
    "GeluGrad": oracle.gelu_grad,
    "TanhGeluGrad": oracle.tanh_gelu_grad,
    "HardSwishGrad": oracle.hard_swish_grad,
    "MaxPoolGrad": oracle.max_pool_grad,
    "GatedSiluGrad": oracle.gated_silu_grad,
    "ChannelSums": oracle.channel_sums,
    "DepthwiseConvTranspose": oracle.depthwise_conv_transpose,
    "DenseConvTranspose": oracle.dense_conv_transpose,
}


def rectifiers(rng: np.random.Generator) -> Iterator[Draw]:
    """Draw shapes that agree, one image for several seeds, and what else broadcasts."""
    for _ in range(12):
        shape = tuple(int(size) for size in rng.integers(1, 40, rng.integers(0, 5)))
        shapes = [(shape, shape)]
        if shape:
            shapes += [
                ((3, *shape), (1, *shape)),
                (shape, shape[1:]),
                (shape, (1,) * len(shape)),
                ((1,), shape),
            ]
        for gradient, values in shapes:
            gy = np.asarray(rng.standard_normal(gradient), np.float32)
            y = np.asarray(3 * rng.standard_normal(values), np.float32)
            if y.size > len(ODD) and rng.random() < 0.3:
                y.reshape(-1)[: len(ODD)] = ODD
            yield "ReluGrad", {"gy": gy, "y": y}, {}
            low, high = sorted(float(bound) for bound in rng.standard_normal(2))
            yield (
                "ClipGrad",
                {"gy": gy, "y": y},
                {"low": low, "high": high if rng.random() < 0.7 else float("inf")},
            )
            bounds = {"low": low, "high": high if rng.random() < 0.7 else float("inf")}
            yield "Inside", {"y": y}, bounds
            yield "MaskGrad", {"gy": gy, "marks": oracle.inside(y, **bounds)}, {}
            far = np.asarray(y * (40 if rng.random() < 0.2 else 1), np.float32)
            far = np.nan_to_num(
                far, nan=0.5, posinf=1e30, neginf=-1e30
            )  # 0·∞ is no number, there and in NumPy
            yield (
                "SiluGrad",
                {"gy": gy, "y": np.asarray(far)},
                {"alpha": float(rng.choice([1.0, 1.702, -0.5, 0.0]))},
            )
            for curve in ("GeluGrad", "TanhGeluGrad", "HardSwishGrad"):
                yield curve, {"gy": gy, "y": np.asarray(far)}, {}


def poolings(rng: np.random.Generator) -> Iterator[Draw]:
    """Draw windows of any size, stride and padding, with ties, over narrow and wide maps."""
    for _ in range(60):
        kernel = tuple(int(size) for size in rng.integers(1, 6, 2))
        strides = tuple(int(size) for size in rng.integers(1, 5, 2))
        begins = tuple(int(rng.integers(0, wide)) for wide in kernel)
        height, width = (int(size) for size in rng.integers(1, 45, 2))
        seeds = int(rng.integers(1, 4))
        x = np.round(
            rng.standard_normal((int(rng.choice([1, seeds])), int(rng.integers(1, 4)), height, width)), 1
        )
        if x.size > len(ODD) and rng.random() < 0.3:
            x.reshape(-1)[: len(ODD)] = ODD
        rows, columns = (
            int(rng.integers(1, (size + begin + stride - 1) // stride + 1))
            for size, begin, stride in zip((height, width), begins, strides, strict=True)
        )
        gy = rng.standard_normal((seeds, x.shape[1], rows, columns)).astype(np.float32)
        yield (
            "MaxPoolGrad",
            {"x": x.astype(np.float32), "gy": gy},
            {
                "kernel_shape": kernel,
                "strides": strides,
                "begins": begins,
                "rectified": int(rng.integers(0, 2)),
            },
        )


def gates(rng: np.random.Generator) -> Iterator[Draw]:
    """Draw maps that agree, one image for several seeds, gates of channels, and what else broadcasts."""
    for _ in range(24):
        seeds, channels = (int(size) for size in rng.integers(1, 6, 2))
        sides = [int(size) for size in rng.integers(1, 60, int(rng.integers(1, 3)))]
        wide = (seeds, channels, *sides)
        ones = (1,) * len(sides)
        for x_shape, gate_shape in (
            (wide, (seeds, channels, *ones)),
            ((1, channels, *sides), (1, channels, *ones)),
            ((1, *sides), (channels, *ones)),
            (wide, wide),
            ((seeds, channels, *ones), wide),
        ):
            gy, x, gate, share = (
                rng.standard_normal(shape).astype(np.float32)
                for shape in (wide, x_shape, gate_shape, gate_shape)
            )
            alpha = float(rng.choice([1.0, 1.702, -0.5]))
            yield "GatedSiluGrad", {"gy": gy, "x": x, "gate": gate, "share": share}, {"alpha": alpha}
            scale = np.sqrt(np.prod(sides))
            yield "ChannelSums", {"gy": gy, "x": (x / scale).astype(np.float32)}, {}


def depthwise(rng: np.random.Generator) -> Iterator[Draw]:
    """Draw filters of any size, stride and padding, over narrow maps and ones that take several turns."""
    for _ in range(60):
        kernel = [int(size) for size in rng.integers(1, 6, 2)]
        strides = [int(size) for size in rng.integers(1, 5, 2)]
        begins = [int(rng.integers(0, wide)) for wide in kernel]
        places = [int(size) for size in rng.integers(1, 30, 2)]
        reach = [p * s + k - b for p, s, k, b in zip(places, strides, kernel, begins, strict=True)]
        sizes = [
            int(rng.integers(max(1, most - 2 * wide), most)) for most, wide in zip(reach, kernel, strict=True)
        ]
        channels = int(rng.integers(1, 4))
        # What a filter sums up: of numbers about 1, so that a sum is about its longest part.
        yield (
            "DepthwiseConvTranspose",
            {
                "gy": rng.standard_normal((int(rng.integers(1, 4)), channels, *places)).astype(np.float32),
                "w": (rng.standard_normal((channels, 1, *kernel)) / 5).astype(np.float32),
            },
            {"strides": strides, "begins": begins, "sizes": sizes},
        )


def dense(rng: np.random.Generator) -> Iterator[Draw]:
    """Draw filters of few and of more channels, over maps of one band and of several, cut off and padded."""
    for case in range(60):
        given, made = int(rng.integers(1, 40)), int(rng.choice([1, 2, 3, 4, 5, 7, 11]))
        kernel = [int(size) for size in rng.integers(1, 8, 2)]
        strides = [int(size) for size in rng.integers(1, 5, 2)]
        begins = [int(rng.integers(0, wide)) for wide in kernel]
        places = [int(size) for size in rng.integers(1, 20, 2)]
        if case % 10 == 0:
            given, kernel, strides, begins, places = 64, [3, 3], [2, 1], [1, 0], [70, 40]
        left = [(p - 1) * s + k - b for p, s, k, b in zip(places, strides, kernel, begins, strict=True)]
        ends = [
            int(rng.integers(1 - stride, min(wide, size)))
            for stride, wide, size in zip(strides, kernel, left, strict=True)
        ]
        # What comes out sums up many products: of numbers about 1, so that a sum is about its longest part.
        scale = np.sqrt(given * np.prod(kernel))
        yield (
            "DenseConvTranspose",
            {
                "gy": rng.standard_normal((int(rng.integers(1, 4)), given, *places)).astype(np.float32),
                "w": (rng.standard_normal((given, made, *kernel)) / scale).astype(np.float32),
            },
            {"strides": strides, "begins": begins, "ends": ends},
        )


def expected(op_type: str, inputs: dict[str, np.ndarray], attributes: dict[str, Any]) -> np.ndarray:
    """Return what the operator gives."""
    return ORACLES[op_type](*inputs.values(), **attributes)
