"""Stages: the parts of a graph that are computed on crops, one map after another.

A stage reads crops of maps (with a halo, where its first operator looks around) and gives the crop of one map. It has
at most one operator that looks around, for what that one reads beyond the edge of a whole map is padding, and within it
is not; what follows place by place belongs to the same stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from inspector.graph.incremental.cut import leading_to
from inspector.graph.incremental.known import Known
from inspector.graph.incremental.reading import LOWEST, Fill, Reading, reading_of
from inspector.graph.incremental.ways import SAME, Ways
from inspector.model.const import constant_value
from inspector.model.dependence import reads_values
from inspector.operators.domains import is_standard


@dataclass(frozen=True, kw_only=True)
class Read:
    """A map that a stage reads, and which part of it for which part of what the stage gives."""

    tensor: str
    ways: Ways
    fill: Fill = None

    @property
    def is_same(self) -> bool:
        """Whether a place is computed from that place alone."""
        return all(way.is_same for way in self.ways.values())


@dataclass(kw_only=True)
class Stage:
    """Nodes that compute one map from crops of others."""

    reads: tuple[Read, ...]
    output: str
    nodes: list[ir.Node] = field(default_factory=list)


@dataclass(frozen=True)
class _Source:
    """What a tensor is a view of: codes that are dequantized, or a map with a border."""

    tensor: str
    ways: Ways
    fill: Fill
    nodes: tuple[ir.Node, ...]


def find_stages(graph: ir.Graph, image: str, known: Known, *, wanted: Iterable[str]) -> list[Stage]:
    """Return stages in graph order, each of which reads the image and what those before it give.

    They go as far as it is sure that a part of a map is computed as the whole is. `wanted` are tensors that are asked
    for, and so must not be lost within a stage.
    """
    return _connected(_Assembly(graph, image, known, frozenset(wanted)).stages, image)


def _connected(stages: Sequence[Stage], image: str) -> list[Stage]:
    """Return the stages up to the first that reads what none before it gives: there the way would end in an error."""
    given = {image}
    for number, stage in enumerate(stages):
        if any(read.tensor not in given for read in stage.reads):
            return list(stages[:number])
        given.add(stage.output)
    return list(stages)


class _Assembly:
    def __init__(self, graph: ir.Graph, image: str, known: Known, wanted: frozenset[str]) -> None:
        self._known, self._wanted = known, wanted
        self.stages: list[Stage] = []
        self._made: dict[str, int] = {}
        """By tensor that a stage gives: the stage's number."""
        self._sources: dict[str, _Source] = {}
        start = next((value for value in graph.inputs if value.name == image), None)
        if start is None or not known.is_map(start):
            return
        self._made[image] = -1
        self._sources[image] = _Source(image, _same(known, start), None, ())
        needed = leading_to(graph, wanted)
        for node in graph:
            if node not in needed or not reads_values(node) or not any(map(known.depends, node.inputs)):
                continue
            reading = reading_of(node, known)
            if reading is not None and all((value.name or "") in self._sources for value in reading.inputs):
                self._place(reading)
        self._absorb()

    def _place(self, reading: Reading) -> None:
        output = reading.node.outputs[0]
        name = output.name or ""
        if self._view(reading):
            return
        found = self._reads(reading)
        if found is None:
            return
        reads_, views = found
        place = self._joined(reading, reads_)
        if place is None:
            self.stages.append(Stage(reads=reads_, output=name, nodes=[*views, reading.node]))
            place = len(self.stages) - 1
        else:
            stage = self.stages[place]
            del self._made[stage.output], self._sources[stage.output]
            more = [read for read in reads_ if read.tensor != stage.output and read not in stage.reads]
            stage.reads, stage.output = (*stage.reads, *more), name
            stage.nodes += [*(node for node in views if node not in stage.nodes), reading.node]
        self._made[name] = place
        self._sources[name] = _Source(name, _same(self._known, output), None, ())

    def _absorb(self) -> None:
        """Let stages go on with what reads their map twice, where nothing else does: x·σ(x) after a convolution."""
        gone: set[int] = set()
        for number, stage in enumerate(self.stages):
            for read in stage.reads:
                place = self._made.get(read.tensor, -1)
                if place < 0 or not self._goes_on(place, stage, read):
                    continue
                own = self.stages[place]
                more = [one for one in stage.reads if one is not read and one not in own.reads]
                del self._made[own.output]
                own.reads, own.output = (*own.reads, *more), stage.output
                own.nodes += [node for node in stage.nodes if node not in own.nodes]
                self._made[own.output] = place
                gone.add(number)
                break
        self.stages = [stage for number, stage in enumerate(self.stages) if number not in gone]

    def _goes_on(self, place: int, stage: Stage, read: Read) -> bool:
        before = self.stages[place]
        value = self._value(before)
        return (
            all(one.is_same for one in stage.reads)
            and before.output not in self._wanted
            and not value.is_graph_output()
            and _is_read_within(value, stage)
            and self._may_take(place, [other for other in stage.reads if other is not read])
            and self._see_the_same(before.output, self._value(stage))
        )

    def _may_take(self, place: int, others: Sequence[Read]) -> bool:
        """Return whether a stage may read other maps as well: they are there before it, and it reads none otherwise."""
        held = {own.tensor: own for own in self.stages[place].reads}
        return all(
            self._made.get(other.tensor, -1) < place and held.get(other.tensor, other) == other
            for other in others
        )

    def _value(self, stage: Stage) -> ir.Value:
        return next(value for node in stage.nodes for value in node.outputs if value.name == stage.output)

    def _view(self, reading: Reading) -> bool:
        """Let whoever reads codes as numbers, or a map with a border, do so itself: then the smaller map is cut."""
        node = reading.node
        if not is_standard(node) or node.op_type not in _VIEWS:
            return False
        before = self._sources[reading.inputs[0].name or ""]
        name = node.outputs[0].name or ""
        if name in self._wanted or before.nodes:
            return False
        ways = {role: way.over(before.ways[role]) for role, way in reading.ways.items()}
        self._sources[name] = _Source(before.tensor, ways, reading.fill, (node,))
        return True

    def _reads(self, reading: Reading) -> tuple[tuple[Read, ...], list[ir.Node]] | None:
        """Return what a node reads of the tensors that are given, and the nodes between; None where views clash."""
        found: dict[str, Read] = {}
        views: list[ir.Node] = []
        for value in reading.inputs:
            source = self._sources[value.name or ""]
            ways = {role: way.over(source.ways[role]) for role, way in reading.ways.items()}
            fill = _fill_through(source, reading)
            if fill is _CLASH:
                return None
            read = Read(tensor=source.tensor, ways=ways, fill=fill)  # type: ignore[arg-type]
            if found.setdefault(source.tensor, read) != read:
                return None
            views += [node for node in source.nodes if node not in views]
        return tuple(found.values()), views

    def _joined(self, reading: Reading, reads_: Sequence[Read]) -> int | None:
        """Return the stage that a node goes on with, place by place, as the only one that reads its map."""
        output = reading.node.outputs[0]
        if not all(way.is_same for way in reading.ways.values()):
            return None
        if not all(read.is_same for read in reads_):
            return None
        for read in reversed(reads_):
            place = self._made[read.tensor]
            if place < 0 or read.tensor in self._wanted:
                continue
            stage = self.stages[place]
            if (
                self._reads_alone(reading, read.tensor)
                and self._may_take(place, [other for other in reads_ if other is not read])
                and self._see_the_same(stage.output, output)
            ):
                return place
        return None

    def _reads_alone(self, reading: Reading, tensor: str) -> bool:
        """Return whether nothing else reads a tensor, nor the views of it through which the node does."""
        for value in reading.inputs:
            source = self._sources[value.name or ""]
            if source.tensor != tensor:
                continue
            chain = [value, *(node.inputs[0] for node in source.nodes)]
            if any(len(one.uses()) != 1 or one.is_graph_output() for one in chain if one is not None):
                return False
        return True

    def _see_the_same(self, one: str, other: ir.Value) -> bool:
        """Return whether the same changes of the image reach the same places of two maps."""
        mine, its = self._known.fields[one], self._known.field(other)
        return all(
            np.array_equal(mine.track(role).windows, its.track(role).windows)  # type: ignore[arg-type]
            for role in mine.space
        )


