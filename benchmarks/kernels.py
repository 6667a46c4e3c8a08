"""What the kernels gain: a saliency by the bare forward, without them and with them (`make kernels`), in turns.

python -m benchmarks.kernels [--models "SqueezeNet 1.1" …] [--seconds 8] [--threads 1]

Processor time of the whole process, the fastest of many, so that other work on the machine matters little. Columns: the
bare forward in ms; forward and backward ÷ forward, in the graph of standard operators and with kernels; the largest
difference of the two gradients, of their maximum.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks import protocol
from benchmarks.bare import bare_session
from benchmarks.models import MODELS, Model, model_named
from benchmarks.turns import least
from inspector.engine.engine import Engine
from inspector.engine.pullback import pullbacks
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from inspector.types.arrays import Array

WAYS = {"stock": "never", "kernels": "always"}
"""What INSPECTOR_KERNELS is."""

_FEWEST = 8
"""Turns of every lane."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Of one model: milliseconds of each lane, and how far the gradients are apart."""

    taken: dict[str, float]
    difference: float


def measure(model: Model, *, seconds: float, threads: int) -> Found:
    """Run the lanes in turn for some seconds."""
    x = protocol.image(model.side)
    bare = bare_session(model.path, threads=threads)
    image, output = bare.get_inputs()[0].name, bare.get_outputs()[0].name
    engine = Engine(read_model(model.path), device=CPU, cache=SessionCache(max_bytes=8 << 30))

    def saliency(way: str) -> Array:
        os.environ["INSPECTOR_KERNELS"] = WAYS[way]
        for _, values, pullback in pullbacks(
            engine, x, source=output, toward=image, policy="gradient", overrides={}
        ):
            seeds = np.zeros_like(values, dtype=np.float32)
            seeds.reshape(len(seeds), -1)[:, 0] = 1
            return pullback(seeds).numpy()
        raise AssertionError("no image")

    gradients = [saliency(way) for way in WAYS]
    lanes: dict[str, Callable[[], object]] = {"forward": lambda: bare.run([output], {image: x})}
    lanes |= {way: partial(saliency, way) for way in WAYS}
    taken = least(lanes, turns=_FEWEST, seconds=seconds)
    apart = float(np.abs(gradients[0] - gradients[1]).max() / max(np.abs(gradients[0]).max(), 1e-30))
    return Found(taken={name: 1e3 * one for name, one in taken.items()}, difference=apart)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=[model.name for model in MODELS])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    os.environ["INSPECTOR_THREADS"] = str(asked.threads)
    print("| model | forward, ms | stock | kernels | difference |\n| --- | ---: | ---: | ---: | ---: |")
    for model in map(model_named, asked.models):
        if not model.path.exists():
            print(f"| {model.name} | missing: {model.path.name} | | | |")
            continue
        found = measure(model, seconds=asked.seconds, threads=asked.threads)
        forward = found.taken["forward"]
        ratios = " | ".join(f"{found.taken[way] / forward:.2f}" for way in WAYS)
        print(f"| {model.name} | {forward:.2f} | {ratios} | {found.difference:.0e} |", flush=True)


if __name__ == "__main__":
    main()
