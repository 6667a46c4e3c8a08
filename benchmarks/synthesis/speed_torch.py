"""Synthesis steps per second of PyTorch, on the same objective; runs in the judges' environment: prints JSON."""

from __future__ import annotations

import json
import math
import os
import sys
import time

import numpy as np
import torch

from benchmarks.synthesis.export import build
from benchmarks.synthesis.models import SIDE

WARM, STEPS = 3, 20
CLASS = 130
COLORS = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
MEAN, STD = (
    torch.tensor(values).reshape(1, 3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
)


def main() -> None:
    """Measure the networks that are named."""
    torch.set_num_threads(int(os.environ.get("INSPECTOR_THREADS", "0")) or len(os.sched_getaffinity(0)))
    print(json.dumps({name: measured(name) for name in sys.argv[1:]}))


def measured(name: str) -> dict[str, float]:
    """Return steps per second."""
    network = build(name).eval()
    for weight in network.parameters():
        weight.requires_grad_(requires_grad=False)
    generator = np.random.default_rng(0)
    z = torch.tensor(generator.normal(0, 0.01, (1, 3, SIDE, SIDE // 2 + 1, 2)), dtype=torch.float32)
    z.requires_grad_()
    f = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    scale = torch.tensor(SIDE / np.maximum(f, 1 / SIDE) / 4, dtype=torch.float32)
    colors = COLORS / COLORS.norm(dim=0).max()
    optimizer = torch.optim.Adam([z], lr=0.05)
    ends = []
    for _ in range(WARM + STEPS):
        optimizer.zero_grad()
        raw = torch.fft.irfft2(torch.view_as_complex(z) * scale, s=(SIDE, SIDE))
        picture = torch.sigmoid(torch.einsum("dc,nchw->ndhw", colors, raw))
        seen = torch.nn.functional.grid_sample(
            picture - 0.5, grid(generator), mode="bilinear", padding_mode="zeros", align_corners=False
        )
        loss = -network((seen + 0.5 - MEAN) / STD)[0, CLASS]
        loss.backward()
        optimizer.step()
        ends.append((time.perf_counter(), time.process_time()))
    took = np.diff(ends, axis=0)[WARM:]
    return {
        "steps_per_second": float(1 / np.median(took[:, 0])),
        "cpu_seconds_per_step": float(np.median(took[:, 1])),
    }


def grid(generator: np.random.Generator) -> torch.Tensor:
    """Return where a view moved by up to 12 pixels, scaled by 10 % and turned by 10° reads: how far costs nothing."""
    zoom = 1 + generator.uniform(-0.1, 0.1)
    angle = math.radians(generator.uniform(-10, 10))
    shift = 2 * generator.integers(-12, 13, 2) / SIDE
    place = [
        [math.cos(angle) / zoom, -math.sin(angle) / zoom, shift[0]],
        [math.sin(angle) / zoom, math.cos(angle) / zoom, shift[1]],
    ]
    theta = torch.tensor([place], dtype=torch.float32)
    return torch.nn.functional.affine_grid(theta, [1, 3, SIDE, SIDE], align_corners=False)


if __name__ == "__main__":
    main()
