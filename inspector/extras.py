"""The engine is an extra of the package: say so where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

PACKAGE = __name__.partition(".")[0]
"""What is imported."""
DISTRIBUTION = "onnx-inspector"
"""What is installed: on package indexes the import's name belongs to another project."""


@contextmanager
def engine_required() -> Iterator[None]:
    """Around imports of the engine: ImportError names the extra to install where one of its packages is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"", PACKAGE}:  # no extra mends that
            raise
        raise ImportError(
            f"{missing!r} is not installed: models are loaded by the engine, which is an extra. pip install "
            f"'{DISTRIBUTION}[cpu]', or '{DISTRIBUTION}[gpu]' for CUDA. {PACKAGE}.client works without it.",
            name=missing,
        ) from error
