"""Linear probes against scikit-learn by hand, on labels that mean something and on shuffled ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

import inspector
from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from inspector.types.requests.probe import ProbeRequest
from inspector.types.results.figure import Figure
from inspector.types.results.table import Table
from tests.support.toys import SIDE, toy_cnn
from tests.support.zoo import Zoo


def patterns(count: int = 12) -> tuple[np.ndarray, list[str]]:
    """Return noisy stripes, down or across, and which they are, in turn."""
    rng = np.random.default_rng(0)
    waves = np.sin(np.arange(SIDE) * 2.1)
    images, classes = [], []
    for index in range(count):
        stripes = np.tile(waves, (SIDE, 1)) if index % 2 else np.tile(waves[:, None], (1, SIDE))
        images.append(np.repeat(stripes[None], 3, axis=0) + rng.standard_normal((3, SIDE, SIDE)))
        classes.append("across" if index % 2 else "down")
    return np.asarray(images, np.float32), classes


@pytest.fixture(scope="module")
def ours() -> inspector.Model:
    return inspector.load(toy_cnn(), device="cpu", preprocessing="0..1")


def rows(found: Figure) -> dict[str, dict[str, Any]]:
    table = found["Table 7"]
    assert isinstance(table, Table)
    return {str(row.cells[0]): dict(zip(table.columns, row.cells, strict=True)) for row in table.rows}


@pytest.mark.parametrize("pooling", ["mean", "max", "none"])
def test_accuracies_are_those_of_scikit_learn(ours: inspector.Model, pooling: Any) -> None:
    x, classes = patterns(30)
    found = rows(
        ours.probe(
            x, classes=classes, layers=["relu1", "scores"], pooling=pooling, folds=3, seed=7, strength=0.1
        )
    )

    for layer in ("relu1", "scores"):
        values = ours.activations(x, layers=[layer])[layer].astype(np.float64)
        flat = values.reshape(*values.shape[:2], -1)
        vectors = {"mean": flat.mean(axis=2), "max": flat.max(axis=2), "none": flat.reshape(len(flat), -1)}[
            pooling
        ]
        probes: dict[str, Any] = {
            "softmax": LogisticRegression(C=0.1, max_iter=5000),
            "svm": LinearSVC(C=0.1, max_iter=5000, random_state=7),
        }
        for kind, made in probes.items():
            scores = []
            for fit, judge in StratifiedKFold(3, shuffle=True, random_state=7).split(vectors, classes):
                mean, deviation = vectors[fit].mean(axis=0), vectors[fit].std(axis=0)
                scaled = (vectors - mean) / np.where(deviation > 0, deviation, 1)
                guessed = made.fit(scaled[fit], np.array(classes)[fit]).predict(scaled[judge])
                scores.append(np.mean(guessed == np.array(classes)[judge]))
            assert found[layer][kind] == pytest.approx(np.mean(scores), abs=0.034)  # one image at the border
            assert found[layer][f"{kind}: spread"] == pytest.approx(np.std(scores), abs=0.05)


def test_shuffled_classes_are_told_by_chance(ours: inspector.Model) -> None:
    x, classes = patterns(80)
    shuffled = list(np.random.default_rng(1).permutation(classes))

    true, false = (rows(ours.probe(x, classes=one, layers=["relu1"]))["relu1"] for one in (classes, shuffled))

    assert true["softmax"] > 0.9
    assert true["svm"] > 0.9
    assert abs(false["softmax"] - 0.5) < 0.2
    assert abs(false["svm"] - 0.5) < 0.2
    assert true["chance"] == 0.5


def test_chance_is_the_share_of_the_largest_class(ours: inspector.Model) -> None:
    x, _ = patterns(12)
    found = rows(ours.probe(x, classes=["a"] * 9 + ["b"] * 3, layers=["flat"]))

    assert found["flat"]["chance"] == 0.75


def test_by_default_layers_over_the_depth_are_probed(ours: inspector.Model) -> None:
    x, classes = patterns()
    steps: list[tuple[int, int]] = []

    found = ours.probe(x, classes=classes, progress=lambda done, total: steps.append((done, total)))

    assert list(rows(found)) == ["relu1", "relu2", "flat"]
    assert steps == [(12, 15), (13, 15), (14, 15), (15, 15)]
    assert {note.id for note in found.notes} == {"few_images"}
    assert len(found.pictures()) == 1


def test_a_small_class_has_fewer_folds_and_it_is_noted(ours: inspector.Model) -> None:
    x, classes = patterns(9)
    found = ours.probe(x[:7], classes=[*classes[:4], "third", "third", "down"], layers=["flat"])

    assert {note.id for note in found.notes} == {"few_images", "fewer_folds"}


def test_classes_are_the_folders_of_the_images(ours: inspector.Model, tmp_path: Path) -> None:
    x, classes = patterns()
    paths = []
    for index, (image, name) in enumerate(zip(x, classes, strict=True)):
        (tmp_path / name).mkdir(exist_ok=True)
        paths.append(tmp_path / name / f"{index}.png")
        Image.fromarray(np.clip(image * 40 + 128, 0, 255).astype(np.uint8).transpose(1, 2, 0)).save(paths[-1])

    assert ProbeRequest(images=paths).classes == tuple(classes)
    by_folders = rows(ours.probe(paths, layers=["relu1"]))
    assert by_folders == rows(ours.probe(paths, classes=classes, layers=["relu1"]))
    kept = [0, 1, 3]
    assert ProbeRequest(images=paths).about([paths[one] for one in kept], kept=kept).classes == (
        "down",
        "across",
        "across",
    )
    with pytest.raises(InvalidInputError, match="or images in folders"):
        ours.probe(paths[::2], layers=["relu1"])


@pytest.mark.parametrize(
    ("given", "error", "says", "field"),
    [
        ({"classes": ["a", "b"]}, InvalidInputError, "has one image", "classes"),
        ({"classes": ["a", "a", "b", "b"]}, InvalidInputError, "4 texts, and more images", "classes"),
        ({"classes": ["a", "b"] * 9}, InvalidInputError, "18 texts, and 12 images", "classes"),
        ({"classes": ["a"] * 12}, InvalidInputError, "two classes or more", "classes"),
        ({"classes": ()}, InvalidInputError, "one text per image", "classes"),
        ({"classes": "ab"}, InvalidInputError, "one text per image", "classes"),
        ({"folds": 1}, InvalidInputError, "at least 2", "folds"),
        ({"strength": 0}, InvalidInputError, "above 0", "strength"),
        ({"pooling": "median"}, InvalidInputError, "mean, max, none", "pooling"),
        ({"layers": ["cnv"]}, NotFoundError, "no layer 'cnv'", "layers[0]"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    ours: inspector.Model, given: dict[str, Any], error: type[InspectorError], says: str, field: str
) -> None:
    x, classes = patterns()
    with pytest.raises(error, match=says) as caught:
        ours.probe(x, **({"classes": classes} | given))
    assert caught.value.field == field


@pytest.mark.slow
def test_it_rises_with_depth_on_a_trained_model(zoo: Zoo) -> None:
    """Written digits that the network was not trained on, 30 of each, as in Table 7; it does not rise strictly."""
    digits, rng = load_digits(), np.random.default_rng(0)
    chosen = np.concatenate([rng.permutation(np.flatnonzero(digits.target == one))[:30] for one in range(10)])
    images = []
    for index in chosen:
        small = Image.fromarray((digits.images[index] / 16 * 255).astype(np.uint8))
        images.append(np.pad(np.asarray(small.resize((20, 20), Image.Resampling.BICUBIC)), 4))
    classes = [str(one) for one in digits.target[chosen]]

    with inspector.load(zoo.model("mnist_8_ort"), device="cpu", preprocessing="0..255") as model:
        layers = ["ReLU32", "ReLU114", "Plus214"]
        found = rows(model.probe(images, classes=classes, layers=layers))

    for kind in ("softmax", "svm"):
        low, middle, high = (found[layer][kind] for layer in layers)
        assert 0.1 < low < middle - 0.1
        assert middle < high
        assert high > 0.9
