"""One request's run: the engine, what its caller holds in hand, and what is noted on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.pullback import Pulled, pullbacks
from inspector.engine.scan import Scanned, scan
from inspector.types.arrays import Array
from inspector.types.control import Control
from inspector.types.notes import Note


class Run:
    """What every method takes first. One for each request; methods that use each other share it."""

    def __init__(self, engine: Engine, *, control: Control | None = None, seed: int = 0) -> None:
        """Prepare to run on `engine`; `seed` is that of methods which draw and have no seed of their own."""
        self.engine = engine
        self.control = control or Control()
        self.seed = seed
        self._notes: dict[tuple[str, str], Note] = {}

    # --- what is noted

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes so far, in the order in which they were first made."""
        return tuple(self._notes.values())

    def note(self, id: str, text: str) -> None:  # noqa: A002 — it is the field's name on the wire
        """Note a sentence about the result under a stable id; the same one again changes nothing."""
        self._notes.setdefault((id, text), Note(text, id=id))

    def generator(self, seed: int | None = None) -> np.random.Generator:
        """Return a source of random numbers that begins anew: of `seed`, or else of the run's."""
        return np.random.default_rng(self.seed if seed is None else seed)

    # --- forward and back

    def forward(self, x: Array, tensors: Sequence[str]) -> dict[str, Array]:
        """Return tensors of the forward pass for (N, …) images, each (N, …), on the host; codes dequantized.

        Raises CancelledError, and EngineError where ONNX Runtime fails; so do `scan` and `pullbacks`.
        """
        parts: dict[str, list[Array]] = {name: [] for name in tensors}
        for _, found in self.scan(x, tensors):
            for name, values in found.items():
                parts[name].append(values)
        return {name: np.concatenate(part) for name, part in parts.items()}

    def scan(self, x: Array, tensors: Sequence[str]) -> Iterator[Scanned]:
        """Yield (which images, {tensor: (images, …)}) in bounded memory, for any number of images and tensors.

        One batch of images comes after another; within a batch the tensors come in their order, as many at a time
        as the engine's bound allows.
        """
        return scan(self.engine, x, tensors, cancellation=self.control.cancellation)

    def pullbacks(
        self,
        x: Array,
        *,
        source: str,
        policy: str,
        toward: str | None = None,
        overrides: Mapping[str, str] = MappingProxyType({}),
        seeds: int = 1,
    ) -> Iterator[Pulled]:
        """Yield (which images, values of tensor `source` (images, …), their pullback), batch by batch.

        The pullback takes seeds (n or k, *source), one for each image or several for a single one, and returns the
        gradient, or what the policy puts in its place, at the tensor `toward`, by default the image; it stays on
        the device. `overrides` names other policies by the tensors that their layers compute. `seeds` says how many
        a pullback of a single image will be given, for the best graph. One forward pass per batch serves all seeds.
        """
        return pullbacks(
            self.engine,
            x,
            source=source,
            toward=self.engine.model.input.name if toward is None else toward,
            policy=policy,
            overrides=overrides,
            seeds=seeds,
            cancellation=self.control.cancellation,
        )
