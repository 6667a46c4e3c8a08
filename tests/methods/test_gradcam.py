"""Grad-CAM against its closed form, and on photographs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

import inspector
from inspector import Class, Element, Unit
from inspector.errors import InvalidInputError, NotFoundError
from inspector.methods.planes import along_axes, interpolation
from inspector.runtime.session import Session
from inspector.types.targets import Target
from tests.support.graphs import model, node, run_exposed
from tests.support.small_cnn import HEIGHT, WIDTH, images, proto, small_cnn
from tests.support.zoo import Zoo

X = images(2, seed=6)
WEIGHTS = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto(small_cnn()).graph.initializer}


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax"), device="cpu") as loaded:
        yield loaded


def enlarged(plane: np.ndarray) -> np.ndarray:
    """Return a plane at the image's size, by Pillow."""
    picture = Image.fromarray(plane.astype(np.float32))
    return np.asarray(picture.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))


def replica(image: int, index: int) -> np.ndarray:
    """The mean and the dense layer over relu2 make ∂S_c/∂A_k the same everywhere: w_kc / (h·w)."""
    maps = run_exposed(proto(small_cnn()), X, ["relu2"])["relu2"][image]
    alpha = WEIGHTS["w3"][:, index] / maps[0].size
    return enlarged(np.maximum(np.tensordot(alpha, maps, axes=1), 0))


def test_it_equals_the_closed_form(ours: inspector.Model) -> None:
    found = ours.attribute(X, method="gradcam", target=[Class(1), Class(4)])

    assert found.maps.shape == (2, 1, HEIGHT, WIDTH)
    assert found.maps.dtype == np.float32
    for row, (image, index) in enumerate([(0, 1), (1, 4)]):
        expected = replica(image, index)
        assert expected.max() > 0
        np.testing.assert_allclose(found.maps[row, 0], expected, atol=1e-5 * expected.max())


@pytest.mark.parametrize("batch", [1, 5])
def test_fixed_batches_give_the_same(ours: inspector.Model, batch: int) -> None:
    expected = ours.attribute(X, method="gradcam", target=2).maps
    with inspector.load(small_cnn(batch=batch, head="Softmax"), device="cpu") as fixed:
        np.testing.assert_allclose(fixed.attribute(X, method="gradcam", target=2).maps, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["gradcam", "guided_gradcam"])
def test_the_other_layout_gives_the_same(ours: inspector.Model, method: str) -> None:
    expected = ours.attribute(X, method=method, target=2).maps
    with inspector.load(small_cnn(layout="NHWC"), device="cpu") as other:
        found = other.attribute(images(2, seed=6, layout="NHWC"), method=method, target=2)

    np.testing.assert_allclose(found.maps.transpose(0, 3, 1, 2), expected, atol=1e-6)


def test_a_layer_may_be_named(ours: inspector.Model) -> None:
    """conv1 by the gradient that the saliency method gives at its place: ∂S/∂A from a network that begins there."""
    found = ours.attribute(X, method="gradcam", target=3, layer="relu1").maps
    head = proto(small_cnn())
    del head.graph.node[:2]
    head.graph.input[0].CopyFrom(
        onnx.helper.make_tensor_value_info("relu1", onnx.TensorProto.FLOAT, ("n", 8, 16, 12))
    )
    maps = run_exposed(proto(small_cnn()), X, ["relu1"])["relu1"]
    with inspector.load(head.SerializeToString(), device="cpu") as upper:
        gradients = upper.attribute(maps, target=3).maps
    expected = np.maximum((gradients.mean(axis=(2, 3), keepdims=True) * maps).sum(axis=1), 0)

    assert expected.max() > 0
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)  # relu1 has the image's size


def test_a_unit_can_be_explained(ours: inspector.Model) -> None:
    found = ours.attribute(
        X, method="gradcam", target=Unit("conv2", channel=1, position=(2, 2)), layer="relu1"
    )

    assert found.maps.shape == (2, 1, HEIGHT, WIDTH)
    assert found.maps.max() > 0
    assert [target.position for target in found.targets] == [(2, 2), (2, 2)]


