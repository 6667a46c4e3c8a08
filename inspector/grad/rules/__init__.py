"""The rules, one file per operator or family. Importing this package registers them all."""

from inspector.grad.rules import (
    activation,
    arithmetic,
    conv,
    declared,
    matmul,
    normalisation,
    pool,
    reduction,
    shape,
    softmax,
)

__all__ = [
    "activation",
    "arithmetic",
    "conv",
    "declared",
    "matmul",
    "normalisation",
    "pool",
    "reduction",
    "shape",
    "softmax",
]
