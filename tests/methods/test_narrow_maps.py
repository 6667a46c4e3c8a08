"""Maps of one row, and networks without maps: what is looked at by default, and that occlusion needs none."""

from __future__ import annotations

import numpy as np
import pytest

import inspector
from inspector import Element
from inspector.errors import InvalidInputError
from tests.support.graphs import model, node

RANDOM = np.random.default_rng(5)


def weights(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: RANDOM.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


ELECTRODES = model(
    [
        node("Conv", ["x", "t"], "time", pads=[0, 3, 0, 3]),
        node("Relu", ["time"], "relu1"),
        node("Conv", ["relu1", "s"], "electrodes"),
        node("Relu", ["electrodes"], "relu2"),
        node("Conv", ["relu2", "u"], "later"),
        node("Relu", ["later"], "relu3"),
        node("GlobalAveragePool", ["relu3"], "mean"),
        node("Flatten", ["mean"], "scores"),
    ],
    shape=("n", 1, 8, 60),
    weights=weights(t=(4, 1, 1, 7), s=(6, 4, 8, 1), u=(6, 6, 1, 5)),
).SerializeToString()
"""Eight electrodes over time, which the second convolution makes one row of."""


def classified(tail: list[str], kernel: int) -> bytes:
    """Return a network whose last convolution makes the maps of classes, with operators behind it."""
    nodes = [
        node("Conv", ["x", "a"], "first"),
        node("Relu", ["first"], "features"),
        node("Conv", ["features", "b"], "maps"),
    ]
    for op_type in tail:
        nodes.append(node(op_type, [nodes[-1].output[0]], op_type.lower()))
    nodes += [node("GlobalAveragePool", [nodes[-1].output[0]], "mean"), node("Flatten", ["mean"], "scores")]
    given = weights(a=(4, 2, 3, 3), b=(3, 4, kernel, kernel))
    return model(nodes, shape=("n", 2, 12, 12), weights=given).SerializeToString()


def default_layer(proto: bytes, image: np.ndarray) -> str:
    """Return the layer that occlusion watches, and whose Grad-CAM is the default one."""
    with inspector.load(proto, device="cpu") as loaded:
        target = Element("scores", (1,))
        watched = loaded.occlude(image, target=target).layer
        found = loaded.attribute(image, method="gradcam", target=target).maps
        named = loaded.attribute(image, method="gradcam", target=target, layer=watched).maps
    np.testing.assert_array_equal(found, named)
    return watched


def test_maps_of_one_row_are_maps() -> None:
    assert default_layer(ELECTRODES, RANDOM.random((1, 1, 8, 60), np.float32)) == "relu3"


@pytest.mark.parametrize(
    ("tail", "kernel", "layer"),
    [(["Relu"], 1, "features"), (["Relu"], 3, "relu"), ([], 3, "features"), (["Sigmoid"], 3, "features")],
)
def test_maps_of_classes_are_no_features(tail: list[str], kernel: int, layer: str) -> None:
    """A 1×1 convolution is the classifier, and so is one whose results nothing rectifies."""
    image = RANDOM.random((1, 2, 12, 12), np.float32)
    assert default_layer(classified(tail, kernel), image) == layer


def test_a_network_without_maps_is_occluded_all_the_same() -> None:
    proto = model(
        [node("Flatten", ["x"], "flat"), node("Gemm", ["flat", "w"], "scores")],
        shape=("n", 1, 6, 6),
        weights=weights(w=(36, 3)),
    ).SerializeToString()
    image = RANDOM.random((1, 1, 6, 6), np.float32)
    with inspector.load(proto, device="cpu") as loaded:
        found = loaded.occlude(image, target=Element("scores", (0,)), size=2, stride=2, fill=0.0)
        assert (found.layer, found.channel) == ("", -1)
        assert "no_layer_with_maps" in [note.id for note in found.notes]
        assert "not_finite" not in [note.id for note in found.notes]
        assert np.isnan(found.activation).all()
        assert np.isfinite(found.probability).all()
        three = found.pictures()[0].width
        with pytest.raises(InvalidInputError, match="no layer with feature maps"):
            loaded.attribute(image, method="gradcam")
    with inspector.load(ELECTRODES, device="cpu") as loaded:
        assert loaded.occlude(RANDOM.random((1, 1, 8, 60), np.float32)).pictures()[0].width > three