def test_a_detectors_heads_part_below_the_layer(ours: inspector.Model) -> None:
    """Two heads of different scales: each box is seen in the last layer that its own scale reads."""
    rng = np.random.default_rng(4)
    weights = {name: rng.standard_normal((4, 3, 3, 3)).astype(np.float32) for name in ("w1",)}
    weights |= {name: rng.standard_normal((4, 4, 3, 3)).astype(np.float32) for name in ("w2", "w3", "w4")}
    nodes = [
        node("Conv", ["x", "w1"], "stem"),
        node("Relu", ["stem"], "shared"),
        node("Conv", ["shared", "w2"], "fine"),
        node("Conv", ["shared", "w3"], "half", strides=[2, 2]),
        node("Relu", ["half"], "halves"),
        node("Conv", ["halves", "w4"], "coarse"),
        *(node("Flatten", [name], f"{name}_boxes", axis=2) for name in ("fine", "coarse")),
        *(node("Reshape", [f"{name}_boxes", "shape"], f"{name}_rows") for name in ("fine", "coarse")),
        node("Concat", ["fine_rows", "coarse_rows"], "boxes", axis=1),
    ]
    weights["shape"] = np.asarray([1, -1, 4])
    with inspector.load(model(nodes, weights=weights).SerializeToString(), device="cpu") as detector:
        x = rng.standard_normal((1, 3, 20, 17)).astype(np.float32)
        for box, layer in ((0, "shared"), (-1, "halves")):
            boxes = detector.activations(x, layers=["boxes"])["boxes"].shape[1]
            target = Element("boxes", (range(boxes)[box], 2))
            found = detector.attribute(x, method="gradcam", target=target)
            named = detector.attribute(x, method="gradcam", target=target, layer=layer)
            np.testing.assert_array_equal(found.maps, named.maps)
            assert found.maps.max() > 0


def test_guided_gradcam_is_the_product(ours: inspector.Model) -> None:
    guided, coarse, both = (
        ours.attribute(X, method=method, target=2).maps for method in ("guided", "gradcam", "guided_gradcam")
    )

    np.testing.assert_array_equal(both, guided * coarse)


def test_what_does_not_fit_is_refused(ours: inspector.Model) -> None:
    with pytest.raises(InvalidInputError, match="has no maps"):
        ours.attribute(X, method="gradcam", layer="flat")
    with pytest.raises(NotFoundError, match="no layer 'relu7'"):
        ours.attribute(X, method="gradcam", layer="relu7")
    with pytest.raises(InvalidInputError, match="does not depend"):
        ours.attribute(X, method="gradcam", target=Unit("conv1"), layer="relu2")
    vector = model(
        [node("Gemm", ["x", "w"], "y")], shape=("n", 7), weights={"w": np.ones((7, 2), np.float32)}
    )
    with inspector.load(vector.SerializeToString(), device="cpu") as flat, pytest.raises(InvalidInputError):
        flat.attribute(np.ones((1, 7), np.float32), method="gradcam")


@pytest.mark.parametrize(
    ("small", "large"), [((3, 5), (16, 12)), ((1, 1), (4, 4)), ((2, 1), (9, 3)), ((7, 7), (7, 7))]
)
def test_enlarging_is_pillows_bilinear(small: tuple[int, int], large: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).standard_normal(small).astype(np.float32)
    expected = Image.fromarray(plane).resize(large[::-1], Image.Resampling.BILINEAR)

    enlarged = along_axes(plane, [interpolation(one, other) for one, other in zip(small, large, strict=True)])
    np.testing.assert_allclose(enlarged, np.asarray(expected), atol=1e-6)


def test_enlarging_equals_the_product_with_whole_matrices() -> None:
    """Rows of two values, of several, of none, and turned round: whatever is gathered, it is the same sum."""
    random = np.random.default_rng(3)
    planes = random.standard_normal((2, 7, 5)).astype(np.float32)
    sparse = np.zeros((11, 5), np.float32)
    sparse[random.integers(0, 11, 14), random.integers(0, 5, 14)] = random.standard_normal(14)
    for down in (interpolation(7, 20), interpolation(7, 20)[:, ::-1], random.standard_normal((6, 7))):
        for across in (sparse, np.zeros((4, 5)), np.eye(5)[[3, 3, 0]]):
            matrices = [down.astype(np.float32), across.astype(np.float32)]
            found = along_axes(planes, matrices)
            np.testing.assert_allclose(
                found, np.einsum("ij,kl,njl->nik", *matrices, planes), atol=1e-5 * np.abs(found).max() + 1e-12
            )


