"""Activations: what any layer computed."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.methods.notes import notes_on
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Activations


def activations(
    engine: Engine, x: Array, *, layers: Sequence[str], cancellation: Cancellation | None = None
) -> Activations:
    """Return the named layers' outputs for (N, …) images: name -> (N, *layer shape), as the model computes them.

    Those of layers that hold codes are dequantized; NaN and infinity pass through, and the notes tell of them.
    """
    if not layers:
        raise InvalidInputError("No layer was named; name at least one (see layers()).", field="layers")
    wanted = {name: engine.model.layer(name).output for name in layers}
    found = engine.run(x, list(wanted.values()), cancellation=cancellation)
    images = range(len(x))
    noted = (
        notes_on(engine, x, found[tensor], what=f"layer {name!r}", images=images, cancellation=cancellation)
        for name, tensor in wanted.items()
    )
    notes = tuple(dict.fromkeys(note for notes in noted for note in notes))
    return Activations({name: found[tensor] for name, tensor in wanted.items()}, notes=notes)
