"""What judges the rules of operators on codes: dequantized twins, and derivatives by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from tests.grad.cases_quantized import QuantizedCase
from tests.support.numeric import to_float64, vjp
from tests.support.sessions import plain_session
from tests.support.twins import affine_twin, all_tensors


def tensors(case: QuantizedCase, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return every tensor of the deployed model."""
    return all_tensors(case.model, x)


def gradient(
    case: QuantizedCase,
    x: np.ndarray,
    seed: np.ndarray,
    *,
    policy: str = "gradient",
    dtype: ir.DataType = ir.DataType.FLOAT,
) -> np.ndarray:
    """Return the gradient of y, seeded with `seed`, at the image x."""
    values, proto = tensors(case, x), case.model
    if dtype == ir.DataType.DOUBLE:
        values = {name: a.astype(np.float64) if a.dtype == np.float32 else a for name, a in values.items()}
        seed, proto = seed.astype(np.float64), to_float64(proto)
    return vjp(proto, {"x": x}, wrt="x", source="y", seed=seed, values=values, policy=policy, dtype=dtype)


def slope_error(case: QuantizedCase, rng: np.random.Generator) -> float:
    """Return how far ⟨gradient, d⟩ is from the twin's difference along d, relative to the gradient's size."""
    x = case.image(rng)
    session = plain_session(affine_twin(case.model, x))
    seed = rng.standard_normal(tensors(case, x)["y"].shape).astype(np.float32)
    direction = rng.standard_normal(case.shape).astype(np.float32)
    found = gradient(case, x, seed)
    ends = [session.run(None, {"x": end})[0].astype(np.float64) for end in (x + direction, x - direction)]
    slope = np.sum(seed * (ends[0] - ends[1])) / 2
    return abs(np.sum(found * direction, dtype=np.float64) - slope) / np.linalg.norm(found)


def softmax_slope(x: np.ndarray, y: np.ndarray, g: np.ndarray) -> np.ndarray:
    return y * (g - (g * y).sum(axis=-1, keepdims=True))


SLOPES: dict[str, Callable[..., np.ndarray]] = {
    "Sigmoid": lambda x, y, g: g * y * (1 - y),
    "Softmax": softmax_slope,
    "LeakyRelu": lambda x, y, g: g * np.where(x > 0, 1, 0.25),
    "Mul": lambda x, y, g: 2 * g * x,
    "MatMul": lambda x, y, g: (g + g.T) @ x,
}
"""By operator: gx at the dequantized x and y, by hand."""


def curve_error(case: QuantizedCase, rng: np.random.Generator) -> float:
    """Return how far the gradient is from the derivative by hand, at its worst place."""
    x = rng.uniform(-1.5, 1.5, case.shape).astype(np.float32)
    values = tensors(case, x)
    seed = rng.standard_normal(values["y"].shape).astype(np.float32)
    real = (values["q"].astype(np.float64) - 120) * np.float32(0.05)
    inside = (values["qy"] > 0) & (values["qy"] < 255)
    expected = SLOPES[case.name](real, values["y"].astype(np.float64), seed * inside)
    return float(np.abs(gradient(case, x, seed) - expected).max())
