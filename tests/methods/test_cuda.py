"""The same answers on CUDA as on the CPU. ONNX Runtime's kernels differ, so they are compared, never trusted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector import Class, Unit
from inspector.errors import DeviceError
from inspector.runtime.device import CPU, resolve_device
from inspector.runtime.session import Session
from tests.support import graphs
from tests.support.in_process import prepared
from tests.support.small_cnn import images, small_cnn

pytestmark = pytest.mark.cuda

MODELS = (
    "cifar10_large_keras_vnncomp",
    "derived_mobilenetv2_fp32_op15",
    "derived_squeezenet1.0_fp32",
    "resnet20_onnc",
    "samplenet_cifar10_omz",
    "squeezenet_fp16_winml",
    "st_mobilenet_v2_05_128",
)
TOLERANCE = {"float32": 1e-4, "float16": 5e-3}
"""Of the largest magnitude, by the type of the model's input. Both devices sum whole float32, in another order."""
LIKENESS = {"float32": 0.999, "float16": 0.99}
"""Of maps, as their correlation: in float16 rounding decides more rectifiers and switches."""


@pytest.fixture(scope="module", autouse=True)
def cuda() -> str:
    """The device; skips where it cannot be used, with the reason that the package gives."""
    try:
        inspector.load(small_cnn(), device="cuda").close()
    except DeviceError as error:
        pytest.skip(error.message)
    return "cuda"


def assert_close(found: np.ndarray, expected: np.ndarray, *, of: inspector.Model) -> None:
    tolerance = TOLERANCE[of.info.input.dtype] * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.fixture(params=["small", *MODELS])
def pair(request: pytest.FixtureRequest, cuda: str) -> Iterator[Any]:
    """One model on both devices, and two images."""
    if request.param == "small":
        source, x = small_cnn(), images(2)
    else:
        source, x = request.getfixturevalue("zoo").model(request.param), None
    with inspector.load(source, device="cpu") as host, inspector.load(source, device=cuda) as device:
        if x is None:
            photographs = ("dog_winml.jpg", "fish_winml.png")
            x = prepared(host, [request.getfixturevalue("zoo").image(name) for name in photographs])
        yield host, device, x


def test_it_runs_where_it_says(pair: Any) -> None:
    host, device, _ = pair
    assert (host.info.device, device.info.device) == ("cpu", "cuda:0")


def test_predictions(pair: Any) -> None:
    host, device, x = pair
    for ours, theirs in zip(device.predict(x), host.predict(x), strict=True):
        assert ours.classes[0].index == theirs.classes[0].index
        assert ours.classes[0].probability == pytest.approx(
            theirs.classes[0].probability, abs=TOLERANCE[host.info.input.dtype]
        )


@pytest.mark.parametrize("method", ["saliency", "deconvnet", "guided"])
def test_maps(pair: Any, method: str) -> None:
    host, device, x = pair
    convolutions = [layer.name for layer in host.layers() if layer.op_type == "Conv"]
    unit = Unit(convolutions[len(convolutions) // 2], channel=1, position=(1, 1))
    for target in (Class(1), unit):
        ours, theirs = (model.attribute(x, method=method, target=target).maps for model in (device, host))
        # A rectifier or a switch that rounding decides changes whole patches: compared as pictures.
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > LIKENESS[host.info.input.dtype]
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.05)


def test_switches_of_every_pooling(pair: Any) -> None:
    """CUDA's MaxPool is wrong in silence for some attributes (onnxruntime#29637)."""
    host, device, x = pair
    pools = [layer.name for layer in host.layers() if layer.op_type == "MaxPool"]
    if not pools:
        pytest.skip("this model has no max-pooling")
    for pool in pools:
        ours, theirs = (model.activations(x, layers=[pool])[pool] for model in (device, host))
        assert_close(ours, theirs, of=host)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_max_pooling_is_that_of_the_cpu(cuda: str, rank: int) -> None:
    """Whatever the padding at either end and the dilation: values and indices, with and without the indices."""
    x = np.random.default_rng(0).standard_normal((2, 3, 13, 11, 9)[: 2 + rank]).astype(np.float32) - 3
    for kernel, stride, dilation, before, after, ceil in itertools.product(
        (2, 3), (1, 2), (1, 2), (0, 1), (0, 1), (0, 1)
    ):
        pooling = graphs.node(
            "MaxPool", ["x"], "y", kernel_shape=[kernel] * rank, strides=[stride] * rank,
            dilations=[dilation] * rank, pads=[before] * rank + [after] * rank, ceil_mode=ceil,
        )  # fmt: skip
        case = (
            f"kernel {kernel}, stride {stride}, dilation {dilation}, pads {before}, {after}, ceil_mode {ceil}"
        )
        for outputs in (["y"], ["y", "at"]):
            pooling.output[:] = outputs
            proto = graphs.model([pooling], shape=x.shape)
            if len(outputs) > 1:
                proto.graph.output.append(
                    onnx.helper.make_tensor_value_info("at", onnx.TensorProto.INT64, None)
                )
            found = [
                Session(proto.SerializeToString(), weights={}, device=device).run({"x": x}, outputs)
                for device in (CPU, resolve_device(cuda))
            ]
            for name in outputs:
                host, other = (one[name].numpy() for one in found)
                np.testing.assert_array_equal(other, host, err_msg=case)


def test_occlusion(pair: Any) -> None:
    host, device, x = pair
    side = min(size for size in x.shape[1:] if size > 3)
    ours, theirs = (
        model.occlude(x[:1], target=1, size=side // 2, stride=side // 4) for model in (device, host)
    )

    assert_close(ours.probability, theirs.probability, of=host)
    assert_close(ours.activation, theirs.activation, of=host)
