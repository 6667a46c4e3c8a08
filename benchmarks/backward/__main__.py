"""Measure the ways to write the backward pass, and write docs/benchmarks/backward.md.

python -m benchmarks.backward [--models NAME …] [--seconds 4] [--output FILE]

Networks are those of `make bench`; what was not exported is passed over.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import onnxruntime as ort

from benchmarks.backward import layers, networks
from benchmarks.backward.layers import Row
from benchmarks.backward.networks import ALL, NONE, Ratios
from benchmarks.models import MODELS, ROOT

PAGE = ROOT / "docs" / "benchmarks" / "backward.md"

HEAD = f"""# Ways back

Written by `python -m benchmarks.backward`; ONNX Runtime {ort.__version__}, one thread. Processor time of contenders
that take turns, low quantiles, without what Python and waiting threads add: [benchmarks.md](benchmarks.md) has what a
call takes. All ways give the same gradient, to 1e-5 of its maximum, which is checked before anything is timed. Why each
is chosen: [0068](../decisions/0068-ways-back.md).
"""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="*", default=[model.name for model in MODELS])
    parser.add_argument("--seconds", type=float, default=4.0, help="for a network; a layer takes a quarter")
    parser.add_argument("--output", type=Path, default=PAGE)
    options = parser.parse_args()
    found = []
    for model in MODELS:
        if model.name in options.models and model.path.exists():
            found.append(networks.measured(model, seconds=options.seconds))
            print(found[-1], flush=True)
    groups = layers.measured(seconds=options.seconds / 4)
    options.output.write_text("\n".join([HEAD, *_networks(found), *_layers(groups)]), encoding="utf-8")


def _networks(found: Sequence[Ratios]) -> Iterable[str]:
    yield "## Networks\n"
    yield "(Saving forward + backward) ÷ bare forward: before there was a choice, now, without one pattern.\n"
    kinds = [name for name in (NONE, ALL) if found]
    kinds += [
        name for name in dict.fromkeys(name for one in found for name in one.ratios) if name not in kinds
    ]
    titles = [name if name in (NONE, ALL) else f"without {name}" for name in kinds]
    yield "| network | bare forward, ms | " + " | ".join(titles) + " |"
    yield "| --- " + "| ---: " * (len(kinds) + 1) + "|"
    for one in found:
        cells = [f"{one.ratios[name]:.2f}" if name in one.ratios else "" for name in kinds]
        yield f"| {one.name} | {one.bare:.1f} | " + " | ".join(cells) + " |"
    yield ""


def _layers(groups: Mapping[str, Sequence[Row]]) -> Iterable[str]:
    yield "## Layers\n"
    yield "Milliseconds there and back of one layer alone; in bold the way that is taken.\n"
    for title, rows in groups.items():
        ways = list(dict.fromkeys(way for row in rows for way in row.milliseconds))
        yield f"| {title} | " + " | ".join(ways) + " |"
        yield "| --- " + "| ---: " * len(ways) + "|"
        for row in rows:
            cells = [_cell(row, way) for way in ways]
            yield f"| {row.case.name} | " + " | ".join(cells) + " |"
        yield ""


def _cell(row: Row, way: str) -> str:
    if way not in row.milliseconds:
        return ""
    shown = f"{row.milliseconds[way]:.2f}"
    return f"**{shown}**" if way == row.chosen else shown


if __name__ == "__main__":
    main()
