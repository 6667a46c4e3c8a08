"""Answers at one of ONNX Runtime's optimization levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from inspector.engine.run import Run
from inspector.runtime.session import Optimization
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array


def trial_at(
    run: Run, tensors: Sequence[str], level: Optimization
) -> Callable[[Array], Mapping[str, DeviceTensor]]:
    """Return what runs a full batch at a level, and gives tensors; the session is made now, and forgotten with it."""
    return run.engine.trial(tensors, level, cancellation=run.control.cancellation)


def answers_at(
    run: Run, outputs: Sequence[str], level: Optimization
) -> Callable[[Array], Mapping[str, Array]]:
    """Return what gives the outputs for a (1, *image) batch, as a run has them: a fixed batch is full of its copies.

    The session is made now, and forgotten with what is returned. Raises what loading and running a model raise.
    """
    trial = trial_at(run, outputs, level)

    def ask(image: Array) -> Mapping[str, Array]:
        return {name: tensor.numpy() for name, tensor in trial(run.engine.filled(image)).items()}

    return ask
