"""How far a sweep goes on crops: the stages, the windows that changes reach, and where whole maps become cheaper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import onnx_ir as ir

from inspector.graph.incremental.costs import Costs
from inspector.graph.incremental.cut import inputs_between
from inspector.graph.incremental.intervals import Changes, Intervals
from inspector.graph.incremental.known import Known
from inspector.graph.incremental.stages import Read, Stage
from inspector.graph.incremental.work import Work, work_of
from inspector.types.arrays import Array


@dataclass(frozen=True, kw_only=True)
class Route:
    """Stages that are computed on crops, in their order, and the maps that are handed on whole."""

    stages: Sequence[Stage]
    whole: tuple[str, ...]
    """Maps that what comes after the stages reads, or that are asked for."""
    windows: Mapping[str, Intervals]
    """By map: what each change reaches."""
    seconds: float
    """What one change is expected to cost, without what no route spares."""
    plain: float
    """The same where the whole image runs."""


class Routes:
    """All ways in which a graph can be gone: its first stages on crops, and the rest on whole maps."""

    def __init__(
        self, graph: ir.Graph, image: str, known: Known, stages: Sequence[Stage], *, wanted: Sequence[str]
    ) -> None:
        self._image, self._known, self._stages, self._wanted = image, known, stages, wanted
        self._work = [work_of(stage.nodes, known) for stage in stages]
        self._values = {value.name or "": value for node in graph for value in node.outputs}
        self._values |= {value.name or "": value for value in graph.inputs}
        self._rest = inputs_between(graph, wanted, {image, *(stage.output for stage in stages)})

    def best(self, boxes: Array, costs: Costs, *, count: int) -> Route:
        """Return the cheapest route for changes within (K, axes, 2) boxes, of which `count` run at a time.

        One without stages where crops cost more than whole maps.
        """
        windows = self._windows(boxes)
        all_whole = [
            costs.of(work, area=self._area(stage))
            for stage, work in zip(self._stages, self._work, strict=True)
        ]
        plain = whole = sum(all_whole) + costs.call / count
        on_crops, best, at = 0.0, plain, 0
        for number in range(1, len(self._stages) + 1):
            on_crops += self._on_crops(number - 1, windows, costs, count=count)
            whole -= all_whole[number - 1]
            cost = on_crops + whole + self._handing_on(number, windows, costs)
            if cost < best:
                best, at = cost, number
        return self._route(at, windows, seconds=best, plain=plain)

    def after(self, number: int, boxes: Array) -> Route:
        """Return the route that computes so many stages on crops, whatever that costs."""
        return self._route(number, self._windows(boxes), seconds=0.0, plain=0.0)

    def _windows(self, boxes: Array) -> Mapping[str, Intervals]:
        names = [self._image, *(stage.output for stage in self._stages)]
        changes = Changes(boxes)
        return {name: changes.reach(self._known.fields[name]) for name in names}

    def _route(self, number: int, windows: Mapping[str, Intervals], *, seconds: float, plain: float) -> Route:
        return Route(
            stages=self._stages[:number],
            whole=tuple(self._whole(number)),
            windows=windows,
            seconds=seconds,
            plain=plain,
        )

    def _on_crops(self, number: int, windows: Mapping[str, Intervals], costs: Costs, *, count: int) -> float:
        stage, window = self._stages[number], windows[self._stages[number].output]
        share = window.area / self._area(stage)
        work: Work = {kind: amount * share for kind, amount in self._work[number].items()}
        copied = sum(self._copied(stage, read, windows) for read in stage.reads)
        # Convolutions have a layout of their own, into which and out of which every crop is brought.
        copied += sum(self._read(stage, read, windows) for read in stage.reads)
        copied += window.area * self._bytes_per_place(self._values[stage.output])
        return (
            costs.of(work, area=window.area)
            + copied * costs.byte
            + costs.call / count
            + len(stage.reads) * costs.crop
        )

    def _area(self, stage: Stage) -> int:
        return _area(self._known, self._values[stage.output])

    def _copied(self, stage: Stage, read: Read, windows: Mapping[str, Intervals]) -> float:
        """Return the bytes that are copied for the crop that a stage reads of a map: none where it is there already."""
        if read.is_same and windows[stage.output].lengths == windows[read.tensor].lengths:
            return 0.0
        return self._read(stage, read, windows)

    def _read(self, stage: Stage, read: Read, windows: Mapping[str, Intervals]) -> float:
        """Return the bytes of a crop."""
        value, area = self._values[read.tensor], 1
        for role, length in zip(self._known.field(value).space, windows[stage.output].lengths, strict=True):
            area *= read.ways[role].length(length)
        return area * self._bytes_per_place(value)

    def _handing_on(self, number: int, windows: Mapping[str, Intervals], costs: Costs) -> float:
        """Return what it costs to lay windows over whole maps and to take them off again."""
        whole = list(self._whole(number))
        copied = sum(2 * windows[name].area * self._bytes_per_place(self._values[name]) for name in whole)
        return copied * costs.byte + len(whole) * costs.crop

    def _whole(self, number: int) -> Iterator[str]:
        """Yield the maps that are needed whole after the first stages."""
        given = [self._image, *(stage.output for stage in self._stages[:number])]
        read = {read.tensor for stage in self._stages[number:] for read in stage.reads} | self._rest
        yield from (name for name in given if name in read or name in self._wanted)

    def _bytes_per_place(self, value: ir.Value) -> float:
        width = value.dtype.itemsize if value.dtype is not None else 4
        return prod(self._known.sizes(value)) / _area(self._known, value) * width


def _area(known: Known, value: ir.Value) -> int:
    return prod(known.extent(value).values())
