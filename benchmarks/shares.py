"""What a call takes beside ONNX Runtime's runs, and a process to its first map, of several versions in turn.

`python -m benchmarks.shares MODEL… [--version NAME=FOLDER …]` from the repository's root, in the project's environment;
a folder has the package of another version (`git archive REVISION inspector | tar x -C FOLDER`). Milliseconds of CPU of
one thread, the least of many: other work on the machine disturbs that least. Prints tables in markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.models import ROOT

CALLS = ("prediction", "saliency", "deconvnet", "Grad-CAM")
_WORKER = Path(__file__).with_name("contender_shares.py")


def main() -> None:
    """Measure every model, and print a call's share and all of it, and the start."""
    options = _options()
    for model in options.models:
        _print_calls(model, options.version, turns=options.turns)
        _print_starts(model, options.version, turns=options.starts)


def _print_calls(model: Path, versions: Mapping[str, Path], *, turns: int) -> None:
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    with _workers(model, versions) as workers:
        for _ in range(turns):
            for name, worker in workers.items():
                for call, times in _asked(worker).items():
                    found.setdefault(name, {}).setdefault(call, []).append(times)
    print(f"\n{model.stem}: ms outside of ONNX Runtime's runs, and of all of the call\n")
    print("| | " + " | ".join(f"{name}: own | all" for name in versions) + " |")
    print("| --- |" + " ---: | ---: |" * len(versions))
    for call in CALLS:
        least = [tuple(map(min, zip(*found[name][call], strict=True))) for name in versions]
        print(
            f"| {call} | " + " | ".join(f"{own:.2f} | {every:.2f}" for own, every in least) + " |", flush=True
        )


def _print_starts(model: Path, versions: Mapping[str, Path], *, turns: int) -> None:
    session: list[float] = []
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in versions}
    for _ in range(turns):
        session.append(_ran(model, ROOT, "session")["session"])
        for name, folder in versions.items():
            times = _ran(model, folder, "start")
            found[name].append((times["load"], times["first"]))
    least = min(session)
    print(f"\n{model.stem}: ms to the first map; ONNX Runtime's session alone {least:.1f}\n")
    print("| | load | first saliency | ÷ session |\n| --- | ---: | ---: | ---: |")
    for name, starts in found.items():
        load, first = map(min, zip(*starts, strict=True))
        print(f"| {name} | {load:.1f} | {first:.1f} | {(load + first) / least:.1f} |", flush=True)


@contextmanager
def _workers(model: Path, versions: Mapping[str, Path]) -> Iterator[dict[str, subprocess.Popen[str]]]:
    started = {
        name: subprocess.Popen(
            [sys.executable, _WORKER, model.absolute(), "calls"],
            env=_environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name, folder in versions.items()
    }
    try:
        yield started
    finally:
        for worker in started.values():
            worker.communicate()


def _asked(worker: subprocess.Popen[str]) -> dict[str, tuple[float, float]]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    found: dict[str, tuple[float, float]] = json.loads(worker.stdout.readline())
    return found


def _ran(model: Path, folder: Path, what: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, _WORKER, model.absolute(), what],
        env=_environment(folder),
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder), "INSPECTOR_THREADS": "1", "INSPECTOR_CACHE": ""}


def _version(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    return name, Path(folder).absolute()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--version", type=_version, action="append", default=[])
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--starts", type=int, default=8)
    options = parser.parse_args()
    options.version = {**dict(options.version), "now": ROOT}
    return options


if __name__ == "__main__":
    main()
