"""Measure synthesis: write docs/benchmarks/synthesis.json, and print the tables of docs/synthesis.md.

python -m benchmarks.synthesis --peer-python .venv-synthesis/bin/python [--zoo FOLDER] [--pictures FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.synthesis.judged import ROWS, as_json, measure, table
from benchmarks.synthesis.models import RESNET, SQUEEZENET, SUBJECT

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "docs" / "benchmarks" / "synthesis.json"
RACED = (SQUEEZENET, SUBJECT, RESNET)
THREADS = {"one thread": "1", "all cores": "0"}


def main() -> None:
    """Measure all rows, then the race."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", required=True, help="Python of the judges' environment.")
    parser.add_argument("--zoo", type=Path, default=ROOT.parent / "shared" / "zoo")
    parser.add_argument("--pictures", type=Path, help="Where the pictures are written, for people.")
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=list(ROWS))
    given = parser.parse_args()
    subprocess.run([given.peer_python, "-m", "benchmarks.synthesis.export"], check=True, cwd=ROOT)
    squeezenet = given.zoo / "models" / "derived_squeezenet1.0_fp32.onnx"
    rows = [measure(name, squeezenet, given.pictures) for name in given.rows]
    raced = {name: race(given.peer_python, number) for name, number in THREADS.items()}
    DATA.write_text(json.dumps({"judged": as_json(rows), "raced": raced}, indent=1) + "\n")
    print(table(rows))
    print(raced_table(raced))


def race(peer: str, threads: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return what each contender takes on each network, in turn and in processes of their own."""
    environment = {**os.environ, "INSPECTOR_THREADS": threads}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name in RACED:
        ours = _run([sys.executable, "-m", "benchmarks.synthesis.speed", name], environment)
        theirs = _run([peer, "-m", "benchmarks.synthesis.speed_torch", name], environment)
        found[name] = {"inspector": ours[name], "torch": theirs[name]}
    return found


def _run(command: Sequence[str], environment: dict[str, str]) -> dict[str, dict[str, float]]:
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True, text=True)
    result: dict[str, dict[str, float]] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def raced_table(raced: dict[str, dict[str, dict[str, dict[str, float]]]]) -> str:
    """Return the race in Markdown."""
    lines = [
        "| network | threads | steps/s | PyTorch | ratio | CPU ms per step | PyTorch | outside ONNX Runtime |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for threads, networks in raced.items():
        for name, both in networks.items():
            ours, theirs = both["inspector"], both["torch"]
            ratio = ours["steps_per_second"] / theirs["steps_per_second"]
            lines.append(
                f"| {name} | {threads} | {ours['steps_per_second']:.1f} | {theirs['steps_per_second']:.1f} | "
                f"{ratio:.2f} | {1e3 * ours['cpu_seconds_per_step']:.0f} | "
                f"{1e3 * theirs['cpu_seconds_per_step']:.0f} | {ours['outside']:.1%} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
