"""Deconvnet and guided backpropagation, which are no derivatives, against the replica written from the papers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector.engine.run import Run
from inspector.grad.policies.table import POLICIES
from tests.support.graphs import model, node
from tests.support.in_process import engine_of, prepared
from tests.support.kernels import WAYS
from tests.support.replica import Replica
from tests.support.zoo import Zoo

REPLICATED = ("deconvnet", "guided")
TOLERANCE = 1e-4
"""Of the largest magnitude in the map."""

loaded = cache(inspector.load)


class Net:
    """Nodes and random weights, put down one after another."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        spread = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
        self.weights[name] = (spread * self.rng.standard_normal(shape)).astype(np.float32)
        return name

    def put(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        name = f"{op_type.lower()}{len(self.nodes)}"
        self.nodes.append(node(op_type, inputs, name, **attributes))
        return name

    def conv(self, x: str, outputs: int, inputs: int, size: int, **attributes: Any) -> str:
        group = attributes.get("group", 1)
        w, b = self.weight(outputs, inputs // group, size, size), self.weight(outputs)
        return self.put("Conv", x, w, b, kernel_shape=[size, size], **attributes)

    def model(self, *, opset: int = 17) -> onnx.ModelProto:
        return model(self.nodes, shape=(1, 3, 20, 17), weights=self.weights, opset=opset)


def alexnet_in_small() -> onnx.ModelProto:
    """Large first filters with a stride, normalization, overlapping pooling, groups, dense layers."""
    net = Net(1)
    x = net.put("Relu", net.conv("x", 20, 3, 5, strides=[2, 2], pads=[2, 2, 2, 2]))
    x = net.put("LRN", x, size=5, alpha=0.4, beta=0.75, bias=1.0)
    x = net.put("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    x = net.put("Relu", net.conv(x, 8, 20, 3, pads=[1, 1, 1, 1], group=2))
    x = net.put("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    x = net.put("Relu", net.conv(x, 6, 8, 3, pads=[1, 0, 1, 0]))
    x = net.put("Flatten", x, axis=1)
    x = net.put("Relu", net.put("Gemm", x, net.weight(12, 6 * 4 * 2), net.weight(12), transB=1))
    net.put("Gemm", x, net.weight(12, 5), net.weight(5))
    return net.model()


def resnet_in_small() -> onnx.ModelProto:
    """Residual blocks with a projected shortcut, ReLU6, average pooling."""
    net = Net(2)
    x = net.put("Clip", net.conv("x", 17, 3, 3, pads=[1, 1, 1, 1]), min=0.0, max=6.0)
    y = net.put("Clip", net.conv(x, 17, 17, 3, pads=[1, 1, 1, 1], group=17), min=0.0, max=6.0)
    x = net.put("Relu", net.put("Add", net.conv(y, 17, 17, 1), x))
    y = net.put("Relu", net.conv(x, 10, 17, 3, pads=[1, 1, 1, 1], strides=[2, 2]))
    shortcut = net.conv(x, 10, 17, 1, strides=[2, 2])
    x = net.put(
        "LeakyRelu",
        net.put("Add", net.conv(y, 10, 10, 3, pads=[2, 2, 2, 2], dilations=[2, 2]), shortcut),
        alpha=0.2,
    )
    x = net.put("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = net.put("Flatten", x)
    net.put("Gemm", x, net.weight(4, 10 * 5 * 5), net.weight(4), transB=1)
    return net.model(opset=10)


def squeezenet_in_small() -> onnx.ModelProto:
    """Fire modules: a squeeze whose rectified maps go two ways and meet again."""
    net = Net(3)
    x = net.put("Relu", net.conv("x", 12, 3, 3, strides=[2, 2]))
    x = net.put("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])
    for inputs in (12, 16):
        s = net.put("Relu", net.conv(x, 5, inputs, 1))
        left, right = (
            net.put("Relu", net.conv(s, 8, 5, 1)),
            net.put("Relu", net.conv(s, 8, 5, 3, pads=[1, 1, 1, 1])),
        )
        x = net.put("Concat", left, right, axis=1)
    x = net.put("Relu", net.conv(x, 6, 16, 1))
    net.put("AveragePool", x, kernel_shape=[4, 4], pads=[0, 0, 0, 0])
    return net.model()


NETS = {"alexnet": alexnet_in_small, "resnet": resnet_in_small, "squeezenet": squeezenet_in_small}
built = cache(lambda name: NETS[name]())


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    largest = np.abs(expected).max()
    assert largest > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * largest)


def check(
    proto: onnx.ModelProto,
    ours: inspector.Model,
    image: np.ndarray,
    target: inspector.Class | inspector.Unit,
    method: str,
) -> None:
    """Compare one map with the replica's, for the very unit that was explained."""
    found = ours.attribute(image[None], method=method, target=target)
    (explained,) = found.targets
    replica = Replica(proto).below(explained.tensor)
    values = replica.forward(image)
    activation = values[explained.tensor]
    place = (explained.channel, *explained.position)
    assert activation[place] == pytest.approx(explained.value, rel=1e-4)
    signal = np.zeros_like(activation)
    keeps_activation = method == "deconvnet" and explained.kind == "unit"
    signal[place] = activation[place] if keeps_activation else 1.0

    assert_same(found.maps[0], replica.project(values, explained.tensor, signal, policy=method))


@pytest.mark.parametrize("method", REPLICATED)
@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("depth", [0.2, 0.4, 0.6, 0.8, 1.0])
@WAYS
@pytest.mark.usefixtures("kernels")
def test_random_nets_equal_the_replica(name: str, method: str, depth: float) -> None:
    proto = built(name)
    ours = loaded(proto.SerializeToString(), device="cpu")
    layers = ours.layers()
    layer = layers[round(depth * (len(layers) - 1))]
    image = np.random.default_rng(4).standard_normal((3, 20, 17)).astype(np.float32)

    check(proto, ours, image, inspector.Unit(layer.name, channel=3), method)


@pytest.mark.parametrize("method", REPLICATED)
@pytest.mark.parametrize(
    "name", ["samplenet_cifar10_omz", "cifar10_resnet_4b_vnncomp", "cifar10_imageclassifier_winml"]
)
@pytest.mark.parametrize("place", ["class", "early", "late"])
@WAYS
@pytest.mark.usefixtures("kernels")
def test_trained_models_equal_the_replica(zoo: Zoo, name: str, method: str, place: str) -> None:
    path = zoo.model(name)
    ours = loaded(path, device="cpu")
    maps = [layer.name for layer in ours.layers() if len(layer.shape) == 4]
    targets: dict[str, inspector.Class | inspector.Unit] = {
        "class": inspector.Class(3),
        "early": inspector.Unit(maps[1], channel=2),
        "late": inspector.Unit(maps[-1], position=(1, 1)),
    }
    image = prepared(ours, zoo.image("dog_winml.jpg"))[0]

    check(onnx.load(path), ours, image, targets[place], method)


RECTIFYING = {
    "cifar10_large_keras_vnncomp": None,
    "cifar10_tinymobilenet_fp32": None,
    "extdata_fashion_mnist": None,
    "gtsrb_fast_marabou": None,
    "mnist_8_ort": None,
    "mnist_cnn_max_marabou": None,
    "mnist_cnn_netkit": None,
    "mnist_winml": None,
    "resnet20_onnc": None,
    "blazeface_front_128": 6,
    "derived_mobilenetv2_fp32_op15": 18,
    "derived_squeezenet1.0_fp32": 12,
    "fastestdet": 7,
    "st_mobilenet_v2_05_128": 11,
    "super_resolution_10": 1,
    "ultraface_rfb320": 17,
    "yunet_n_dynamic": 12,
}
"""Models of rectifiers (Relu, Clip): their most probable class, or in large ones the strongest unit of a layer."""


@pytest.mark.slow
@pytest.mark.parametrize("method", REPLICATED)
@pytest.mark.parametrize("name", RECTIFYING)
@WAYS
@pytest.mark.usefixtures("kernels")
def test_every_rectifying_model_of_the_zoo_equals_the_replica(zoo: Zoo, name: str, method: str) -> None:
    path = zoo.model(name) if "extdata" not in name else zoo.model(f"{name}/fashion_mnist.onnx")
    size = {"resize": {"mode": "exact"}, "crop": {"height": 32, "width": 32}} if "dynamic" in name else None
    layer = RECTIFYING[name]
    with inspector.load(path, device="cpu", preprocessing=size) as ours:
        image = prepared(
            ours, zoo.image("mnist_3.png" if ours.info.input.channels == 1 else "dog_winml.jpg")
        )[0]
        # Off the ties that a plain background makes at every max-pooling.
        image = image + np.random.default_rng(0).uniform(0, 0.05, image.shape).astype(np.float32)
        target = inspector.Class() if layer is None else inspector.Unit(ours.layers()[layer].name)

        check(onnx.load(path), ours, image, target, method)


def test_the_replica_is_a_derivative_where_nothing_is_rectified() -> None:
    """The judge is judged: without rectifiers all its ways down are transposes, and a difference shows them."""
    net = Net(5)
    x = net.put("LRN", net.conv("x", 6, 3, 3, strides=[2, 1], pads=[1, 0, 2, 1]), size=3, alpha=0.5)
    x = net.put("Concat", net.put("MaxPool", x, kernel_shape=[3, 2], strides=[2, 2]),
                net.put("AveragePool", x, kernel_shape=[3, 2], strides=[2, 2]), axis=1)  # fmt: skip
    replica = Replica(net.model())
    rng = np.random.default_rng(6)
    image, direction = rng.standard_normal((2, 3, 20, 17))
    values = replica.forward(image)
    signal = rng.standard_normal(values[x].shape)

    down = replica.project(values, x, signal, policy="deconvnet")
    above, below = (replica.forward(image + sign * 1e-6 * direction)[x] for sign in (1, -1))

    assert np.sum(down * direction) == pytest.approx(np.sum(signal * (above - below)) / 2e-6, rel=1e-6)


def test_a_unit_that_did_not_fire_projects_to_nothing() -> None:
    ours = loaded(built("alexnet").SerializeToString(), device="cpu")
    relu = next(layer for layer in ours.layers() if layer.op_type == "Relu")
    image = np.random.default_rng(4).standard_normal((1, 3, 20, 17)).astype(np.float32)
    silent = tuple(
        int(i) for i in np.argwhere(ours.activations(image, layers=[relu.name])[relu.name][0] == 0)[0]
    )

    found = ours.attribute(
        image, method="deconvnet", target=inspector.Unit(relu.name, channel=silent[0], position=silent[1:])
    )

    assert found.targets[0].value == 0
    assert not found.maps.any()


def test_every_policy_that_is_no_derivative_is_here() -> None:
    rectifying = {
        name for name in POLICIES if not name.startswith("lrp_")
    }  # those are in tests/methods/test_lrp.py
    assert rectifying == {"gradient", "open", *REPLICATED}


@pytest.mark.parametrize("name", NETS)
def test_open_rectifiers_equal_the_replica(name: str) -> None:
    """No method of attribution has this policy: a synthesis has it, at first."""
    proto = built(name)
    run = Run(engine_of(loaded(proto.SerializeToString(), device="cpu")))
    tensor = proto.graph.output[0].name
    image = np.random.default_rng(4).standard_normal((1, 3, 20, 17)).astype(np.float32)
    ((_, activation, pullback),) = run.pullbacks(image, source=tensor, policy="open")
    seed = np.asarray(np.random.default_rng(5).standard_normal(activation.shape), np.float32)
    found = pullback(seed).numpy()[0]
    replica = Replica(proto)
    assert_same(found, replica.project(replica.forward(image[0]), tensor, seed[0], policy="open"))


def test_the_three_policies_differ() -> None:
    ours = loaded(built("alexnet").SerializeToString(), device="cpu")
    image = np.random.default_rng(4).standard_normal((1, 3, 20, 17)).astype(np.float32)
    maps = [
        ours.attribute(image, method=method, target=0).maps for method in ("saliency", "deconvnet", "guided")
    ]

    for i in range(3):
        for j in range(i):
            assert np.abs(maps[i] - maps[j]).max() > 1e-3 * np.abs(maps[i]).max()
