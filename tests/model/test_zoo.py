"""Every trained model of the zoo is read, and what is said of it agrees with what ONNX Runtime does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from inspector.errors import InvalidModelError
from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from tests.support.graphs import Exposed
from tests.support.zoo import Zoo, zoo_models

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": 1 / 255, "color": "RGB"}
SHORT_SIDE = {"resize": {"mode": "short_side", "size": 256}, "crop": {"height": 224, "width": 224}}
CAFFE = {"color": "BGR", "scale": 1, "mean": [103.939, 116.779, 123.68], "std": [1]}
DOCUMENTED = {
    "derived_mobilenetv2_fp32_op15": IMAGENET | SHORT_SIDE,
    "mobilenet_v2_quant_nnstreamer": IMAGENET | SHORT_SIDE,
    "mobilenetv2_int8_dynamic_edgeflow": IMAGENET | SHORT_SIDE,
    "derived_squeezenet1.0_fp32": CAFFE | SHORT_SIDE,
    "squeezenet_fp16_winml": CAFFE | SHORT_SIDE,
}
"""The manifest's "preprocess" in our terms; QDQ models answer by optimization level and are left out."""
MNIST_RANGE = {
    "mnist_8_ort": 1.0,
    "mnist_winml": 1.0,
    "mnist_cnn_max_marabou": 1 / 255,
    "mnist_cnn_netkit": 1 / 255,
    "mnist_quantized_connxr": 1 / 255,
}


@pytest.mark.parametrize("file", zoo_models())
def test_every_model_is_read(zoo: Zoo, file: str) -> None:
    entry = next(item for item in zoo.manifest["models"] if item["file"].endswith(file))
    model = read_model(zoo.model(file))
    assert model.sha256 == entry["sha256"] or "extdata" in file
    assert model.input.name == entry["inputs"][0]["name"]
    assert model.input.layout == entry["layout"]
    assert model.input.batch == (None if entry["batch"] == "dynamic" else entry["batch"])
    assert model.opset == entry["opset"].get("ai.onnx")
    assert [output.name for output in model.outputs] == [output["name"] for output in entry["outputs"]]
    assert model.other_inputs == ()
    assert model.layers
    assert len({layer.name for layer in model.layers}) == len(model.layers)
    for layer in model.layers:
        assert model.layer(layer.name) is layer
        if layer.channel_axis is not None and layer.shape:
            assert layer.channels == layer.shape[layer.channel_axis] or not isinstance(layer.channels, int)


@pytest.mark.parametrize("file", zoo_models())
def test_shapes_and_types_are_those_of_the_runtime(zoo: Zoo, file: str) -> None:
    model = read_model(zoo.model(file))
    if "extdata" in file:
        pytest.skip("external data is not beside a model that is given as bytes; the others cover shapes")
    shape = [1, *(dim if isinstance(dim, int) else 64 for dim in model.input.shape[1:])]
    names = [layer.output for layer in model.layers]
    image = np.random.default_rng(0).uniform(0, 1, shape).astype(model.input.dtype)
    found = Exposed(onnx.load(zoo.model(file)), names).run(image)
    is_fixed = all(isinstance(dim, int) for dim in model.input.shape[1:])
    for layer in model.layers:
        array = found[layer.output]
        if layer.output not in model.shapes and not is_fixed:
            continue
        held = model.codes[layer.output].real(array) if layer.output in model.codes else array
        assert layer.dtype == held.dtype.name, layer.name
        assert len(layer.shape) == array.ndim, layer.name
        for declared, real in zip(layer.shape, array.shape, strict=True):
            assert declared == real or not isinstance(declared, int), (layer.name, layer.shape, array.shape)
    if is_fixed:
        assert all(isinstance(dim, int) for layer in model.layers for dim in layer.shape)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_photographs_give_the_answers_of_the_manifest(zoo: Zoo, name: str) -> None:
    path = zoo.model(f"{name}.onnx")
    model = read_model(path, preprocessing=DOCUMENTED[name])
    session = Exposed(onnx.load(path), [model.outputs[0].name])
    checked = 0
    for photograph, (index, _, probability) in zoo.entry(name)["photo_top1"].items():
        if not (zoo.root / "images" / photograph).exists():
            continue
        (output,) = session.run(prepare(model, zoo.image(photograph)).values).values()
        scores = output.reshape(-1).astype(np.float64)
        if not np.isclose(scores.sum(), 1, atol=0.02):
            scores = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        tolerance = 0.03 if "quant" in name or "int8" in name else 0.005
        assert abs(scores[index] - probability) < tolerance, (photograph, scores[index], probability)
        assert int(scores.argmax()) == index, photograph
        checked += 1
    assert checked >= 10


@pytest.mark.parametrize("name", MNIST_RANGE)
@pytest.mark.parametrize("digit", [0, 1, 2, 3, 7])
def test_digits_are_read(zoo: Zoo, name: str, digit: int) -> None:
    path = zoo.model(f"{name}.onnx")
    model = read_model(path, preprocessing={"scale": MNIST_RANGE[name]})
    (output,) = (
        Exposed(onnx.load(path), [model.outputs[0].name])
        .run(prepare(model, zoo.image(f"mnist_{digit}.png")).values)
        .values()
    )
    assert int(output.reshape(-1).argmax()) == digit


def test_metadata_of_the_zoo_is_found(zoo: Zoo) -> None:
    found = read_model(zoo.model("mnist_winml")).preprocessing
    assert (found.color, found.scale) == ("GRAY", 1.0)
    assert "Image.NominalPixelRange" in found.source
    assert found.assumed == ("resize short_side",)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("deeploy_vww_customop.onnx", "RequantShift.*no operator"),
        ("lfs_pointer_squeezenet1.0-12-int8.onnx", "Git LFS pointer"),
        ("qonnx_tfc_2w2a.onnx", r"onnx\.brevitas"),
        ("superres_prepost_customops_op18.onnx", r"com\.microsoft\.extensions"),
    ],
)
def test_rejects_are_refused(zoo: Zoo, name: str, message: str) -> None:
    with pytest.raises(InvalidModelError, match=message):
        read_model(zoo.reject(name))


def test_a_folder_with_external_data_is_read(zoo: Zoo) -> None:
    model = read_model(zoo.model("extdata_fashion_mnist/fashion_mnist.onnx").parent)
    assert model.name == "fashion_mnist"
    assert model.size > Path(zoo.model("extdata_fashion_mnist/fashion_mnist.onnx")).stat().st_size
    held = [value.const_value for value in model.ir.graph.initializers.values()]
    weights = [tensor.numpy() for tensor in held if tensor is not None]
    assert len(weights) == len(held)
    assert sum(array.nbytes for array in weights) > 100_000
    assert all(np.isfinite(array).all() for array in weights if array.dtype == np.float32)


def test_external_data_is_refused_for_bytes(zoo: Zoo) -> None:
    with pytest.raises(InvalidModelError, match="given as bytes"):
        read_model(zoo.model("extdata_fashion_mnist/fashion_mnist.onnx").read_bytes())
