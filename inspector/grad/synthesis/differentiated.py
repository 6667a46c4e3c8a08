"""A graph of ours with its gradient: written forward, differentiated by the same engine as exported models."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import ShapeInferencePass

from inspector.grad.backward import SEED, write_backward
from inspector.grad.policies.table import policy_named
from inspector.grad.writing.builder import Batch
from inspector.graph.writer import Writer


def gradient_of(model: ir.Model, *, source: str, target: str) -> list[ir.Model]:
    """Return the parts that compute ∂source/∂target from the forward tensors of a model of fixed shapes.

    `source` is (1,); the parts are to be joined behind the model, or fed what of it they name. They give GRADIENT.
    The model's values get their shapes written on them.
    """
    ShapeInferencePass()(model)
    values = [*model.graph.inputs, *(value for node in model.graph for value in node.outputs)]
    shapes = {
        value.name: tuple(size for size in value.shape if isinstance(size, int))
        for value in values
        if value.name and value.shape is not None
    }
    graph = write_backward(
        model,
        source=source,
        target=target,
        policy=policy_named("gradient"),
        shapes=shapes,
        batch=Batch.ONE,
    )
    w = Writer(prefix="seed/")
    seed = w.finish({SEED: (w.constant(np.ones(1)), (1,))}, name="seed")
    return [seed, graph.model]


def saved_of(parts: list[ir.Model]) -> tuple[str, ...]:
    """Return what the parts of a gradient take of the forward graph."""
    return tuple(value.name for value in parts[-1].graph.inputs if value.name and value.name != SEED)
