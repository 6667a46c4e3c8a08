"""Grad-CAM of targets that see a part of a layer: each place has a weight of its own, in the last wide layer."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from PIL import Image

import inspector
from inspector import Class, Element, Unit
from inspector.errors import InvalidInputError
from inspector.methods.notes import LOCAL_WEIGHTS
from tests.methods.test_zoo_boxes import SIGHTS
from tests.support.graphs import model, node, run_exposed
from tests.support.zoo import Zoo

RNG = np.random.default_rng(12)
SIDE = 24
X = RNG.standard_normal((1, 3, SIDE, SIDE)).astype(np.float32)
WEIGHTS = {
    name: (RNG.standard_normal((6, channels, size, size)) * 0.3).astype(np.float32)
    for name, channels, size in (("w1", 3, 3), ("w2", 6, 3), ("w3", 6, 3), ("w4", 6, 1))
}


def rows_of_boxes() -> bytes:
    """Return convolutions of 3, 3, 3 and 1 places over 24 × 24, whose places become rows."""
    nodes = [
        node("Conv", ["x", "w1"], "c1", pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], "r1"),
        node("Conv", ["r1", "w2"], "c2", pads=[1, 1, 1, 1]),
        node("Relu", ["c2"], "r2"),
        node("Conv", ["r2", "w3"], "c3", pads=[1, 1, 1, 1]),
        node("Relu", ["c3"], "r3"),
        node("Conv", ["r3", "w4"], "c4"),
        node("Reshape", ["c4", "shape"], "flat"),
        node("Transpose", ["flat"], "rows", perm=[0, 2, 1]),
    ]
    weights = {**WEIGHTS, "shape": np.asarray([1, 6, SIDE * SIDE])}
    return model(nodes, shape=(1, 3, SIDE, SIDE), weights=weights).SerializeToString()


def test_a_box_is_read_where_it_sees_five_places_with_their_own_weights() -> None:
    """The gradient of one element at r1, by central differences of the two convolutions above it."""
    row, column, number = 9, 14, 2
    target = Element("rows", (row * SIDE + column, number))
    with inspector.load(rows_of_boxes(), device="cpu") as ours:
        found = ours.attribute(X, method="gradcam", target=target)
        mean = ours.attribute(X, method="gradcam", target=target, weights="mean")
        named = ours.attribute(X, method="gradcam", target=target, layer="r3", weights="local")
    whole = onnx.ModelProto.FromString(rows_of_boxes())
    maps = run_exposed(whole, X, ["r1", "r3"])
    upper = onnx.ModelProto.FromString(rows_of_boxes())
    del upper.graph.node[:2]
    upper.graph.input[0].CopyFrom(
        onnx.helper.make_tensor_value_info("r1", onnx.TensorProto.FLOAT, maps["r1"].shape)
    )
    step, gradient = 1e-3, np.zeros(maps["r1"].shape[1:])
    for index in np.ndindex(6, 5, 5):
        place = (index[0], row - 2 + index[1], column - 2 + index[2])
        answers = []
        for sign in (1, -1):
            moved = maps["r1"].copy()
            moved[(0, *place)] += sign * step
            answers.append(run_exposed(upper, moved, ["rows"])["rows"][0, row * SIDE + column, number])
        gradient[place] = (answers[0] - answers[1]) / (2 * step)
    expected = np.maximum((gradient * maps["r1"][0]).sum(axis=0), 0)

    assert found.layers == ("r1",)
    assert found.options["weights"] == "local"
    assert LOCAL_WEIGHTS in {note.id for note in found.notes}
    np.testing.assert_allclose(found.maps[0, 0], expected, atol=2e-2 * expected.max())
    assert not np.delete(found.maps[0, 0], np.s_[row - 2 : row + 3], axis=0).any()
    assert mean.layers == ("r3",)
    assert np.count_nonzero(mean.maps) > 100
    at = (WEIGHTS["w4"][number, :, 0, 0] * maps["r3"][0, :, row, column]).sum()
    assert named.maps[0, 0, row, column] == pytest.approx(max(at, 0), rel=1e-4)


def test_a_unit_lights_up_what_it_sees() -> None:
    with inspector.load(rows_of_boxes(), device="cpu") as ours:
        found = ours.attribute(X, method="gradcam", target=Unit("c3", 1, (12, 3)), relu=False)

    rows, columns = np.nonzero(found.maps[0, 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 14, 1, 5)


def test_weights_that_there_are_none_of() -> None:
    with (
        inspector.load(rows_of_boxes(), device="cpu") as ours,
        pytest.raises(InvalidInputError, match="auto"),
    ):
        ours.attribute(X, method="gradcam", target=Element("rows"), weights="max")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "photo"),
    [("YOLOX", "horse_cart_ort.jpg"), ("YOLOX", "wolves_ort.jpg"), ("UltraFace", "faces_linzaer_9.jpg")],
)
def test_boxes_of_all_sizes_have_their_heat_on_them(zoo: Zoo, name: str, photo: str) -> None:
    sight = SIGHTS[name]
    with Image.open(zoo.image(photo)) as opened:
        picture = np.asarray(opened.convert("RGB"))
    with inspector.load(
        zoo.model(sight.model), device="cpu", preprocessing=dict(sight.preprocessing)
    ) as ours:
        boxes = ours.predict(picture)[0].boxes[:8]
        found = ours.attribute(picture, method="gradcam", target=[box.target for box in boxes])

    assert len(boxes) >= 4
    for box, heat in zip(boxes, found.maps[:, 0], strict=True):
        left, top, right, bottom = np.clip(np.round(box.corners or ()), 0, max(heat.shape)).astype(int)
        pad = max(right - left, bottom - top) // 4
        inside = heat[max(top - pad, 0) : bottom + pad, max(left - pad, 0) : right + pad].sum() / heat.sum()
        assert inside > 0.75, (box, inside)


def test_a_class_of_the_whole_image_keeps_its_means() -> None:
    nodes = [
        node("Conv", ["x", "w1"], "c1"),
        node("Relu", ["c1"], "r1"),
        node("GlobalAveragePool", ["r1"], "mean"),
        node("Flatten", ["mean"], "scores"),
    ]
    proto = model(nodes, shape=(1, 3, SIDE, SIDE), weights={"w1": WEIGHTS["w1"]})
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        found = ours.attribute(X, method="gradcam", target=Class(1))

    assert (found.options["weights"], found.options["layer"], found.layers) == ("mean", "r1", ("r1",))
