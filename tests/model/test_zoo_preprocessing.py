"""What is found of the zoo's trained models is what they were trained with, or is said to be assumed."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.model.read import read_model
from inspector.types.preprocessing import Preprocessing
from tests.support.zoo import Zoo

CIFAR_MEAN = (0.4914, 0.4822, 0.4465)
IMAGENET = ("RGB", 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CAFFE = ("BGR", 1.0, (103.939, 116.779, 123.68), (1.0,))
SIGNED = ("RGB", 2 / 255, (1.0,), (1.0,))
CIFAR = ("RGB", 1 / 255, CIFAR_MEAN, (0.2023, 0.1994, 0.2010))
UNIT, GRAY_UNIT = ("RGB", 1 / 255, (0.0,), (1.0,)), ("GRAY", 1 / 255, (0.0,), (1.0,))
GRAY_BYTES = ("GRAY", 1.0, (0.0,), (1.0,))
TRAINED_WITH: dict[str, tuple[str, float, tuple[float, ...], tuple[float, ...]]] = {
    "blazeface_front_128": SIGNED,
    "cifar10_imageclassifier_winml": SIGNED,
    "cifar10_large_keras_vnncomp": UNIT,
    "cifar10_resnet_4b_vnncomp": ("RGB", 1 / 255, CIFAR_MEAN, (0.2470, 0.2435, 0.2616)),
    "cifar10_tinymobilenet_fp32": CIFAR,
    "cifar10_tinymobilenet_int8": CIFAR,
    "derived_mobilenetv2_fp32_op15": IMAGENET,
    "derived_squeezenet1.0_fp32": CAFFE,
    "fastestdet": ("BGR", 1 / 255, (0.0,), (1.0,)),
    "fns_candy_winml": ("BGR", 1.0, (0.0,), (1.0,)),
    "mnist_8_ort": GRAY_BYTES,
    "mnist_cnn_max_marabou": GRAY_UNIT,
    "mnist_cnn_netkit": GRAY_UNIT,
    "mnist_quantized_connxr": GRAY_UNIT,
    "mnist_winml": GRAY_BYTES,
    "mobilenet_v2_int8_matias": IMAGENET,
    "mobilenet_v2_quant_nnstreamer": IMAGENET,
    "mobilenetv2_int8_dynamic_edgeflow": IMAGENET,
    "mobilenetv2_int8_static_edgeflow": IMAGENET,
    "resnet20_onnc": CIFAR,
    "samplenet_cifar10_omz": ("BGR", 1.0, (113.8575, 122.961, 125.307), (51.255, 50.847, 51.5865)),
    "selfie_segmentation_landscape": UNIT,
    "squeezenet_fp16_winml": CAFFE,
    "st_mobilenet_v2_05_128": SIGNED,
    "super_resolution_10": GRAY_UNIT,
    "ultraface_rfb320": ("RGB", 1.0, (127.0,), (128.0,)),
    "yolox_nano": IMAGENET,
    "yunet_n_dynamic": ("BGR", 1.0, (0.0,), (1.0,)),
}
"""The manifest's "preprocess" and "verified" in our terms: color, scale, mean, std. The others' are not known."""
FOUND = {
    "cifar10_large_keras_vnncomp",
    "fns_candy_winml",
    "mnist_cnn_max_marabou",
    "mnist_cnn_netkit",
    "mnist_quantized_connxr",
    "mnist_winml",
    "mobilenet_v2_quant_nnstreamer",
    "mobilenetv2_int8_static_edgeflow",
    "selfie_segmentation_landscape",
    "super_resolution_10",
}
"""Those whose preprocessing is right without a word of the caller."""


def ends(scale: float, mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    """Return what black and white become, per channel."""
    return np.stack(
        [np.broadcast_to((pixel * scale - np.array(mean)) / np.array(std), 3) for pixel in (0, 255)]
    )


def is_assumed(spec: Preprocessing, name: str) -> bool:
    return any(text.startswith(name) for text in spec.assumed)


@pytest.mark.parametrize("name", TRAINED_WITH)
def test_it_is_right_or_said_to_be_assumed(zoo: Zoo, name: str) -> None:
    color, *values = TRAINED_WITH[name]
    spec = read_model(zoo.model(f"{name}.onnx")).preprocessing

    is_close = np.allclose(ends(spec.scale, spec.mean, spec.std), ends(*values), atol=0.02)  # type: ignore[arg-type]

    assert spec.color == color or is_assumed(spec, "color")
    assert is_close or is_assumed(spec, "scale")
    assert (spec.color == color and bool(is_close)) == (name in FOUND)
