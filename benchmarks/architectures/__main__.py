"""Compare with autograd on many architectures: `python -m benchmarks.architectures`, from the repository's root.

Each architecture is built and exported in the peer's environment, made by `make architectures` from
benchmarks/architectures/requirements.txt, and differentiated in the project's. Results are kept as they come in
out/architectures.json: a run that was broken off goes on where it stopped; --again repeats.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.architectures.catalog import ARCHITECTURES, Architecture, architecture_named
from benchmarks.architectures.report import markdown
from benchmarks.models import ROOT
from benchmarks.protocol import THREADS
from benchmarks.versions import versions_here, versions_of

PEER_PACKAGES = ("torch", "torchvision", "transformers", "timm", "onnx", "onnxscript", "onnx2torch")
OUR_PACKAGES = ("onnx-inspector", "onnx", "onnxruntime")


def main() -> None:
    """Measure what is not known yet, and write the table."""
    options = _options()
    peer = Path(options.peer_python).absolute()
    if not peer.exists():
        sys.exit(f"There is no {peer}: run `make architectures`, or give --peer-python PATH.")
    chosen = [architecture_named(name) for name in options.architectures] or list(ARCHITECTURES)
    results = _read(options.results)
    results["environment"] = _environment(peer)
    known: dict[str, Any] = results.setdefault("architectures", {})
    for number, architecture in enumerate(chosen, 1):
        if architecture.name in known and not options.again:
            continue
        started = time.perf_counter()
        known[architecture.name] = _measure(architecture, peer, options)
        _write(results, options.results)
        took = time.perf_counter() - started
        print(f"{number}/{len(chosen)} {architecture.name}: {took:.0f} s", file=sys.stderr, flush=True)
    table = markdown(results)
    options.output.write_text(table, encoding="utf-8")
    print(table)


def _measure(architecture: Architecture, peer: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return what both environments say of an architecture, and how they ended where they ended badly."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if options.files is None else options.files / _file_name(architecture.name)
        folder.mkdir(parents=True, exist_ok=True)
        done = folder / "peer.json"
        if not done.exists():
            command = [
                peer,
                "-m",
                "benchmarks.architectures.peer",
                architecture.name,
                folder,
                options.threads,
            ]
            done.write_text(json.dumps(_run(command, options)), encoding="utf-8")
        ends = {"peer": json.loads(done.read_text(encoding="utf-8"))}
        if (folder / "reference.npz").exists():
            ends["ours"] = _run([sys.executable, "-m", "benchmarks.architectures.ours", folder], options)
        return {side: _lines(folder / f"{side}.jsonl") for side in ("peer", "ours")} | {
            "ends": {side: end for side, end in ends.items() if end}
        }


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower())


def _run(command: Sequence[object], options: argparse.Namespace) -> str | None:
    """Return None, or why the process ended badly."""
    threads = dict.fromkeys(THREADS, str(options.threads))
    try:
        ended = subprocess.run(
            [str(part) for part in command],
            check=False,
            cwd=ROOT,
            env=os.environ | threads,
            capture_output=True,
            text=True,
            timeout=options.timeout,
        )
    except subprocess.TimeoutExpired:
        return f"took more than {options.timeout:.0f} s"
    if ended.returncode == 0 and "Traceback" not in ended.stderr:
        return None
    print(ended.stderr[-4000:], file=sys.stderr, flush=True)
    lines = [line for line in ended.stderr.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else f"ended with {ended.returncode}"


def _lines(path: Path) -> list[dict[str, Any]]:
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _write(results: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.architectures", description=__doc__)
    parser.add_argument(
        "--peer-python",
        default=".venv-architectures/bin/python",
        metavar="PATH",
        help="Python with PyTorch and the definitions (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: the cores"
    )
    parser.add_argument(
        "--timeout", type=float, default=300.0, help="seconds for each side of an architecture (default: 300)"
    )
    parser.add_argument("--again", action="store_true", help="measure also what is known")
    parser.add_argument(
        "--files", type=Path, metavar="FOLDER", help="keep the exports there, and use those that are there"
    )
    parser.add_argument(
        "--results", type=Path, default=Path("out/architectures.json"), help="default: %(default)s"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("docs/architectures.md"), help="default: %(default)s"
    )
    parser.add_argument(
        "architectures", nargs="*", metavar="NAME", help="as in the table; all if none is given"
    )
    return parser.parse_args()


def _environment(peer: Path) -> dict[str, Any]:
    return {
        "ours": versions_here(OUR_PACKAGES),
        "peer": versions_of(peer, PEER_PACKAGES),
        "date": datetime.date.today().isoformat(),
    }


if __name__ == "__main__":
    main()
