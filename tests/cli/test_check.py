"""`inspector check` ends with 1 where an error was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from tests.support.command import Command
from tests.support.toys import toy_cnn


def spoilt(folder: Path) -> Path:
    proto = onnx.load_from_string(toy_cnn())
    weight = proto.graph.initializer[0]
    array = numpy_helper.to_array(weight).copy()
    array.flat[0] = np.inf
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    path = folder / "spoilt.onnx"
    onnx.save(proto, path)
    return path


def test_an_error_is_told_by_the_exit_code(inspector: Command, tmp_path: Path) -> None:
    found = inspector("check", spoilt(tmp_path))
    assert found.code == 1
    assert "weights-finite" in found.out


def test_warnings_are_no_errors(inspector: Command, tmp_path: Path) -> None:
    found = inspector("check", spoilt(tmp_path), "--ignore", "weights-finite")
    assert found.code == 0
    assert "preprocessing-assumed" in found.out
