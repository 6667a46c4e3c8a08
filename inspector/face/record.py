"""`inspector.record`: what a model takes and answers, written down once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from inspector import __version__
from inspector.errors import InvalidInputError, in_brief
from inspector.extras import engine_required
from inspector.face.load import load
from inspector.face.model import Model
from inspector.types.control import NEVER, Cancellation, Control
from inspector.types.given import as_texts
from inspector.types.golden import Golden, images_of, read_inputs
from inspector.types.images import ImageLike
from inspector.types.preprocessing import Preprocessing, PreprocessingLike
from inspector.types.results.model_info import ImageInput
from inspector.types.sources import ModelSource

with engine_required():
    from inspector.checks.golden.record import recorded
    from inspector.checks.measures.precision import precision_of
    from inspector.face.local import LocalBackend, in_sizes_that_run
    from inspector.runtime.device import runtime_version


def record(
    model: Model | ModelSource,
    data: ImageLike,
    *,
    layers: str | Sequence[str] = (),
    device: str = "auto",
    preprocessing: Preprocessing | PreprocessingLike | None = None,
    cancellation: Cancellation | None = None,
) -> Golden:
    """Return what a model takes and answers; its `save(path)` writes a golden file, which `check` reads.

    `model` is one that runs in this process, or the file of one; `data` images as any verb takes them, or the path of
    an NPZ with inputs as the model takes them, (N, …) under `input/NAME`. `layers` are names of layers that are
    recorded too, or "all". The header says of which model, with which versions and preprocessing.

    Raises what loading and running raises, NotFoundError for a layer that there is not, LimitExceededError where it is
    more than a golden file holds.
    """
    names = as_texts(layers)
    if names is None:
        raise InvalidInputError(
            f"layers is {in_brief(layers, long='a {}')}; give names of layers.", field="layers"
        )
    given: Any = model
    opened = (
        nullcontext(given)
        if isinstance(model, Model)
        else load(given, device=device, preprocessing=preprocessing)
    )
    with opened as one:
        return _recorded(one, data, layers=names, cancellation=cancellation or NEVER)


def _recorded(model: Model, data: ImageLike, *, layers: Sequence[str], cancellation: Cancellation) -> Golden:
    backend = model.backend
    if not isinstance(backend, LocalBackend):
        raise InvalidInputError(
            f"The model {model.name!r} runs elsewhere ({backend!r}), which does not give images as the model takes "
            "them; record it where its file is.",
            field="model",
        )
    engine = backend.engine
    engine.require_open()
    images = _inputs(data, engine.model.input)
    found = in_sizes_that_run(
        engine, lambda run: recorded(run, images, layers=layers), control=Control(cancellation=cancellation)
    )
    return replace(found, header=_header(engine, found, data))


def _inputs(data: ImageLike, given: ImageInput) -> ImageLike:
    """Return images; of an NPZ those that it holds for the model's input."""
    if isinstance(data, list | tuple) and len(data) == 1:
        return _inputs(data[0], given)
    if isinstance(data, str | PathLike) and Path(data).suffix.lower() == ".npz":
        return images_of(read_inputs(data), given, what="data")
    return data


def _header(engine: Any, found: Golden, data: ImageLike) -> dict[str, Any]:
    model, level = engine.model, engine.known_level
    names = [
        Path(one).name
        for one in (data if isinstance(data, list | tuple) else [data])
        if isinstance(one, str | PathLike)
    ]
    return {
        "model": {"name": model.name, "sha256": model.sha256},
        "versions": {"inspector": __version__, "onnxruntime": runtime_version(), "numpy": np.__version__},
        "precision": precision_of(engine).value,
        "device": engine.device.name,
        "optimization": "" if level is None else level.optimization.name.lower(),
        "preprocessing": model.preprocessing.to_json(),
        "inputs": list(found.inputs),
        "outputs": list(found.outputs),
        "layers": list(found.layers),
        "data": names,
    }
