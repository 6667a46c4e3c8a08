"""Judge methods of attribution on photographs: `python -m benchmarks.judging MODEL.onnx`, from the repository's root.

The photographs, and the models that are worth it, are those of a zoo (INSPECTOR_ZOO, or shared/zoo beside the
repository). The boxes were drawn by hand around what the network names, in pixels of its 224 × 224 input. Prints the
table of docs/judging.md; about five minutes on two cores for MobileNetV2.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import inspector

ROOT = Path(__file__).resolve().parents[1]

BOXES = {
    "dog_winml.jpg": (34, 42, 206, 147),
    "dog_torchserve.jpg": (20, 0, 224, 214),
    "dog_samoyed_pytorchhub.jpg": (8, 2, 206, 224),
    "cat_tfexplain.jpg": (36, 12, 224, 148),
    "kitten_224_winml.png": (16, 38, 210, 214),
    "kitten_torchserve.jpg": (24, 64, 206, 178),
    "elephant_captum.jpg": (50, 8, 186, 136),
    "fish_winml.png": (60, 4, 150, 206),
    "hummingbird_winml.jpg": (10, 8, 220, 162),
    "horse_cart_ort.jpg": (95, 0, 210, 200),
    "orange_nnstreamer.png": (50, 44, 204, 206),
    "swan_captum.jpg": (0, 86, 170, 172),
    "zebra_captum.jpg": (56, 0, 192, 224),
    "wolves_ort.jpg": (76, 0, 186, 210),
    "both_dog_cat_gradcam.png": (10, 74, 154, 160),
    "dogs_gradcam.png": (72, 10, 184, 210),
    "dog_cat_lucid.jpg": (36, 0, 194, 134),
}
"""By photograph: top, left, bottom, right of what the network names, bottom and right excluded."""

METHODS: Mapping[str, Mapping[str, Any]] = {
    "saliency": {},
    "gradcam": {},
    "guided": {},
    "deconvnet": {},
    "rise": {"masks": 300},
    "integrated_gradients": {"steps": 10},
    "lrp": {},
    "gradient_x_input": {},
    "smoothgrad": {"samples": 10},
}
REMOVALS, PERTURBATIONS = 16, 20
MEASURES = ("deletion", "insertion", "infidelity", "pointing", "randomization")
SHOWN = ("deletion", "insertion", "infidelity", "pointing game", "energy inside", "overlap", "randomization")


def main() -> None:
    """Print one row per method, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--preprocessing", default="imagenet")
    parser.add_argument("--methods", default=",".join(METHODS))
    options = parser.parse_args()
    zoo = Path(os.environ.get("INSPECTOR_ZOO", ROOT.parent / "shared" / "zoo"))
    model = inspector.load(options.model, preprocessing=options.preprocessing)
    images = [zoo / "images" / name for name in BOXES]
    boxes = [(index, *box) for index, box in enumerate(BOXES.values())]
    print("| | " + " | ".join(SHOWN) + " | seconds |")
    print("|---|" + "---:|" * (len(SHOWN) + 1))
    for method in options.methods.split(","):
        start = time.perf_counter()
        figure = model.judge(
            images,
            method=method,
            boxes=boxes,
            measures=MEASURES,
            removals=REMOVALS,
            perturbations=PERTURBATIONS,
            randomizations=1,
            **METHODS[method],
        )
        columns, rows = figure["measures"].table()
        found = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
        _print(method, found, kind="map", seconds=time.perf_counter() - start)
    for kind in ("random", "Gaussian"):
        _print(kind, found, kind=kind)


def _print(
    name: str, found: Mapping[Any, Mapping[str, Any]], *, kind: str, seconds: float | None = None
) -> None:
    cells = [f"{found[measure][kind]:.3f}" for measure in SHOWN]
    print(
        f"| {name} | " + " | ".join(cells) + f" | {'' if seconds is None else f'{seconds:.0f}'} |", flush=True
    )


if __name__ == "__main__":
    main()
