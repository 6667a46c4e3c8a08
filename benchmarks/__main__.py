"""Measure everything: `python -m benchmarks`, from the repository's root, in the project's environment.

The peer (Captum on PyTorch) runs in its own environment, made by `make bench` from benchmarks/requirements.txt;
torchvision's models are exported there once. Trained models, which have no peer, are measured where a zoo of them is
found (INSPECTOR_ZOO), and kernels where they are installed (`make kernels`). Takes about half an hour on two cores;
--models measures some of them only.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import inspector
from benchmarks.bare import PROVIDERS
from benchmarks.measure import Setting, measure_model, measure_wire
from benchmarks.models import MODELS, ROOT, model_named
from benchmarks.report import markdown
from benchmarks.starts import measure_starts
from benchmarks.versions import versions_here, versions_of

WIRE_MODEL = "SqueezeNet 1.1"
PEER_PACKAGES = ("torch", "captum")


def main() -> None:
    """Measure, print the tables, and write them as JSON and markdown."""
    options = _options()
    peer = None if options.peer_python == "none" else Path(options.peer_python).absolute()
    if peer is not None:
        if not peer.exists():
            sys.exit(
                f"There is no {peer}: run `make bench`, or give --peer-python PATH, or --peer-python none."
            )
        subprocess.run([peer, "-m", "benchmarks.export_models"], cwd=ROOT, check=True)
    setting = Setting(
        python=Path(sys.executable),
        peer_python=peer,
        threads=options.threads,
        device=options.device,
        seconds=options.seconds,
        has_kernels=importlib.util.find_spec("inspector_kernels") is not None,
        before=options.before,
    )
    results: dict[str, Any] = {"environment": _environment(setting), "models": []}
    for model in MODELS:
        if (options.models and model.name not in options.models) or not model.path.exists():
            continue
        print(f"measuring {model.name}", file=sys.stderr, flush=True)
        results["models"].append(measure_model(model, setting))
        _write(results, options.output)
    if model_named(WIRE_MODEL).path.exists() and (not options.models or WIRE_MODEL in options.models):
        print("measuring gRPC", file=sys.stderr, flush=True)
        results["wire"] = {"model": WIRE_MODEL, **measure_wire(model_named(WIRE_MODEL), setting)}
    if setting.device == "cpu":
        print("measuring starts", file=sys.stderr, flush=True)
        results["starts"] = measure_starts(setting.python)
    print(_write(results, options.output))


def _write(results: dict[str, Any], folder: Path) -> str:
    """Write what has been measured so far, and return it as markdown."""
    report = markdown(results)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (folder / "benchmarks.md").write_text(report, encoding="utf-8")
    return report


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--peer-python",
        default=".venv-bench/bin/python",
        metavar="PATH",
        help='Python with PyTorch and Captum, or "none" to measure without (default: %(default)s)',
    )
    parser.add_argument(
        "--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each side (default: the cores)"
    )
    parser.add_argument(
        "--device", default="cpu", choices=list(PROVIDERS), help="of each side (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=12.0,
        help="about how long for the maps of each model; half of it for occlusion (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("out"),
        help="folder of benchmarks.json and .md (default: %(default)s)",
    )
    parser.add_argument(
        "--before",
        type=Path,
        metavar="FOLDER",
        help="measure an earlier version as well: a folder that holds its package `inspector` and nothing else "
        "(git archive COMMIT inspector | tar -x -C FOLDER)",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        choices=[model.name for model in MODELS],
        metavar="MODEL",
        help="names as in the tables, all of them by default: " + ", ".join(model.name for model in MODELS),
    )
    return parser.parse_args()


def _environment(setting: Setting) -> dict[str, Any]:
    runtime = "onnxruntime" if setting.device == "cpu" else "onnxruntime-gpu"
    versions = {"inspector": inspector.__version__, **versions_here((runtime,))}
    if setting.peer_python is not None:
        versions |= versions_of(setting.peer_python, PEER_PACKAGES)
    return {
        "processor": _processor() if setting.device == "cpu" else f"{_graphics_processor()}, {_processor()}",
        "threads": setting.threads,
        "versions": versions,
        "date": datetime.date.today().isoformat(),
    }


def _graphics_processor() -> str:
    asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
