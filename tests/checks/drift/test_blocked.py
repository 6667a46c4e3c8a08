"""What ONNX Runtime wrote with all of its optimizations holds tensors in blocks of channels: they are not compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

import inspector
from tests.support.zoo import find_zoo

RULES = ["layers-drift", "outputs-drift", "top-drift"]


def in_blocks(source: Path, folder: Path) -> Path:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.optimized_model_filepath = str(folder / "blocked.onnx")
    options.log_severity_level = 4
    ort.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    return folder / "blocked.onnx"


@pytest.mark.parametrize("name", ["yolox_nano", "derived_squeezenet1.0_fp32", "fastestdet"])
def test_a_file_with_blocks_of_channels_computes_the_same(name: str, tmp_path: Path) -> None:
    zoo = find_zoo()
    if zoo is None:
        pytest.skip("the zoo is not here")
    path = in_blocks(Path(zoo.model(name)), tmp_path)
    if b"com.microsoft.nchwc" not in path.read_bytes():
        pytest.skip("on this machine ONNX Runtime has no blocks of channels")
    with inspector.load(path, device="cpu", preprocessing="0..255") as model:
        side = [size if isinstance(size, int) else 128 for size in model.info.input.space]
        images = np.random.default_rng(3).integers(0, 256, (2, *side, 3), dtype=np.uint8)
        found = model.check(select=RULES, baseline=str(zoo.model(name)), images=list(images))
    assert [one.message for one in found.findings] == []
    assert "passed" in {one.outcome for one in found.verdicts}
