"""`inspector record` writes a golden file, and says what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inspector as package
from inspector.cli.exits import EXIT_MODEL, EXIT_USAGE
from tests.cli.conftest import PHOTOGRAPHS, Place
from tests.support.command import Command


def test_a_folder_of_images_is_recorded(inspector: Command, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "golden.npz"
    done = inspector("record", place.model, "--data", place.images, "-o", path, "--layers", "conv1,relu2")
    assert done.code == 0
    assert "5×3×16×16" in done.out
    assert f"wrote {path}" in done.err.replace("\n", "")
    golden = package.read_golden(path)
    assert golden.inputs["x"].shape == (PHOTOGRAPHS, 3, 16, 16)
    assert (list(golden.outputs), list(golden.layers)) == (["scores"], ["conv1", "relu2"])
    assert golden.header["data"] == [f"photo{index}.png" for index in range(PHOTOGRAPHS)]


def test_an_npz_of_inputs_is_recorded(inspector: Command, place: Place, tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"input/x": np.ones((3, 3, 16, 16), np.float32)}
    np.savez(tmp_path / "inputs.npz", **arrays)
    path = tmp_path / "golden.npz"
    assert inspector("record", place.model, "--data", tmp_path / "inputs.npz", "-o", path).code == 0
    assert package.read_golden(path).outputs["scores"].shape == (3, 5)
    both = inspector("record", place.model, "--data", path, "--data", place.images, "-o", path)
    assert both.code == EXIT_USAGE
    assert "give one of both" in both.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("{model}", "--data", "nothing.png"), EXIT_USAGE, "There is no file nothing.png"),
        (("{model}", "--data", "{images}", "-o", "golden.png"), EXIT_USAGE, "ends in .npz."),
        (("{model}", "--data", "{images}", "--layers", "conv9"), EXIT_USAGE, "Did you mean 'conv"),
        (("{model}",), EXIT_USAGE, "--data"),
        (("none.onnx", "--data", "{images}"), EXIT_MODEL, "none.onnx"),
    ],
)
def test_what_cannot_be_recorded_is_told_and_nothing_is_written(
    inspector: Command,
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    found = inspector("record", *(word.format(model=place.model, images=place.images) for word in words))
    assert found.code == code
    assert told in found.err
    assert not list(tmp_path.iterdir())
