"""Sweeps beside loops written by hand over ONNX Runtime: CPU seconds of one thread, in turn, in one process.

`python -m benchmarks.sweeps [MODEL ...] [--verbs occlude rise ...] [--write]` from the repository's root, in the
project's environment; models are those of benchmarks/models.py, by name, or files (by default those of `--write`).
`--write` writes docs/benchmarks/sweeps.md.

A loop runs the exported file with the runtime's default settings and asks for what it reads alone, at the best of some
sizes of batches; what is measured of ours is the verb, whole. Sessions are made, and what a first sweep finds out is
known, before the clock starts.

CPU time, because it does not change with who else works on the machine; the least of all turns.
"""

from __future__ import annotations

import os

os.environ["INSPECTOR_THREADS"] = "1"

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.models import MODELS, ROOT, ZOO, Model, Occlusion
from benchmarks.sweeps.contests import CONTESTS, Contest, Make
from benchmarks.sweeps.occlusion import occlude
from benchmarks.sweeps.page import Measured, header, page, row
from benchmarks.sweeps.subject import Subject, apart
from benchmarks.turns import least

_PAGE = ROOT / "docs" / "benchmarks" / "sweeps.md"
_TRAINED = tuple(
    Model(
        name=f"{name}, trained",
        path=ZOO / file,
        side=224,
        architecture=None,
        occlusion=Occlusion(size=32, stride=16),
    )
    for name, file in (
        ("SqueezeNet 1.0", "derived_squeezenet1.0_fp32.onnx"),
        ("MobileNetV2", "derived_mobilenetv2_fp32_op15.onnx"),
    )
)
_SWEPT = (*(model.name for model in _TRAINED), "ResNet-18")
"""Whose every verb is measured."""
_OCCLUDED = ("MobileNetV2 (int8)", "SqueezeNet 1.1", "EfficientNet-B0", "GoogLeNet", "ResNet-50")


def main() -> None:
    """Measure, print a row per verb as it is done, and write the page."""
    options = _options()
    wanted = options.models or (*_SWEPT, *_OCCLUDED)
    print("\n".join(header()))
    done: list[Measured] = []
    for model in _models(wanted, side=options.side):
        if not model.path.exists():
            print(f"there is no {model.path}: see `make bench`", file=sys.stderr)
            continue
        verbs = options.verbs or (None if options.models or model.name in _SWEPT else ["occlude"])
        for one in _measured(model, options, verbs):
            print(row(one), flush=True)
            done.append(one)
        if options.write:
            _PAGE.write_text(page(done))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--verbs", nargs="+", help="some of occlude and the functions of contests.py")
    parser.add_argument("--stride", type=int, default=16)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--side", type=int, default=224, help="of images, for files")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16], help="that the loop tries")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/sweeps.md")
    return parser.parse_args()


def _models(wanted: Sequence[str], *, side: int) -> Iterator[Model]:
    named = {model.name: model for model in (*_TRAINED, *MODELS)}
    yield from (named[one] for one in wanted if one in named)
    for one in wanted:
        if one.endswith(".onnx"):
            path = Path(one)
            yield Model(
                name=path.stem,
                path=path,
                side=side,
                architecture=None,
                occlusion=Occlusion(size=32, stride=16),
            )


def _measured(model: Model, options: argparse.Namespace, verbs: Sequence[str] | None) -> Iterator[Measured]:
    subject = Subject(model)
    squares = partial(occlude, size=options.size, stride=options.stride)
    makes: dict[str, Make] = {"occlude": squares, **CONTESTS}
    for name, make in makes.items():
        if verbs is None or name in verbs:
            for contest in make(subject, options.batches):
                yield _taken(model, contest, turns=options.turns)


def _taken(model: Model, contest: Contest, *, turns: int) -> Measured:
    tried = least({one: partial(contest.loop, one) for one in contest.batches}, turns=1)
    batch = min(tried, key=lambda one: tried[one])
    answers = contest.ours()  # the first finds out what is the fastest
    expected = contest.loop(batch)
    taken = least({"ours": contest.ours, "loop": partial(contest.loop, batch)}, turns=turns)
    return Measured(
        model=model.name,
        verb=contest.verb,
        runs=contest.runs,
        loop=min(tried[batch], taken["loop"]),
        batch=batch,
        ours=taken["ours"],
        apart=apart(answers, expected) if answers.size else None,
    )


if __name__ == "__main__":
    main()
