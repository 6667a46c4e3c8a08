"""Models of one image without a batch axis: every image runs alone, and what is asked has the images' axis first."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import inspector
from inspector import Element, Unit
from tests.support.graphs import model, node, run_exposed

RNG = np.random.default_rng(3)


def plain(shape: tuple[int | str, ...], *, squeezed: bool) -> onnx.ModelProto:
    """Return a model of images (C, H, W), whose output is (1, 5) or (5,)."""
    channels = shape[0]
    assert isinstance(channels, int)
    nodes = [
        node("Unsqueeze", ["x", "zero"], "u"),
        node("Conv", ["u", "w"], "conv", pads=[1, 1, 1, 1]),
        node("Softplus", ["conv"], "act"),
        node("GlobalAveragePool", ["act"], "pool"),
        node("Flatten", ["pool"], "flat"),
        node("MatMul", ["flat", "d"], "scores"),
        *([node("Squeeze", ["scores", "zero"], "y")] if squeezed else []),
    ]
    weights = {
        "zero": np.array([0]),
        "w": RNG.standard_normal((4, channels, 3, 3)).astype(np.float32),
        "d": RNG.standard_normal((4, 5)).astype(np.float32),
    }
    return model(nodes, shape=shape, weights=weights)


@pytest.mark.parametrize("squeezed", [False, True])
@pytest.mark.parametrize("shape", [(3, 12, 10), (1, 12, 10), (3, "h", "w")])
def test_images_run_one_by_one(shape: tuple[int | str, ...], *, squeezed: bool) -> None:
    proto = plain(shape, squeezed=squeezed)
    x = RNG.standard_normal((2, int(shape[0]), 12, 10)).astype(np.float32)
    name = "y" if squeezed else "scores"
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        scores = ours.activations(x, layers=[name, "conv"])
        maps = ours.attribute(x, target=2)
        units = ours.attribute(x, target=Unit("conv", channel=1, position=(2, 3))).maps
        element = Element(name, (2,))
        cams = ours.attribute(x, method="gradcam", target=element).maps
        occluded = ours.occlude(x[0], target=element, size=6, stride=6)
        predicted = ours.predict(x)
        alone = [ours.attribute(one[None], target=2).maps[0] for one in x]

    for index, one in enumerate(x):
        truth = run_exposed(proto, one, ["scores", "conv"])
        np.testing.assert_allclose(scores[name][index].reshape(-1), truth["scores"][0], atol=1e-5)
        np.testing.assert_allclose(
            scores["conv"][index].reshape(truth["conv"].shape), truth["conv"], atol=1e-5
        )
        assert predicted[index].classes[0].index == truth["scores"].argmax()
    np.testing.assert_allclose(maps.maps, alone, atol=1e-6)
    assert maps.maps.shape == x.shape
    assert np.count_nonzero(units[0].reshape(-1, 12, 10)[0]) == 9
    assert cams.shape[0] == 2
    assert np.isfinite(occluded.probability).all()
    assert "ran_alone" not in [note.id for note in maps.notes]


def signals(length: int | str) -> onnx.ModelProto:
    """Return a model of signals (L, 4), whose first axis is that of length."""
    nodes = [
        node("Unsqueeze", ["x", "zero"], "u"),
        node("Transpose", ["u"], "t", perm=[0, 2, 1]),
        node("Conv", ["t", "w"], "conv", pads=[1, 1]),
        node("Relu", ["conv"], "act"),
        node("GlobalAveragePool", ["act"], "pool"),
        node("Flatten", ["pool"], "flat"),
        node("MatMul", ["flat", "d"], "scores"),
    ]
    rng = np.random.default_rng(4)
    weights = {
        "zero": np.array([0]),
        "w": rng.standard_normal((4, 4, 3)).astype(np.float32),
        "d": rng.standard_normal((4, 5)).astype(np.float32),
    }
    return model(nodes, shape=(length, 4), weights=weights)


def test_images_of_several_sizes_each_have_their_gradient_where_only_the_first_axis_is_free() -> None:
    given = [RNG.standard_normal((length, 4)).astype(np.float32) for length in (20, 30, 20)]
    with inspector.load(signals("length").SerializeToString(), device="cpu") as free:
        for x in given:
            with inspector.load(signals(len(x)).SerializeToString(), device="cpu") as fixed:
                expected = fixed.attribute([x], target=2).maps[0]
            np.testing.assert_allclose(free.attribute([x], target=2).maps[0], expected, atol=1e-6)
