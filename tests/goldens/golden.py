"""The files of golden maps: what PyTorch and Captum answered, readable without either of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

MAX_POSITIONS = 4096
"""Larger maps are kept as this many positions, drawn once per model, beside their sum and largest magnitude."""


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """How the stored pixels (RGB, 0..255) become the network's input: (value * scale - mean) / std."""

    order: str
    """Channels of the input: "RGB" or "BGR". `mean` and `std` are in this order."""
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Turn uint8 (H, W, 3) into float32 (1, 3, H, W)."""
        channels = image if self.order == "RGB" else image[:, :, ::-1]
        scaled = (channels * self.scale - np.array(self.mean)) / np.array(self.std)
        return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class GoldenMap:
    """One attribution map with respect to the input, computed in float64 with a seed of 1 at the target."""

    method: str
    """Our name for it: "saliency", "deconvnet" or "guided"."""
    image: int
    layer: str | None
    """The ONNX tensor of a hidden unit; None for a class."""
    channel: int
    """The class's index, or the unit's channel."""
    position: tuple[int, ...]
    value: float
    """The class's score before a final Softmax, or the unit's activation."""
    total: float
    largest: float
    """The largest magnitude in the whole map."""
    rounding_gap: float
    """How far rounding alone moves PyTorch's own answer, as a part of `largest` (see make_goldens.py)."""

    @property
    def id(self) -> str:
        """A name for test reports."""
        target = f"class{self.channel}" if self.layer is None else f"{self.layer}[{self.channel}]"
        return f"{self.method}-image{self.image}-{target}"


@dataclass(frozen=True, kw_only=True)
class Golden:
    """All golden maps of one model."""

    made_with: Mapping[str, str]
    sha256: str
    """Of the ONNX file whose weights PyTorch had."""
    pixels: Pixels
    images: Sequence[np.ndarray]
    """uint8 (H, W, 3), RGB, exactly as they were used."""
    positions: np.ndarray
    """Flat indices into a map (3, H, W) of the values that are kept."""
    maps: Sequence[GoldenMap]
    values: np.ndarray
    """float32 (maps, positions)."""

    def input(self, index: int) -> np.ndarray:
        """Return one image as the network's input, float32 (1, 3, H, W)."""
        return self.pixels.apply(self.images[index])

    def save(self, path: Path) -> None:
        """Write everything to one .npz file."""
        about = {
            "made_with": dict(self.made_with),
            "sha256": self.sha256,
            "pixels": asdict(self.pixels),
            "maps": [asdict(each) for each in self.maps],
        }
        np.savez_compressed(
            path,
            about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
            images=np.stack(self.images),
            positions=self.positions.astype(np.int32),
            values=self.values.astype(np.float32),
        )

    @classmethod
    def load(cls, path: Path) -> Golden:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            images, positions, values = list(file["images"]), file["positions"], file["values"]
        pixels = about["pixels"]
        return cls(
            made_with=about["made_with"],
            sha256=about["sha256"],
            pixels=Pixels(
                order=pixels["order"],
                scale=pixels["scale"],
                mean=tuple(pixels["mean"]),
                std=tuple(pixels["std"]),
            ),
            images=images,
            positions=positions,
            maps=[GoldenMap(**{**each, "position": tuple(each["position"])}) for each in about["maps"]],
            values=values,
        )
