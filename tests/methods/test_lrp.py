"""Layer-wise relevance propagation: conservation, theorems, and NumPy replicas of the formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector import Class, Unit
from inspector.errors import InvalidInputError
from tests.support.graphs import model, node, run_exposed
from tests.support.zoo import Zoo

RNG = np.random.default_rng(12)
X = RNG.standard_normal((2, 3, 12, 10)).astype(np.float32)


def drawn(*shape: int) -> np.ndarray:
    return (RNG.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def no_bias() -> onnx.ModelProto:
    """Return a network of ReLUs without a bias: it is linear along every ray from 0, and loses no relevance."""
    nodes = [
        node("Conv", ["x", "w1"], "conv1", pads=[1, 1, 1, 1]),
        node("Relu", ["conv1"], "relu1"),
        node("MaxPool", ["relu1"], "pool1", kernel_shape=[3, 3], strides=[2, 2]),
        node("Conv", ["pool1", "w2"], "conv2", pads=[1, 1, 1, 1], strides=[1, 1]),
        node("Relu", ["conv2"], "relu2"),
        node("Add", ["relu2", "pool1"], "sum"),
        node("Conv", ["sum", "w3"], "conv3", group=2),
        node("Relu", ["conv3"], "relu3"),
        node("AveragePool", ["sum"], "pool2", kernel_shape=[3, 3]),
        node("Concat", ["relu3", "pool2"], "both", axis=1),
        node("GlobalAveragePool", ["both"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("MatMul", ["flat", "w4"], "dense"),
        node("Relu", ["dense"], "relu4"),
        node("Gemm", ["relu4", "w5"], "y", transB=1),
    ]
    weights: dict[str, Any] = {
        "w1": drawn(8, 3, 3, 3),
        "w2": drawn(8, 8, 3, 3),
        "w3": drawn(6, 4, 3, 3),
        "w4": drawn(14, 9),
        "w5": drawn(5, 9),
    }
    return model(nodes, shape=("n", 3, 12, 10), weights=weights)


NO_BIAS = no_bias()


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(NO_BIAS.SerializeToString(), device="cpu") as loaded:
        yield loaded


TARGETS = [[Class(1), Class(3)], Unit("conv3", channel=2, position=(1, 1)), Unit("relu4")]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_the_epsilon_rule_is_gradient_x_input_where_there_are_no_biases(
    ours: inspector.Model, target: list[Class] | Unit
) -> None:
    """Ancona et al. 2018, proposition 1: for ReLUs, LRP-ε with ε → 0 is gradient × input."""
    found = ours.attribute(X, method="lrp", rule="epsilon", target=target).maps
    expected = ours.attribute(X, method="gradient_x_input", target=target).maps

    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("rule", ["epsilon", "zplus", "epsilon_plus_flat"])
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_relevance_is_conserved_where_there_are_no_biases(
    ours: inspector.Model, rule: str, target: list[Class] | Unit
) -> None:
    found = ours.attribute(X, method="lrp", rule=rule, target=target)

    for values, explained in zip(found.maps, found.targets, strict=True):
        assert values.sum() == pytest.approx(explained.value, rel=1e-3, abs=1e-4)


def test_the_default_is_the_usual_composite(ours: inspector.Model) -> None:
    one = ours.attribute(X, method="lrp", target=1).maps
    other = ours.attribute(X, method="lrp", target=1, rule="epsilon_plus_flat").maps

    np.testing.assert_array_equal(one, other)


def test_an_unknown_rule_is_refused(ours: inspector.Model) -> None:
    with pytest.raises(InvalidInputError, match="rule is 'gamma'; allowed: epsilon_plus_flat, ") as error:
        ours.attribute(X, method="lrp", rule="gamma")
    assert error.value.field == "options[rule]"


# --- linear layers against the formulas


def alpha_beta(x: np.ndarray, w: np.ndarray, r: np.ndarray, *, alpha: float, beta: float) -> np.ndarray:
    """R_j = Σ_k (α·z⁺_jk/Σ_j z⁺_jk − β·z⁻_jk/Σ_j z⁻_jk)·R_k, from the products z_jk = x_j·w_jk themselves."""
    z = x.astype(np.float64)[:, None] * w
    relevance = np.zeros_like(z)
    for factor, part in ((alpha, np.maximum(z, 0)), (-beta, np.minimum(z, 0))):
        total = part.sum(axis=0)
        relevance += factor * part / np.where(total == 0, 1, total) * r
    return relevance.sum(axis=1)


def epsilon(x: np.ndarray, w: np.ndarray, b: np.ndarray, r: np.ndarray) -> np.ndarray:
    z = x.astype(np.float64)[:, None] * w
    return (z / (z.sum(axis=0) + b) * r).sum(axis=1)


def flat(x: np.ndarray, w: np.ndarray, r: np.ndarray) -> np.ndarray:
    seen = (w != 0).astype(np.float64)
    return (seen / seen.sum(axis=0) * r).sum(axis=1)


RULES: dict[str, Callable[..., np.ndarray]] = {
    "zplus": lambda x, w, r: alpha_beta(x, w, r, alpha=1, beta=0),
    "alpha2beta1": lambda x, w, r: alpha_beta(x, w, r, alpha=2, beta=1),
}
SHAPE = (1, 4, 7, 6)
CONVOLUTIONS: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "plain": ("Conv", (5, 4, 3, 3), {}),
    "strided, padded": ("Conv", (5, 4, 3, 3), {"strides": [2, 1], "pads": [1, 0, 2, 1]}),
    "groups": ("Conv", (6, 2, 3, 3), {"group": 2}),
    "dilated": ("Conv", (5, 4, 2, 2), {"dilations": [2, 3]}),
    "same": ("Conv", (5, 4, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "transposed": ("ConvTranspose", (4, 5, 3, 3), {"strides": [2, 2]}),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_two_convolutions_equal_the_formula(rule: str, kind: str) -> None:
    """Both are written out as matrices, by what they make of every unit image."""
    op_type, shape, attributes = CONVOLUTIONS[kind]
    out = shape[0] if op_type == "Conv" else shape[1]
    nodes = [
        node(op_type, ["x", "w1", "b1"], "a", **attributes),
        node("Relu", ["a"], "r"),
        node("Conv", ["r", "w2"], "y"),
    ]
    weights: dict[str, Any] = {"w1": drawn(*shape), "b1": drawn(out) + 0.1, "w2": drawn(3, out, 2, 2)}
    proto = model(nodes, shape=SHAPE, weights=weights)
    x = np.random.default_rng(3).standard_normal(SHAPE).astype(np.float32)
    values = run_exposed(proto, x, ["r", "y"])
    first = matrix(model(nodes[:1], shape=SHAPE, weights=weights | {"b1": np.zeros(out, np.float32)}), SHAPE)
    upper = model([node("Conv", ["x", "w2"], "y")], shape=values["r"].shape, weights=weights)
    second = matrix(upper, values["r"].shape)
    place = np.ravel_multi_index((2, 1, 1), values["y"].shape[1:])
    r = np.zeros(values["y"].size)
    r[place] = values["y"].ravel()[place]

    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        found = ours.attribute(x, method="lrp", rule=rule, target=Unit("y", channel=2, position=(1, 1))).maps

    share = RULES[rule]
    expected = share(x.ravel(), first, share(values["r"].ravel(), second, r)).reshape(SHAPE)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def matrix(proto: onnx.ModelProto, shape: tuple[int, ...]) -> np.ndarray:
    """Return the matrix of a linear model: its answers to every unit image."""
    name = proto.graph.output[0].name
    size = int(np.prod(shape))
    unit = np.eye(size, dtype=np.float32).reshape(size, *shape)
    return np.stack([run_exposed(proto, image, [name])[name].ravel() for image in unit]).astype(np.float64)


def test_the_composite_equals_the_formulas() -> None:
    """ε at the dense layer, z⁺ at the second convolution, evenly at the first."""
    nodes = [
        node("Conv", ["x", "w1"], "a", pads=[1, 1, 1, 1]),
        node("Relu", ["a"], "r"),
        node("Conv", ["r", "w2"], "c"),
        node("Relu", ["c"], "s"),
        node("Flatten", ["s"], "flat"),
        node("Gemm", ["flat", "w3", "b3"], "y"),
    ]
    weights: dict[str, Any] = {
        "w1": drawn(5, 4, 3, 3),
        "w2": drawn(3, 5, 3, 3),
        "w3": drawn(60, 2),
        "b3": drawn(2),
    }
    proto = model(nodes, shape=SHAPE, weights=weights)
    x = np.random.default_rng(4).standard_normal(SHAPE).astype(np.float32)
    values = run_exposed(proto, x, ["r", "s", "y"])
    first = matrix(model(nodes[:1], shape=SHAPE, weights=weights), SHAPE)
    middle = model([node("Conv", ["x", "w2"], "c")], shape=values["r"].shape, weights=weights)
    r = np.asarray([0, values["y"][0, 1]])
    r = epsilon(values["s"].ravel(), weights["w3"], weights["b3"], r)
    r = RULES["zplus"](values["r"].ravel(), matrix(middle, values["r"].shape), r)
    expected = flat(x.ravel(), first, r).reshape(SHAPE)

    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        found = ours.attribute(x, method="lrp", target=1).maps

    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


# --- what lies between


def between(*middle: onnx.NodeProto, opset: int = 17, **weights: np.ndarray) -> inspector.Model:
    """Return conv1, some nodes from "a" to "z", a mean and a dense layer."""
    nodes = [
        node("Conv", ["x", "w1"], "a", pads=[1, 1, 1, 1]),
        *middle,
        node("GlobalAveragePool", ["z"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("Gemm", ["flat", "wd"], "y"),
    ]
    arrays = {"w1": W1, "wd": WD} | weights
    proto = model(nodes, shape=("n", 3, 12, 10), weights=arrays, opset=opset)
    return inspector.load(proto.SerializeToString(), device="cpu")


W1, WD = drawn(6, 3, 3, 3), drawn(6, 4)
GATE = [
    node("Relu", ["a"], "r"),
    node("GlobalAveragePool", ["r"], "m"),
    node("Conv", ["m", "wg"], "g"),
    node("Sigmoid", ["g"], "gate"),
    node("Mul", ["r", "gate"], "z"),
]
BETWEEN: dict[str, tuple[list[onnx.NodeProto], dict[str, Any]]] = {
    "squeeze and excite": (GATE, {"wg": drawn(6, 6, 1, 1)}),
    "swish in two nodes": ([node("Sigmoid", ["a"], "s"), node("Mul", ["s", "a"], "z")], {}),
    "scaled": ([node("Mul", ["a", "c"], "b"), node("Div", ["b", "c"], "z")], {"c": np.float32(3)}),
    "normalized": ([node("LRN", ["a"], "z", size=3)], {}),
    "two factors": ([node("Relu", ["a"], "r"), node("Mul", ["r", "a"], "z")], {}),
    "padded and moved": (
        [node("Pad", ["a", "pads"], "p"), node("Transpose", ["p"], "t", perm=[0, 1, 3, 2]),
         node("MaxPool", ["t"], "z", kernel_shape=[2, 2])],
        {"pads": np.asarray([0, 0, 1, 1, 0, 0, 1, 1])},
    ),
    "subtracted": (
        [node("Neg", ["a"], "n"), node("Mul", ["n", "h"], "b"), node("Sub", ["a", "b"], "z")],
        {"h": np.float32(0.5)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", ["epsilon", "zplus"])
@pytest.mark.parametrize("kind", BETWEEN)
def test_relevance_is_conserved_through(kind: str, rule: str) -> None:
    nodes, weights = BETWEEN[kind]
    with between(*nodes, **weights) as ours:
        found = ours.attribute(X, method="lrp", rule=rule)

    for values, explained in zip(found.maps, found.targets, strict=True):
        assert values.sum() == pytest.approx(explained.value, rel=2e-3, abs=1e-4)


NORM: dict[str, Any] = {
    "scale": np.asarray([1.2, -0.7, 0.4, 2.0, -1.1, 0.9], np.float32),
    "shift": drawn(6),
    "mean_": drawn(6),
    "var": RNG.uniform(0.5, 2, 6).astype(np.float32),
}
NORMALIZED = [
    node("BatchNormalization", ["a", "scale", "shift", "mean_", "var"], "n"),
    node("Relu", ["n"], "z"),
]


@pytest.mark.parametrize("rule", ["epsilon", "zplus", "alpha2beta1", "epsilon_plus_flat"])
def test_a_batch_normalization_is_as_if_it_were_merged(rule: str) -> None:
    gain = NORM["scale"] / np.sqrt(NORM["var"] + 1e-5)
    merged = [
        node("Conv", ["x", "wm", "bm"], "n", pads=[1, 1, 1, 1]),
        node("Relu", ["n"], "z"),
    ]
    weights: dict[str, Any] = {
        "wm": W1 * gain.reshape(-1, 1, 1, 1),
        "bm": NORM["shift"] - NORM["mean_"] * gain,
    }
    with between(*NORMALIZED, **NORM) as apart, between(*merged, **weights) as together:
        found, expected = (m.attribute(X, method="lrp", rule=rule, target=2).maps for m in (apart, together))

    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_a_layer_may_have_a_rule_of_its_own(ours: inspector.Model) -> None:
    """z⁺ everywhere but at the first layer, which is given the ε-rule, is no longer z⁺."""
    mixed = ours.attribute(X, method="lrp", rule="zplus", target=1, policies={"conv1": "lrp_epsilon"}).maps
    every = {layer.name: "lrp_epsilon" for layer in ours.layers()}
    all_epsilon = ours.attribute(X, method="lrp", rule="zplus", target=1, policies=every).maps

    assert np.abs(mixed - ours.attribute(X, method="lrp", rule="zplus", target=1).maps).max() > 1e-3
    np.testing.assert_allclose(
        all_epsilon, ours.attribute(X, method="lrp", rule="epsilon", target=1).maps, atol=1e-6
    )


@pytest.mark.parametrize(("rule", "share"), [("zplus", 1), ("epsilon_plus_flat", 1), ("epsilon", 0.88)])
def test_relevance_is_conserved_in_a_trained_network(zoo: Zoo, rule: str, share: float) -> None:
    """SqueezeNet on a photograph of a dog: z⁺ loses nothing, and by the ε-rule the biases take an eighth."""
    preprocessing = {"color": "BGR", "scale": 1.0, "mean": [103.939, 116.779, 123.68]}
    path = zoo.model("derived_squeezenet1.0_fp32")
    with inspector.load(path, device="cpu", preprocessing=preprocessing) as ours:
        found = ours.attribute(zoo.image("dog_winml.jpg"), method="lrp", rule=rule, target=207)

    assert found.maps.sum() == pytest.approx(share * found.targets[0].value, rel=0.01 if share == 1 else 0.1)


def test_a_bias_of_codes_is_a_number_like_others() -> None:
    """Quantizers of older versions add the bias, as codes, to the integer sums of a ConvInteger."""
    rng = np.random.default_rng(2)
    proto = model(
        [
            node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
            node("ConvInteger", ["q", "w", "z", "wz"], "sums"),
            node("Add", ["sums", "bias"], "biased"),
            node("Cast", ["biased"], "floats", to=onnx.TensorProto.FLOAT),
            node("Mul", ["s", "ws"], "scale"),
            node("Mul", ["floats", "scale"], "conv"),
            node("GlobalAveragePool", ["conv"], "mean"),
            node("Flatten", ["mean"], "y"),
        ],
        shape=(1, 2, 7, 7),
        weights={
            "w": rng.integers(100, 156, (3, 2, 3, 3), np.uint8),
            "wz": np.uint8(128),
            "ws": np.float32(0.01),
            "bias": rng.integers(-9, 9, (1, 3, 1, 1)).astype(np.int32),
        },
    )
    x = rng.uniform(0.1, 1, (1, 2, 7, 7)).astype(np.float32)
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        found = ours.attribute(x, method="lrp", target=Class(1))
        value = found.targets[0].value
    assert found.maps.sum() == pytest.approx(value, rel=0.1)
