"""Published pairs: what is badly quantized is found, and what is good passes at the same settings."""

from __future__ import annotations

import pytest

import inspector
from inspector.types.results.report import Report
from tests.support.zoo import find_zoo

PHOTOS = ("dog_samoyed_pytorchhub.jpg", "zebra_captum.jpg", "swan_captum.jpg", "kitten_torchserve.jpg")
CIFAR = {"color": "RGB", "scale": 1 / 255, "mean": [0.4914, 0.4822, 0.4465], "std": [0.2023, 0.1994, 0.201]}


def report(model: str, baseline: str, *, preprocessing: object) -> Report:
    zoo = find_zoo()
    if zoo is None:
        pytest.skip("the zoo is not here")
    rules = ["layers-drift", "outputs-drift", "top-drift", "layers-unmatched", "preprocessing-differs"]
    paths = [str(zoo.image(name)) for name in PHOTOS]
    given = {"device": "cpu", "preprocessing": preprocessing}
    with inspector.load(zoo.model(model), **given) as one:  # type: ignore[arg-type]
        return one.check(baseline=str(zoo.model(baseline)), images=paths, select=rules)


def test_weights_that_are_others_are_found_at_the_first_layer() -> None:
    found = report("mobilenet_v2_int8_matias", "derived_mobilenetv2_fp32_op15", preprocessing="imagenet")
    (layer,) = [one for one in found.findings if one.id == "layers-drift"]
    assert (layer.subject, layer.operator) == ("node_Conv_809", "Conv")
    assert "nothing to do with the baseline's" in layer.message
    assert "outputs-drift" in {one.id for one in found.findings}


@pytest.mark.parametrize(
    ("model", "baseline", "preprocessing"),
    [
        ("mobilenetv2_int8_static_edgeflow", "derived_mobilenetv2_fp32_op15", "imagenet"),
        ("mobilenetv2_int8_dynamic_edgeflow", "derived_mobilenetv2_fp32_op15", "imagenet"),
        ("squeezenet_fp16_winml", "derived_squeezenet1.0_fp32", "caffe"),
        ("cifar10_tinymobilenet_int8", "cifar10_tinymobilenet_fp32", CIFAR),
    ],
)
def test_good_conversions_pass_at_the_same_settings(model: str, baseline: str, preprocessing: object) -> None:
    found = report(model, baseline, preprocessing=preprocessing)
    assert [(one.id, one.message) for one in found.findings] == []
    assert {one.outcome for one in found.verdicts} == {"passed"}
