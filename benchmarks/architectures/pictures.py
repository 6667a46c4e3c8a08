"""Random pictures with structure at all scales; in the peer's environment."""

from __future__ import annotations

import torch
from torch.nn import functional


def pictures(count: int, *, side: int, seed: int) -> torch.Tensor:
    """Return (count, 3, side, side): noise of as much variance at every octave, as natural images have.

    White noise looks alike from afar: batch normalization would take away what all images share and blow up the little
    that is left, and rounding with it.
    """
    generator = torch.Generator().manual_seed(seed)
    octaves = []
    size = 1
    while size < side:
        octaves.append(torch.randn(count, 3, size, size, generator=generator))
        size *= 2
    octaves.append(torch.randn(count, 3, side, side, generator=generator))
    spread = [functional.interpolate(each, (side, side), mode="bilinear") for each in octaves]
    return torch.stack(spread).sum(0) / len(spread) ** 0.5
