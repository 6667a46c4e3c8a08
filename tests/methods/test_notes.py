"""What results say of how they came about: values that are not finite, images that ran alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import inspector
from inspector import Class, Unit
from inspector.errors import InvalidInputError
from inspector.methods.catalog import method_names
from inspector.methods.notes import NOT_FINITE
from inspector.render.marks import MARK
from tests.support.graphs import Exposed, model, node
from tests.support.small_cnn import small_cnn

RNG = np.random.default_rng(9)
X = RNG.standard_normal((2, 3, 12, 10)).astype(np.float32)
SHORT: dict[str, dict[str, Any]] = {
    "integrated_gradients": {"steps": 2},
    "smoothgrad": {"samples": 2},
    "rise": {"masks": 6},
}


def with_roots(*, corner_only: bool = False) -> onnx.ModelProto:
    """Return a convolution, its square root (NaN below 0) and a dense layer; or roots of one pixel alone."""
    nodes = [
        node("Conv", ["x", "w"], "conv", pads=[1, 1, 1, 1]),
        node("Sqrt", ["masked" if corner_only else "conv"], "root"),
        node("GlobalAveragePool", ["root"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("Gemm", ["flat", "d"], "y"),
    ]
    weights = {"w": RNG.standard_normal((4, 3, 3, 3)), "d": RNG.standard_normal((4, 5))}
    if corner_only:
        nodes[1:1] = [node("Abs", ["conv"], "size"), node("Add", ["size", "shift"], "masked")]
        weights["shift"] = np.zeros((1, 1, 12, 10))
        weights["shift"][..., 0, 0] = -1e6
    return model(
        nodes, shape=("n", 3, 12, 10), weights={name: a.astype(np.float32) for name, a in weights.items()}
    )


ROOTS = with_roots()


@pytest.fixture(scope="module")
def roots() -> Iterator[inspector.Model]:
    with inspector.load(ROOTS.SerializeToString(), device="cpu") as loaded:
        yield loaded


def test_the_note_counts_values_and_names_the_layer_where_they_begin(roots: inspector.Model) -> None:
    values = Exposed(ROOTS, ["root"]).run(X)["root"]
    bad = int(np.isnan(values).sum())

    found = roots.activations(X, layers=["conv", "root"])

    np.testing.assert_allclose(found["root"], values, rtol=1e-4)
    first = int(np.isnan(values[0]).sum())
    assert 0 < bad < values.size
    assert found.notes == (
        f"{bad} of {values.size} values of layer 'root' are NaN or infinite. They begin in layer 'root' "
        f"(Sqrt; {first} of its {values[0].size} values).",
    )


@pytest.mark.parametrize("method", method_names())
def test_every_method_passes_them_through_with_a_note(roots: inspector.Model, method: str) -> None:
    layer: dict[str, Any] = {"layer": "root"} if "gradcam" in method else {}

    found = roots.attribute(X, method=method, target=Class(3), **layer, **SHORT.get(method, {}))

    bad = int((~np.isfinite(found.maps)).sum())
    assert bad
    (said,) = (note for note in found.notes if note.id == NOT_FINITE)
    assert said.startswith(f"{bad} of {found.maps.size} values of the maps are NaN or infinite.")
    assert "begin in layer 'root' (Sqrt; " in said


def test_what_is_finite_has_no_note(roots: inspector.Model) -> None:
    assert roots.attribute(X, target=Unit("conv")).notes == ()
    assert roots.activations(X, layers=["conv"]).notes == ()
    with inspector.load(small_cnn(), device="cpu") as ours:
        x = RNG.standard_normal((1, 3, 16, 12)).astype(np.float32)
        assert ours.attribute(x).notes == ()
        assert ours.occlude(x, target=Unit("scores", 1)).notes == ()


def test_values_that_arise_on_the_way_back_are_told_apart() -> None:
    """The root of 0 is 0, and its slope infinite."""
    nodes = [node("Mul", ["x", "zero"], "nothing"), node("Sqrt", ["nothing"], "root")]
    nodes += [node("GlobalAveragePool", ["root"], "mean"), node("Flatten", ["mean"], "y")]
    proto = model(nodes, shape=("n", 3, 12, 10), weights={"zero": np.zeros((1,), np.float32)})
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        note = ours.attribute(np.abs(X), target=1).notes[0]

    assert "NaN or infinite. On the image itself all layers are finite: they arise on the way back" in note


CHOICES: dict[str, Callable[[inspector.Model], object]] = {
    "the most probable classes": lambda ours: ours.predict(X),
    "the most probable class": lambda ours: ours.attribute(X),
    "the strongest unit": lambda ours: ours.attribute(X, target=Unit("root")),
    "a channel's strongest unit": lambda ours: ours.attribute(X, target=Unit("root", channel=1)),
    "the class to watch": lambda ours: ours.occlude(X[:1]),
    "the map to watch": lambda ours: ours.occlude(X[:1], target=1, layer="root"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_nothing_is_chosen_among_them(roots: inspector.Model, name: str) -> None:
    with pytest.raises(InvalidInputError, match="NaN or infinity.*cannot be chosen.*preprocessing") as error:
        CHOICES[name](roots)

    assert error.value.reason == "ANSWER_NOT_FINITE"
    assert error.value.field == "images"


def test_a_prediction_tells_where_they_begin(roots: inspector.Model) -> None:
    with pytest.raises(
        InvalidInputError, match=r"They begin in layer 'root' \(Sqrt; \d+ of its 480 values\)"
    ):
        roots.predict(X)


def test_a_unit_that_is_named_needs_no_choice(roots: inspector.Model) -> None:
    found = roots.attribute(X[:1], target=Unit("root", channel=0, position=(3, 3)))

    np.testing.assert_equal(found.targets[0].value, roots.activations(X, layers=["root"])["root"][0, 0, 3, 3])


def test_an_occlusion_goes_on_where_scores_are_not_finite(roots: inspector.Model) -> None:
    found = roots.occlude(X[:1], target=2, layer="conv", size=6, stride=3)

    assert found.done.all()
    assert np.isfinite(found.activation).all()
    assert np.isnan(found.probability).all()
    assert (found.label == -1).all()
    assert found.baseline_label == -1
    assert found.notes[0].startswith(f"{found.label.size} of {2 * found.label.size} values of the maps")
    assert "They begin in layer 'root'" in found.notes[0]


def test_gradcam_tells_of_a_layer_that_the_target_does_not_change_with() -> None:
    nodes = [node("Conv", ["x", "w"], "left"), node("Conv", ["x", "w"], "right")]
    nodes += [node("GlobalMaxPool", [side], f"{side}_top") for side in ("left", "right")]
    nodes += [node("Concat", ["left_top", "right_top"], "tops", axis=1), node("Flatten", ["tops"], "y")]
    weights = {"w": RNG.standard_normal((4, 3, 3, 3)).astype(np.float32)}
    with inspector.load(
        model(nodes, shape=("n", 3, 12, 10), weights=weights).SerializeToString(), device="cpu"
    ) as ours:
        still = ours.attribute(X[:1], method="gradcam", layer="right", target=[Class(0), Class(7)])
        moving = ours.attribute(X[:1], method="gradcam", layer="right", target=[Class(4), Class(7)])

    assert still.notes[0] == (
        "1 of 2 targets do not change with layer 'right', so their maps are 0. Name a layer that lies "
        "on the way to them."
    )
    assert not still.maps[0].any()
    assert [note.id for note in moving.notes] == ["assumed_meaning"]


# --- pictures


def colors(picture: Image.Image) -> set[tuple[int, ...]]:
    pixels = np.asarray(picture.convert("RGB"))
    return {tuple(map(int, color)) for color in pixels.reshape(-1, 3)}


def test_pictures_mark_what_is_not_finite(roots: inspector.Model) -> None:
    found = roots.activations(X, layers=["conv", "root"])

    conv, root = map(colors, found.pictures())

    assert MARK not in conv
    assert MARK in root
    assert len(root) > 5


def test_maps_and_occlusions_that_are_not_finite_are_drawn(roots: inspector.Model) -> None:
    attribution = roots.attribute(X[:1], target=3, method="saliency")
    (picture,) = attribution.pictures()
    assert MARK in colors(picture)

    occlusion = roots.occlude(X[:1], target=2, layer="conv", size=6, stride=6)
    assert colors(occlusion.to_pil())


# --- dynamic quantization


def dynamic(*, batch: int | str) -> bytes:
    """Return a convolution and a dense layer on codes whose range is taken from the whole batch."""
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("ConvInteger", ["q", "a", "z"], ["i"], name="i"),
        helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["f", "s"], ["conv"], name="conv"),
        helper.make_node("Relu", ["conv"], ["relu"], name="relu"),
        helper.make_node("GlobalAveragePool", ["relu"], ["mean"], name="mean"),
        helper.make_node("Flatten", ["mean"], ["flat"], name="flat"),
        helper.make_node("MatMul", ["flat", "d"], ["y"], name="y"),
    ]
    weights = {"a": np.random.default_rng(1).integers(-9, 9, (6, 3, 3, 3)).astype(np.int8)}
    weights["d"] = np.random.default_rng(2).standard_normal((6, 4)).astype(np.float32)
    graph = helper.make_graph(
        nodes,
        "dynamic",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, 12, 10])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 4])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


UNEQUAL = X * np.asarray([1, 30], np.float32).reshape(2, 1, 1, 1)
"""The range of the second image would leave the first one a handful of codes."""


@pytest.mark.parametrize("batch", ["n", 2])
def test_an_image_of_a_batch_is_answered_as_it_is_alone(batch: int | str) -> None:
    alone = Exposed(onnx.load_from_string(dynamic(batch="n")), ["relu", "y"])
    together = alone.run(UNEQUAL)
    singles = [alone.run(one[None]) for one in UNEQUAL]
    assert np.abs(together["y"][0] - singles[0]["y"][0]).max() > 1e-2 * np.abs(singles[0]["y"]).max()

    with inspector.load(dynamic(batch=batch), device="cpu") as ours:
        found = ours.activations(UNEQUAL, layers=["relu", "y"])
        maps = ours.attribute(UNEQUAL, method="saliency")
        one_by_one = [ours.attribute(one[None], method="saliency") for one in UNEQUAL]
        occlusion = ours.occlude(UNEQUAL[:1], size=6, stride=6)
        features = ours.features(UNEQUAL)
        predictions = ours.predict(UNEQUAL)

    for name in ("relu", "y"):
        expected = np.concatenate([single[name] for single in singles])
        np.testing.assert_allclose(found[name], expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(maps.maps, np.concatenate([single.maps for single in one_by_one]))
    np.testing.assert_allclose(features[0], singles[0]["relu"].mean(axis=(2, 3))[0], rtol=1e-5)
    for result in (found, maps, occlusion, *predictions):
        assert result.notes[0].startswith(
            "Every image ran alone: " if batch == "n" else "This model takes 2 images at once, "
        )
