"""The zoo's models with a photograph each, as the engine and as ONNX Runtime alone run them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from inspector.types.preprocessing import Preprocessing
from tests.support.sessions import plain_options
from tests.support.zoo import Zoo

FREE_SIZE = (96, 128)
"""Where a model leaves it open; its strides divide it."""


@dataclass(frozen=True)
class Subject:
    """A model of the zoo and one image for it."""

    file: Path
    engine: Engine
    x: np.ndarray

    @property
    def run(self) -> Run:
        return Run(self.engine)

    @property
    def outputs(self) -> list[str]:
        return [output.name for output in self.engine.model.outputs]

    @property
    def is_quantized(self) -> bool:
        """Whether small changes of the image move the answer in steps, or not at all."""
        operators = {node.op_type for node in self.engine.model.ir.graph}
        return any("Quantize" in name or "QLinear" in name for name in operators)

    def pixel_step(self) -> np.ndarray:
        """Return how much the input changes with one step of a pixel's 0..255, as it broadcasts against one image."""
        spec: Preprocessing = self.engine.model.preprocessing
        step = spec.scale / np.atleast_1d(np.asarray(spec.std, np.float64))
        return step.reshape(-1, 1, 1) if spec.layout == "NCHW" else step


def subject(zoo: Zoo, file: str) -> Subject:
    """Load a model and prepare a photograph for it; where its size is free, at FREE_SIZE."""
    path = zoo.model(file)
    model = read_model(path)
    if model.input.height is None:
        height, width = FREE_SIZE
        model = read_model(
            path, preprocessing={"resize": {"mode": "exact"}, "crop": {"height": height, "width": width}}
        )
    name = "mnist_3.png" if model.input.channels == 1 else "dog_winml.jpg"
    engine = Engine(model, device=CPU, cache=SessionCache(max_bytes=1 << 30))
    return Subject(path, engine, prepare(model, zoo.image(name)).values)


def bare_session(file: Path, *, has_qdq: bool) -> ort.InferenceSession:
    """Return ONNX Runtime's own session of a file as exported, at the level of optimization that the engine takes."""
    options = plain_options()
    options.add_session_config_entry("session.disable_prepacking", "1")
    if has_qdq:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def run_bare(session: ort.InferenceSession, x: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return outputs by name."""
    return dict(zip(names, session.run(list(names), {session.get_inputs()[0].name: x}), strict=True))
