"""Every float classifier of the zoo goes through every verb, and its saliency is the slope of its score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

import inspector
from inspector import Class, Unit
from inspector.methods.catalog import method_names
from tests.support.graphs import Exposed
from tests.support.in_process import prepared
from tests.support.numeric import to_float64
from tests.support.zoo import Zoo, find_zoo

IN_FLOAT64 = (
    "cifar10_imageclassifier_winml",
    "cifar10_large_keras_vnncomp",
    "cifar10_resnet_4b_vnncomp",
    "cifar10_tinymobilenet_fp32",
    "extdata_fashion_mnist",
    "gtsrb_fast_marabou",
    "mnist_8_ort",
    "mnist_cnn_max_marabou",
    "mnist_cnn_netkit",
    "mnist_winml",
    "samplenet_cifar10_omz",
)
"""Small enough for ONNX's reference evaluator, which knows float64."""

IN_FLOAT32 = (
    "derived_mobilenetv2_fp32_op15",
    "derived_squeezenet1.0_fp32",
    "resnet20_onnc",  # the reference evaluator takes BatchNormalization of opset 9 for training
    "st_mobilenet_v2_05_128",
)

MODELS = (*IN_FLOAT64, *IN_FLOAT32, "squeezenet_fp16_winml")
METHODS = ("saliency", "deconvnet", "guided")
OTHERS: dict[str, dict[str, Any]] = {
    "gradient_x_input": {},
    "integrated_gradients": {"steps": 3},
    "smoothgrad": {"samples": 2},
    "gradcam": {},
    "guided_gradcam": {},
    "lrp": {},
    "rise": {"masks": 8},
}
"""With options that make them short."""


@dataclass(frozen=True)
class Subject:
    """A loaded model and a batch of two images for it."""

    name: str
    path: Path
    model: inspector.Model
    x: np.ndarray


@pytest.fixture(scope="module", params=MODELS)
def subject(request: pytest.FixtureRequest) -> Subject:
    zoo: Zoo = request.getfixturevalue("zoo")
    return load(zoo, request.param)


def load(zoo: Zoo, name: str) -> Subject:
    path = zoo.root / "models" / name
    path = path if path.is_dir() else zoo.model(name)
    model = inspector.load(path, device="cpu")
    names = (
        ("mnist_3.png", "mnist_7.png")
        if model.info.input.channels == 1
        else ("dog_winml.jpg", "fish_winml.png")
    )
    if model.info.input.layout == "NC" or model.info.input.channels not in (1, 3):
        shape = [size if isinstance(size, int) else 1 for size in model.info.input.shape]
        x = np.random.default_rng(0).uniform(0, 1, (2, *shape[1:])).astype(model.info.input.dtype)
    else:
        x = prepared(model, [zoo.image(image) for image in names])
    return Subject(name, path, model, x)


def sees_images(subject: Subject) -> bool:
    return any(layer.op_type == "Conv" for layer in subject.model.layers())


def test_every_float_classifier_of_the_manifest_is_here() -> None:
    zoo = find_zoo()
    if zoo is None:
        pytest.skip("no zoo of trained models")
    integers = ("Quant", "Integer", "QLinear")
    for entry in zoo.manifest["models"]:
        is_float = not any(word in str(entry["ops"]) for word in integers)
        if is_float and any(task in entry["task"] for task in ("CIFAR", "MNIST", "ImageNet")):
            parts = Path(entry["file"]).parts
            assert (parts[1] if len(parts) > 2 else Path(entry["file"]).stem) in MODELS


def test_every_method_is_here() -> None:
    assert {*METHODS, *OTHERS} == set(method_names())


@pytest.mark.slow
@pytest.mark.parametrize("method", OTHERS)
def test_other_methods_map_a_class(subject: Subject, method: str) -> None:
    if subject.name == "extdata_fashion_mnist" and "gradcam" in method:
        pytest.skip("a dense network has no feature maps")

    found = subject.model.attribute(subject.x, method=method, **OTHERS[method])

    channel = -1 if found.layout == "NHWC" else 1
    expected = list(subject.x.shape)
    if method in {"gradcam", "rise"} and found.layout != "NC":
        expected[channel] = 1  # they say where, and nothing of colors
    assert found.maps.shape == tuple(expected)
    assert found.maps.dtype == np.float32
    assert np.isfinite(found.maps).all()
    assert len(found.targets) == 2


def test_every_layer_is_shown_in_one_go(subject: Subject) -> None:
    layers = subject.model.layers()

    found = subject.model.activations(subject.x, layers=[layer.name for layer in layers])

    assert set(found) == {layer.name for layer in layers}
    for layer in layers:
        values = found[layer.name]
        assert values.dtype.name == layer.dtype
        assert len(values) == 2
        assert np.isfinite(values).all()
        if layer.shape[0] == 1:
            sizes = [
                (a, b) for a, b in zip(values.shape[1:], layer.shape[1:], strict=True) if isinstance(b, int)
            ]
            assert all(a == b for a, b in sizes)


