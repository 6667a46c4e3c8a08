"""What goes wrong: the exit code, and words that say what was given and how to mend it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector.cli.exits import EXIT_INTERNAL, EXIT_MODEL, EXIT_USAGE
from inspector.cli.fields import read_method_options
from inspector.errors import InvalidInputError
from inspector.methods.catalog import info_of
from tests.cli.conftest import Place
from tests.support.command import Command

NOBODY = "127.0.0.1:1"
"""A port on which nothing listens."""


@pytest.mark.parametrize(
    "words",
    [
        ("inspect",),
        ("layers",),
        ("layers", "{model}", "--jsn"),
        ("attribute", "{model}", "{image}", "--channel", "first"),
        ("predict", "{model}", "{image}", "--top", "few"),
        ("neighbors", "{model}", "{image}", "{image}", "-k", "0"),
        ("serve", "--workers", "few"),
        ("serve", "--log-level", "loud"),
    ],
    ids=" ".join,
)
def test_a_line_that_does_not_parse(inspector: Command, place: Place, words: tuple[str, ...]) -> None:
    found = inspector(*(word.format(model=place.model, image=place.image) for word in words))
    assert found.code == EXIT_USAGE
    assert found.out == ""
    assert "Usage: " in found.err
    assert "Error" in found.err


def test_the_nearest_command_is_named(inspector: Command) -> None:
    found = inspector("oclude")
    assert found.code == EXIT_USAGE
    assert "No such command 'oclude'. Did you mean 'occlude'?" in found.err


WRONG = {
    "unknown layer": (("attribute", "{image}", "-l", "cnv2"), "'cnv2'", "Did you mean 'conv2'"),
    "unknown layer of features": (("features", "{image}", "-l", "relu9"), "'relu9'", "relu1"),
    "unknown layer of an occlusion": (("occlude", "{image}", "-l", "pool"), "'pool'", "pool1"),
    "unknown method": (("attribute", "{image}", "-m", "lime"), "'lime'", "saliency"),
    "unknown pooling": (("features", "{image}", "--pooling", "sum"), "sum", "max"),
    "unknown metric": (("neighbors", "{image}", "{images}", "--metric", "taxi"), "taxi", "euclidean"),
    "no such channel": (("attribute", "{image}", "-l", "conv2", "-c", "8"), "8", "0 to 7"),
    "no such position": (("attribute", "{image}", "-l", "conv2", "-c", "0", "-p", "6,0"), "6", "conv2"),
    "no such class": (("attribute", "{image}", "--class", "5"), "5", "0 to 4"),
    "a position in words": (("attribute", "{image}", "-l", "conv2", "-p", "top"), "'top'", "3,5"),
    "a class and a unit": (("attribute", "{image}", "-l", "conv2", "--class", "1"), "--class", "not both"),
    "a channel without layer": (("attribute", "{image}", "-c", "1"), "--channel", "give --layer"),
    "an unknown tensor": (("attribute", "{image}", "-t", "cnv2"), "'cnv2'", "Did you mean 'conv2'"),
    "no such element": (("attribute", "{image}", "-t", "scores", "--index", "5"), "5", "(5,)"),
    "an index in words": (("attribute", "{image}", "-t", "conv2", "--index", "all"), "--index", "3,5"),
    "a region in words": (
        ("attribute", "{image}", "-t", "conv2", "--region", "1,a:b"),
        "1,a:b",
        "START:STOP",
    ),
    "an empty region": (
        ("attribute", "{image}", "-t", "conv2", "--region", "1,3:3"),
        "3:3",
        "below the stop",
    ),
    "an unknown reduction": (
        ("attribute", "{image}", "-t", "conv2", "--region", ":", "--reduce", "median"),
        "'median'",
        "mean, sum, max",
    ),
    "a reduction without region": (
        ("attribute", "{image}", "-t", "conv2", "--reduce", "sum"),
        "--reduce",
        "--region",
    ),
    "an index without tensor": (("attribute", "{image}", "--index", "1"), "--index", "give --tensor"),
    "an index and a region": (
        ("attribute", "{image}", "-t", "conv2", "--index", "1", "--region", "1"),
        "--index",
        "one of",
    ),
    "an index and a class": (
        ("attribute", "{image}", "--class", "1", "-t", "scores", "--index", "1"),
        "--class",
        "or one of",
    ),
    "a layer and a tensor": (("attribute", "{image}", "-l", "conv1", "-t", "conv2"), "--layer", "not both"),
    "a vector that is none": (
        ("attribute", "{image}", "-t", "scores", "--direction", "{text}"),
        "text.png",
        "no .npy file",
    ),
    "a time that is none": (("predict", "{image}", "--timeout", "0"), "--timeout is 0", "above 0"),
    "a time before now": (("predict", "{image}", "--timeout", "-1"), "--timeout is -1", "above 0"),
    "a missing image": (("predict", "{missing}"), "missing.png", "No such file"),
    "an image that is none": (("predict", "{text}"), "image", "JPEG, PNG"),
    "a folder without images": (("predict", "{empty}"), "empty", ".png"),
    "too many components": (("pca", "{images}", "-n", "99"), "99", "5"),
    "a picture that cannot be written": (
        ("attribute", "{image}", "-o", "{nowhere}"),
        "nowhere",
        "cannot be written",
    ),
    "vectors that cannot be written": (
        ("features", "{image}", "-o", "{nowhere}"),
        "nowhere",
        "cannot be written",
    ),
    "a picture of one component": (
        ("pca", "{images}", "-n", "1", "-o", "{text}"),
        "two components",
        "--components 2",
    ),
    "no classes": (("predict", "{image}", "--top", "0"), "0", "at least 1"),
    "a size in words": (("occlude", "{image}", "--size", "large"), "'large'", "several numbers"),
    "an input without a file": (("predict", "{image}", "--input", "mask"), "'mask'", "NAME=FILE.npy"),
    "an input that is no array": (
        ("predict", "{image}", "--input", "mask={text}"),
        "text.png",
        "no .npy file",
    ),
    "arrays of what has none": (
        ("rectifiers", "-o", "{nowhere}.npy"),
        "`rectifiers` gives more than one array",
        ".csv, .json or .html",
    ),
    "several arrays in one file": (
        ("occlude", "{image}", "-o", "{nowhere}.npy"),
        "more than one array",
        ".npz",
    ),
    "a picture of what has none": (("features", "{image}", "-o", "{nowhere}.png"), "no picture", ".npy"),
    "a form that there is not": (
        ("predict", "{image}", "-o", "{nowhere}.jsn"),
        "no .jsn files",
        "Did you mean '.json'",
    ),
    "no suffix where there is no usual form": (("predict", "{image}", "-o", "{nowhere}"), "suffix", ".csv"),
    "an unknown option": (
        ("attribute", "{image}", "-m", "smoothgrad", "--option", "sample=3"),
        "'sample'",
        "Did you mean 'samples'",
    ),
    "an option of another type": (
        ("attribute", "{image}", "-m", "rise", "--option", "masks=many"),
        "'many'",
        "allowed: an integer",
    ),
    "an unknown rule": (
        ("attribute", "{image}", "-m", "lrp", "--option", "rule=zpluss"),
        "'zpluss'",
        "Did you mean 'zplus'",
    ),
    "an option of an unknown method": (
        ("attribute", "{image}", "-m", "risen", "--option", "masks=3"),
        "'risen'",
        "Did you mean 'rise'",
    ),
    "an option without a value": (
        ("attribute", "{image}", "-m", "rise", "--option", "masks"),
        "'masks'",
        "steps=20",
    ),
    "an option given twice": (
        ("attribute", "{image}", "-m", "rise", "--option", "masks=3", "--option", "masks=4"),
        "'masks'",
        "give it once",
    ),
    "policies as an option": (
        ("attribute", "{image}", "--option", "policies=relu1"),
        "policies",
        "--policy LAYER=POLICY",
    ),
    "an unknown policy": (
        ("attribute", "{image}", "--policy", "relu1=guide"),
        "'guide'",
        "Did you mean 'guided'",
    ),
    "a policy of an unknown layer": (
        ("attribute", "{image}", "--policy", "rely1=guided"),
        "'rely1'",
        "Did you mean 'relu1'",
    ),
    "a policy without a layer": (
        ("attribute", "{image}", "--policy", "guided"),
        "'guided'",
        "relu1=guided",
    ),
    "a square larger than the image": (("occlude", "{image}", "--size", "17"), "17", "16"),
}


@pytest.fixture
def files(place: Place, tmp_path: Path) -> dict[str, object]:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    return {
        "model": place.model,
        "image": place.image,
        "images": place.images,
        "missing": tmp_path / "missing.png",
        "empty": tmp_path / "empty",
        "text": tmp_path / "text.png",
        "nowhere": tmp_path / "nowhere" / "file",
    }


@pytest.mark.parametrize("way", ["here", "there"])
@pytest.mark.parametrize(("words", "given", "mending"), WRONG.values(), ids=WRONG)
def test_wrong_input(
    inspector: Command,
    files: dict[str, Any],
    request: pytest.FixtureRequest,
    way: str,
    words: tuple[str, ...],
    given: str,
    mending: str,
) -> None:
    verb, *rest = (word.format(**files) for word in words)
    there = way == "there" and request.getfixturevalue("address")
    model = ["toy", "--server", there] if there else [files["model"]]
    found = inspector(verb, *model[:1], *rest, *model[1:], "--json")
    assert found.code == EXIT_USAGE, found
    assert found.out == ""
    assert found.err.strip().splitlines()[-1].startswith("error ")
    assert given in found.err
    assert mending in found.err
    assert "Traceback" not in found.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@{missing}", "No such file"),
        ("scale=2", "--preprocessing is 'scale=2', which is no preset and no JSON. Give a preset (imagenet,"),
        ("imagnet", "Did you mean 'imagenet'?"),
        ('{"scale": 2', '--preprocessing {"scale": 2 is no JSON: '),
        ("[1]", "--preprocessing [1] is no JSON object"),
        ('{"scale": "large"}', "scale"),
        ('{"sclae": 2}', "sclae"),
    ],
)
def test_wrong_preprocessing(inspector: Command, files: dict[str, Any], text: str, words: str) -> None:
    text = text.replace("{missing}", str(files["missing"]))
    found = inspector("predict", files["model"], files["image"], "--preprocessing", text)
    assert found.code == EXIT_USAGE
    assert words in found.err


def test_preprocessing_is_the_services_own_affair(inspector: Command, place: Place, address: str) -> None:
    found = inspector("predict", "toy", place.image, "--server", address, "--preprocessing", "{}")
    assert found.code == EXIT_USAGE
    assert "--preprocessing works in-process" in found.err


def test_a_device_is_the_services_own_affair(inspector: Command, place: Place, address: str) -> None:
    found = inspector("predict", "toy", place.image, "--server", address, "--device", "cpu")
    assert found.code != 0
    assert "--device works in-process" in found.err


def test_a_policy_among_the_options(inspector: Command, place: Place) -> None:
    found = inspector("attribute", place.model, place.image, "--option", "policies=guided")
    assert found.code != 0
    assert "--policy LAYER=POLICY" in found.err
    with pytest.raises(InvalidInputError) as caught:
        read_method_options({"policies": "guided"}, method=info_of("saliency"))
    assert caught.value.field == "options[policies]"


def test_a_missing_model(inspector: Command, tmp_path: Path) -> None:
    here = inspector("layers", tmp_path / "none.onnx")
    assert here.code == EXIT_MODEL
    assert "none.onnx" in here.err


def test_a_missing_model_of_a_service(inspector: Command, address: str) -> None:
    there = inspector("layers", "toi", "--server", address)
    assert there.code == EXIT_MODEL
    assert "'toi'" in there.err
    assert "Did you mean 'toy'" in there.err


@pytest.mark.parametrize("kind", ["text", "picture", "empty", "half"])
def test_bytes_that_are_no_model(inspector: Command, place: Place, tmp_path: Path, kind: str) -> None:
    whole = place.model.read_bytes()
    data = {
        "text": b"These are words, and no model.\n" * 9,
        "picture": place.image.read_bytes(),
        "empty": b"",
        "half": whole[: len(whole) // 2],
    }[kind]
    path = tmp_path / "no.onnx"
    path.write_bytes(data)
    found = inspector("layers", path)
    assert found.code == EXIT_MODEL, found
    assert found.err.startswith("error ")


@pytest.mark.parametrize(
    "verb", ["layers", "predict", "attribute", "occlude", "features", "neighbors", "pca"]
)
def test_nobody_answers(inspector: Command, place: Place, verb: str) -> None:
    images = {"layers": [], "neighbors": [place.image, place.images], "pca": [place.images]}
    found = inspector(verb, "toy", *images.get(verb, [place.image]), "--server", NOBODY)
    assert found.code == EXIT_INTERNAL
    assert NOBODY in found.err
    assert "inspector serve" in found.err


def test_an_unknown_device(inspector: Command, place: Place) -> None:
    found = inspector("predict", place.model, place.image, "--device", "toaster")
    assert found.code == EXIT_USAGE
    assert "toaster" in found.err
    assert "cuda:N" in found.err


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_an_image_that_may_not_be_read(inspector: Command, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(place.image.read_bytes())
    path.chmod(0)
    found = inspector("predict", place.model, path)
    assert found.code == EXIT_USAGE
    assert "Permission denied" in found.err


def test_names_are_printed_as_they_are(inspector: Command, place: Place, tmp_path: Path) -> None:
    """Square brackets in a file's name are no markup."""
    path = tmp_path / "[bold]photo[dim].png"
    path.write_bytes(place.image.read_bytes())
    output = tmp_path / "[red]map.png"
    assert path.name in inspector("predict", place.model, path).out
    assert str(output) in inspector("attribute", place.model, path, "-o", output).err
    assert "[bold]none" in inspector("predict", place.model, "[bold]none.png").err
    assert np.size(inspector("features", place.model, path, "--json").json()[0]["vector"])
