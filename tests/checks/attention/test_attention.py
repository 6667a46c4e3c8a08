"""Rules about where a model looks: the object in its box, or the background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.errors import InvalidInputError
from inspector.types.results.images import Images
from inspector.types.results.report import Report
from tests.support.graphs import model, node
from tests.support.zoo import Zoo, find_zoo

SIDE = 40
RULES = ("attention-object", "pointing-game")
HERE, ELSEWHERE = (8, 8, 16, 16), (24, 24, 32, 32)


def of_brightness() -> bytes:
    """Return a model whose first class is how bright its maps are."""
    weights = np.array([1, 0.5], np.float32).reshape(2, 1, 1, 1) * np.ones((2, 3, 3, 3), np.float32)
    nodes = [
        node("Conv", ["x", "w"], "conv", pads=[1, 1, 1, 1]),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "pool"),
        node("Flatten", ["pool"], "flat"),
        node("Gemm", ["flat", "d"], "scores"),
    ]
    dense = np.array([[1, -1, 0], [1, -1, 0]], np.float32)
    proto = model(nodes, shape=("batch", 3, SIDE, SIDE), weights={"w": weights, "d": dense})
    return proto.SerializeToString()


def bright_at(*boxes: Sequence[int]) -> np.ndarray:
    """Return a prepared image (3, SIDE, SIDE) that is bright in some boxes (top, left, bottom, right)."""
    image = np.zeros((3, SIDE, SIDE), np.float32)
    for top, left, bottom, right in boxes:
        image[:, top:bottom, left:right] = 20
    return image


def report(images: Sequence[Any], boxes: Sequence[Sequence[float]], *rules: str, **options: Any) -> Report:
    with inspector.load(of_brightness(), device="cpu") as loaded:
        return loaded.check(
            select=list(rules or RULES), images=list(images), boxes=np.asarray(boxes, np.float64), **options
        )


def test_a_model_that_looks_at_the_object_gives_no_finding() -> None:
    said = report([bright_at(HERE)], [HERE])
    assert said.findings == ()
    assert {one.outcome for one in said.verdicts} == {"passed"}
    assert said.facts == {"attention_on_object": 1.0, "pointing_hits": 1.0}
    assert said.panels == ()


def test_a_model_that_looks_elsewhere_is_found_with_a_picture() -> None:
    said = report([bright_at(HERE)], [ELSEWHERE])
    assert [(one.id, one.subject, one.kind) for one in said.findings] == [
        ("attention-object", "image 0", "image"),
        ("pointing-game", "image 0", "image"),
    ]
    assert said.facts == {"attention_on_object": 0.0, "pointing_hits": 0.0}
    assert "on the object" in said.findings[0].measured
    assert said.findings[1].allowed == "within rows 24–32, columns 24–32, or 2 pixels beside"
    assert [one.title for one in said.panels] == ["attention-object", "pointing-game"]
    for panel in said.panels:
        assert isinstance(panel.result, Images)
        pixels = panel.result.images[0].pixels
        scale = pixels.shape[0] // SIDE
        assert pixels.shape == (SIDE * scale, SIDE * scale, 3)
        corner = pixels[24 * scale : 25 * scale, 24 * scale : 25 * scale].reshape(-1, 3)
        assert (corner == 255).all(axis=1).any(), "the box is drawn where it is"


def test_every_image_has_its_own_boxes_and_only_those_with_some_are_looked_at() -> None:
    images = [bright_at(HERE), bright_at(HERE), bright_at(ELSEWHERE), bright_at(ELSEWHERE)]
    said = report(images, [(0, *HERE), (2, *HERE), (3, *HERE), (3, *ELSEWHERE)])
    assert {(one.id, one.subject) for one in said.findings} == {(rule, "image 2") for rule in RULES}
    assert said.facts == {"attention_on_object": pytest.approx(2 / 3), "pointing_hits": pytest.approx(2 / 3)}


def test_findings_of_files_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "photo.npy"
    np.save(path, bright_at(HERE))
    (finding,) = report([str(path)], [ELSEWHERE], "pointing-game").findings
    assert finding.subject == "photo.npy"


def test_as_many_images_are_looked_at_as_is_said() -> None:
    images = [bright_at(HERE)] * 5
    assert len(report(images, [ELSEWHERE], "pointing-game").findings) == 5
    assert len(report(images, [ELSEWHERE], "pointing-game", **{"pointing-game.images": 2}).findings) == 2
    assert (
        len(report(images, [ELSEWHERE], "attention-object", **{"attention-object.images": 2}).findings) == 2
    )


def test_a_maximum_near_the_box_is_a_hit_within_the_tolerance() -> None:
    near = (8, 18, 16, 26)
    assert report([bright_at(HERE)], [near], "pointing-game", **{"pointing-game.tolerance": 9}).findings == ()
    assert report([bright_at(HERE)], [near], "pointing-game", **{"pointing-game.tolerance": 0}).findings != ()


def test_another_method_s_map_may_be_taken() -> None:
    options = {"pointing-game.method": "saliency"}
    assert (
        report([bright_at(HERE)], [HERE, ELSEWHERE], "pointing-game", **options).verdicts[0].outcome
        == "passed"
    )


def test_a_box_over_everything_leaves_no_background_to_compare() -> None:
    (verdict,) = report([bright_at(HERE)], [(0, 0, SIDE, SIDE)], "attention-object").verdicts
    assert (verdict.outcome, verdict.reason) == (
        "skipped",
        "of every image the boxes cover less than 1%, or more than 95%, so there is nothing to compare: image 0.",
    )


def test_boxes_that_are_none_are_the_caller_s_error() -> None:
    with pytest.raises(InvalidInputError, match="from 0 to 0") as caught:
        report([bright_at(HERE)], [(1, *HERE)])
    assert caught.value.field == "boxes"
    with pytest.raises(InvalidInputError, match="outside the image"):
        report([bright_at(HERE)], [(100, 100, 120, 120)])
    with pytest.raises(InvalidInputError, match="at least 2"):
        report([bright_at(HERE)], [HERE], **{"attention-object.grid": 1})


def test_a_model_that_tells_no_class_is_not_judged() -> None:
    proto = model(
        [node("Conv", ["x", "w"], "drawn", pads=[1, 1, 1, 1])],
        shape=("batch", 3, SIDE, SIDE),
        weights={"w": np.ones((3, 3, 3, 3), np.float32)},
    )
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        verdicts = loaded.check(
            select=list(RULES), images=[bright_at(HERE)], boxes=np.array([HERE], np.float64)
        ).verdicts
    assert [(one.outcome, one.reason) for one in verdicts] == [
        ("skipped", "no output tells which class an image is.")
    ] * 2


def test_without_boxes_nothing_is_judged() -> None:
    with inspector.load(of_brightness(), device="cpu") as loaded:
        verdicts = loaded.check(select=list(RULES), images=[bright_at(HERE)]).verdicts
    assert {one.outcome for one in verdicts} == {"skipped"}


PHOTOGRAPHS = {
    "elephant_captum.jpg": ((52, 5, 185, 138), (190, 150, 224, 224)),
    "zebra_captum.jpg": ((58, 5, 192, 224), (0, 0, 50, 224)),
    "dog_winml.jpg": ((26, 40, 206, 150), (0, 160, 224, 224)),
    "wolves_ort.jpg": ((80, 0, 186, 208), (0, 0, 60, 224)),
}
"""By photograph: where the animal is, read off by eye in the 224 × 224 pixels that the model gets; and where not."""


@pytest.fixture(scope="module")
def zoo() -> Zoo:
    found = find_zoo()
    if found is None:
        pytest.skip("there is no zoo")
    return found


def of_photographs(zoo: Zoo, place: int) -> Report:
    images = [str(zoo.image(name)) for name in PHOTOGRAPHS]
    boxes = np.array([(index, *boxes[place]) for index, boxes in enumerate(PHOTOGRAPHS.values())], np.float64)
    with inspector.load(zoo.model("derived_mobilenetv2_fp32_op15"), device="cpu") as loaded:
        return loaded.check(select=list(RULES), images=images, boxes=boxes)


def test_a_trained_model_looks_at_the_animals(zoo: Zoo) -> None:
    said = of_photographs(zoo, 0)
    assert said.findings == ()
    assert said.facts == {"attention_on_object": 1.0, "pointing_hits": 1.0}


def test_boxes_in_the_wrong_place_are_found_on_photographs(zoo: Zoo) -> None:
    said = of_photographs(zoo, 1)
    assert {(one.id, one.subject) for one in said.findings} == {
        (rule, name) for rule in RULES for name in PHOTOGRAPHS
    }
