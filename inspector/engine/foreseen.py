"""A pass that is foreseen: the run that shows where a way back begins saves what it takes, wherever it may begin.

A detector's box is chosen by what the model gives; only then is it known from which of its scales the way back leads,
and a second forward pass would save what that takes (docs/decisions/0070-little-models.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from inspector.engine.engine import Engine
from inspector.engine.pass_plan import Way, backward_key
from inspector.errors import UserError
from inspector.grad.writing.builder import Batch
from inspector.graph.expose import Exposed
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

_MOST_SOURCES = 4
"""From which a way back may lead; for each a graph is written."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldPass:
    """What a forward pass of one (1, …) image gave; it stays on the device, and the image stays as it is."""

    image: Array
    found: Mapping[str, DeviceTensor]

    def given(self, image: Array, names: Sequence[str]) -> dict[str, DeviceTensor] | None:
        """Return tensors of an image; None where it is another one, or one of them was not asked for."""
        if not _is_same(image, self.image) or not all(name in self.found for name in names):
            return None
        return {name: self.found[name] for name in names}


def _is_same(one: Array, other: Array) -> bool:
    """Return whether arrays are the same memory, read in the same way: to look at the values would take longer."""
    return (one.ctypes.data, one.shape, one.strides, one.dtype) == (
        other.ctypes.data,
        other.shape,
        other.strides,
        other.dtype,
    )


class Foreseen:
    """Ways back that are asked for once one target is chosen, and the pass that shows it, which saves what they take.

    Images stay as they are meanwhile.
    """

    def __init__(self, engine: Engine, ways: Sequence[Way], beside: Sequence[str]) -> None:
        self._engine, self._ways, self._beside = engine, tuple(ways), tuple(beside)
        self.held: HeldPass | None = None

    def run(
        self,
        image: Array,
        tensors: Sequence[str],
        *,
        sources: Sequence[str],
        cancellation: Cancellation | None = None,
    ) -> dict[str, Array] | None:
        """Return tensors of one (1, …) image, and hold what a way back from any of the sources takes; None where
        `saved_from_any` gives none.
        """
        engine = self._engine
        saved = saved_from_any(engine, image, sources=sources, ways=self._ways, cancellation=cancellation)
        if saved is None:
            return None
        asked = tuple(dict.fromkeys((*tensors, *self._beside)))
        found = engine.fetch(image, asked, saved=saved, is_exact=True, cancellation=cancellation)
        self.held = HeldPass(image=image, found=found)
        return {name: engine.values(name, found[name], image, images=1) for name in tensors}

    def end(self) -> None:
        """Let go of the graphs of ways that were not taken."""
        self._engine.sessions.backward_graphs.forget()


def saved_from_any(
    engine: Engine,
    x: Array,
    *,
    sources: Sequence[str],
    ways: Sequence[Way],
    cancellation: Cancellation | None = None,
) -> Exposed | None:
    """Return what ways back from any of the sources take of one (1, …) image's pass, for a target each.

    None where they are too many, or one of them leads nowhere: the one that is taken says so itself. Nor of quantized
    models, whose answers need not be those of the pass that ways back are fed by.
    """
    known = engine.model.input.batch
    if len(x) != 1 or known not in (None, 1) or engine.traits.has_qdq or len(sources) > _MOST_SOURCES:
        return None
    image = x.shape[1:]
    keys = tuple(
        backward_key(engine, image, source=source, way=way, batch=Batch.ONE)
        for source in sources
        for way in ways
    )

    def make() -> Exposed | None:
        try:
            return Exposed.union(
                engine.sessions.backward_graphs.fed(
                    key,
                    shapes=partial(engine.shapes_for, x, (key.source, key.target), cancellation=cancellation),
                )
                for key in keys
            )
        except UserError:
            return None

    found: Exposed | None = engine.pass_plans.get(("saved from any", image, keys), make)
    return found