_CLASH = object()
_VIEWS = ("DequantizeLinear", "Pad")


def _is_read_within(value: ir.Value, stage: Stage) -> bool:
    """Return whether only nodes of a stage read a tensor, and its views, of which several stages can have the node."""
    return all(
        use.node in stage.nodes
        and (
            use.node.op_type not in _VIEWS
            or use.node.outputs[0].name == stage.output
            or _is_read_within(use.node.outputs[0], stage)
        )
        for use in value.uses()
    )


def _fill_through(source: _Source, reading: Reading) -> object:
    """Return what stands beyond the map that a node reads through views; _CLASH where no one value does."""
    fill: Fill = reading.fill
    for node in source.nodes:
        if node.op_type == "Pad":
            if fill is not None and fill != source.fill:
                return _CLASH
            fill = source.fill
        elif fill is not None:
            fill = _code_of(node, fill)
            if fill is None:
                return _CLASH
    return fill


def _code_of(node: ir.Node, fill: Fill) -> Fill:
    """Return the code that a DequantizeLinear makes a fill of."""
    if fill == LOWEST:
        scale = constant_value(node.inputs[1])
        return LOWEST if scale is not None and (scale.astype(np.float64) > 0).all() else None
    if fill != 0:
        return None
    value = node.inputs[2] if len(node.inputs) > 2 else None
    zero = np.zeros(1) if value is None else constant_value(value)
    if zero is None or len(np.unique(zero)) != 1:
        return None
    return float(zero.reshape(-1)[0])


def _same(known: Known, value: ir.Value) -> Ways:
    return dict.fromkeys(known.extent(value), SAME)
