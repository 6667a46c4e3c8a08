"""A model taken apart into stages that run on crops, and the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import onnx_ir as ir

from inspector.graph.incremental.cut import Space, cut_out, inputs_between
from inspector.graph.incremental.known import Known
from inspector.graph.incremental.route import Routes
from inspector.graph.incremental.stages import Read, Stage, find_stages
from inspector.graph.incremental.work import is_coded, rounding_of
from inspector.graph.pack import PackedGraph, pack_own
from inspector.graph.totals import with_totals
from inspector.model.receptive.field import Field
from inspector.model.spec import OnnxModel
from inspector.types.layers import Shape


class Parting:
    """What is known of a model for images of one size, and for some tensors that are asked for."""

    def __init__(
        self,
        model: OnnxModel,
        *,
        fields: Mapping[str, Field],
        shapes: Mapping[str, Shape],
        tensors: Sequence[str],
    ) -> None:
        """Take `model` apart; fields and shapes are for one image."""
        self._model, self._tensors = model, tuple(tensors)
        self._graph = with_totals(model.ir, tensors)
        self.known = Known(fields=fields, shapes=shapes, opset=model.opset)
        self.stages = find_stages(self._graph.graph, model.input.name, self.known, wanted=tensors)
        nodes = [node for stage in self.stages for node in stage.nodes]
        self.is_coded, self.rounding = is_coded(nodes), rounding_of(nodes)

    @cached_property
    def weight_bytes(self) -> int:
        """Bytes of all weights, of which sessions hold a copy that is laid out for their kernels."""
        values = self._graph.graph.initializers.values()
        return sum(value.const_value.nbytes for value in values if value.const_value is not None)

    @cached_property
    def routes(self) -> Routes:
        """All ways to go."""
        return Routes(
            self._graph.graph, self._model.input.name, self.known, self.stages, wanted=self._tensors
        )

    def stage(self, stage: Stage) -> PackedGraph | None:
        """Return the graph of a stage; None where it cannot be taken by itself."""
        inputs = {read.tensor: self._crop_shape(number, read) for number, read in enumerate(stage.reads)}
        return self._packed(inputs, [stage.output], space=self._space)

    def rest(self, whole: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], PackedGraph | None]:
        """Return (what is read, what is given, the graph) of what is computed of whole maps."""
        graph = self._graph.graph
        outputs = tuple(
            name for name in self._tensors if name not in whole and inputs_between(graph, [name], whole)
        )
        read = inputs_between(graph, outputs, whole)
        inputs = [name for name in whole if name in read]
        batch = 1 if self._model.input.batch == 1 else "n"
        shapes: dict[str, Shape] = {name: (batch, *self.known.shapes[name][1:]) for name in inputs}
        return tuple(inputs), outputs, self._packed(shapes, outputs, space=None)

    def _packed(
        self, inputs: Mapping[str, Shape], outputs: Sequence[str], *, space: Space | None
    ) -> PackedGraph | None:
        part = cut_out(self._graph, inputs=inputs, outputs=outputs, dtypes=self._model.dtypes, space=space)
        return None if part is None else pack_own(part)

    def _space(self, value: ir.Value | None) -> tuple[int, frozenset[int]]:
        if value is None:
            return 0, frozenset()
        field = self.known.field(value)
        return len(field.roles), frozenset(self.known.axes(value.name or ""))

    def _crop_shape(self, number: int, read: Read) -> Shape:
        """Return a crop's shape, with names for free sizes: crops of the same size have the same."""
        field, shape = self.known.fields[read.tensor], list(self.known.shapes[read.tensor])
        shape[0] = "n"
        for role in field.space:
            own = role if read.ways[role].is_same else f"{role}{number}"
            shape[field.roles.index(role)] = own
        return tuple(shape)
