"""Models that a command looks over: one in order, one with a fault, and a file that is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from tests.support.toys import toy_cnn


def good(path: str = "good.onnx") -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(toy_cnn())
    return path


def spoilt(path: str = "spoilt.onnx") -> str:
    proto = onnx.load_from_string(toy_cnn())
    weight = proto.graph.initializer[0]
    array = numpy_helper.to_array(weight).copy()
    array.flat[0] = np.inf
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, path)
    return path


def broken(path: str = "broken.onnx") -> str:
    Path(path).write_bytes(b"no model")
    return path


A_WARNING = ("--select", "preprocessing-assumed", "--severities", "preprocessing-assumed=warning")
"""Options with which the good model has one warning, and nothing else."""
