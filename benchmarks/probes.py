"""Table 7 of Zeiler & Fergus in small: linear probes on each layer of networks of the zoo that read digits.

`python -m benchmarks.probes ZOO` prints tables in Markdown. The digits are scikit-learn's (8 × 8 pixels, enlarged),
which none of the networks was trained on; 30 of each, as in the paper.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

import inspector
from inspector.types.results.table import Table

PER_CLASS = 30
MODELS = {
    "mnist_8_ort": (
        "0..255",
        ("Convolution28", "ReLU32", "Pooling66", "Convolution110", "ReLU114", "Pooling160", "Plus214"),
    ),
    "mnist_cnn_netkit": (
        "0..1",
        (
            "sng_Conv_0",
            "sng_Relu_1",
            "sng_MaxPool_2",
            "sng_Conv_3",
            "sng_Relu_4",
            "sng_MaxPool_5",
            "sng_Relu_9",
        ),
    ),
}


def digits(seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    """Return pictures, uint8 (28, 28), and which digit each is."""
    data, rng = load_digits(), np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(data.target == one))[:PER_CLASS] for one in range(10)]
    images = []
    for index in np.concatenate(chosen):
        small = Image.fromarray((data.images[index] / 16 * 255).astype(np.uint8))
        images.append(np.pad(np.asarray(small.resize((20, 20), Image.Resampling.BICUBIC)), 4))
    return images, [str(one) for one in np.repeat(np.arange(10), PER_CLASS)]


def tables(zoo: Path) -> str:
    """Return a table per network."""
    images, classes = digits()
    lines = []
    for name, (preprocessing, layers) in MODELS.items():
        with inspector.load(
            zoo / "models" / f"{name}.onnx", device="cpu", preprocessing=preprocessing
        ) as model:
            own = [prediction.classes[0].index for prediction in model.predict(images)]
            right = np.mean([str(index) == one for index, one in zip(own, classes, strict=True)])
            found = model.probe(images, classes=classes, layers=layers)
        table = found["Table 7"]
        assert isinstance(table, Table)
        lines += [
            f"**{name}**, which itself names {right:.1%} right",
            "",
            "| layer | features | softmax | SVM | chance |",
        ]
        lines.append("| --- | ---: | ---: | ---: | ---: |")
        for row in table.rows:
            layer, size, *rest = row.cells
            softmax, spread, svm, svm_spread, chance = (float(str(one)) for one in rest)
            lines.append(
                f"| `{layer}` | {size} | {softmax:.1%} ± {spread:.1%} | {svm:.1%} ± {svm_spread:.1%} | {chance:.1%} |"
            )
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zoo", type=Path)
    print(tables(parser.parse_args().zoo))


if __name__ == "__main__":
    main()
