"""Export an architecture and differentiate it with autograd; runs in the peer's environment.

`python -m benchmarks.architectures.peer NAME FOLDER THREADS` writes the files, `reference.npz`, and one JSON line per
step to `peer.jsonl`.
"""

from __future__ import annotations

import copy
import json
import logging
import sys
import time
import warnings
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import onnx
import torch

from benchmarks.architectures.catalog import DYNAMO, Export, architecture_named
from benchmarks.architectures.comparison import POLICIES, deviations
from benchmarks.architectures.networks import build
from benchmarks.architectures.pictures import pictures
from benchmarks.architectures.rectified import maps
from benchmarks.architectures.weights import SEED, settle

IMAGES = 2


def main() -> None:
    """Write the reference, then one file after the other."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    name, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    architecture = architecture_named(name)
    network = build(architecture)
    settle(network, side=architecture.side)
    images = pictures(IMAGES, side=architecture.side, seed=SEED + 1)
    with (folder / "peer.jsonl").open("w", encoding="utf-8") as log:
        reference = _reference(network, images)
        np.savez(folder / "reference.npz", allow_pickle=False, **reference)
        _say(log, {"reference": True})
        for export in architecture.exports:
            _say(
                log, {"export": export.key, **_export(network, images, export, folder / f"{export.key}.onnx")}
            )
        for export in architecture.exports:
            path = folder / f"{export.key}.onnx"
            if path.exists():
                _say(log, {"onnx2torch": export.key, **_onnx2torch(path, images, export, reference)})


def _say(log: TextIO, message: dict[str, Any]) -> None:
    log.write(json.dumps(message) + "\n")
    log.flush()


def _reference(network: torch.nn.Module, images: torch.Tensor) -> dict[str, np.ndarray]:
    """Return the images, the maps of float32 and of its float64 twin, and how far the two are apart."""
    found: dict[str, np.ndarray] = {"images": images.numpy()}
    twin = copy.deepcopy(network).double()
    places = None
    for policy in POLICIES:
        wide, chosen = maps(twin, images.double(), policy, places)
        places = places or chosen
        narrow, _ = maps(network, images, policy, places)
        for number, (one, two) in enumerate(zip(narrow, wide, strict=True)):
            found[f"{policy}/{number}"] = one.numpy()
            found[f"{policy}/{number}/float64"] = two.numpy()
    with torch.no_grad():
        for number, output in enumerate(network(images)):
            found[f"output/{number}"] = output.numpy()
    found["places"] = np.asarray(places)
    return found


def _export(network: torch.nn.Module, images: torch.Tensor, export: Export, path: Path) -> dict[str, Any]:
    outputs = [f"output_{number}" for number in range(len(network(images[:1])))]
    started = time.perf_counter()
    any_batch = export.batch == "N"
    options: dict[str, Any] = {
        "opset_version": export.opset,
        "input_names": ["image"],
        "output_names": outputs,
    }
    if export.exporter == DYNAMO:
        options |= {"dynamo": True, "verbose": False}
        if any_batch:
            options["dynamic_shapes"] = ({0: torch.export.Dim.DYNAMIC},)
    else:
        options["dynamo"] = False
        if any_batch:
            options["dynamic_axes"] = {each: {0: "batch"} for each in ("image", *outputs)}
    try:
        with torch.no_grad():
            torch.onnx.export(network, (images if any_batch else images[:1],), path, **options)
    except Exception as error:  # noqa: BLE001 - whatever the exporter raises is its result
        path.unlink(missing_ok=True)
        return {"error": said(error)}
    model = onnx.load(path, load_external_data=False)
    opset = next(entry.version for entry in model.opset_import if entry.domain == "")
    operators = sorted({node.op_type for node in model.graph.node})
    seconds = time.perf_counter() - started
    return {"nodes": len(model.graph.node), "opset": opset, "operators": operators, "seconds": seconds}


def _onnx2torch(
    path: Path, images: torch.Tensor, export: Export, reference: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Return how far the gradient is off that onnx2torch's network gives, or why there is none."""
    try:
        import onnx2torch  # noqa: PLC0415 — where it fails to import, that is the answer

        network = onnx2torch.convert(path).eval()
        places = reference["places"].tolist()
        parts = (
            [slice(0, len(images))] if export.batch == "N" else [slice(i, i + 1) for i in range(len(images))]
        )
        found = [
            maps(
                lambda x: answer if isinstance(answer := network(x), tuple | list) else (answer,),
                images[part],
                "gradient",
                [place[part] for place in places],
            )[0]
            for part in parts
        ]
        off = 0.0
        for number in range(len(places)):
            joined = torch.cat([each[number] for each in found]).numpy()
            nearer = np.minimum(
                *(deviations(joined, reference[f"gradient/{number}{twin}"]) for twin in ("", "/float64"))
            )
            off = max(off, float(nearer.max()))
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
        return {"error": said(error)}
    return {"deviation": off}


def said(error: BaseException) -> str:
    """Return an error as one short line: the innermost cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = next((line for line in str(error).strip().splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}"[:300]


if __name__ == "__main__":
    main()
