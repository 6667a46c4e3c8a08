"""What a case is, and what all cases are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from tests.support.toys import toy_image, toy_photo

PHOTO = toy_photo()
FLOATS = toy_image()


def jpeg(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, format="JPEG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Case:
    """`ask(model, targets)` gives the same, whether `model` is here or there; `targets` has Class, Unit, …."""

    rpc: str
    ask: Callable[[Any, Any], Any]
