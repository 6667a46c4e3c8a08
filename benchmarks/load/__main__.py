"""The service under load, side by side: `python -m benchmarks.load`, from the repository's root.

Contenders are the library in this process, the service, the service whose models run in its own process, and, with
--before PATH, the service of another checkout. 60 % of the calls predict, 25 % attribute, 15 % occlude, on SqueezeNet
and MobileNetV2, an image of 224² each. The tables go to stdout as markdown.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.load.callers import Measured, measured
from benchmarks.load.contenders import MODELS, Contender, opened
from benchmarks.load.cost import costs, medians
from benchmarks.quantiles import quantile

CALLERS = (1, 8, 32, 128)
LIBRARY = Contender("library, in process", None)
SERVICE = Contender("service", {"waiting_per_model": 256})
ONE_PROCESS = Contender(
    "service without isolation",
    {"waiting_per_model": 256, "isolate": "none"},
    module=("benchmarks.load.one_process",),
)


def main() -> None:
    """Measure, and print the tables."""
    options = _options()
    contenders = [LIBRARY, SERVICE, ONE_PROCESS]
    if options.before is not None:
        path = {"PYTHONPATH": str(options.before.absolute())}
        contenders.append(Contender("service before", {"waiting_per_model": 256}, path))
    print(f"{platform.processor() or platform.machine()}, {options.seconds:g} s each\n")
    print(_cost_table(contenders, turns=options.turns), flush=True)
    if not options.cost_only:
        rows = _load_rows(contenders, callers=options.callers, seconds=options.seconds)
        print(_load_table(rows))


def _cost_table(contenders: Sequence[Contender], *, turns: int) -> str:
    found = medians(costs(contenders, turns=turns))
    lines = [
        "| a prediction of one 224² image, ms | " + " | ".join(MODELS) + " |",
        "| --- |" + " --- |" * len(MODELS),
    ]
    for contender in contenders:
        cells = []
        for model in MODELS:
            value, least = found[model][contender.name], found[model][LIBRARY.name]
            cells.append(f"{value:.2f}" + (f" (+{value - least:.2f})" if contender is not LIBRARY else ""))
        lines.append(f"| {contender.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _load_rows(
    contenders: Sequence[Contender], *, callers: Sequence[int], seconds: float
) -> list[tuple[str, Measured]]:
    rows = []
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("load", total=len(contenders) * len(callers))
        for contender in contenders:
            with opened(contender) as subject:
                measured(subject, callers=2, seconds=3, models=list(MODELS))  # what is made once, is made
                for count in callers:
                    progress.update(task, description=f"{contender.name}, {count}")
                    found = measured(subject, callers=count, seconds=seconds, models=list(MODELS))
                    rows.append((contender.name, found))
                    progress.advance(task)
    return rows


def _load_table(rows: Sequence[tuple[str, Measured]]) -> str:
    lines = [
        "| | callers | calls/s | predict p50, p99, ms | attribute p50, p99 | occlude p50, p99 "
        "| answered per caller: least, median, most | memory, MiB | errors |",
        "| --- |" + " --- |" * 8,
    ]
    for name, found in rows:
        times = [
            f"{quantile(found.times[verb], 0.5):.0f}, {quantile(found.times[verb], 0.99):.0f}"
            for verb in ("predict", "attribute", "occlude")
        ]
        shares = f"{min(found.by_caller)}, {quantile(found.by_caller, 0.5):.0f}, {max(found.by_caller)}"
        errors = ", ".join(f"{reason} {count}" for reason, count in found.errors.items()) or "none"
        cells = [
            name,
            str(found.callers),
            f"{found.throughput:.1f}",
            *times,
            shares,
            str(found.memory >> 20),
            errors,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="of each cell of the table")
    parser.add_argument("--turns", type=int, default=200, help="calls of each contender for the cost of one")
    parser.add_argument("--callers", type=int, nargs="+", default=CALLERS)
    parser.add_argument(
        "--before", type=Path, metavar="PATH", help="a checkout whose service is measured as well"
    )
    parser.add_argument("--cost-only", action="store_true", help="only what one call costs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
