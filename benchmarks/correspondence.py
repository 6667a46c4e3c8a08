"""Table 1 of Zeiler & Fergus on five frontal dogs: does a network hold their eyes and noses for the same?

`python -m benchmarks.correspondence ZOO [--extra FOLDER]` prints tables in Markdown. The parts are marked by hand, in
pixels of the photographs; the heads are cut out, so that all are of about one size. FOLDER is that of foolbox's images.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import inspector
from inspector.types.results.figure import Figure
from inspector.types.results.table import Table

SIDE = 224
BOX = 0.18
"""The side of a mask, as a share of the head's."""
PARTS = ("right eye", "left eye", "nose")
DRAWS = 40
Point = tuple[float, float]


@dataclass(frozen=True)
class Dog:
    """A frontal dog: its head, and the middles of its parts, in pixels of its photograph (x, y)."""

    file: str
    corner: Point
    side: float
    """Of the square head."""
    points: tuple[Point, Point, Point]
    """The right eye, which is on the left of the picture, the left eye, and the nose."""

    def head(self, folder: Path) -> np.ndarray:
        """Return the head, uint8 (224, 224, 3)."""
        left, top = self.corner
        with Image.open(folder / self.file) as photo:
            box = (left, top, left + self.side, top + self.side)
            cut = photo.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)
            return np.asarray(cut)

    def boxes(self) -> np.ndarray:
        """Return boxes (parts, 4) in pixels of the head."""
        scale, half = SIDE / self.side, BOX * SIDE / 2
        found = [((y - self.corner[1]) * scale, (x - self.corner[0]) * scale) for x, y in self.points]
        return np.array([(y - half, x - half, y + half, x + half) for y, x in found]).round()


DOGS = (
    Dog("dog_torchserve.jpg", (100, 0), 480, ((269, 225), (409, 210), (353, 300))),
    Dog("dog_winml.jpg", (180, 80), 440, ((339, 276), (459, 276), (400, 363))),
    Dog("both_dog_cat_gradcam.png", (70, 0), 100, ((92.3, 33.5), (116, 34.4), (102.6, 34.4))),
    Dog("dog_samoyed_pytorchhub.jpg", (180, 80), 500, ((336, 205), (417, 254), (292, 252))),
    Dog("dogs_gradcam.png", (124, 122), 66, ((149.4, 158.6), (164.3, 158.6), (157.1, 174))),
)
MASTIFF = Dog("imagenet_00_243.jpg", (100, 140), 230, ((193.6, 239.3), (267.5, 237), (248, 297)))
"""Of the wheel foolbox 3.3.4 on PyPI; sharper than the last of the five."""

MODELS = {
    "MobileNetV2": ("derived_mobilenetv2_fp32_op15.onnx", "imagenet"),
    "SqueezeNet 1.0": ("derived_squeezenet1.0_fp32.onnx", "caffe"),
}


def compare(
    model: Path, preprocessing: str, dogs: tuple[Dog, ...], folders: list[Path], layers: list[str]
) -> Figure:
    """Return the correspondence of the parts of some dogs."""
    heads = [dog.head(next(one for one in folders if (one / dog.file).is_file())) for dog in dogs]
    boxes = np.stack([dog.boxes() for dog in dogs], axis=1)
    with inspector.load(model, device="cpu", preprocessing=preprocessing) as ours:
        return ours.correspondence(heads, boxes=boxes, parts=PARTS, layers=layers, random=DRAWS)


def usual(model: Path) -> list[str]:
    """Return the rectified layers of a network, spread over its depth, the mean over space, and the scores."""
    with inspector.load(model, device="cpu") as ours:
        rectified = [one.layer for one in ours.rectifiers()]
        last = [one.name for one in ours.layers() if one.op_type in ("Gemm", "GlobalAveragePool")]
    places = np.unique(np.linspace(0, len(rectified) - 1, 7).round().astype(int))
    return [*(rectified[place] for place in places), *last]


def tables(zoo: Path, extra: Path | None) -> str:
    """Return a table per network and set of dogs, in Markdown."""
    folders = [zoo / "images", *([extra] if extra else [])]
    sets = {"five of the zoo": DOGS}
    if extra is not None:
        sets["four of the zoo and foolbox's mastiff"] = (*DOGS[:4], MASTIFF)
    lines = []
    for name, (file, preprocessing) in MODELS.items():
        model = zoo / "models" / file
        layers = usual(model)
        for what, dogs in sets.items():
            found = compare(model, preprocessing, dogs, folders, layers)
            below = shares(found)
            lines += [
                f"**{name}**, {what}",
                "",
                "| layer | " + " | ".join((*PARTS, "random", "below")) + " |",
            ]
            lines.append("| --- |" + " ---: |" * (len(PARTS) + 2))
            rows = [row.cells for row in table_of(found, "Table 1").rows]
            for layer in layers:
                cells = [f"{row[2]:.3f} ± {row[3]:.3f}" for row in rows if row[0] == layer]
                lines.append(f"| `{layer}` | {' | '.join(cells)} | {below[layer]} |")
            lines.append("")
    return "\n".join(lines)


def shares(found: Figure) -> dict[str, str]:
    """Return by layer how many random draws lie above each part."""
    shares: dict[str, list[str]] = {}
    for row in table_of(found, "random boxes").rows:
        shares.setdefault(str(row.cells[1]), []).append(f"{1 - float(str(row.cells[-1])):.0%}")
    return {layer: ", ".join(values) for layer, values in shares.items()}


def table_of(found: Figure, title: str) -> Table:
    """Return one of a figure's tables."""
    table = found[title]
    assert isinstance(table, Table)
    return table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zoo", type=Path)
    parser.add_argument("--extra", type=Path, help="a folder with foolbox's imagenet_00_243.jpg")
    given = parser.parse_args()
    print(tables(given.zoo, given.extra))


if __name__ == "__main__":
    main()
