"""Reads a model and runs it once, in a process of its own: what crashes here crashes nobody.

python -m inspector.service.probe PATH --memory BYTES --seconds N

Prints one JSON object: {"error": null}, or the error's kind, message, reason and field.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from typing import Any

import numpy as np

from inspector.errors import EngineError, InspectorError, LimitExceededError
from inspector.face.load import load
from inspector.face.model import Model
from inspector.service.failure import failure_to_json
from inspector.types.layouts import of_one

OPEN_SIZE = 224
"""Pixels of a side that the model leaves open."""
OPEN_LENGTH = 4096
"""Samples of a signal whose length the model leaves open."""


def main() -> None:
    """Look at the model that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--memory", type=int, required=True, help="bytes of address space")
    parser.add_argument("--seconds", type=int, required=True, help="of a processor's time, per processor")
    arguments = parser.parse_args()
    _limit(arguments.memory, arguments.seconds)
    sys.stdout.write(json.dumps({"error": _examine(arguments.path)}))


def _limit(memory: int, seconds: int) -> None:
    """Bound what this process may use; it writes no file at all."""
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds * (os.cpu_count() or 1)),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _examine(path: str) -> dict[str, Any] | None:
    try:
        with load(path, device="cpu") as model:
            _run_once(model)
    except InspectorError as error:
        return failure_to_json(_too_large() if _ran_out_of_memory(error) else error)
    except MemoryError:
        return failure_to_json(_too_large())
    return None


def _run_once(model: Model) -> None:
    """Compute the last layer for a black image; a size that the model leaves open may be one that it cannot take."""
    image, layers = model.info.input, model.layers()
    if not image.space or not layers:
        return
    sizes = {"C": image.channels or 3, "L": OPEN_LENGTH}
    shape = [
        size if isinstance(size, int) else sizes.get(letter, OPEN_SIZE)
        for size, letter in zip(image.image_shape, of_one(image.layout), strict=True)
    ]
    black = np.zeros((1, *shape), dtype=np.dtype(image.dtype))
    try:
        model.activations(black, layers=[layers[-1].name])
    except EngineError as error:
        if all(isinstance(size, int) for size in image.space) or _ran_out_of_memory(error):
            raise


def _ran_out_of_memory(error: InspectorError) -> bool:
    return "bad_alloc" in error.message or "allocat" in error.message


def _too_large() -> LimitExceededError:
    return LimitExceededError(
        "The model takes more memory than this server lends to a new one.",
        reason="MODEL_TOO_LARGE",
        field="model",
    )


if __name__ == "__main__":
    main()
