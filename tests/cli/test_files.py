"""Answers as files: pictures by their suffix, numbered where there are several, and arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import inspector as package
from tests.cli.conftest import PHOTOGRAPHS, Place
from tests.support.command import Command


@pytest.mark.parametrize(
    ("name", "kind"), [("map.png", "PNG"), ("map.jpg", "JPEG"), ("map.webp", "WEBP"), ("map", "PNG")]
)
def test_a_picture_has_the_format_of_its_suffix(
    inspector: Command, place: Place, tmp_path: Path, name: str, kind: str
) -> None:
    found = inspector("attribute", place.model, place.image, "--draw", "plain", "-o", tmp_path / name)
    assert found.code == 0
    assert found.told == [f"wrote {tmp_path / name}"]
    assert found.out.startswith("saliency of class")
    with Image.open(tmp_path / name) as picture:
        assert (picture.format, picture.size) == (kind, (16, 16))


def test_several_pictures_are_numbered(inspector: Command, place: Place, tmp_path: Path) -> None:
    layers = ("-l", "conv1,conv2", "-l", "flat")
    found = inspector("activations", place.model, place.image, *layers, "-o", tmp_path / "maps.png")
    names = [f"maps-{index}.png" for index in (1, 2, 3)]
    assert found.told == [f"wrote {tmp_path / name}" for name in names]
    with package.load(place.model, device="cpu") as model:
        expected = model.activations(place.image, layers=("conv1", "conv2", "flat")).pictures()
    for name, picture in zip(names, expected, strict=True):
        with Image.open(tmp_path / name) as written:
            np.testing.assert_array_equal(np.asarray(written), np.asarray(picture))


def test_a_map_per_image(inspector: Command, place: Place, tmp_path: Path) -> None:
    found = inspector(
        "attribute", place.model, place.images, "--class", 1, "-o", tmp_path / "m.png", "--json"
    ).json()
    assert [one["target"]["image"] for one in found] == list(range(PHOTOGRAPHS))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"m-{n + 1}.png" for n in range(PHOTOGRAPHS)]


def test_arrays_of_a_name_each(inspector: Command, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "values.npz"
    found = inspector("activations", place.model, place.images, "-l", "conv1,flat", "-o", path)
    assert (found.out, found.told) == ("", [f"wrote {path}"])
    with package.load(place.model, device="cpu") as model, np.load(path) as written:
        expected = model.activations(sorted(place.images.iterdir()), layers=("conv1", "flat"))
        assert sorted(written) == ["conv1", "flat"]
        for name in written:
            np.testing.assert_array_equal(written[name], expected[name])


def test_the_only_array(inspector: Command, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "map.npy"
    found = inspector("attribute", place.model, place.image, "-o", path, "--json").json()
    np.testing.assert_array_equal(np.load(path)[0], np.float32(found["map"]))
    path = tmp_path / "vectors"
    assert inspector("features", place.model, place.image, "-o", path).code == 0
    assert np.load(path).shape == (1, 288)


def test_a_sweep_as_arrays(inspector: Command, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "sweep.npz"
    found = inspector(
        "occlude", place.model, place.image, "--size", "6,4", "--stride", 5, "-o", path, "--json"
    ).json()
    assert found["size"] == [6, 4]
    assert "inputs" not in found
    with np.load(path) as written:
        assert "inputs" not in written
        np.testing.assert_array_equal(written["probability"], np.float32(found["probability"]))
