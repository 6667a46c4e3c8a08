"""Arrays on the command line: one file is one image."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inspector.cli.texts import read_array
from inspector.errors import InvalidInputError, LimitExceededError
from inspector.types.array_files import read_array_file
from tests.support.command import Command
from tests.support.graphs import model, node

RANDOM = np.random.default_rng(0)


@pytest.fixture
def signals(tmp_path: Path) -> Path:
    """Return a folder with a model of signals."""
    nodes = [
        node("Conv", ["x", "w"], "conv"),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "g"),
        node("Flatten", ["g"], "y"),
    ]
    weights = {"w": RANDOM.standard_normal((3, 2, 5)).astype(np.float32)}
    (tmp_path / "model.onnx").write_bytes(
        model(nodes, shape=("n", 2, 40), weights=weights).SerializeToString()
    )
    return tmp_path


def test_arrays_are_images(inspector: Command, signals: Path) -> None:
    one, other = RANDOM.standard_normal((2, 2, 40)).astype(np.float32)
    np.save(signals / "one.npy", one)
    np.savez(signals / "other.npz", other[None])
    np.save(signals / "many.npy", np.stack([one, other]))
    (signals / "broken.npy").write_bytes(b"nothing")
    files = [signals / name for name in ("one.npy", "other.npz")]

    found = inspector("predict", signals / "model.onnx", *files, "--json").json()
    assert [row["image"] for row in found] == list(map(str, files))
    refused = inspector("predict", signals / "model.onnx", signals / "many.npy")
    assert (refused.code, "holds 2 images" in refused.err) == (2, True)
    skipped = inspector("predict", signals / "model.onnx", signals / "broken.npy", *files, "--json")
    assert (skipped.code, json.loads(skipped.out)) == (1, found)
    assert "broken.npy" in skipped.err


def test_a_folder_of_arrays_is_asked_where_it_has_no_pictures(inspector: Command, signals: Path) -> None:
    folder = signals / "all"
    folder.mkdir()
    for name in ("a", "b"):
        np.save(folder / f"{name}.npy", RANDOM.standard_normal((2, 40)).astype(np.float32))
    found = inspector("predict", signals / "model.onnx", folder, "--json").json()
    assert [Path(row["image"]).name for row in found] == ["a.npy", "b.npy"]


def test_a_sweep_along_a_signal_is_written(inspector: Command, signals: Path) -> None:
    np.save(signals / "one.npy", RANDOM.standard_normal((2, 40)).astype(np.float32))
    table, picture = signals / "out.csv", signals / "out.png"
    for to in (table, picture):
        inspector(
            "occlude", signals / "model.onnx", signals / "one.npy", "--size", "10", "--stride", "10", "-o", to
        )
    rows = list(csv.reader(table.read_text().splitlines()))
    assert rows[0] == ["start", "probability", "class", "activation"]
    assert [row[0] for row in rows[1:]] == ["0", "10", "20", "30"]
    assert picture.stat().st_size > 500


def test_files_that_hold_no_one_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=np.zeros(2), b=np.ones(2))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    for name, words in (
        ("two.npz", "holds 2 arrays"),
        ("objects.npy", "Python objects"),
        ("no.npy", "cannot be read"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            read_array_file(tmp_path / name)
    with pytest.raises(LimitExceededError, match="limit is 10"):
        read_array_file(tmp_path / "two.npz", max_bytes=10)


@pytest.mark.parametrize("read", [read_array_file, read_array])
def test_an_array_whose_header_is_broken_is_an_error_about_the_file(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    path = tmp_path / "broken.npy"
    np.save(path, np.zeros(3))
    path.write_bytes(path.read_bytes().replace(b"}", b" "))
    with pytest.raises(InvalidInputError, match="broken.npy"):
        read(path)
