"""What calls are given beside what is tried in them: all that they need, and what keeps them short."""

from __future__ import annotations

from typing import Any

import numpy as np

from inspector.types.requests.base import REQUESTS, takes_images

FLOATS = np.random.default_rng(0).random((1, 3, 16, 16), np.float32)

FEW = {"masks": 4, "samples": 2, "steps": 2, "cells": 3}
"""What makes methods short, where it is not itself what is tried."""

_NEEDED: dict[str, dict[str, Any]] = {
    "accentuate": {"steps": 1},
    "activations": {"layers": ["relu1"]},
    "correspondence": {"images": 2, "boxes": np.tile([2.0, 2.0, 6.0, 6.0], (1, 2, 1)), "random": 1},
    "dream": {"steps": 1, "octaves": 1},
    "evolution": {"models": ["no-such-checkpoint.onnx"], "layers": ["relu1"]},
    "figure": {"figure": "top"},
    "invariance": {"layers": ["relu1"]},
    "invert": {"layers": ["relu1"], "steps": 1},
    "judge": {"removals": 2, "perturbations": 2, "neighbors": 2, "randomizations": 1},
    "occlude": {"size": 8},
    "occlusion": {"size": 8},
    "patch": {"images": 2},
    "probe": {"images": 4, "classes": ["a", "a", "b", "b"], "layers": ["relu1"], "folds": 2},
    "synthesize": {"target": 0, "steps": 1},
}
"""By verb; `images` is how many it needs."""


def needed(verb: str, image: np.ndarray) -> dict[str, Any]:
    """Return what a verb needs to answer, or what keeps it short; `image` (1, 3, 16, 16) is what it is asked about."""
    request = REQUESTS.get(verb)
    assert request is not None
    given = dict(_NEEDED.get(verb, {}))
    if takes_images(request):
        given["images"] = np.repeat(image, given.get("images", 1), axis=0)
    return given
