"""-o: the form is that of the suffix, and what cannot be written is refused before the work begins."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.cli.commands import OWN, command_names
from inspector.cli.exits import EXIT_MODEL, EXIT_USAGE
from inspector.types.requests.base import REQUESTS, result_kind
from tests.cli.cases import CASES
from tests.cli.conftest import LABELS, PHOTOGRAPHS, Place
from tests.cli.test_both_ways import line
from tests.support.command import Command

SUFFIXES = (".csv", ".npy", ".npz", ".json", ".png", ".jpg", ".html", ".txt", "")
FIRST_OF_ITS_VERB = {case.verb: case for case in reversed(CASES.values()) if case.verb != "methods"}
TAKEN = {
    "predict": {".csv", ".npz", ".json", ".html"},
    "layers": {".csv", ".npz", ".json", ".html"},
    "rectifiers": {".csv", ".npz", ".json", ".html"},
    "describe": {".csv", ".npz", ".json", ".html"},
    "info": {".csv", ".npz", ".json", ".html"},
    "features": {".npy", ".npz", ".csv", ".json", ".html", ""},
    "activations": {".npz", ".png", ".jpg", ".json", ".html", ""},
    "attribute": {".npy", ".npz", ".png", ".jpg", ".json", ".html", ""},
    "occlude": {".npz", ".png", ".jpg", ".csv", ".json", ".html", ""},
    "occlude_regions": {".npz", ".png", ".jpg", ".json", ".html", ""},
    "top": {".npz", ".png", ".jpg", ".json", ".html", ""},
    "filters": {".npy", ".npz", ".png", ".jpg", ".json", ".html", ""},
    "fool": {".npz", ".png", ".jpg", ".json", ".html", ""},
    "neighbors": {".png", ".jpg", ".csv", ".json", ".html", ""},
    "pca": {".npy", ".npz", ".png", ".jpg", ".csv", ".json", ".html", ""},
}
DEPENDS_ON_THE_MODEL = {"predict": {".png", ".jpg"}}
"""Forms that some models' answers have: boxes and maps of classes can be drawn."""


def test_every_kind_of_answer_is_here() -> None:
    assert set(TAKEN) <= set(FIRST_OF_ITS_VERB) <= set(command_names())
    here = {result_kind(request) for verb, request in REQUESTS.items() if verb in TAKEN}
    assert here == {result_kind(request) for verb, request in REQUESTS.items() if verb not in OWN}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("verb", TAKEN)
def test_a_suffix_is_the_form_or_is_refused_before_a_model_is_looked_for(
    inspector: Command, place: Place, tmp_path: Path, verb: str, suffix: str
) -> None:
    case, path = FIRST_OF_ITS_VERB[verb], tmp_path / f"answer{suffix}"
    if suffix in DEPENDS_ON_THE_MODEL.get(verb, ()):
        refused = inspector(*line(case, place, place.model), "-o", path)
        assert (refused.code, refused.out) == (EXIT_USAGE, "")
        assert "neither boxes nor classes of places" in refused.err
        assert not list(tmp_path.iterdir())
        return
    if suffix not in TAKEN[verb]:
        refused = inspector(*line(case, place, "no-such-model.onnx"), "-o", path)
        assert (refused.code, refused.out) == (EXIT_USAGE, ""), refused
        assert refused.err.count("\n") == 1
        assert all(one in refused.err for one in TAKEN[verb])
        assert not list(tmp_path.iterdir())
        return
    assert inspector(*line(case, place, "no-such-model.onnx"), "-o", path).code == EXIT_MODEL
    assert not list(tmp_path.iterdir())
    assert inspector(*line(case, place, place.model), "-o", path).code in (0, 1)
    written = sorted(tmp_path.iterdir())
    assert written
    for one in written:
        read(one)


def read(path: Path) -> None:
    """Read a file as what its suffix says."""
    match path.suffix:
        case ".csv":
            rows = list(csv.reader(path.read_text().splitlines()))
            assert len({len(row) for row in rows}) == 1
        case ".json":
            assert json.loads(path.read_text()) is not None
        case ".html":
            assert path.read_text().startswith("<!doctype html>")
        case ".npz":
            with np.load(path) as arrays:
                assert all(arrays[name].size for name in arrays)
        case ".npy":
            assert np.load(path).size
        case suffix:
            kind = {".jpg": "JPEG", ".png": "PNG"}.get(suffix)
            if kind is None:
                assert path.read_bytes()[:6] in (b"\x93NUMPY", b"\x89PNG\r\n")
                return
            with Image.open(path) as picture:
                assert picture.format == kind


def test_tables_hold_numbers_as_they_are(inspector: Command, place: Place, tmp_path: Path) -> None:
    inspector("predict", place.model, place.images, "-k", 2, "-o", tmp_path / "p.csv")
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text().splitlines()))
    found = inspector("predict", place.model, place.images, "-k", 2, "--json").json()
    assert len(rows) == 2 * PHOTOGRAPHS
    assert {row["label"] for row in rows} <= set(LABELS)
    assert float(rows[3]["probability"]) == found[1]["classes"][1]["probability"]
    assert rows[3]["image"] == found[1]["image"]
    inspector("features", place.model, place.images, "-o", tmp_path / "f.csv")
    vectors = np.loadtxt((tmp_path / "f.csv"), delimiter=",", skiprows=1, usecols=range(1, 289))
    inspector("features", place.model, place.images, "-o", tmp_path / "f.npy")
    np.testing.assert_array_equal(vectors.astype(np.float32), np.load(tmp_path / "f.npy"))


def test_a_file_that_is_json_is_what_is_printed(inspector: Command, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "answer.JSON"
    printed = inspector("predict", place.model, place.image, "-o", path, "--json").json()
    assert json.loads(path.read_text()) == printed
    assert inspector("predict", place.model, place.image, "-o", path).out == ""


@pytest.mark.parametrize(
    "kind", ["no folder", "a folder", "below a file", "a name too long", "no name at all"]
)
def test_what_cannot_be_written_is_found_before_a_model_is_looked_for(
    inspector: Command, place: Place, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "taken.json").mkdir()
    path = {
        "no folder": tmp_path / "none" / "answer.json",
        "a folder": tmp_path / "taken.json",
        "below a file": place.image / "answer.json",
        "a name too long": tmp_path / ("a" * 300 + ".json"),
        "no name at all": Path("/proc/none/answer.json"),
    }[kind]
    found = inspector("predict", "no-such-model.onnx", place.image, "-o", path)
    assert (found.code, found.out) == (EXIT_USAGE, "")
    assert "cannot be written" in found.err
    assert found.err.count("\n") == 1


def test_what_is_there_stays_until_there_is_an_answer(
    inspector: Command, place: Place, tmp_path: Path
) -> None:
    path = tmp_path / "answer.json"
    path.write_text("before")
    assert inspector("predict", "no-such-model.onnx", place.image, "-o", path).code == EXIT_MODEL
    assert path.read_text() == "before"
