"""Rules about what channels and outputs do over images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import inspector
from inspector.checks.measures.waking import Waking
from inspector.types.dtypes import Dtype
from inspector.types.layers import Layer
from inspector.types.results.report import Report
from tests.support import checked
from tests.support.graphs import model, node
from tests.support.toys import toy_cnn, toy_image
from tests.support.zoo import find_zoo

IMAGES = [toy_image(seed) for seed in range(20)]


def changed(**changes: Callable[[np.ndarray], np.ndarray]) -> onnx.ModelProto:
    """Return conv1 - relu1 - pool1 - conv2 - relu2 - flat - scores with some weights changed."""
    proto = onnx.load_from_string(toy_cnn())
    for one in proto.graph.initializer:
        if one.name in changes:
            array = changes[one.name](numpy_helper.to_array(one).copy())
            one.CopyFrom(numpy_helper.from_array(array.astype(np.float32), one.name))
    return proto


def first_half(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return what sets the first half of the channels."""

    def change(array: np.ndarray) -> np.ndarray:
        array[: len(array) // 2] = value
        return array

    return change


def report(
    proto: onnx.ModelProto, rule: str, images: Sequence[np.ndarray] = IMAGES, **options: Any
) -> Report:
    return checked.report(proto, rule, images=list(images), **options)


def test_a_layer_half_of_whose_channels_is_dead_is_found() -> None:
    found = report(changed(b2=first_half(-100)), "dead-channels")
    (finding,) = found.findings
    assert (finding.subject, finding.kind, finding.operator) == ("conv2", "layer", "Conv")
    assert finding.message.startswith(
        "5 of the 8 channels of 'conv2' are the same everywhere on all of 20 images: 0, 1, 2, 3"
    )
    assert finding.measured.endswith("% dead, of 20 images")
    assert finding.allowed == "less than 50%"


def test_living_channels_and_a_few_dead_ones_are_no_finding() -> None:
    assert [one.outcome for one in report(changed(), "dead-channels").verdicts] == ["passed"]

    def one_dead(array: np.ndarray) -> np.ndarray:
        array[0] = -100
        return array

    assert report(changed(b2=one_dead), "dead-channels").findings == ()
    found = report(changed(b2=one_dead), "dead-channels", IMAGES, **{"dead-channels.share": 0.1})
    assert len(found.findings) == 1


def test_a_channel_that_one_image_wakes_is_not_dead() -> None:
    """Biases are such that the channels of the layer are silent but for one image."""
    loud = [toy_image(0) * 0.01 for _ in range(19)] + [toy_image(5) * 1000]
    proto = changed(b2=first_half(-100))
    assert report(proto, "dead-channels", loud[:19]).findings != ()
    assert report(proto, "dead-channels", loud).findings == ()


def test_of_a_few_images_nothing_is_said_unless_it_is_asked_for() -> None:
    proto = changed(b2=first_half(-100))
    (verdict,) = report(proto, "dead-channels", IMAGES[:5]).verdicts
    assert (verdict.outcome, verdict.reason) == (
        "skipped",
        "5 images wake too few channels to tell which are dead; give at least 16.",
    )
    assert len(report(proto, "dead-channels", IMAGES[:5], **{"dead-channels.images": 5}).findings) == 1


def test_channels_below_zero_are_not_dead_where_nothing_cuts_them_off() -> None:
    proto = changed(b2=first_half(-100))
    relu2 = next(one for one in proto.graph.node if one.output[0] == "relu2")
    relu2.op_type = "LeakyRelu"
    assert report(proto, "dead-channels").findings == ()


def test_channels_that_stand_at_another_value_than_zero_are_dead_too() -> None:
    """Filters of zeros leave the biases, which a rectifier lets through."""
    proto = changed(w2=first_half(0), b2=first_half(3))
    (finding,) = report(proto, "dead-channels").findings
    assert finding.subject == "conv2"
    assert ": 0, 1, 2, 3" in finding.message


def test_units_of_dense_layers_die_too() -> None:
    proto = changed(b3=lambda array: np.where(np.arange(len(array)) < 3, -1e4, array))
    proto.graph.node.append(node("Relu", ["scores"], "rectified"))
    proto.graph.output[0].name = "rectified"
    assert [one.subject for one in report(proto, "dead-channels").findings] == ["scores"]


def test_channels_of_codes_die_where_their_codes_stand_for_zero() -> None:
    """The rectifier is the quantizer, which cuts off below 0."""
    weights = np.random.default_rng(3).standard_normal((8, 3, 3, 3)).astype(np.float32)
    bias = np.where(np.arange(8) < 4, -100, 0).astype(np.float32)
    nodes = [
        node("Conv", ["x", "w", "b"], "conv"),
        node("QuantizeLinear", ["conv", "scale", "zero"], "codes"),
        node("DequantizeLinear", ["codes", "scale", "zero"], "values"),
        node("GlobalAveragePool", ["values"], "pool"),
    ]
    values: Mapping[str, Any] = {"w": weights, "b": bias, "scale": np.float32(0.1), "zero": np.uint8(0)}
    proto = model(nodes, shape=("batch", 3, 16, 16), weights=values)
    assert [one.subject for one in report(proto, "dead-channels").findings] == ["conv"]
    proto = model(nodes, shape=("batch", 3, 16, 16), weights={**values, "b": 0 * bias})
    assert report(proto, "dead-channels").findings == ()


def test_how_many_more_channels_images_would_wake_is_guessed_from_those_that_one_woke() -> None:
    layer = Layer(
        name="l", op_type="Conv", output="l", dtype=Dtype("float32"), shape=(), channel_axis=None, channels=10,
        receptive_field=None,
    )  # fmt: skip
    seen = Waking(layer=layer, images=20, counts=np.array([0] * 6 + [1, 1, 2, 20]))
    assert seen.silent.tolist() == [0, 1, 2, 3, 4, 5]
    assert seen.unseen == pytest.approx(0.95 * 2**2 / 2)
    assert seen.dead == pytest.approx((6 - 1.9) / 10)
    many = Waking(layer=layer, images=20, counts=np.array([0] * 2 + [1] * 8))
    assert (many.unseen, many.dead) == (2.0, 0.0)


@pytest.mark.parametrize("name", ["derived_mobilenetv2_fp32_op15", "mobilenetv2_int8_static_edgeflow"])
def test_trained_models_have_living_channels_and_outputs_that_change(name: str) -> None:
    zoo = find_zoo()
    if zoo is None:
        pytest.skip("there is no zoo")
    images = [str(path) for path in sorted((zoo.root / "images").glob("*.*")) if "mnist" not in path.name]
    with inspector.load(zoo.model(name), device="cpu") as loaded:
        said = loaded.check(select=["dead-channels", "constant-outputs"], images=images[:16])
    assert [one.outcome for one in said.verdicts] == ["passed", "passed"]


# --- outputs


def test_an_output_that_is_the_same_for_all_images_is_found() -> None:
    (finding,) = report(changed(w3=lambda array: 0 * array), "constant-outputs").findings
    assert (finding.subject, finding.kind, finding.severity) == ("scores", "output", "error")
    assert finding.message == "The output 'scores' is the same for all of 20 different images."


def test_an_output_of_zeros_is_found() -> None:
    proto = changed(w3=lambda array: 0 * array, b3=lambda array: 0 * array)
    assert len(report(proto, "constant-outputs").findings) == 1


def test_outputs_that_change_are_no_finding() -> None:
    assert [one.outcome for one in report(changed(), "constant-outputs").verdicts] == ["passed"]


def test_outputs_that_are_sure_of_one_class_are_no_finding() -> None:
    proto = changed(b3=lambda array: np.array([1e6, 0, 0, 0, 0]))
    proto.graph.node.append(node("Softmax", ["scores"], "shares"))
    proto.graph.output[0].name = "shares"
    assert report(proto, "constant-outputs").findings == ()


def test_one_image_many_times_says_nothing() -> None:
    (verdict,) = report(changed(), "constant-outputs", [IMAGES[0]] * 3).verdicts
    assert (verdict.outcome, verdict.reason) == ("skipped", "it needs images that differ, at least two.")
    (verdict,) = report(changed(), "constant-outputs", IMAGES[:1]).verdicts
    assert verdict.outcome == "skipped"


def test_of_several_outputs_the_constant_one_is_named() -> None:
    proto = changed()
    proto.graph.node.extend(
        [node("Mul", ["relu2", "none"], "muted"), node("GlobalAveragePool", ["muted"], "lost")]
    )
    proto.graph.initializer.append(numpy_helper.from_array(np.float32(0), "none"))
    proto.graph.output.append(helper.make_tensor_value_info("lost", TensorProto.FLOAT, None))
    assert [one.subject for one in report(proto, "constant-outputs").findings] == ["lost"]


def test_sure_of_every_class_is_sure_of_none() -> None:
    proto = changed()
    proto.graph.initializer.append(numpy_helper.from_array(np.array([0, -1, 1], np.int64), "columns"))
    proto.graph.node.extend(
        [
            node("Reshape", ["scores", "columns"], "rows"),
            node("Softmax", ["rows"], "ones", axis=-1),
            node("Flatten", ["ones"], "shares"),
        ]
    )
    proto.graph.output[0].name = "shares"
    (finding,) = report(proto, "constant-outputs").findings
    assert finding.subject == "shares"
