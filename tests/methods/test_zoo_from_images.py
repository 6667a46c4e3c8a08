"""Pictures from images, of trained networks: inversion by depth, dreams, and the box of a photograph."""

from __future__ import annotations

from typing import Any

import pytest

import inspector
from tests.support.pictures import by_role, ids

MOBILENET = "derived_mobilenetv2_fp32_op15"
BY_DEPTH = (
    "/features/features.0/features.0.0/Conv",
    "/features/features.4/conv/conv.2/Conv",
    "/features/features.7/conv/conv.2/Conv",
    "/features/features.13/Add",
    "/features/features.17/conv/conv.2/Conv",
)


def test_the_box_of_the_image_is_accentuated(zoo: Any) -> None:
    with inspector.load(zoo.model("blazeface_front_128"), device="cpu", preprocessing="-1..1") as own:
        result = own.accentuate(zoo.image("faces_linzaer_9.jpg"), steps=2)

    assert "chosen_on_gray" not in ids(result)
    (found,) = by_role(result, "accentuated")
    assert found.measures["p_before"] > 0.3


def test_an_inversion_of_mobilenet_gets_worse_with_depth(zoo: Any) -> None:
    with inspector.load(zoo.model(MOBILENET), device="cpu", preprocessing="imagenet") as own:
        result = own.invert(zoo.image("dog_winml.jpg"), layers=BY_DEPTH[:2], steps=40)

    first, fourth = (one.measures["psnr_db"] for one in by_role(result, "inversion"))
    assert first > 30
    assert 17 < fourth < first


@pytest.mark.slow
def test_the_figures_of_inversion(zoo: Any) -> None:
    with inspector.load(zoo.model(MOBILENET), device="cpu", preprocessing="imagenet") as own:
        result = own.invert(zoo.image("dog_winml.jpg"), layers=BY_DEPTH)

    found = [one.measures["psnr_db"] for one in by_role(result, "inversion")]
    assert found[0] >= 33
    assert found[1] >= 20
    assert found == sorted(found, reverse=True)


def test_a_dream_of_mobilenet_raises_the_norm_of_its_layer(zoo: Any) -> None:
    with inspector.load(zoo.model(MOBILENET), device="cpu", preprocessing="imagenet") as own:
        result = own.dream(zoo.image("swan_captum.jpg"), octaves=1, steps=6)

    measured = by_role(result, "dream")[0].measures
    assert measured["after"] > 1.3 * measured["before"]
