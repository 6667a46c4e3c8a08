"""What one call costs beyond the library's own: contenders take turns, so that a slow moment strikes all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.load.callers import ask
from benchmarks.load.contenders import MODELS, Contender, opened

WARM = 10


def costs(contenders: Sequence[Contender], *, turns: int) -> dict[str, dict[str, list[float]]]:
    """Return the milliseconds of predictions of one prepared 224² image, by model and contender."""
    found: dict[str, dict[str, list[float]]] = {model: {} for model in MODELS}
    with ExitStack() as stack:
        open_ones = {
            contender.name: stack.enter_context(stack.enter_context(opened(contender)).caller())
            for contender in contenders
        }
        for model in MODELS:
            for turn in range(turns + WARM):
                for name, models in open_ones.items():
                    began = time.perf_counter()
                    ask(models[model], "predict")
                    if turn >= WARM:
                        found[model].setdefault(name, []).append((time.perf_counter() - began) * 1e3)
    return found


def medians(found: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    """Return the median of each."""
    return {
        model: {name: statistics.median(times) for name, times in by_name.items()}
        for model, by_name in found.items()
    }
