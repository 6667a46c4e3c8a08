"""What the JSON of each verb says, against what is known of the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

import inspector as package
from inspector.methods.catalog import attribution_methods
from inspector.model.preprocessing.prepare import prepare
from tests.cli.conftest import LABELS, PHOTOGRAPHS, Place
from tests.support.command import Command
from tests.support.in_process import engine_of

CHANNELS, MAP = 8, (6, 6)
"""Of conv2."""


def test_layers_are_those_of_the_file(inspector: Command, place: Place) -> None:
    found = inspector("layers", place.model, "--json").json()
    assert [layer["name"] for layer in found] == [
        "conv1",
        "relu1",
        "pool1",
        "conv2",
        "relu2",
        "flat",
        "scores",
    ]
    pool = found[2]
    assert (pool["operator"], pool["shape"], pool["channels"]) == ("MaxPool", [1, 6, 8, 8], 6)
    # conv1 sees 3 with padding 1, the pool two of those.
    assert pool["receptive_field"] == {"size": [4, 4], "stride": [2, 2], "offset": [-1, -1]}


def test_probabilities_are_those_of_another_runtime(inspector: Command, place: Place) -> None:
    (found,) = inspector("predict", place.model, place.image, "--top", 5, "--json").json()
    assert found["image"] == str(place.image)
    scores = run(place.model, place.image)
    expected = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    order = np.argsort(-expected)
    assert [one["index"] for one in found["classes"]] == order.tolist()
    assert [one["label"] for one in found["classes"]] == [LABELS[index] for index in order]
    assert [one["probability"] for one in found["classes"]] == pytest.approx(expected[order], rel=1e-5)
    assert [one["score"] for one in found["classes"]] == pytest.approx(scores[order], rel=1e-5)


def test_top_is_how_many_classes(inspector: Command, place: Place) -> None:
    rows = inspector("predict", place.model, place.images, "-k", 2, "--json").json()
    assert [len(row["classes"]) for row in rows] == [2] * PHOTOGRAPHS


def test_a_unit_is_where_it_was_asked_for(inspector: Command, place: Place) -> None:
    options = ("-l", "conv2", "-c", 3, "-p", "2,4", "--json")
    found = inspector("attribute", place.model, place.image, *options).json()
    assert (found["method"], found["shape"], np.shape(found["map"])) == ("saliency", [3, 16, 16], (3, 16, 16))
    target = found["target"]
    assert (target["layer"], target["channel"], target["position"]) == ("conv2", 3, [2, 4])
    assert (
        np.flatnonzero(np.abs(found["map"]).max((0, 1))).min() >= 7
    )  # column 4 of conv2 sees columns 7 to 14
    assert np.flatnonzero(np.abs(found["map"]).max((0, 2))).max() <= 10  # row 2 sees rows 3 to 10


def test_masks_and_vectors_are_read_from_files(inspector: Command, place: Place, tmp_path: Path) -> None:
    mask, vector = np.indices(MAP).sum(axis=0) % 2 == 0, [1.0, 0.0, -1.0, 2.0, 0.5]
    np.save(tmp_path / "mask.npy", mask)
    np.save(tmp_path / "vector.npy", vector)
    masked = ("-t", "conv2", "--region", "3", "--mask", tmp_path / "mask.npy")
    along = ("-t", "scores", "--direction", tmp_path / "vector.npy")
    with package.load(place.model, device="cpu") as model:
        for options, target in (
            (masked, package.Region("conv2", 3, mask=mask)),
            (along, package.Direction("scores", tuple(vector))),
        ):
            found = inspector("attribute", place.model, place.image, *options, "--json").json()
            expected = model.attribute(place.image, target=target)
            np.testing.assert_array_equal(np.float32(found["map"]), expected.maps[0])
            assert found["target"]["elements"] == expected.targets[0].elements


def test_a_class_against_another(inspector: Command, place: Place) -> None:
    with package.load(place.model, device="cpu", labels=list(LABELS)) as model:
        for options, target in (
            (("--class", 1, "--against", 3), package.Combination([1, 3])),
            (("--against", "next"), package.Combination([None, None])),
            (("--class", LABELS[2], "--negative"), package.Combination([2], [-1])),
            (("--class", 1, "--against", LABELS[3], "--negative"), package.Combination([1, 3], [-1, 1])),
            (("-l", "conv2", "-c", 1, "--negative"), package.Combination([package.Unit("conv2", 1)], [-1])),
        ):
            found = inspector("attribute", place.model, place.image, *options, "--json").json()
            expected = model.attribute(place.image, target=target)
            np.testing.assert_array_equal(np.float32(found["map"]), expected.maps[0])
            assert found["target"]["label"] == expected.targets[0].label
    refused = inspector("attribute", place.model, place.image, "-l", "conv2", "--against", 3)
    assert refused.code == 2
    assert "--against is about classes" in refused.err


def test_several_classes_of_several_images(inspector: Command, place: Place) -> None:
    options = ("--class", 1, "--class", LABELS[3], "--cross")
    found = inspector("attribute", place.model, place.images, *options, "--json").json()
    assert [(one["target"]["image"], one["target"]["channel"]) for one in found] == [
        (image, index) for image in range(PHOTOGRAPHS) for index in (1, 3)
    ]
    for refused, says in (
        (inspector("attribute", place.model, place.images, *options[:-1]), "cross=True"),
        (inspector("occlude", place.model, place.image, *options[:-1]), "explains one class"),
    ):
        assert refused.code == 2
        assert says in refused.err


def test_what_was_used_is_told(inspector: Command, place: Place) -> None:
    options = ("-m", "rise", "--option", "masks=20")
    found = inspector("attribute", place.model, place.image, *options, "--json").json()
    assert found["options"] == {"baseline": "gray", "cells": 7, "keep": 0.5, "masks": 20, "seed": 0}
    found = inspector("attribute", place.model, place.image, "-m", "gradcam", "--json").json()
    assert found["layer"] == found["options"]["layer"] == "relu2"
    shown = inspector("attribute", place.model, place.image, "-m", "gradcam").out
    assert "options layer='relu2', relu=True, weights='mean'" in " ".join(shown.split())


def test_what_is_not_given_is_the_strongest(inspector: Command, place: Place) -> None:
    given = ("attribute", place.model, place.image, "-l", "conv2")
    values = {
        (channel, row, column): inspector(*given, "-c", channel, "-p", f"{row},{column}", "--json").json()[
            "target"
        ]["value"]
        for channel in (0, 5)
        for row in range(0, MAP[0], 2)
        for column in range(0, MAP[1], 3)
    }
    for channel in (0, 5):
        target = inspector(*given, "-c", channel, "--json").json()["target"]
        assert target["value"] >= max(value for at, value in values.items() if at[0] == channel)
    strongest = inspector(*given, "--json").json()["target"]
    channels = [inspector(*given, "-c", c, "--json").json()["target"]["value"] for c in range(CHANNELS)]
    assert strongest["value"] == max(channels)
    assert strongest["channel"] == int(np.argmax(channels))


@pytest.mark.parametrize("method", ["saliency", "deconvnet", "guided"])
def test_methods_are_those_of_the_package(inspector: Command, place: Place, method: str) -> None:
    found = inspector("attribute", place.model, place.image, "-m", method, "--class", 2, "--json").json()
    with package.load(place.model, device="cpu") as model:
        expected = model.attribute(place.image, method=method, target=2).maps[0]
    np.testing.assert_array_equal(np.float32(found["map"]), expected)
    assert np.abs(expected).max() > 0


def test_options_and_policies_are_those_of_the_package(inspector: Command, place: Place) -> None:
    given = ("-m", "integrated_gradients", "--option", "steps=5", "--option", "baseline=black", "--class", 2)
    found = inspector("attribute", place.model, place.image, *given, "--json").json()
    mixed = inspector("attribute", place.model, place.image, "--policy", "relu1=deconvnet", "--json").json()
    with package.load(place.model, device="cpu") as model:
        expected = model.attribute(
            place.image, method="integrated_gradients", target=2, steps=5, baseline="black"
        )
        other = model.attribute(place.image, policies={"relu1": "deconvnet"})
    np.testing.assert_array_equal(np.float32(found["map"]), expected.maps[0])
    assert found["completeness_gap"] == expected.completeness_gap[0]
    assert found["notes"] == list(expected.notes)
    assert [note.id for note in expected.notes] == ["assumed_preprocessing"]
    np.testing.assert_array_equal(np.float32(mixed["map"]), other.maps[0])
    assert mixed["completeness_gap"] is None


def test_methods_are_listed_with_what_may_be_given(inspector: Command) -> None:
    found = {method["name"]: method for method in inspector("methods", "--json").json()}
    assert set(found) == {method.name for method in attribution_methods()}
    (steps,) = [option for option in found["integrated_gradients"]["options"] if option["name"] == "steps"]
    assert steps == {"name": "steps", "types": ["integer"], "default": 50, "choices": [], "help": ""}


def test_rectifiers_are_those_of_the_model(inspector: Command, place: Place) -> None:
    found = inspector("rectifiers", place.model, "--json").json()
    assert found == [{"name": "Relu", "layer": layer, "layers": [layer]} for layer in ("relu1", "relu2")]


def test_occlusion_covers_the_image(inspector: Command, place: Place) -> None:
    options = ("--size", 4, "--stride", 3, "--class", 1, "--json")
    found = inspector("occlude", place.model, place.image, *options).json()
    assert (found["size"], found["stride"]) == ([4, 4], [3, 3])
    assert found["target"]["label"] == LABELS[1]
    assert (
        np.shape(found["probability"])
        == (len(found["tops"]), len(found["lefts"]))
        == np.shape(found["label"])
    )
    assert found["tops"][0] == 0
    assert np.all(found["done"])
    assert "picture" not in found


def test_neighbors_are_in_order(inspector: Command, place: Place) -> None:
    found = inspector("neighbors", place.model, place.image, place.images, "-k", PHOTOGRAPHS, "--json").json()
    distances = [one["distance"] for one in found["neighbors"]]
    assert found["neighbors"][0] == {"image": str(place.image), "distance": pytest.approx(0, abs=1e-6)}
    assert distances == sorted(distances)
    assert len(distances) == PHOTOGRAPHS


def test_components_are_in_order(inspector: Command, place: Place) -> None:
    found = inspector("pca", place.model, place.images, "-n", 3, "--json").json()
    ratios = found["explained_variance_ratio"]
    assert ratios == sorted(ratios, reverse=True)
    points = np.array([row["point"] for row in found["points"]])
    assert points.shape == (PHOTOGRAPHS, 3)
    np.testing.assert_allclose(points.mean(0), 0, atol=1e-5)


def run(model: Path, image: Path) -> np.ndarray:
    """Return the scores as the reference implementation of ONNX gives them for the image as the package prepares it."""
    with package.load(model, device="cpu") as loaded:
        x = prepare(engine_of(loaded).model, image).values
    return ReferenceEvaluator(str(model)).run(["scores"], {"x": x})[0][0]
