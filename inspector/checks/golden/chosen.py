"""Which tolerance holds for which recorded tensor: what is set, what is usual, or what is calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.golden.off import off
from inspector.checks.golden.tolerance import Tolerance, calibrated_tolerance, usual_tolerance
from inspector.checks.measures.apart import Apart
from inspector.checks.measures.level_noise import level_noise
from inspector.checks.measures.precision import Precision, precision
from inspector.errors import InvalidInputError
from inspector.graph.code_step import code_step


def chosen_tolerances(
    examination: Examination,
    tensors: Sequence[Apart],
    *,
    as_set: Tolerance | None,
    calibrated: bool | None,
    factor: float,
    recorded_of: Precision | None,
) -> list[Tolerance]:
    """Return a tolerance per tensor: the one that is set, or calibrated ones, or what is usual, for None.

    The usual ones are widened by the noise where something is beyond them: then it alone is measured. InvalidInputError
    where both are asked for, SkippedError where the noise is none to measure by.
    """
    if as_set is not None:
        if calibrated:
            raise InvalidInputError(
                "golden-values is given a tolerance, and calibrated, which finds one; give one of both.",
                reason="INVALID_OPTION",
                field="options[golden-values.calibrated]",
            )
        return [as_set] * len(tensors)
    kind = examination.measured(precision)
    usual = [
        usual_tolerance(one, kind, recorded_of=recorded_of, step=_step(examination, one.recorded.tensor))
        for one in tensors
    ]
    is_over = any(off(one.recorded, tolerance)[0] for one, tolerance in zip(tensors, usual, strict=True))
    if calibrated is False or (calibrated is None and not is_over):
        return usual
    noise = level_noise(examination, [one.recorded.tensor for one in tensors])
    choose = _calibrated if calibrated else _wider
    return [choose(one, noise, tolerance, factor) for one, tolerance in zip(tensors, usual, strict=True)]


def _calibrated(one: Apart, noise: Mapping[str, float], usual: Tolerance, factor: float) -> Tolerance:
    if one.recorded.is_whole:
        return usual
    level = noise[one.recorded.tensor]
    if not np.isfinite(level):
        raise SkippedError(
            f"optimization levels differ in which values of the {one.recorded.label} are finite, so their noise is no "
            "tolerance; set absolute and relative instead of calibrated."
        )
    return calibrated_tolerance(one, level, factor=factor)


def _wider(one: Apart, noise: Mapping[str, float], usual: Tolerance, factor: float) -> Tolerance:
    """Return the usual tolerance, with what is calibrated for its absolute part where that is more."""
    if one.recorded.is_whole or not np.isfinite(noise[one.recorded.tensor]):
        return usual
    found = calibrated_tolerance(one, noise[one.recorded.tensor], factor=factor)
    return replace(found, relative=usual.relative) if found.absolute > usual.absolute else usual


def _step(examination: Examination, tensor: str) -> float | None:
    """Return how far neighboring real values of a quantized tensor are apart; None of others."""
    codes = examination.model.codes.get(tensor)
    if codes is not None:
        return float(np.max(np.abs(codes.scale.astype(np.float64))))
    return code_step(examination.model.ir, tensor)
