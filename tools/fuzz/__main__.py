"""Mutated models, images and requests, and what came of them; 0 where nothing but named errors did, else 1.

python -m tools.fuzz [models] [images] [requests] [--cases N] [--seed S] [--only INDEX] [--keep FOLDER]

A case is made of the target, the seed and its number alone: `--only` tries one again, in this process, and raises what
it raises.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tools.fuzz.draw import Draw
from tools.fuzz.images import Images
from tools.fuzz.inferences import Inferences
from tools.fuzz.models import Models
from tools.fuzz.pool import case_of, try_all
from tools.fuzz.requests import Requests
from tools.fuzz.target import Target

TARGETS: dict[str, tuple[type[Target], float]] = {
    "models": (Models, 0.3),
    "images": (Images, 0.3),
    "requests": (Requests, 0.35),
    "inferences": (Inferences, 0.05),
}
"""What is fuzzed, and its share of the cases."""


def main(arguments: list[str] | None = None) -> int:
    """Fuzz what the arguments name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all of them by default")
    parser.add_argument("--cases", type=int, default=100_000, help="in all (100,000)")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, help="number of one case, which is tried in this process")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60, help="a case may take (60)")
    parser.add_argument("--keep", type=Path, help="a folder for the cases that found something")
    given = parser.parse_args(arguments)
    names = given.targets or list(TARGETS)
    if unknown := [name for name in names if name not in TARGETS]:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    targets = [TARGETS[name] for name in names]
    if given.only is not None:
        for target, _ in targets:
            again(target(), given.seed, given.only, keep=given.keep)
        return 0
    total = sum(share for _, share in targets)
    found = [fuzz(target(), given, cases=round(given.cases * share / total)) for target, share in targets]
    return int(any(found))


def again(target: Target, seed: str, index: int, *, keep: Path | None) -> None:
    """Try one case here, telling its stages."""
    case = case_of(target, seed, index)
    if keep is not None:
        _keep(keep, target, index, case)
    target.attempt(case, Draw(f"{target.name} {seed} {index} try"), _tell)


def _tell(stage: str) -> None:
    sys.stderr.write(f"{stage}\n")


def fuzz(target: Target, given: argparse.Namespace, *, cases: int) -> bool:
    """Try many cases, tell what came of them, and return whether something must be mended."""
    console = Console(stderr=True, soft_wrap=True)
    ends: Counter[str] = Counter()
    found: dict[str, list[int]] = {}
    indices = range(given.first, given.first + cases)
    with Progress(console=console) as progress:
        task = progress.add_task(target.name, total=cases)
        for tried in try_all(
            target, seed=given.seed, indices=indices, processes=given.processes, seconds=given.seconds
        ):
            progress.advance(task)
            ends[tried.verdict.kind] += 1
            if tried.verdict.is_finding or tried.verdict.kind.startswith("foreign"):
                what = f"{tried.verdict.kind}: {tried.verdict.what}"
                if what not in found and given.keep is not None:
                    _keep(given.keep, target, tried.index, case_of(target, given.seed, tried.index))
                found.setdefault(what, []).append(tried.index)
    told = ", ".join(f"{kind} {count:,}" for kind, count in ends.most_common())
    console.print(f"{target.name}: {cases:,} cases; {told}")
    for what, numbers in sorted(
        found.items(), key=lambda item: (item[0].startswith("foreign"), -len(item[1]))
    ):
        console.print(f"  {len(numbers):5,} × {what}  (--only {numbers[0]})", markup=False, highlight=False)
    return any(not what.startswith("foreign") for what in found)


def _keep(folder: Path, target: Target, index: int, case: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{target.name}-{index}.bin").write_bytes(case)


if __name__ == "__main__":
    sys.exit(main())
