"""Judgments of maps: against Captum (tests/goldens/make_measures.py), formulas by hand, and finite facts."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
import pytest
from onnx import numpy_helper
from scipy.stats import spearmanr

import inspector
from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from inspector.graph.randomize import randomized, weighted_layers
from inspector.methods.judging.pointing import energy, hit, inside, overlap
from inspector.methods.judging.removal import area, order_of
from inspector.methods.judging.subject import gaussian_plane, plane_of, spearman
from inspector.types.results.figure import Figure
from inspector.types.results.table import Series, Table
from tests.support.graphs import model, node
from tests.support.in_process import engine_of
from tests.support.small_cnn import images, small_cnn
from tests.support.toys import SIDE, toy_cnn, toy_image, toy_photo
from tests.support.zoo import Zoo

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "goldens" / "measures" / "demo.npz"
TOLERANCE = 1e-5


def rows_of(figure: Figure) -> dict[Any, dict[str, Any]]:
    table = figure["measures"]
    assert isinstance(table, Table)
    return {row.cells[0]: dict(zip(table.columns, row.cells, strict=True)) for row in table.rows}


def curves_of(figure: Figure, name: str) -> Series:
    found = figure[name]
    assert isinstance(found, Series)
    return found


def probabilities(data: bytes, x: np.ndarray, index: int) -> np.ndarray:
    scores = ort.InferenceSession(data, providers=["CPUExecutionProvider"]).run(["scores"], {"x": x})[0]
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True))[:, index]


# --- Captum


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients"])
def test_infidelity_and_sensitivity_are_captums(method: str) -> None:
    path = ROOT / "demo" / "model" / "demo.onnx"
    with np.load(GOLDEN) as file:
        about, x = json.loads(file["about"].tobytes()), file["images"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == about["sha256"], (
        "run tests/goldens/make_measures.py"
    )
    wanted = [row for row in about["rows"] if row["method"] == method]
    options = {} if method == "saliency" else {"steps": about["steps"], "baseline": 0.0}

    found = rows_of(
        inspector.load(path, device="cpu").judge(
            x,
            method=method,
            target=[inspector.Class(row["target"]) for row in wanted],
            measures=("infidelity", "sensitivity"),
            perturbations=about["samples"],
            neighbors=about["neighbors"],
            spread=about["spread"],
            radius=about["radius"],
            trial=about["trial"],
            **options,
        )
    )

    for row, key in (
        ("infidelity, unscaled", "raw"),
        ("infidelity", "share"),
        ("sensitivity-max", "sensitivity"),
    ):
        expected = np.asarray([one[key] for one in wanted])
        assert found[row]["map"] == pytest.approx(expected.mean(), rel=2e-3), row
        assert found[row]["deviation"] == pytest.approx(expected.std(), rel=1e-2), row


# --- deletion and insertion by hand


@pytest.mark.parametrize("name", ["deletion", "insertion"])
def test_curves_are_those_of_images_made_by_hand(name: str) -> None:
    data, x = toy_cnn(), toy_image(2)
    plane = np.random.default_rng(5).permutation(SIDE * SIDE).reshape(SIDE, SIDE).astype(np.float32)
    figure = inspector.load(data, device="cpu").judge(
        x, map=plane, target=3, measures=(name,), removals=8, deleted="white", hidden="black"
    )
    spec = inspector.load(data, device="cpu").info.preprocessing
    color = {"deletion": 255.0, "insertion": 0.0}[name] * spec.scale
    each = (color - np.broadcast_to(spec.mean, 3)) / np.broadcast_to(spec.std, 3)
    plain = np.broadcast_to(each[:, None, None], x.shape)
    start, end = (x, plain) if name == "deletion" else (plain, x)
    made = []
    order = np.argsort(-plane.reshape(-1))
    for step in range(9):
        image = start.reshape(3, -1).copy()
        gone = order[: step * SIDE * SIDE // 8]
        image[:, gone] = end.reshape(3, -1)[:, gone]
        made.append(image.reshape(3, SIDE, SIDE))
    expected = probabilities(data, np.stack(made).astype(np.float32), 3)

    found = curves_of(figure, name)

    np.testing.assert_allclose(found.curves["map"], expected, atol=TOLERANCE)
    np.testing.assert_allclose(found.x, np.arange(9) / 8)
    by_hand = sum((one + other) / 2 / 8 for one, other in itertools.pairwise(expected))
    assert rows_of(figure)[name]["map"] == pytest.approx(by_hand, abs=TOLERANCE)
    assert area(np.asarray([1.0, 0.0, 0.0])) == pytest.approx(0.25)


def test_all_curves_begin_and_end_alike_whatever_the_map() -> None:
    figure = inspector.load(toy_cnn(), device="cpu").judge(toy_photo(), measures=("deletion", "insertion"))
    deletion, insertion = (curves_of(figure, name).curves for name in ("deletion", "insertion"))
    for curves in (deletion, insertion):
        for kind in ("random", "Gaussian"):
            np.testing.assert_allclose(curves[kind][[0, -1]], curves["map"][[0, -1]], atol=TOLERANCE)
    assert deletion["map"][0] == pytest.approx(insertion["map"][-1], abs=TOLERANCE)


def test_what_is_equally_important_goes_in_an_order_of_chance() -> None:
    ranks = order_of(np.zeros((40, 40)), np.random.default_rng(0))
    assert sorted(ranks.reshape(-1)) == list(range(1600))
    first = np.argwhere(ranks < 160)
    assert first[:, 0].mean() == pytest.approx(19.5, abs=3)
    strict = order_of(np.asarray([[1.0, 5.0], [3.0, -2.0]]), np.random.default_rng(0))
    assert strict.tolist() == [[2, 0], [1, 3]]


# --- what must come out


def linear() -> bytes:
    """Return scores that are linear in the image, but for a bias."""
    rng = np.random.default_rng(3)
    weights: dict[str, Any] = {
        "w": rng.standard_normal((3 * 64, 2)).astype(np.float32),
        "b": np.asarray([0.5, -0.25], np.float32),
    }
    nodes = [node("Flatten", ["x"], "flat"), node("Gemm", ["flat", "w", "b"], "scores")]
    return model(nodes, shape=("n", 3, 8, 8), weights=weights).SerializeToString()


def test_of_a_linear_model_the_gradient_foretells_everything() -> None:
    x = np.random.default_rng(0).standard_normal((3, 8, 8)).astype(np.float32)
    ours = inspector.load(linear(), device="cpu", layout="NCHW")
    found = rows_of(ours.judge(x, target=1, spread=0.3, measures=("infidelity", "sensitivity")))
    assert found["infidelity"]["map"] == pytest.approx(0, abs=1e-6)
    assert found["infidelity, unscaled"]["map"] == pytest.approx(0, abs=1e-6)
    assert found["infidelity"]["random"] > 0.5
    assert found["sensitivity-max"]["map"] == pytest.approx(0, abs=1e-6)
    complete = rows_of(
        ours.judge(x, target=1, method="integrated_gradients", baseline=0.0, measures="completeness")
    )
    assert complete["completeness gap"]["map"] == pytest.approx(0, abs=1e-5)
    weights = {
        one.name: numpy_helper.to_array(one) for one in onnx.ModelProto.FromString(linear()).graph.initializer
    }
    value = float(x.reshape(-1) @ weights["w"][:, 1]) - 0.25
    shared = rows_of(ours.judge(x, target=1, method="gradient_x_input", measures="completeness"))
    assert shared["completeness gap"]["map"] == pytest.approx(0.25 / abs(value), rel=1e-4)


def test_boxes_by_hand() -> None:
    plane = np.zeros((10, 10))
    plane[2, 3], plane[7, 7], plane[0, 0] = 4.0, 3.0, -9.0
    boxes = np.asarray([[1.0, 2.0, 4.0, 5.0]])
    object_ = inside(boxes, (10, 10))
    assert object_.sum() == 9
    assert hit(plane, object_) == 1.0
    assert energy(plane, object_) == pytest.approx(4 / 7)
    assert overlap(plane, object_, threshold=0.5) == pytest.approx(1 / 10)
    assert overlap(plane, object_, threshold=0.9) == pytest.approx(1 / 9)
    away = np.asarray([[6.0, 6.0, 9.0, 9.0]])
    assert hit(plane, inside(away, (10, 10))) == 0.0
    assert hit(plane, inside(away, (10, 10), wider=4)) == 1.0


def test_boxes_of_several_images_and_a_map_that_lies_in_them() -> None:
    x = np.stack([toy_image(1), toy_image(2)])
    plane = np.zeros((2, SIDE, SIDE), np.float32)
    plane[0, 2:5, 2:5] = plane[1, 8:12, 9:12] = 1
    boxes = [[0, 2, 2, 5, 5], [1, 8, 9, 12, 12]]
    ours = inspector.load(toy_cnn(), device="cpu")
    found = rows_of(ours.judge(x, map=plane, boxes=boxes, measures="pointing", tolerance=0))
    assert found["pointing game"]["map"] == found["energy inside"]["map"] == found["overlap"]["map"] == 1
    assert found["energy inside"]["random"] < 0.2
    swapped = rows_of(ours.judge(x, map=plane[::-1], boxes=boxes, measures="pointing", tolerance=0))
    assert swapped["pointing game"]["map"] == swapped["overlap"]["map"] == 0


def test_rank_correlation_is_scipys_and_planes_are_as_said() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 5, (9, 7)).astype(float), rng.standard_normal((9, 7))
    assert spearman(one, other) == pytest.approx(spearmanr(one.reshape(-1), other.reshape(-1)).statistic)
    assert np.isnan(spearman(one, np.zeros((9, 7))))
    values = np.asarray([[[1.0, -2.0]], [[-3.0, 0.5]]], np.float32)
    assert plane_of(values, picture="saliency", layout="NCHW").tolist() == [[4.0, 2.5]]
    assert plane_of(values, picture="signed", layout="NCHW").tolist() == [[-2.0, -1.5]]
    gaussian = gaussian_plane((9, 5))
    assert np.argwhere(gaussian == gaussian.max()).tolist() == [[4, 2]]


# --- randomization


def weights_of(one: ir.Model) -> dict[str, np.ndarray]:
    return {name: numpy_of(value) for name, value in one.graph.initializers.items()}


def numpy_of(value: ir.Value) -> np.ndarray:
    assert value.const_value is not None
    return np.asarray(value.const_value.numpy())


def test_weights_are_shuffled_from_the_top_and_stay_what_they_are() -> None:
    engine = engine_of(inspector.load(toy_cnn(), device="cpu"))
    layers = weighted_layers(engine.model.ir, [layer.output for layer in engine.model.layers])
    assert layers == ("conv1", "conv2", "scores")
    before = weights_of(engine.model.ir)
    other = randomized(engine.model.ir, ["scores", "conv2"], seed=1)
    after = weights_of(other)
    for name, values in before.items():
        assert sorted(values.reshape(-1)) == sorted(after[name].reshape(-1))
        assert np.array_equal(values, after[name]) == (name in ("w1", "b1")), name
    less = randomized(engine.model.ir, ["scores"], seed=1)
    np.testing.assert_array_equal(weights_of(less)["w3"], after["w3"])
    untouched = weights_of(engine.model.ir)
    for name, values in before.items():
        np.testing.assert_array_equal(values, untouched[name])


def test_the_curve_is_that_of_files_whose_weights_were_shuffled() -> None:
    data, x = toy_cnn(), toy_image(2)
    ours = inspector.load(data, device="cpu")
    figure = ours.judge(x, target=2, measures="randomization", randomizations=3, trial=7)
    found = curves_of(figure, "randomization")
    own = np.abs(ours.attribute(x, target=2).maps[0]).sum(axis=0)
    proto = onnx.ModelProto.FromString(data)
    places = {one.output[0]: place for place, one in enumerate(proto.graph.node)}
    expected = [1.0]
    for layer, names in (("scores", ("w3", "b3")), ("conv2", ("w2", "b2")), ("conv1", ("w1", "b1"))):
        for place, name in enumerate(names):
            weight = next(one for one in proto.graph.initializer if one.name == name)
            array = numpy_helper.to_array(weight)
            drawn = np.random.default_rng((7, places[layer], place)).permutation(array.reshape(-1))
            weight.CopyFrom(numpy_helper.from_array(drawn.reshape(array.shape), name))
        other = inspector.load(proto.SerializeToString(), device="cpu").attribute(x, target=2)
        plane = np.abs(other.maps[0]).sum(axis=0)
        expected.append(spearmanr(own.reshape(-1), plane.reshape(-1)).statistic)
    np.testing.assert_allclose(found.x, [0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(found.curves["map"], expected, atol=1e-4)
    np.testing.assert_array_equal(found.curves["Gaussian"], 1)
    assert rows_of(figure)["randomization"]["map"] == pytest.approx(expected[-1], abs=1e-4)


@pytest.mark.parametrize(
    "name", ["cifar10_tinymobilenet_int8", "mnist_quantized_connxr", "mobilenet_v2_quant_nnstreamer"]
)
def test_quantized_models_lose_their_weights_too(zoo: Zoo, name: str) -> None:
    ours = inspector.load(zoo.model(name), device="cpu")
    photo = zoo.image("mnist_3.png" if "mnist" in name else "dog_winml.jpg")
    found = curves_of(ours.judge(photo, measures="randomization", randomizations=1), "randomization")
    assert abs(found.curves["map"][-1]) < 0.9
    layers = engine_of(ours).weighted_to(engine_of(ours).head.scores)
    assert layers


# --- the request


@pytest.mark.parametrize("batch", [1, 3, "n"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_whatever_the_batch_and_the_layout(batch: int | str, layout: str) -> None:
    given: dict[str, Any] = {
        "target": 1,
        "removals": 5,
        "neighbors": 2,
        "measures": ("deletion", "insertion"),
    }
    expected = rows_of(inspector.load(small_cnn(), device="cpu").judge(images(2, seed=5), **given))
    ours = inspector.load(small_cnn(batch=batch, layout=layout), device="cpu")
    found = rows_of(ours.judge(images(2, layout=layout, seed=5), **given))
    for measure, row in expected.items():
        for kind in ("map", "random", "Gaussian"):
            assert found[measure][kind] == pytest.approx(row[kind], abs=1e-3), (measure, kind)


@pytest.mark.parametrize("method", ["gradcam", "rise", "guided", "lrp", "smoothgrad"])
def test_every_kind_of_map_is_judged_and_drawn(method: str) -> None:
    options: dict[str, Any] = {"rise": {"masks": 20}, "smoothgrad": {"samples": 2}}.get(method, {})
    told: list[tuple[int, int]] = []
    figure = inspector.load(toy_cnn(), device="cpu").judge(
        toy_photo(),
        method=method,
        removals=4,
        perturbations=3,
        neighbors=2,
        randomizations=2,
        boxes=[[2, 2, 12, 12]],
        progress=lambda done, total: told.append((done, total)),
        **options,
    )
    assert told == sorted(set(told))
    assert told[-1][0] == told[-1][1]
    assert {"deletion", "insertion", "infidelity", "sensitivity-max", "overlap", "randomization"} <= set(
        rows_of(figure)
    )
    assert figure.pictures()


@pytest.mark.parametrize(
    ("given", "error", "field"),
    [
        ({"method": "magic"}, NotFoundError, "method"),
        ({"measures": "beauty"}, InvalidInputError, "measures"),
        ({"measures": ("pointing",)}, InvalidInputError, "measures"),
        ({"measures": ("completeness",)}, InvalidInputError, "measures"),
        (
            {"map": np.ones((SIDE, SIDE), np.float32), "measures": ("randomization",)},
            InvalidInputError,
            "measures",
        ),
        ({"map": np.ones((3, 3), np.float32)}, InvalidInputError, "map"),
        ({"boxes": [[1, 2, 3]]}, InvalidInputError, "boxes"),
        ({"boxes": [[5, 5, 5, 9]]}, InvalidInputError, "boxes"),
        ({"boxes": [[50, 50, 60, 60]]}, InvalidInputError, "boxes"),
        ({"removals": 0}, InvalidInputError, "removals"),
        ({"deleted": "pink"}, InvalidInputError, "deleted"),
        ({"masks": 3}, InvalidInputError, "options[masks]"),
        ({"target": 99}, NotFoundError, "targets[0].output_class.index"),
    ],
)
def test_what_is_refused(given: dict[str, Any], error: type[InspectorError], field: str) -> None:
    with pytest.raises(error) as raised:
        inspector.load(toy_cnn(), device="cpu").judge(toy_image(), **given)
    assert raised.value.field == field


def test_the_same_trial_gives_the_same_numbers_and_another_does_not() -> None:
    ours = inspector.load(toy_cnn(), device="cpu")
    first, again, other = (rows_of(ours.judge(toy_image(), trial=trial)) for trial in (1, 1, 2))
    assert first == again
    assert first["deletion"]["random"] != other["deletion"]["random"]
