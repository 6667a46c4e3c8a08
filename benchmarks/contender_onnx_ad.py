"""The gradient of one score by onnx-ad: `python contender_onnx_ad.py MODEL.onnx FOLDER`, in an environment with it.

The folder holds x.npy, seed.npy (in the shape of the scores) and about.json (the names of both tensors). Writes
gradient.npy there, and prints what it took as JSON, or why it could not. Alone in its own environment: it imports
nothing of this package.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.version_converter
import onnx_ad
import onnxruntime as ort

REPEATS = 7
OPSET = 18


def main() -> None:
    """Differentiate once, run a few times."""
    model, folder = onnx.load(sys.argv[1]), Path(sys.argv[2])
    about, x = json.loads((folder / "about.json").read_text()), np.load(folder / "x.npy")
    try:
        print(json.dumps(differentiate(model, x, about, folder)))
    except Exception as error:  # noqa: BLE001 — whatever it cannot do is what is reported
        print(json.dumps({"error": f"{type(error).__name__}: {error}"[:300]}))


def differentiate(model: Any, x: np.ndarray, about: dict[str, Any], folder: Path) -> dict[str, float]:
    """Write the gradient; return milliseconds of a run, and seconds for writing the graph and making the session."""
    scores, image = about["scores"], about["image"]
    start = time.perf_counter()
    session = adjoint_session(model, scores=scores, image=image, shape=x.shape)
    made = time.perf_counter() - start
    feeds = {image: x, f"adj_{scores}": np.load(folder / "seed.npy")[..., None]}
    feeds = {one.name: feeds[one.name] for one in session.get_inputs()}
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        (gradient,) = session.run([f"adj_{image}"], feeds)
        times.append(time.perf_counter() - start)
    np.save(folder / "gradient.npy", gradient.reshape(x.shape))
    return {"milliseconds": 1000 * float(np.median(times)), "seconds_to_make": made}


def adjoint_session(
    model: Any,
    *,
    scores: str,
    image: str,
    shape: tuple[int, ...],
    threads: int = 0,
    providers: Sequence[Any] = ("CPUExecutionProvider",),
) -> ort.InferenceSession:
    """Return a session of the model's adjoint: the image and `adj_<scores>` (..., directions) -> `adj_<image>`."""
    given = prepared(model, scores=scores, image=image, shape=shape)
    adjoint = onnx_ad.reverse(given, inputs=[image], outputs=[scores], layout="onnx")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    return ort.InferenceSession(adjoint.SerializeToString(), options, providers=list(providers))


def prepared(model: Any, *, scores: str, image: str, shape: tuple[int, ...]) -> Any:
    """Return the model with a fixed input, the scores as its only output, and shapes: what onnx-ad asks for."""
    copy = raised(model)
    for info in copy.graph.input:
        if info.name == image:
            for dim, size in zip(info.type.tensor_type.shape.dim, shape, strict=True):
                dim.dim_value = size
    del copy.graph.output[:]
    copy.graph.output.append(onnx.helper.make_tensor_value_info(scores, onnx.TensorProto.FLOAT, None))
    inferred = onnx.shape_inference.infer_shapes(copy)
    known = {info.name: info for info in inferred.graph.value_info}
    if scores in known:
        del inferred.graph.output[:]
        inferred.graph.output.append(known[scores])
    return (
        onnx.utils.Extractor(inferred).extract_model([image], [scores])
        if _has_rest(inferred, scores)
        else inferred
    )


def raised(model: Any) -> Any:
    """Return a copy at an opset that onnx-ad's rules are for, where ONNX's own converter brings it there."""
    version = max(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))
    if version < OPSET:
        with contextlib.suppress(Exception):  # then it stays as it is
            return onnx.version_converter.convert_version(model, OPSET)
    return onnx.ModelProto.FromString(model.SerializeToString())


def _has_rest(model: Any, scores: str) -> bool:
    """Return whether nodes come after the scores, which a run would compute for nothing."""
    read = {name for node in model.graph.node for name in node.input}
    return scores in read


if __name__ == "__main__":
    main()
