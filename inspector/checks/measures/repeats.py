"""Whether a model answers the same twice, and what draws at random in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.levels import answers_at
from inspector.checks.measures.trials import trials
from inspector.model.const import constant_value
from inspector.model.spec import OnnxModel
from inspector.operators.domains import is_standard
from inspector.operators.families import RANDOM
from inspector.runtime.session import Optimization
from inspector.types.arrays import Array

_COUNT = 2
"""Images that are asked twice."""


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """What differed when the same was asked twice."""

    differing: Mapping[str, int]
    """How many values, by output."""
    drawing: tuple[Any, ...]
    """The nodes that draw at random, those of subgraphs and functions too."""
    is_optimized: bool
    """Whether that was at the level of the model's own answers; else it was where ONNX Runtime rewrites nothing."""


def repeats(examination: Examination) -> Repeats:
    """Ask the first images twice; where something draws at random, also without any optimization.

    ONNX Runtime may take a Dropout away that is in training mode: then the file draws, and one session does not.
    """
    run = examination.run
    engine, token = run.engine, run.control.cancellation
    images = examination.measured(trials)[:_COUNT]
    outputs = [output.name for output in examination.model.outputs]

    def asked(image: Array) -> Mapping[str, Array]:
        found = engine.fetch(engine.filled(image), outputs, cancellation=token)
        return {name: tensor.numpy() for name, tensor in found.items()}

    drawing = tuple(_random_nodes(examination.model))
    differing = _differing(asked, images)
    if differing or not drawing:
        return Repeats(differing=differing, drawing=drawing, is_optimized=True)
    ask = answers_at(run, outputs, Optimization.NONE)
    return Repeats(differing=_differing(ask, images), drawing=drawing, is_optimized=False)


def require_repeats(examination: Examination) -> None:
    """Raise SkippedError where the same image gives other answers the second time: there is nothing to compare with."""
    if examination.measured(repeats).differing:
        raise SkippedError("it does not answer the same twice, which repeats-agree tells.")


def _differing(ask: Callable[[Array], Mapping[str, Array]], images: Sequence[Array]) -> dict[str, int]:
    found: dict[str, int] = {}
    for image in images:
        first, second = ask(image), ask(image)
        for name, values in first.items():
            count = _others(values, second[name])
            if count:
                found[name] = max(count, found.get(name, 0))
    return found


def _others(first: Array, second: Array) -> int:
    """Return how many values differ; NaN is NaN."""
    if first.shape != second.shape:
        return max(first.size, second.size, 1)
    is_same = first == second
    if first.dtype.kind not in "OSUb":
        is_same |= (first != first) & (second != second)
    return int(first.size - np.count_nonzero(is_same))


def _random_nodes(model: OnnxModel) -> Iterator[Any]:
    functions = (node for function in model.ir.functions.values() for node in function.all_nodes())
    for node in (*model.ir.graph.all_nodes(), *functions):
        if is_standard(node) and (node.op_type in RANDOM or _trains(node)):
            yield node


def _trains(node: Any) -> bool:
    """Return whether a Dropout is told to be in training mode, as from opset 12 on by its third input."""
    if node.op_type != "Dropout" or len(node.inputs) < 3:
        return False
    mode = constant_value(node.inputs[2])
    return mode is None or bool(np.any(mode))
