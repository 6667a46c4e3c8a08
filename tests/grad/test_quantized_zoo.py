"""Quantized models of the zoo: gradients are slopes of their twins, and policies agree with the float original."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import inspector
from inspector import Class
from tests.support.in_process import prepared
from tests.support.sessions import plain_session
from tests.support.twins import affine_twin
from tests.support.zoo import Zoo

MODELS = (
    "cifar10_tinymobilenet_int8",
    "mnist_quantized_connxr",
    "mobilenet_v2_int8_matias",
    "mobilenet_v2_quant_nnstreamer",
    "mobilenetv2_int8_dynamic_edgeflow",
    "mobilenetv2_int8_static_edgeflow",
)
ORIGINAL = "derived_mobilenetv2_fp32_op15"
"""The weights of the two models below, multiplied out; its activations are floats."""

PHOTOGRAPHS = ("dog_samoyed_pytorchhub.jpg", "dog_winml.jpg", "cat_tfexplain.jpg", "fish_winml.png")
IMAGENET = {
    "layout": "NCHW",
    "color": "RGB",
    "resize": {"mode": "short_side", "size": 256},
    "crop": {"height": 224, "width": 224},
    "scale": 1 / 255,
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = (array.astype(np.float64).ravel() for array in (a, b))
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def smooth(gradient: np.ndarray) -> np.ndarray:
    """Return where a gradient is large, in squares of 8 pixels: single pixels are noise in every network."""
    height, width = gradient.shape[2:]
    return np.abs(gradient[0]).max(axis=0).reshape(height // 8, 8, width // 8, 8).mean(axis=(1, 3))


def pictures(model: inspector.Model, zoo: Zoo) -> list[np.ndarray]:
    names = ("mnist_3.png", "mnist_7.png") if model.info.input.channels == 1 else PHOTOGRAPHS[:2]
    return [prepared(model, [zoo.image(name)]) for name in names]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_is_the_slope_of_the_dequantized_twin(zoo: Zoo, name: str) -> None:
    proto, rng = onnx.load(zoo.model(name)), np.random.default_rng(0)
    with inspector.load(zoo.model(name), device="cpu") as model:
        for x in pictures(model, zoo):
            found = model.attribute(x, method="saliency", target=Class())
            gradient, index = found.maps.astype(np.float64), found.targets[0].channel
            twin = plain_session(affine_twin(proto, x), optimize=False)
            for _ in range(3):
                direction = rng.standard_normal(x.shape).astype(np.float32)
                ends = [
                    twin.run(None, {twin.get_inputs()[0].name: end})[0]
                    for end in (x + direction, x - direction)
                ]
                slope = float(ends[0].ravel()[index] - ends[1].ravel()[index]) / 2

                assert abs(np.sum(gradient * direction) - slope) < 1e-5 * np.linalg.norm(gradient)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_the_default_layer_of_gradcam_has_a_map(zoo: Zoo, name: str) -> None:
    with inspector.load(zoo.model(name), device="cpu") as model:
        found = model.attribute(np.concatenate(pictures(model, zoo)), method="gradcam")

        assert found.maps.dtype == np.float32
        assert np.isfinite(found.maps).all()
        assert all(np.abs(one).max() > 0 for one in found.maps)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "method", "least"),
    [  # measured on the four photographs: the least of them, with a margin
        ("mobilenetv2_int8_dynamic_edgeflow", "saliency", 0.95),
        ("mobilenetv2_int8_dynamic_edgeflow", "guided", 0.9),
        ("mobilenetv2_int8_dynamic_edgeflow", "deconvnet", 0.999),
        ("mobilenetv2_int8_static_edgeflow", "saliency", 0.9),
        ("mobilenetv2_int8_static_edgeflow", "guided", 0.85),
        ("mobilenetv2_int8_static_edgeflow", "deconvnet", 0.999),
        ("mobilenetv2_int8_dynamic_edgeflow", "lrp", 0.995),
        ("mobilenetv2_int8_static_edgeflow", "lrp", 0.97),
        ("mobilenet_v2_quant_nnstreamer", "lrp", 0.97),
        ("mobilenetv2_int8_dynamic_edgeflow", "gradcam", 0.99),
        ("mobilenetv2_int8_static_edgeflow", "gradcam", 0.95),
        ("mobilenet_v2_quant_nnstreamer", "gradcam", 0.95),
    ],
)
def test_maps_agree_with_those_of_the_float_original(zoo: Zoo, name: str, method: str, least: float) -> None:
    """Rounding of activations moves them across rectifiers, so pixels differ; where they matter stays."""
    with (
        inspector.load(zoo.model(name), device="cpu", preprocessing=IMAGENET) as model,
        inspector.load(zoo.model(ORIGINAL), device="cpu", preprocessing=IMAGENET) as original,
    ):
        for photograph in PHOTOGRAPHS:
            x = prepared(model, [zoo.image(photograph)])
            found = model.attribute(x, method=method, target=Class())
            expected = original.attribute(x, method=method, target=found.targets[0].channel)
            shown = smooth if method == "saliency" else np.asarray

            assert cosine(shown(found.maps), shown(expected.maps)) > least


@pytest.mark.slow
def test_saliency_lies_on_the_dog(zoo: Zoo) -> None:
    """The dog fills the left lower triangle of its photograph."""
    for name in MODELS[2:]:
        with inspector.load(zoo.model(name), device="cpu", preprocessing=IMAGENET) as model:
            found = model.attribute(
                prepared(model, [zoo.image(PHOTOGRAPHS[0])]), method="saliency", target=Class()
            )
        rows, columns = np.indices((224, 224))
        mean = [
            np.abs(found.maps[0])[:, on_dog].mean() for on_dog in (columns < rows + 60, columns >= rows + 60)
        ]

        assert found.targets[0].channel == 258  # Samoyed
        assert mean[0] > 1.5 * mean[1]


@pytest.mark.slow
def test_dynamically_quantized_images_are_explained_one_by_one(zoo: Zoo) -> None:
    with inspector.load(
        zoo.model("mobilenetv2_int8_dynamic_edgeflow"), device="cpu", preprocessing=IMAGENET
    ) as model:
        x = prepared(model, [zoo.image(name) for name in PHOTOGRAPHS[:2]])

        together = model.attribute(x, method="saliency").maps

        for row in range(2):
            np.testing.assert_array_equal(
                together[row], model.attribute(x[row : row + 1], method="saliency").maps[0]
            )
