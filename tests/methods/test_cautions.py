"""What must be said beside guided and deconvnet maps: a caution, and whether they depend on the image at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Unit
from inspector.methods.notes import CAUTION, IMAGE_INDEPENDENT
from inspector.types.notes import Note
from tests.support.graphs import model, node
from tests.support.small_cnn import images, small_cnn
from tests.support.toys import toy_cnn, toy_image
from tests.support.zoo import Zoo

WITHOUT_SWITCHES = (
    "derived_mobilenetv2_fp32_op15",
    "resnet20_onnc",
    "cifar10_tinymobilenet_fp32",
    "cifar10_resnet_4b_vnncomp",
)
WITH_SWITCHES = ("derived_squeezenet1.0_fp32", "samplenet_cifar10_omz", "cifar10_imageclassifier_winml")


def ids(notes: tuple[Note, ...]) -> set[str]:
    return {note.id for note in notes}


@pytest.mark.parametrize("method", ["deconvnet", "guided", "guided_gradcam"])
def test_the_caution_is_a_note(method: str) -> None:
    found = inspector.load(toy_cnn(), device="cpu").attribute(toy_image(), method=method)
    (note,) = [note for note in found.notes if note.id == CAUTION]
    assert note == found.caution
    assert "Adebayo" in note


@pytest.mark.parametrize("method", ["saliency", "gradcam", "integrated_gradients", "lrp"])
def test_others_have_none(method: str) -> None:
    found = inspector.load(toy_cnn(), device="cpu").attribute(toy_image(), method=method)
    assert not ids(found.notes) & {CAUTION, IMAGE_INDEPENDENT}


def test_a_judgment_of_them_carries_it() -> None:
    found = inspector.load(toy_cnn(), device="cpu").judge(
        toy_image(), method="guided", measures="deletion", removals=2
    )
    assert CAUTION in ids(found.notes)


def test_the_summary_says_it_once() -> None:
    found = inspector.load(toy_cnn(), device="cpu").attribute(toy_image(), method="guided")
    said = [*found.summary(), *found.notes]
    assert sum("Adebayo" in line for line in said) == 1


@pytest.mark.parametrize("name", [*WITHOUT_SWITCHES, *WITH_SWITCHES])
def test_what_is_said_of_a_network_is_what_two_photographs_show(zoo: Zoo, name: str) -> None:
    """Of a class, which is the same for both."""
    ours = inspector.load(zoo.model(name), device="cpu")
    photos = [zoo.image("dog_winml.jpg"), zoo.image("kitten_torchserve.jpg")]
    found = [ours.attribute(photo, method="deconvnet", target=Class(5)) for photo in photos]
    is_same = np.array_equal(found[0].maps, found[1].maps)
    assert found[0].maps.any()
    assert is_same == (name in WITHOUT_SWITCHES)
    for one in found:
        assert (IMAGE_INDEPENDENT in ids(one.notes)) == is_same
    plain = ours.attribute(photos[0], target=Class(5))
    assert IMAGE_INDEPENDENT not in ids(plain.notes)
    guided = [ours.attribute(photo, method="guided", target=Class(5)) for photo in photos]
    assert not np.array_equal(guided[0].maps, guided[1].maps)
    assert IMAGE_INDEPENDENT not in ids(guided[0].notes)


def no_switches() -> bytes:
    rng = np.random.default_rng(2)
    weights: dict[str, Any] = {
        "w1": rng.standard_normal((4, 3, 3, 3)).astype(np.float32),
        "w2": rng.standard_normal((5, 4, 3, 3)).astype(np.float32),
        "w3": rng.standard_normal((5, 4)).astype(np.float32),
    }
    nodes = [
        node("Conv", ["x", "w1"], "conv1", pads=[1, 1, 1, 1], strides=[2, 2]),
        node("Relu", ["conv1"], "relu1"),
        node("Conv", ["relu1", "w2"], "conv2"),
        node("Relu", ["conv2"], "relu2"),
        node("GlobalAveragePool", ["relu2"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("MatMul", ["flat", "w3"], "scores"),
    ]
    return model(nodes, shape=("n", 3, 16, 16), weights=weights).SerializeToString()


def test_a_units_projection_differs_by_its_value_alone() -> None:
    ours = inspector.load(no_switches(), device="cpu")
    x = np.random.default_rng(0).standard_normal((2, 3, 16, 16)).astype(np.float32)
    found = ours.attribute(x, method="deconvnet", target=Unit("conv2", 1, (2, 3)))
    values = [target.value for target in found.targets]
    (note,) = [note for note in found.notes if note.id == IMAGE_INDEPENDENT]
    assert "but for a factor" in note
    if min(values) * max(values) > 0:
        np.testing.assert_allclose(found.maps[0] * values[1], found.maps[1] * values[0], atol=1e-4)


def test_a_layer_that_keeps_its_masks_ends_it() -> None:
    """With the derivative at one rectifier, the image is seen again."""
    ours = inspector.load(no_switches(), device="cpu")
    x = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
    plain = ours.attribute(x, method="deconvnet", target=1)
    masked = ours.attribute(x, method="deconvnet", target=1, policies={"relu1": "gradient"})
    assert IMAGE_INDEPENDENT in ids(plain.notes)
    assert IMAGE_INDEPENDENT not in ids(masked.notes)


def test_a_fixed_batch_and_another_layout_say_the_same() -> None:
    for batch in (1, 4, "n"):
        ours = inspector.load(small_cnn(batch=batch, layout="NHWC"), device="cpu")
        found = ours.attribute(images(2, layout="NHWC"), method="deconvnet", target=1)
        assert IMAGE_INDEPENDENT not in ids(found.notes)  # it has a pooling
