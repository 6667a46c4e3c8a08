"""A program: compares the kernels with NumPy in a process of its own, for the instructions that are asked for there.

It prints "level cases largest-error".
"""

from __future__ import annotations

import sys

import inspector_kernels
import numpy as np

from inspector.runtime.kernels import Kernels
from tests.kernels.draws import dense, depthwise, expected, gates, poolings, rectifiers
from tests.support.kernels import kernel, session_with_kernels

_TOLERANCE = 2e-6


def main(seed: int) -> None:
    """Judge random uses."""
    rng = np.random.default_rng(seed)
    largest, cases = 0.0, 0
    drawn = [*rectifiers(rng), *poolings(rng), *depthwise(rng), *dense(rng), *gates(rng)]
    for op_type, inputs, attributes in drawn:
        session = session_with_kernels(
            kernel(op_type, list(inputs), **attributes), threads=int(rng.integers(1, 3))
        )
        (found,) = session.run(None, inputs)
        right = expected(op_type, inputs, attributes)
        assert (found.shape, found.dtype) == (right.shape, right.dtype), (op_type, attributes)
        # Of the gradient that came in: what comes out can be nearly nothing, where two numbers cancel.
        came = inputs.get("gy", np.ones(1, np.float32))
        apart = np.abs(found.astype(np.float64) - right).max(initial=0)
        error = float(apart / max(np.abs(came).max(initial=0), 1e-30))
        assert error < _TOLERANCE, (op_type, attributes, [one.shape for one in inputs.values()], error)
        largest, cases = max(largest, error), cases + 1
    level = Kernels(inspector_kernels.LIBRARY, version="").level
    sys.stdout.write(f"{level} {cases} {largest}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
