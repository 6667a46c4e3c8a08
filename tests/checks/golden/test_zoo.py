"""Golden files of trained models: harmless exports pass, one wrong weight does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

import inspector
from tests.checks.golden.recordings import checked, found, outcomes, with_other_names
from tests.support.zoo import Zoo

FLOATS = (
    "cifar10_resnet_4b_vnncomp",
    "resnet20_onnc",
    "derived_squeezenet1.0_fp32",
    "st_mobilenet_v2_05_128",
)
PHOTOGRAPHS = ("kitten_224_winml.png", "dog_winml.jpg", "orange_nnstreamer.png")


def optimized(path: Path, folder: Path) -> onnx.ModelProto:
    """Return a model as ONNX Runtime rewrote it: folded normalizations, fused constants, other names."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return onnx.load(folder / "optimized.onnx")


@pytest.mark.parametrize("name", FLOATS)
def test_harmless_exports_pass_and_one_wrong_weight_is_found(zoo: Zoo, tmp_path: Path, name: str) -> None:
    path = zoo.model(name)
    golden = inspector.record(path, [zoo.image(one) for one in PHOTOGRAPHS], layers=(), device="cpu")
    harmless = [onnx.load(path), with_other_names(onnx.load(path)), optimized(path, tmp_path)]
    for proto in harmless:
        for settings in ({}, {"golden-values.calibrated": True}):
            report = checked(proto, golden, **settings)
            assert report.findings == ()
            assert set(outcomes(report).values()) == {"passed"}
    proto = onnx.load(path)
    first = next(one for one in proto.graph.node if one.op_type == "Conv")
    (weight,) = (one for one in proto.graph.initializer if one.name == first.input[1])
    array = numpy_helper.to_array(weight).copy()
    array[np.unravel_index(np.abs(array).argmax(), array.shape)] *= -1
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    assert found(checked(proto, golden), "golden-values")


def test_quantization_that_broke_a_model_is_found_with_the_answers_of_the_float_model(zoo: Zoo) -> None:
    images = [zoo.image(one) for one in PHOTOGRAPHS]
    golden = inspector.record(
        zoo.model("derived_mobilenetv2_fp32_op15"), images, preprocessing="imagenet", device="cpu"
    )
    for name, rules in {
        "mobilenetv2_int8_dynamic_edgeflow": set(),
        "mobilenetv2_int8_static_edgeflow": set(),
        "mobilenet_v2_int8_matias": {"golden-cosine", "golden-values"},
    }.items():
        with inspector.load(zoo.model(name), device="cpu") as opened:
            report = opened.check(
                golden.images_for(opened.info.input),
                select=["golden"],
                ignore=["golden-top"],
                **golden.options,
            )
        assert {one.id for one in report.findings} == rules, name
