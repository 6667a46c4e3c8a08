"""Every verb gives the same on a file in this process and on a running service."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.cli.commands import command_names
from tests.cli.cases import BEFORE_MODEL, BOXES, CASES, IMAGE, IMAGES, MODEL, WITHOUT_MODEL, Case
from tests.cli.conftest import DEMO, Place
from tests.cli.test_serve import VERB as SERVE
from tests.cli.test_service_life import VERBS as SERVICE_VERBS
from tests.support.command import Command

DRAWN = {name: case for name, case in CASES.items() if case.draws}


def line(case: Case, place: Place, model: object) -> list[object]:
    files = {id(IMAGE): place.image, id(IMAGES): place.images, id(MODEL): model, id(BOXES): place.boxes}
    return [
        case.verb,
        *BEFORE_MODEL.get(case.verb, ()),
        *([] if case.verb in WITHOUT_MODEL else [model]),
        *(files.get(id(argument), argument) for argument in case.arguments),
    ]


def test_every_verb_has_a_case() -> None:
    assert (
        set(command_names())
        == {case.verb for case in CASES.values()}
        | {SERVE, "about", "card", "check", "record", "report", "token"}
        | SERVICE_VERBS
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_same_json(inspector: Command, place: Place, address: str, case: Case) -> None:
    here = inspector(*line(case, place, place.model), "--json")
    there = inspector(*line(case, place, "toy"), "--json", "--server", address)
    assert here.json() == there.json()
    assert here.json()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_same_words(inspector: Command, place: Place, address: str, case: Case) -> None:
    here = inspector(*line(case, place, place.model))
    there = inspector(*line(case, place, "toy"), "--server", address)
    assert here.code == there.code == 0
    # Only the title of a table may name the model.
    assert here.out.splitlines()[1:] == there.out.splitlines()[1:]
    assert here.out.splitlines()[0].rpartition(":")[2] == there.out.splitlines()[0].rpartition(":")[2]
    assert not [word for word in case.words if word not in here.out]


@pytest.mark.parametrize("case", DRAWN.values(), ids=DRAWN)
def test_the_same_picture(inspector: Command, place: Place, address: str, tmp_path: Path, case: Case) -> None:
    here, there = tmp_path / "here.png", tmp_path / "there.png"
    local = inspector(*line(case, place, place.model), "-o", here, "--json")
    remote = inspector(*line(case, place, "toy"), "-o", there, "--json", "--server", address)
    assert local.json() == remote.json()
    assert f"wrote {here}" in local.err
    pictures = [open_png(path) for path in (here, there)]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    colors = pictures[0].astype(np.int32) @ [1 << 16, 1 << 8, 1]  # rows of three take seconds to sort
    assert len(np.unique(colors)) > 2


@pytest.mark.parametrize("verb", ["layers", "predict", "attribute", "occlude"])
def test_the_demonstration_model(
    inspector: Command, place: Place, address: str, tmp_path: Path, verb: str
) -> None:
    if not DEMO.exists():
        pytest.skip("demo/model/demo.onnx is missing: python -m demo.train.train makes it")
    options = {
        "layers": (),
        "predict": (place.image,),
        "attribute": (place.image, "-m", "deconvnet", "-l", "conv2"),
        "occlude": (place.image, "--size", 24, "--stride", 24),
    }[verb]
    here = inspector(verb, DEMO, *options, "--json").json()
    assert here
    assert here == inspector(verb, "demo", *options, "--json", "--server", address).json()


@pytest.mark.parametrize("given", ["file", "text"])
def test_preprocessing_given_here_is_that_given_at_the_upload(
    inspector: Command, place: Place, address: str, given: str
) -> None:
    text = f"@{place.preprocessing}" if given == "file" else place.preprocessing.read_text()
    plain = inspector("features", place.model, place.image, "--json").json()
    here = inspector("features", place.model, place.image, "--json", "--preprocessing", text).json()
    assert here == inspector("features", "scaled", place.image, "--json", "--server", address).json()
    assert here != plain


def test_vectors_as_a_file(inspector: Command, place: Place, address: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here.npy", tmp_path / "there.npy"
    printed = inspector("features", place.model, place.images, "-o", here, "--json").json()
    said = inspector("features", "toy", place.images, "-o", there, "--server", address)
    assert said.out == ""
    assert f"wrote {there}" in said.err
    np.testing.assert_array_equal(np.load(here), np.load(there))
    np.testing.assert_array_equal(np.load(here), np.asarray([row["vector"] for row in printed], np.float32))


def open_png(path: Path) -> np.ndarray:
    with Image.open(path, formats=["PNG"]) as image:
        return np.asarray(image.convert("RGB"))