# --- how often the model runs


@pytest.fixture
def forward_runs(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each run of a session, whether it is one forward, which takes an image."""
    noted, run = list[bool](), Session.run

    def spy(self: Session, feeds: dict[str, Any], fetch: list[str], **rest: Any) -> Any:
        noted.append("x" in feeds)
        return run(self, feeds, fetch, **rest)

    monkeypatch.setattr(Session, "run", spy)
    return noted


@pytest.mark.parametrize(
    ("method", "targets", "expected"),
    [
        ("gradcam", 1, [True, False]),
        ("gradcam", 3, [True, False]),
        ("guided_gradcam", 1, [True, False, False]),
        ("guided_gradcam", 3, [True, False, False]),
    ],
)
def test_the_image_goes_forward_once(
    ours: inspector.Model, forward_runs: list[bool], method: str, targets: int, expected: list[bool]
) -> None:
    asked = [Class(index) for index in range(targets)]
    ours.attribute(X[:1], method=method, target=asked, relu=False)
    forward_runs.clear()

    ours.attribute(X[:1], method=method, target=asked, relu=False)

    assert forward_runs == expected


@pytest.mark.parametrize("method", ["gradcam", "guided_gradcam"])
def test_targets_that_share_an_image_have_the_maps_that_they_have_alone(
    ours: inspector.Model, method: str
) -> None:
    asked: list[Target] = [Class(1), Unit("conv2", 0), Class(3), Unit("relu2", 1, (2, 2))]
    found = ours.attribute(X, method=method, target=asked, relu=False, layer="relu1", cross=True).maps

    alone = [
        ours.attribute(x[None], method=method, target=one, relu=False, layer="relu1").maps[0]
        for x in X
        for one in asked
    ]
    np.testing.assert_allclose(found, alone, atol=1e-6 * np.abs(alone).max())


# --- on photographs

PREPROCESSING = {
    "color": "BGR",
    "scale": 1.0,
    "mean": [103.939, 116.779, 123.68],
    "resize": {"mode": "short_side", "size": 256},
    "crop": {"height": 224, "width": 224},
}
DOG, CAT = 243, 282
"""Bull mastiff and tiger cat, both in one photograph: the dog above, the cat below."""


def squeezenet(zoo: Zoo, *, randomized: str | None = None) -> inspector.Model:
    proto = onnx.load(zoo.model("derived_squeezenet1.0_fp32"))
    for tensor in proto.graph.initializer:
        if tensor.name == randomized:
            array = numpy_helper.to_array(tensor)
            drawn = np.random.default_rng(0).permutation(array.ravel()).reshape(array.shape)
            tensor.CopyFrom(numpy_helper.from_array(drawn, tensor.name))
    return inspector.load(proto.SerializeToString(), device="cpu", preprocessing=PREPROCESSING)


def test_two_classes_are_seen_in_two_places(zoo: Zoo) -> None:
    with squeezenet(zoo) as ours:
        maps = ours.attribute(
            zoo.image("both_dog_cat_gradcam.png"), method="gradcam", target=[DOG, CAT]
        ).maps[:, 0]

    below = [plane[130:].sum() / plane.sum() for plane in maps]
    assert below[0] < 0.2
    assert below[1] > 2 * below[0]


@pytest.mark.parametrize(
    ("weight", "likeness"), [("conv1_w_0", 0.3), ("fire8/squeeze1x1_w_0", 0.3), ("conv10_w_0", 0.8)]
)
def test_it_changes_with_the_parameters(zoo: Zoo, weight: str, likeness: float) -> None:
    """Adebayo et al. 2018: what does not change when weights are randomized explains no model."""
    photograph = zoo.image("both_dog_cat_gradcam.png")
    with squeezenet(zoo) as ours, squeezenet(zoo, randomized=weight) as random:
        trained, drawn = (
            m.attribute(photograph, method="gradcam", target=DOG).maps.ravel() for m in (ours, random)
        )

    assert np.corrcoef(trained, drawn)[0, 1] < likeness
