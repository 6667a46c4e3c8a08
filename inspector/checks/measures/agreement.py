"""Whether two answers to the same image are the same, up to rounding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.precision import has_half
from inspector.engine.quantized.comparison import difference
from inspector.graph.code_step import code_step
from inspector.model.dependence import maker_of
from inspector.model.spec import OnnxModel
from inspector.operators.domains import is_standard
from inspector.operators.families import REARRANGERS, SQUASHING
from inspector.types.arrays import Array

TOLERANCE = 0.01
"""Of the largest magnitude of an output: what rounding makes of a trained model of float32 is mostly below 1e-5 of it,
and was up to 3e-3 in a deep one of depthwise convolutions."""
_COARSER = 5
"""So many times the tolerance is allowed where layers compute in 16 bits."""
_MOST_OTHERS = 1e-3
"""The share of whole numbers, such as classes of pixels, that may be others: where two scores are next to equal."""

Answers = Mapping[str, Array]
"""One image's outputs, by name."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """In what two answers differ."""

    output: str
    text: str
    """As a sentence without its beginning, which is the output: "is off by …"."""
    measured: str
    allowed: str


def _squashed(model: OnnxModel, outputs: Sequence[str]) -> set[str]:
    """Return the outputs whose size is 1 whatever they hold: probabilities, of which all may be next to 0."""
    values = {value.name: value for value in model.ir.graph.outputs}
    makers = {name: maker_of(values[name], through=REARRANGERS) for name in outputs}
    return {
        name
        for name, node in makers.items()
        if node is not None and is_standard(node) and node.op_type in (SQUASHING | {"Softmax"})
    }


class Agreement:
    """Compares answers of one model."""

    def __init__(self, examination: Examination, *, tolerance: float = TOLERANCE) -> None:
        """Allow differences up to `tolerance` of an output's largest magnitude; of quantized models, steps of codes."""
        engine = examination.run.engine
        model = engine.model
        self.outputs = [output.name for output in model.outputs]
        self._tolerance = tolerance * (_COARSER if has_half(model) else 1)
        self._squashed = _squashed(model, self.outputs)
        self._steps = (
            {name: code_step(model.ir, name) for name in self.outputs}
            if engine.traits.has_qdq or model.codes
            else None
        )

    def first(self, reference: Sequence[Answers], found: Iterable[Answers]) -> tuple[int, Difference] | None:
        """Return the first image for which the answers differ, and in what; None where all are the same."""
        for index, (expected, given) in enumerate(zip(reference, found, strict=True)):
            one = self.difference(expected, given)
            if one is not None:
                return index, one
        return None

    def difference(self, reference: Answers, found: Answers) -> Difference | None:
        """Return in what the first output that differs does so; None where the answers are the same."""
        for name, expected in reference.items():
            given = found[name]
            if expected.shape != given.shape:
                return Difference(
                    output=name,
                    text=f"has the shape {given.shape} instead of {expected.shape}",
                    measured=f"{given.shape}",
                    allowed=f"{expected.shape}",
                )
            one = self._of_codes(name, expected, given) if self._steps else self._of(name, expected, given)
            if one is not None:
                return one
        return None

    def _of_codes(self, name: str, expected: Array, given: Array) -> Difference | None:
        text = difference({name: expected}, {name: given}, self._steps or {})
        if text is None:
            return None
        largest = ""
        if expected.dtype.kind in "fiu" and expected.size:
            most = float(np.max(np.abs(given.astype(np.float64) - expected.astype(np.float64))))
            largest = f", by {most:.4g} at most"
        return Difference(
            output=name, text=f"differs{largest}: {text}", measured=text, allowed="one step of its quantizer"
        )

    def _of(self, name: str, expected: Array, given: Array) -> Difference | None:
        if expected.dtype.kind != "f" and "float" not in expected.dtype.name:
            share = float(np.mean(expected != given)) if expected.size else 0.0
            if share <= _MOST_OTHERS:
                return None
            return Difference(
                output=name,
                text=f"is another at {share:.2%} of its {expected.size:,} values",
                measured=f"{share:.2%} others",
                allowed=f"{_MOST_OTHERS:.2%}",
            )
        wanted, got = expected.astype(np.float64), given.astype(np.float64)
        is_finite = np.isfinite(wanted)
        odd = ~is_finite
        if not np.array_equal(is_finite, np.isfinite(got)) or not np.array_equal(
            wanted[odd], got[odd], equal_nan=True
        ):
            return Difference(
                output=name, text="is NaN or infinite at other places", measured="others", allowed="the same"
            )
        size = float(np.max(np.abs(wanted[is_finite]), initial=1 if name in self._squashed else 0))
        off = float(np.max(np.abs(wanted[is_finite] - got[is_finite]), initial=0))
        if off <= self._tolerance * size:
            return None
        part = off / size if size else np.inf
        return Difference(
            output=name,
            text=f"is off by up to {off:.4g}, which is {part:.2g} of its size, {size:.4g}",
            measured=f"{part:.2g} of its size",
            allowed=f"{self._tolerance:g}",
        )
