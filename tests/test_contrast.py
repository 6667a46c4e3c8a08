"""When a map is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.types.contrast import NOTHING, is_nothing


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("beside", [1.0, 0.0, -1e-3, 1e6, float("nan"), float("inf")])
def test_what_is_larger_than_nothing_either_way_is_something(dtype: str, beside: float) -> None:
    size = abs(beside) if np.isfinite(beside) and beside else 1.0
    for value in (0.0, 1e-14, NOTHING * min(1.0, size) * 1.01, 1e-7, 1.0, np.inf, np.nan):
        for sign in (1, -1):
            values = np.zeros((3, 4), dtype)
            values[1, 2] = sign * value
            wanted = float(np.abs(values).max()) <= NOTHING * min(1.0, size)
            assert is_nothing(values, beside=beside) is wanted, (value, sign)


def test_no_values_are_nothing() -> None:
    assert is_nothing(np.zeros((0, 4), np.float32)) is True
