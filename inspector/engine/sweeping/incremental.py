"""Runs variants of an image along a route: crops from stage to stage, then whole maps through the rest of the graph."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.sweeping.crops import Crops, Part
from inspector.engine.sweeping.parts import PartSessions
from inspector.engine.sweeping.trials import Trials
from inspector.engine.sweeping.variants import Copies, Variants
from inspector.errors import EngineError
from inspector.graph.incremental.intervals import Intervals
from inspector.graph.incremental.known import Known
from inspector.graph.incremental.route import Route
from inspector.graph.incremental.stages import Read, Stage
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation


@dataclass(eq=False)
class Memory:
    """What one thread writes into."""

    crops: dict[tuple[int, str], Crops] = field(default_factory=dict)
    copies: dict[str, Copies] = field(default_factory=dict)


class Incremental:
    """Answers for variants of one image. Several threads may call it, each with a memory of its own."""

    def __init__(
        self,
        engine: Engine,
        route: Route,
        variants: Variants,
        sessions: PartSessions,
        *,
        tensors: Sequence[str],
        count: int,
        workers: int = 1,
        cancellation: Cancellation,
    ) -> None:
        """Run the image once as it is; `count` variants are run at a time, by each of so many threads."""
        self._engine, self.route, self._variants = engine, route, variants
        self._known = known = sessions.parting.known
        self._sessions, self._tensors, self._cancellation = sessions, tuple(tensors), cancellation
        self.count, self.workers = count, workers
        self.is_exact = sessions.parting.is_coded
        """Whether answers must be the very ones of whole images: what differs between codes does not stay near."""
        self._key = ("rest", variants.image.shape[1:], self._tensors, route.whole)
        most = 1 if engine.model.input.batch == 1 else count
        self._trials = Trials(most, known=engine.sweeps.sizes.peek(self._key))
        image = engine.model.input.name
        needed = dict.fromkeys(
            [*(read.tensor for stage in route.stages for read in stage.reads), *route.whole, *self._tensors]
        )
        names = [name for name in needed if name != image]
        found = engine.fetch(variants.image, names, cancellation=cancellation)
        self.clean: Mapping[str, DeviceTensor] = found
        self._maps = {name: found[name].numpy() for name in names if name in known.fields}
        self._maps[image] = variants.image
        for name, array in self._maps.items():
            if array.shape != known.shapes[name] and name in route.windows:
                raise EngineError(
                    f"Tensor {name!r} has the shape {array.shape}, and not {known.shapes[name]}, as expected."
                )

    def clean_values(self) -> dict[str, Array]:
        """Return the tensors of the image as it is, (1, …), codes dequantized."""
        image = self._variants.image
        return {
            name: self._engine.values(name, self.clean[name], image, images=1)
            if name in self.clean
            else image
            for name in self._tensors
        }

    def __call__(self, numbers: Sequence[int], patches: Sequence[Array], memory: Memory) -> dict[str, Array]:
        """Return the tensors of some variants, (k, …) each, codes dequantized."""
        route, image = self.route, self._engine.model.input.name
        chosen = np.asarray(numbers)
        parts = {image: self._patched(chosen, patches)}
        last = {read.tensor: at for at, stage in enumerate(route.stages) for read in stage.reads}
        for at, stage in enumerate(route.stages):
            windows = _some(route.windows[stage.output], chosen)
            feeds: dict[str, DeviceTensor | Array] = {
                read.tensor: self._crops(at, stage, read, memory).cut(
                    _starts(self._known, read, windows), parts[read.tensor]
                )
                for read in stage.reads
            }
            session = self._sessions.stage(stage)
            made = session.run(feeds, [stage.output], cancellation=self._cancellation)[stage.output]
            parts[stage.output] = self._part(stage, made.numpy(), windows)
            for read in stage.reads:
                if last[read.tensor] == at and read.tensor not in route.whole:
                    parts.pop(read.tensor, None)
        whole = {name: self._whole(name, parts[name], memory) for name in route.whole}
        return self._ended(whole, len(chosen))

    def _part(self, stage: Stage, values: Array, windows: Intervals) -> Part:
        found = tuple(values.shape[axis] for axis in self._known.axes(stage.output))
        if len(values) != len(windows.starts) or found != windows.lengths:
            raise EngineError(
                f"The crop of {stage.output!r} is {found} large, and not {windows.lengths}, as expected."
            )
        return Part(values, windows)

    def _patched(self, chosen: Array, patches: Sequence[Array]) -> Part:
        """Return the image within its windows, as the variants have it."""
        windows = _some(self.route.windows[self._engine.model.input.name], chosen)
        image, axes = self._variants.image[0], self._variants.axes
        shape = list(self._variants.image.shape)
        for axis, length in zip(axes, windows.lengths, strict=True):
            shape[axis] = length
        values = np.empty((len(chosen), *shape[1:]), image.dtype)
        for number, value, start, patch in zip(chosen, values, windows.starts, patches, strict=True):
            source, into = [slice(None)] * image.ndim, [slice(None)] * image.ndim
            for axis, first, length, (low, high) in zip(
                axes, start, windows.lengths, self._variants.boxes[number], strict=True
            ):
                source[axis - 1] = slice(first, first + length)
                into[axis - 1] = slice(low - first, high - first)
            value[...] = image[tuple(source)]
            value[tuple(into)] = patch
        return Part(values, windows)

    def _crops(self, at: int, stage: Stage, read: Read, memory: Memory) -> Crops:
        key = (at, read.tensor)
        if key not in memory.crops:
            clean = self._maps[read.tensor]
            windows = self.route.windows[stage.output]
            roles = self._known.fields[read.tensor].space
            memory.crops[key] = Crops(
                clean,
                self._known.axes(read.tensor),
                Intervals(
                    _starts(self._known, read, windows),
                    tuple(
                        read.ways[role].length(length)
                        for role, length in zip(roles, windows.lengths, strict=True)
                    ),
                ),
                fill=_number(read, clean.dtype),
                count=self.count,
            )
        return memory.crops[key]

    def _whole(self, name: str, part: Part, memory: Memory) -> Array:
        if name not in memory.copies:
            memory.copies[name] = Copies(self._maps[name], self._known.axes(name), count=self.count)
        starts = part.windows.starts
        boxes = np.stack([starts, starts + part.windows.lengths], axis=2)
        return memory.copies[name].lay(boxes, list(part.values))

    def _ended(self, whole: dict[str, Array], count: int) -> dict[str, Array]:
        """Run the rest of the graph on whole maps, in batches of the size that is found to be the fastest."""
        rest = self._sessions.rest(self.route.whole)
        rows: dict[str, list[Array]] = {name: [] for name in self._tensors}
        start = 0
        while start < count:
            size = min(self._trials.size, count - start)
            chunk = np.broadcast_to(self._variants.image, (size, *self._variants.image.shape[1:]))
            own = {name: values[start : start + size] for name, values in whole.items()}
            found: dict[str, DeviceTensor] = {}
            begun = time.thread_time()
            if rest is not None:
                feeds = {name: own[name] for name in rest.inputs}
                found = rest.session.run(feeds, rest.outputs, cancellation=self._cancellation)
            if self._trials.tell(size, time.thread_time() - begun):
                self._engine.sweeps.sizes.keep(self._key, self._trials.size)
            for name in self._tensors:
                rows[name].append(self._values(name, found, own, chunk))
            start += size
        return {name: parts[0] if len(parts) == 1 else np.concatenate(parts) for name, parts in rows.items()}

    def _values(
        self, name: str, found: Mapping[str, DeviceTensor], whole: Mapping[str, Array], chunk: Array
    ) -> Array:
        """Return one tensor's real values for a chunk: from the rest, a map laid whole, or what no change reaches."""
        engine = self._engine
        if name not in found and name not in whole:
            own = engine.values(name, self.clean[name], chunk[:1], images=1)
            return np.repeat(own, len(chunk), axis=0)
        tensor = found[name] if name in found else DeviceTensor.place(whole[name])
        values: Array = engine.values(name, tensor, chunk, images=len(chunk)).copy()
        return values


def _some(windows: Intervals, chosen: Array) -> Intervals:
    return Intervals(windows.starts[chosen], windows.lengths)


def _starts(known: Known, read: Read, windows: Intervals) -> Array:
    """Return where the crops begin that a stage reads for some windows of what it gives."""
    roles = known.fields[read.tensor].space
    return np.stack(
        [read.ways[role].start(windows.starts[:, axis]) for axis, role in enumerate(roles)],
        axis=1,
    )


def _number(read: Read, dtype: np.dtype[Any]) -> float | None:
    """Return what stands beyond a map of a type."""
    if isinstance(read.fill, str):
        return -np.inf if dtype.kind == "f" else float(np.iinfo(dtype).min)
    return read.fill