def test_predictions_are_ordered_and_sum_to_one(subject: Subject) -> None:
    for prediction in subject.model.predict(subject.x, top=10_000):
        probabilities = [c.probability or 0 for c in prediction.classes]
        assert (np.diff(probabilities) <= 1e-4).all()  # in half precision the exponential rounds
        assert sum(probabilities) == pytest.approx(1, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_maps_of_a_hidden_unit(subject: Subject, method: str) -> None:
    convolutions = [
        layer.name for layer in subject.model.layers() if layer.op_type in {"Conv", "Relu", "MatMul"}
    ]
    hidden = convolutions[len(convolutions) // 2]

    found = subject.model.attribute(subject.x, method=method, target=Unit(hidden))

    assert found.maps.shape == subject.x.shape
    assert found.maps.dtype == np.float32
    assert np.isfinite(found.maps).all()
    assert all(np.abs(one).max() > 0 for one in found.maps)
    assert len(found.targets) == 2


@pytest.mark.slow
def test_two_images_together_are_two_images_alone(subject: Subject) -> None:
    together = subject.model.attribute(subject.x, method="guided").maps

    for row in range(2):
        alone = subject.model.attribute(subject.x[row : row + 1], method="guided").maps[0]
        np.testing.assert_allclose(together[row], alone, rtol=0, atol=1e-4 * np.abs(alone).max())


@pytest.mark.slow
def test_occlusion_changes_the_answer(subject: Subject) -> None:
    if not sees_images(subject):
        pytest.skip("a dense network has no feature maps")
    side = min(size for size in subject.x.shape[1:] if size > 3)

    found = subject.model.occlude(subject.x[:1], size=side // 2, stride=side // 4)

    best = subject.model.predict(subject.x[:1])[0].classes[0]
    assert found.done.all()
    assert found.done.shape == (3, 3)
    assert found.baseline_label == best.index
    assert np.isfinite(found.probability).all()
    assert np.isfinite(found.activation).all()
    assert len(np.unique(found.activation)) > 1
    assert ((found.label >= 0) & (found.label < 1000)).all()


def test_features_differ_between_images(subject: Subject) -> None:
    found = subject.model.features(subject.x)

    assert found.shape[0] == 2
    assert found.vectors.dtype == np.float32
    assert np.isfinite(found.vectors).all()
    assert np.abs(found[0] - found[1]).max() > 0


# --- saliency is the slope of the score


def slope(scores: Callable[..., Any], x: np.ndarray, direction: np.ndarray, epsilon: float) -> float:
    above, below = (scores(x + sign * epsilon * direction) for sign in (1, -1))
    return float((above - below) / (2 * epsilon))


def patterns(shape: tuple[int, ...], rng: np.random.Generator) -> list[np.ndarray]:
    """Return random directions of length 1."""
    found = [rng.standard_normal(shape) for _ in range(3)]
    return [direction / np.linalg.norm(direction) for direction in found]


@pytest.mark.parametrize("name", IN_FLOAT64)
def test_saliency_is_the_slope_of_the_score_in_float64(zoo: Zoo, name: str) -> None:
    subject = load(zoo, name)
    file = subject.path if subject.path.is_file() else next(subject.path.glob("*.onnx"))
    wide = to_float64(onnx.load(file))
    # Constant windows (a black border) have ties, so the image is moved off them.
    x = (subject.x[:1] + 1e-3 * np.random.default_rng(0).standard_normal(subject.x[:1].shape)).astype(
        np.float32
    )
    found = subject.model.attribute(x, target=2)
    (target,) = found.targets
    wide.graph.output[0].name = target.tensor
    session = ReferenceEvaluator(wide)

    def score(image: np.ndarray) -> float:
        return session.run([target.tensor], {subject.model.info.input.name: image})[0].reshape(-1)[2]

    gradient = found.maps.astype(np.float64)
    for direction in patterns(x.shape, np.random.default_rng(1)):
        expected = slope(score, x.astype(np.float64), direction, 1e-7)
        assert np.sum(gradient * direction) == pytest.approx(
            expected, abs=1e-4 * float(np.linalg.norm(gradient))
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_FLOAT32)
def test_saliency_is_the_slope_of_the_score_in_float32(zoo: Zoo, name: str) -> None:
    subject = load(zoo, name)
    x = subject.x[:1]
    found = subject.model.attribute(x)
    (target,) = found.targets
    gradient = found.maps.astype(np.float64)
    length = float(np.linalg.norm(gradient))
    session = Exposed(onnx.load(subject.path), [target.tensor])

    def score(image: np.ndarray) -> float:
        return float(session.run(image.astype(np.float32))[target.tensor].reshape(-1)[target.channel])

    # A step that changes the score by a thousandth: far above its rounding, and few rectifiers switch.
    epsilon = 2e-3 * max(abs(target.value), 1) / length
    assert slope(score, x, gradient / length, epsilon) == pytest.approx(length, rel=0.05)
    for direction in patterns(x.shape, np.random.default_rng(1)):
        mixed = gradient / length + direction
        expected = slope(score, x, mixed, epsilon)
        assert np.sum(gradient * mixed) == pytest.approx(expected, rel=0.05)


@pytest.mark.slow
def test_saliency_in_half_precision_is_that_of_the_same_weights_in_single(zoo: Zoo) -> None:
    half, single = load(zoo, "squeezenet_fp16_winml"), load(zoo, "derived_squeezenet1.0_fp32")
    x = single.x[:1]

    found = half.model.attribute(x, target=Class(207)).maps
    expected = single.model.attribute(x, target=Class(207)).maps

    assert found.dtype == np.float32
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


# --- quantized models answer, and say why they have no gradient


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "cifar10_tinymobilenet_int8",
        "mnist_quantized_connxr",
        "mobilenetv2_int8_static_edgeflow",
        "mobilenetv2_int8_dynamic_edgeflow",
    ],
)
def test_quantized_models_give_an_image_the_same_alone_and_in_company(zoo: Zoo, name: str) -> None:
    subject = load(zoo, name)

    together = subject.model.predict(subject.x)
    alone = [subject.model.predict(one[None])[0] for one in subject.x]
    maps = subject.model.attribute(subject.x).maps
    one_by_one = [subject.model.attribute(one[None]).maps[0] for one in subject.x]

    assert [p.classes[0] for p in together] == [p.classes[0] for p in alone]
    assert np.abs(maps).max() > 0
    np.testing.assert_allclose(maps, one_by_one, rtol=0, atol=1e-5 * np.abs(maps).max())
