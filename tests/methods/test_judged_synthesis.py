"""A synthesis is judged by a network that was not optimized: a small form of benchmarks/synthesis on the zoo."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import inspector
from tests.support.zoo import Zoo

MOBILENET, SQUEEZENET = "derived_mobilenetv2_fp32_op15", "derived_squeezenet1.0_fp32"
PREPROCESSING = {MOBILENET: "imagenet", SQUEEZENET: "caffe"}
EFT = 27
STEPS = 48

Place = Callable[[str], Path]


@pytest.fixture
def place(zoo: Zoo, tmp_path: Path) -> Place:
    """Return a function that gives a model of the zoo with its preprocessing beside it."""

    def placed(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.onnx"
        shutil.copyfile(zoo.model(name), path)
        (folder / "inspector.json").write_text(json.dumps({"preprocessing": PREPROCESSING[name]}))
        return path

    return placed


def rank(subject: Path, judge: Path, **options: Any) -> tuple[float, float]:
    """Return at which place of 1,000 the judge names the eft in the subject's picture, and its total variation."""
    with inspector.load(subject) as model:
        (picture,) = model.synthesize(target=EFT, models=[str(judge)], steps=STEPS, **options).images
    return picture.measures[f"rank in {judge.stem}"], picture.measures["total variation"]


@pytest.mark.slow
@pytest.mark.parametrize(("subject", "judge"), [(MOBILENET, SQUEEZENET), (SQUEEZENET, MOBILENET)])
def test_another_network_sees_what_was_made(place: Place, subject: str, judge: str) -> None:
    found, variation = rank(place(subject), place(judge))
    assert found <= 5
    assert variation <= 0.13


@pytest.mark.slow
def test_another_network_sees_nothing_in_plain_ascent(place: Place) -> None:
    found, variation = rank(place(MOBILENET), place(SQUEEZENET), preset="naive")
    assert found > 20
    assert variation > 0.13


@pytest.mark.slow
def test_random_weights_make_nothing(place: Place) -> None:
    """The recipe itself draws no eft: with weights of the same sizes at random nobody sees one."""
    path = place(MOBILENET)
    proto = onnx.load(path)
    generator = np.random.default_rng(0)
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim > 1:
            drawn = generator.normal(0, values.std(), values.shape).astype(values.dtype)
            tensor.CopyFrom(numpy_helper.from_array(drawn, tensor.name))
    onnx.save(proto, path)
    assert rank(path, place(SQUEEZENET))[0] > 20
