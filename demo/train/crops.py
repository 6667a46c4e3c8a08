"""Labeled crops of the photographs: cut once with Pillow, varied anew for every batch with PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from demo.train.network import INPUT_SIZE
from demo.train.photographs import PHOTOGRAPHS, Box, Photograph

CUT_SIZE = 104
"""Side of a stored training crop; each batch takes a random `INPUT_SIZE` window of it."""

SMALLEST_WINDOW = 0.2
LARGEST_WINDOW = 0.80
"""Range of the side of a cut window, as part of the photograph's short side."""

MAX_ROTATION = math.radians(15)


@dataclass(frozen=True)
class Crops:
    """`pixels` uint8 [n, 3, side, side] in RGB, `labels` int64 [n]: index into `PHOTOGRAPHS`."""

    pixels: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


def cut_training_crops(folder: Path, *, per_class: int, rng: np.random.Generator) -> Crops:
    """Cut `per_class` turned and scaled windows of side `CUT_SIZE` from around each held-out corner."""

    def cut(photograph: Photograph, image: Image.Image) -> NDArray[np.uint8]:
        boxes = photograph.training_boxes(image.size)
        box = boxes[rng.integers(len(boxes))]
        return _cut(image, box, side=CUT_SIZE, angle=rng.uniform(-MAX_ROTATION, MAX_ROTATION), rng=rng)

    return _cut_all(folder, cut, per_class=per_class, side=CUT_SIZE)


def cut_validation_crops(folder: Path, *, per_class: int, rng: np.random.Generator) -> Crops:
    """Cut `per_class` upright windows of side `INPUT_SIZE` from each photograph's held-out corner."""

    def cut(photograph: Photograph, image: Image.Image) -> NDArray[np.uint8]:
        return _cut(image, photograph.validation_box(image.size), side=INPUT_SIZE, angle=0.0, rng=rng)

    return _cut_all(folder, cut, per_class=per_class, side=INPUT_SIZE)


def _cut_all(
    folder: Path, cut: Callable[[Photograph, Image.Image], NDArray[np.uint8]], *, per_class: int, side: int
) -> Crops:
    pixels = np.empty((len(PHOTOGRAPHS) * per_class, 3, side, side), np.uint8)
    for label, photograph in enumerate(PHOTOGRAPHS):
        image = photograph.load(folder)
        for index in range(label * per_class, (label + 1) * per_class):
            pixels[index] = cut(photograph, image).transpose(2, 0, 1)
    labels = torch.arange(len(PHOTOGRAPHS)).repeat_interleave(per_class)
    return Crops(torch.from_numpy(pixels), labels)


def _cut(
    image: Image.Image, box: Box, *, side: int, angle: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Cut one window; the square that encloses it once turned lies inside `box`, so no corner is invented."""
    left, upper, right, lower = box
    short = min(image.size)
    growth = abs(math.cos(angle)) + abs(math.sin(angle))
    largest = min(LARGEST_WINDOW * short, min(right - left, lower - upper) / growth)
    window = math.exp(rng.uniform(math.log(SMALLEST_WINDOW * short), math.log(largest)))
    enclosing = window * growth
    x = rng.uniform(left, right - enclosing)
    y = rng.uniform(upper, lower - enclosing)
    canvas = math.ceil(side * growth)
    around = (x, y, x + enclosing, y + enclosing)
    square = image.resize((canvas, canvas), Image.Resampling.BILINEAR, box=around, reducing_gap=2.0)
    turned = square.rotate(math.degrees(angle), Image.Resampling.BICUBIC)
    margin = (canvas - side) // 2
    return np.asarray(turned.crop((margin, margin, margin + side, margin + side)))


def channel_statistics(pixels: torch.Tensor) -> tuple[list[float], list[float]]:
    """Mean and standard deviation per channel of uint8 `pixels` [n, 3, h, w] as parts of 1, to 3 digits."""
    scaled = pixels[::7].float().div(255)
    mean = scaled.mean(dim=(0, 2, 3)).tolist()
    std = scaled.std(dim=(0, 2, 3)).tolist()
    return [round(value, 3) for value in mean], [round(value, 3) for value in std]


def augment(pixels: torch.Tensor, *, generator: torch.Generator) -> torch.Tensor:
    """Shift, mirror and recolor uint8 crops of side `CUT_SIZE` into floats in [0, 1] of side `INPUT_SIZE`.

    Mirroring and color are drawn per crop, the shift per batch. Saturation reaches down to gray, so that
    color alone never tells the photographs apart.
    """
    count = len(pixels)
    y, x = torch.randint(CUT_SIZE - INPUT_SIZE + 1, (2,), generator=generator).tolist()
    batch = pixels[:, :, y : y + INPUT_SIZE, x : x + INPUT_SIZE].float().div_(255)
    mirrored = torch.rand(count, generator=generator) < 0.5
    batch[mirrored] = batch[mirrored].flip(-1)

    def draw(low: float, high: float, *shape: int) -> torch.Tensor:
        return torch.empty(count, *shape).uniform_(low, high, generator=generator)

    gray = batch.mean(dim=1, keepdim=True)
    saturation = draw(-0.1, 1.3, 1, 1, 1).clamp_(min=0)
    batch = gray + saturation * (batch - gray)
    middle = batch.mean(dim=(1, 2, 3), keepdim=True)
    contrast = draw(0.75, 1.25, 1, 1, 1)
    brightness = draw(-0.06, 0.06, 1, 1, 1) + draw(-0.02, 0.02, 3, 1, 1)
    return (middle + contrast * (batch - middle) + brightness).clamp_(0, 1)
