"""What excites channels of trained models, on photographs; and of the same models with their weights shuffled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import inspector
from inspector.types.results.images import Examples
from tests.support.zoo import Zoo

pytestmark = pytest.mark.slow

SQUEEZENET = {
    "color": "BGR", "scale": 1.0, "mean": [103.939, 116.779, 123.68], "std": [1, 1, 1], "resize": "short_side",
}  # fmt: skip
LAYER, SIDE = "fire5/concat_1", 224
DEMO = Path(__file__).parents[2] / "demo" / "photos"
FACES = (
    "astronaut", "both_dog_cat", "cat", "dog", "faces", "kitten", "person", "wolves", "swan", "elephant", "zebra",
)  # fmt: skip


def photographs(zoo: Zoo) -> list[Path]:
    found = sorted(path for path in (zoo.root / "images").iterdir() if not path.stem.startswith("mnist"))
    return [*found, *sorted(DEMO.glob("*.jpg"))]


def shuffled(path: Path) -> bytes:
    """Return a model each of whose weights stands at another place of its tensor."""
    proto, rng = onnx.load(path), np.random.default_rng(0)
    for one in proto.graph.initializer:
        values = numpy_helper.to_array(one)
        if values.ndim > 1:
            moved = rng.permutation(values.reshape(-1)).reshape(values.shape)
            one.CopyFrom(numpy_helper.from_array(moved, one.name))
    return proto.SerializeToString()


def at_the_edge(found: Examples) -> float:
    """Return the share of examples whose window reaches over the image's edge, of channels that fire."""
    rows = [row for row in found.rows if row.examples]
    return float(
        np.mean([min(one.window) < 0 or max(one.window) > SIDE for row in rows for one in row.examples])
    )


def test_a_trained_channel_has_a_subject_and_a_shuffled_one_sees_edges(zoo: Zoo) -> None:
    path, images = zoo.model("derived_squeezenet1.0_fp32"), photographs(zoo)
    shares = []
    for source in (path, shuffled(path)):
        with inspector.load(source, device="cpu", preprocessing=SQUEEZENET) as model:
            shares.append(
                at_the_edge(model.top(images, layer=LAYER, channels=range(0, 256, 2), projections=False))
            )
    assert shares[0] < 0.5 < shares[1]
    with inspector.load(path, device="cpu", preprocessing=SQUEEZENET) as model:
        (row,) = model.top(images, layer=LAYER, channels=171).rows
    names = [images[int(one.image)].stem for one in row.examples]
    assert sum(name.startswith(FACES) for name in names) >= 8
    for one in row.examples:  # what is projected lies in the middle of what is seen: on the face
        assert one.projection is not None
        magnitude = np.abs(one.projection.astype(float) - 127.5).max(axis=2)
        magnitude[(one.pixels == 224).all(axis=2)] = 0
        rows, columns = np.indices(magnitude.shape)
        middle = (np.average(rows, weights=magnitude), np.average(columns, weights=magnitude))
        assert all(0.3 < place / size < 0.7 for place, size in zip(middle, magnitude.shape, strict=True))


def test_guided_projections_of_the_last_layer_lie_on_the_animal(zoo: Zoo) -> None:
    """MobileNetV2 has no switches: its deconvnet does not depend on the image, guided backpropagation does."""
    images = [
        zoo.image(name) for name in ("dog_samoyed_pytorchhub.jpg", "elephant_captum.jpg", "fish_winml.png")
    ]
    layer = "/features/features.18/features.18.2/Clip"
    with inspector.load(
        zoo.model("derived_mobilenetv2_fp32_op15"), device="cpu", preprocessing="imagenet"
    ) as model:
        guided = model.top(images, layer=layer, channels=878, method="guided").rows[0].examples
    boxes = {"1": (60, 50, 190, 190), "2": (70, 10, 160, 215)}  # top, left, bottom, right
    for one in guided:
        if one.image in boxes and one.projection is not None:
            top, left, bottom, right = boxes[one.image]
            energy = np.abs(one.projection.astype(float) - 127.5).max(axis=2) ** 2
            area = (bottom - top) * (right - left) / energy.size
            assert energy[top:bottom, left:right].sum() / energy.sum() > 1.4 * area
