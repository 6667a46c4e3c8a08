"""Prediction: which classes do images show?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.predictions import Predictions


@verb("predict")
@dataclass(frozen=True, kw_only=True, eq=False)
class PredictRequest(ImagesRequest[Predictions]):
    """Give the most probable classes of images."""

    is_per_image: ClassVar[bool] = True

    top: int = option(5, help="How many classes per image.", short="k")
