"""Real values of codes, to the bit those that exact arithmetic rounds to."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.model.dequantize import Array, dequantize


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32])
@pytest.mark.parametrize("scales", [np.float16, np.float32])
@pytest.mark.parametrize("has_zero", [False, True])
def test_the_product_alone_is_rounded(kind: type, scales: type, has_zero: bool) -> None:
    random, ends = np.random.default_rng(0), np.iinfo(kind)
    codes = random.integers(ends.min, ends.max, (8, 500), dtype=kind, endpoint=True)
    zero = random.integers(ends.min, ends.max, 8, dtype=kind, endpoint=True) if has_zero else None
    scale: Array = (10.0 ** random.uniform(-7, 0, 8)).astype(scales)
    scale[0] = np.finfo(scales).smallest_subnormal
    with np.errstate(over="ignore"):
        found = dequantize(codes, scale, zero, axis=0)
        centered = codes.astype(np.float64) - (0 if zero is None else zero[:, None].astype(np.float64))
        expected: Array = (centered * scale[:, None].astype(np.float64)).astype(scales)
    assert found.dtype == scales
    assert np.array_equal(found, expected)
