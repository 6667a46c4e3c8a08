"""From a graph to the meaning of its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx_ir as ir

from inspector.errors import InvalidModelError
from inspector.model.contradictions import CONTRADICTIONS
from inspector.model.heads.context import Context, context_of
from inspector.model.heads.ending import Ending, find_ending
from inspector.model.heads.evidence import Evidence
from inspector.model.heads.head import Heads
from inspector.model.heads.recognizer import recognize
from inspector.types.layers import Output, Shape
from inspector.types.results.model_info import ImageInput


def find_heads(
    model: ir.Model,
    image: ImageInput,
    outputs: Sequence[Output],
    *,
    shapes: Mapping[str, Shape],
    roles: Mapping[str, tuple[str, ...]],
    metadata: Mapping[str, str],
    names: tuple[str, ...] | None,
) -> Heads:
    """Return what each output means: by metadata, names of classes, the graph's end, shapes, and names of outputs.

    `roles` are those of tensors' axes; `names` those of the classes, as far as the file or its reader says them.
    """
    context = context_of(model, shapes)
    values = {value.name: value for value in model.graph.outputs if value.name}
    endings = {one.name: _ending(values[one.name], context) for one in outputs}
    return recognize(
        Evidence(
            outputs=tuple(outputs),
            endings=endings,
            values=values,
            context=context,
            image=image,
            metadata=metadata,
            roles=roles,
            names=names,
        )
    )


def _ending(value: ir.Value, context: Context) -> Ending:
    """Return how the graph ends at an output; where its nodes are not what they must be, as if nothing was known."""
    try:
        return find_ending(value, context)
    except (InvalidModelError, *CONTRADICTIONS):
        name = value.name or ""
        return Ending(output=name, scores=name, activation="none", features=None)
