"""Targets: which unit is explained, and how targets pair with images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Unit
from inspector.errors import InvalidInputError, NotFoundError
from inspector.types.targets import TargetLike
from tests.support.small_cnn import images, small_cnn

LABELS = ["ape", "bee", "cat", "dog", "elk"]


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax"), device="cpu", labels=LABELS) as loaded:
        yield loaded


X = images(3)


def test_a_class_is_explained_by_its_score_before_the_softmax(ours: inspector.Model) -> None:
    found = ours.attribute(X[:1], target=2)
    scores = ours.activations(X[:1], layers=["scores"])["scores"][0]

    (target,) = found.targets
    assert (target.kind, target.tensor, target.layer, target.channel) == ("class", "scores", None, 2)
    assert (target.position, target.label, target.image) == ((), "cat", 0)
    assert target.value == scores[2]
    assert found.maps.shape == X[:1].shape
    assert found.maps.dtype == np.float32
    assert found.layout == "NCHW"
    np.testing.assert_array_equal(found.inputs, X[:1])


def test_numbers_classes_and_nothing_are_ways_to_say_a_class(ours: inspector.Model) -> None:
    best = int(ours.predict(X[:1])[0].classes[0].index)
    ways: list[Any] = [None, Class(), best, Class(best), np.int64(best)]
    maps = [ours.attribute(X[:1], target=way).maps for way in ways]

    for other in maps[1:]:
        np.testing.assert_array_equal(other, maps[0])


def test_the_most_probable_class_is_each_images_own(ours: inspector.Model) -> None:
    found = ours.attribute(X)

    assert [t.channel for t in found.targets] == [p.classes[0].index for p in ours.predict(X)]
    assert [t.image for t in found.targets] == [0, 1, 2]


def test_a_unit_by_channel_and_position(ours: inspector.Model) -> None:
    activation = ours.activations(X[:1], layers=["conv2"])["conv2"][0]

    (target,) = ours.attribute(X[:1], target=Unit("conv2", channel=4, position=(1, 2))).targets

    assert (target.kind, target.layer, target.channel, target.position) == ("unit", "conv2", 4, (1, 2))
    assert target.value == activation[4, 1, 2]
    assert target.label is None


def test_the_strongest_place_of_a_channel(ours: inspector.Model) -> None:
    activation = ours.activations(X, layers=["conv2"])["conv2"]

    found = ours.attribute(X, target=Unit("conv2", channel=4))

    for row, target in enumerate(found.targets):
        assert target.value == activation[row, 4].max() == activation[(row, 4, *target.position)]


def test_the_strongest_channel_and_its_place(ours: inspector.Model) -> None:
    activation = ours.activations(X, layers=["conv2"])["conv2"]

    found = ours.attribute(X, target=Unit("conv2"))

    for row, target in enumerate(found.targets):
        assert target.value == activation[row].max() == activation[(row, target.channel, *target.position)]


def test_a_position_without_a_channel_is_looked_at_in_the_strongest_channel(ours: inspector.Model) -> None:
    activation = ours.activations(X[:1], layers=["conv2"])["conv2"][0]

    (target,) = ours.attribute(X[:1], target=Unit("conv2", position=(0, 0))).targets

    assert target.channel == activation.reshape(10, -1).max(axis=1).argmax()
    assert target.value == activation[target.channel, 0, 0]


def test_a_unit_of_a_dense_layer_and_a_layer_by_its_tensor(ours: inspector.Model) -> None:
    (target,) = ours.attribute(X[:1], target=Unit("flat", channel=3)).targets

    assert (target.channel, target.position) == (3, ())
    np.testing.assert_array_equal(
        ours.attribute(X[:1], target=Unit("scores", channel=1)).maps, ours.attribute(X[:1], target=1).maps
    )


def test_one_target_goes_with_many_images(ours: inspector.Model) -> None:
    found = ours.attribute(X, target=Unit("relu2", channel=1, position=(0, 0)))

    for row in range(3):
        alone = ours.attribute(X[row : row + 1], target=Unit("relu2", channel=1, position=(0, 0)))
        np.testing.assert_allclose(found.maps[row], alone.maps[0], atol=1e-6)
        assert found.targets[row].image == row


def test_many_targets_go_with_one_image(ours: inspector.Model) -> None:
    targets: list[TargetLike] = [
        0,
        Unit("conv1", channel=2),
        4,
        Unit("conv2", channel=1),
        Unit("conv1", channel=0),
        Class(),
    ]

    found = ours.attribute(X[:1], target=targets, method="guided")

    assert len(found.maps) == len(found.targets) == 6
    for target, resolved, one in zip(targets, found.targets, found.maps, strict=True):
        alone = ours.attribute(X[:1], target=target, method="guided")
        assert alone.targets == (resolved,)
        np.testing.assert_allclose(one, alone.maps[0], atol=1e-6)


def test_targets_and_images_go_one_to_one(ours: inspector.Model) -> None:
    targets: list[TargetLike] = [Unit("conv2", channel=1), 3, Unit("conv2", channel=2)]

    found = ours.attribute(X, target=targets, method="deconvnet")

    for row, target in enumerate(targets):
        alone = ours.attribute(X[row : row + 1], target=target, method="deconvnet")
        assert found.targets[row].image == row
        assert found.targets[row].channel == alone.targets[0].channel
        assert found.targets[row].value == pytest.approx(alone.targets[0].value, rel=1e-5)
        np.testing.assert_allclose(found.maps[row], alone.maps[0], atol=1e-5)


def test_counts_that_do_not_pair_are_refused(ours: inspector.Model) -> None:
    with pytest.raises(InvalidInputError, match="2 targets do not go with 3 images") as error:
        ours.attribute(X, target=[0, 1])
    assert error.value.field == "targets"
    with pytest.raises(InvalidInputError, match="target"):
        ours.attribute(X[:1], target=[])


@pytest.mark.parametrize(
    ("target", "message", "reason"),
    [
        (5, "no class 5: the model has 5, from 0 to 4", "CLASS_NOT_FOUND"),
        (-1, "no class -1", "CLASS_NOT_FOUND"),
        (Unit("conv3"), "no layer 'conv3'.*conv2", "LAYER_NOT_FOUND"),
        (Unit("conv2", channel=10), "'conv2' has no channel 10: it has 10, from 0 to 9", "CHANNEL_NOT_FOUND"),
        (Unit("conv2", channel=-1), "no channel -1", "CHANNEL_NOT_FOUND"),
        (Unit("conv2", channel=0, position=(5, 0)), r"no position \(5, 0\).*\(5, 3\)", "POSITION_NOT_FOUND"),
        (Unit("conv2", channel=0, position=(0,)), "no position", "POSITION_NOT_FOUND"),
        (Unit("conv2", channel=0, position=(-1, 0)), "no position", "POSITION_NOT_FOUND"),
        (Unit("flat", channel=0, position=(0,)), "no position", "POSITION_NOT_FOUND"),
    ],
)
def test_what_is_out_of_range_is_refused_with_what_there_is(
    ours: inspector.Model, target: int | Unit, message: str, reason: str
) -> None:
    with pytest.raises(NotFoundError, match=message) as error:
        ours.attribute(X[:1], target=target)
    assert error.value.reason == reason


@pytest.mark.parametrize("target", [b"cat", True, 1.5, object()])
def test_what_is_no_target_is_refused(ours: inspector.Model, target: Any) -> None:
    with pytest.raises(InvalidInputError, match="A target is a class index"):
        ours.attribute(X[:1], target=target)


def test_an_unknown_method_is_refused_with_those_there_are(ours: inspector.Model) -> None:
    with pytest.raises(NotFoundError, match=r"'salience'.*deconvnet, .*saliency.*Did you mean 'saliency'"):
        ours.attribute(X[:1], method="salience")
