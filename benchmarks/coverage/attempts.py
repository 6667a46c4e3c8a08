"""What is tried on one model: `python -m benchmarks.coverage.attempts MODEL` prints what came out, as JSON.

A process of its own per model: one that crashes or hangs ends nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from sklearn.datasets import load_sample_image

import inspector
from benchmarks.coverage.differences import slope_error
from inspector import Element
from inspector.errors import InspectorError
from inspector.face.model import Model

Array = npt.NDArray[np.generic]


@dataclass
class Attempts:
    """What was tried, and what came out: words where it worked, the error's words where not."""

    worked: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: set[str] = field(default_factory=set)

    def attempt(self, what: str, run: Callable[[], str]) -> None:
        """Try one thing; a bare Python error is told with its type, for it is a bug."""
        try:
            self.worked[what] = run()
        except InspectorError as error:
            self.failed[what] = f"{error.reason}: {error.message}"
        except Exception as error:  # noqa: BLE001 — whatever it is, the page tells it
            self.failed[what] = f"BUG {type(error).__name__}: {error}"


def look_at(path: Path) -> Attempts:
    """Load a model and try what a user would, on a photograph where it takes pictures, else on noise."""
    tried = Attempts()
    loaded: list[Model] = []
    tried.attempt("load", lambda: _load(path, loaded))
    if not loaded:
        return tried
    model = loaded[0]
    tried.attempt("layers", lambda: str(len(model.layers())))
    image = _input(model)
    tried.attempt("predict", lambda: _predict(model, image, tried))
    tried.attempt("saliency", lambda: _attribute(model, image, "saliency", tried))
    tried.attempt("differences", lambda: _differences(model, path, image))
    tried.attempt("gradcam", lambda: _attribute(model, image, "gradcam", tried))
    tried.attempt("occlude", lambda: _occlude(model, image, tried))
    return tried


def _load(path: Path, loaded: list[Model]) -> str:
    loaded.append(inspector.load(path, device="cpu"))
    info = loaded[0].info
    return f"{info.input.layout} {'×'.join('?' if size is None else str(size) for size in info.input.shape)}"


def _input(model: Model) -> Array:
    """Return a photograph for inputs of one, three or four channels, else noise of the input's shape."""
    given = model.info.input
    if len(given.shape) == 4 and given.channels in (None, 1, 3):
        photograph: Array = load_sample_image("china.jpg")
        return photograph
    sizes = [1, *(size if isinstance(size, int) else 16_000 for size in given.shape[1:])]
    return np.random.default_rng(0).standard_normal(sizes).astype(given.dtype)


def _predict(model: Model, image: Array, tried: Attempts) -> str:
    found = model.predict(image, top=1)[0]
    tried.notes |= {note.id for note in found.notes}
    first = found.classes[0] if found.classes else None
    what = getattr(found, "meaning", "classes")
    if first is None:
        return f"{what}: nothing"
    number = first.score if first.probability is None else first.probability
    return f"{what}: {first.label or first.index} {number:.3g}"


def _attribute(model: Model, image: Array, method: str, tried: Attempts) -> str:
    found = model.attribute(image, method=method)
    tried.notes |= {note.id for note in found.notes}
    largest = float(np.abs(found.maps).max())
    return f"{found.targets[0]}; largest {largest:.2g}"


def _occlude(model: Model, image: Array, tried: Attempts) -> str:
    found = model.occlude(image)
    tried.notes |= {note.id for note in found.notes}
    values = found.probability
    return f"{found.baseline_probability:.3g}: {np.nanmin(values):.3g} … {np.nanmax(values):.3g}"


def _differences(model: Model, path: Path, image: Array) -> str:
    """Compare the gradient of the output's largest element with central differences of ONNX Runtime alone."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = next(one.name for one in model.info.outputs if "float" in one.dtype)
    index = [one.name for one in session.get_outputs()].index(name)

    def outputs(values: Array) -> Array:
        found: Array = session.run(None, {session.get_inputs()[0].name: values})[index]
        return found

    found = model.attribute(image, target=Element(name))
    place = tuple(span.start for span in found.targets[0].spans)
    error = slope_error(lambda values: float(outputs(values)[(0, *place)]), found.inputs, found.maps)
    return f"{error:.0e}"


def main() -> None:
    """Print what came out of one model."""
    ort.set_default_logger_severity(4)
    tried = look_at(Path(sys.argv[1]))
    print(json.dumps({"worked": tried.worked, "failed": tried.failed, "notes": sorted(tried.notes)}))


if __name__ == "__main__":
    main()
