"""Painting: parameters to what the model sees, and a gradient there to better parameters, as two graphs.

paint:    parameters, draws                        -> images (rows, *image), what the other graph needs
improve:  gradients at the images, parameters, …   -> new parameters, new slots
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import onnx_ir as ir

from inspector.grad.backward import GRADIENT
from inspector.grad.synthesis.differentiated import gradient_of, saved_of
from inspector.graph.expose import expose
from inspector.graph.joined import joined
from inspector.graph.pack import PackedGraph, pack
from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.synthesis.colors import write_colors
from inspector.graph.synthesis.frame import Frame
from inspector.graph.synthesis.optimizers import Optimizer, State
from inspector.graph.synthesis.parameterizations import Parameterization
from inspector.graph.synthesis.regularizers import REGULARIZERS
from inspector.graph.synthesis.rows import Rows
from inspector.graph.synthesis.views import Views
from inspector.graph.writer import Writer
from inspector.types.arrays import Array

PARAMETERS = "synthesis/parameters"
RATE, COUNT = "synthesis/rate", "synthesis/count"
PICTURE = "synthesis/picture"
"""(N, C, *size) in 0..1."""
IMAGES = "synthesis/images"
"""(rows, *image), float32."""
NEW = "synthesis/new_parameters"
PULL = "synthesis/pull"
"""(1, elements of all images): the gradient that comes back from the model."""
GAIN = "synthesis/gain"


@dataclass(frozen=True, kw_only=True)
class Painting:
    """All that makes a picture of parameters, and better ones of a gradient."""

    canvas: Canvas
    parameterization: Parameterization
    views: Views
    frame: Frame
    decorrelated: bool = True
    """Whether the parameters are of decorrelated colors, where there are three."""
    regularizers: tuple[tuple[str, float], ...] = ()
    """Names and weights: each lowers what is to grow."""
    anchor: Array | None = None
    """Pictures (N, C, *size) in 0..1 that those are to stay near to."""
    closeness: float = 0.0
    """Weight of the mean square distance from the anchor."""
    optimizer: Optimizer

    @cached_property
    def rows(self) -> int:
        """How many images a step shows the model."""
        return self.views.rows(self.canvas)

    @cached_property
    def draws(self) -> tuple[str, ...]:
        """The inputs that are drawn anew for every step."""
        names = {value.name for value in self.forward.graph.inputs}
        return tuple(name for name in names if name not in (PARAMETERS, PULL) and name)

    @cached_property
    def saved(self) -> tuple[str, ...]:
        """What of painting the improvement needs: tensors under their own names."""
        given = {PARAMETERS, PULL, *self.draws}
        return tuple(name for name in saved_of(self.backward) if name not in given)

    def slots(self) -> tuple[str, ...]:
        """Return the names of what the optimizer keeps; the new ones come back under NEW plus the name."""
        return tuple(f"synthesis/slot_{index}" for index in range(self.optimizer.slots))

    def paint(self, rows: Rows) -> PackedGraph:
        """Return the graph that shows the model its runs."""
        shown = expose(self.forward, tensors=[IMAGES, *self.saved])
        return pack(joined([shown, self._runs(rows)], outputs=[*rows.images, *self.saved], name="paint"))

    def show(self) -> PackedGraph:
        """Return the graph of the picture alone."""
        return pack(expose(self.forward, tensors=[PICTURE]))

    def improve(self, rows: Rows, *, sources: int) -> PackedGraph:
        """Return the graph of one step, from gradients at the runs' images: `rows.pulls` of each of the sources."""
        outputs = [NEW, *(NEW + slot for slot in self.slots())]
        parts = [self._pulls(rows, sources), *self.backward, self._step()]
        return pack(joined(parts, outputs=outputs, name="improve"))

    # --- the parts

    @cached_property
    def forward(self) -> ir.Model:
        """Parameters and draws to PICTURE, IMAGES and GAIN, the last of which is to grow."""
        w, canvas = Writer(prefix="paint/"), self.canvas
        parameters = w.input(PARAMETERS, self.parameterization.shape(canvas))
        raw = self.parameterization.write(w, parameters, canvas)
        picture = write_colors(w, raw, canvas, decorrelated=self.decorrelated)
        images = self.frame.write(w, self.views.write(w, picture, canvas), self.rows)
        shape = (self.rows, *self.frame.shape)
        # What comes back from the model is as it were a constant here: gain = ⟨images, pull⟩ has that gradient.
        pull = w.input(PULL, (1, prod(shape)))
        flat = w.op("Reshape", images, w.ints([1, -1]))
        gain = w.op("ReduceSum", w.op("Mul", flat, pull), w.ints([1]), keepdims=0)
        for name, weight in self.regularizers:
            cost = REGULARIZERS[name](w, picture, canvas)
            gain = w.op("Sub", gain, w.op("Mul", cost, w.constant(weight)))
        if self.anchor is not None and self.closeness:
            gap = w.op("Sub", picture, w.constant(self.anchor))
            mean = w.op("ReduceMean", w.op("Mul", gap, gap), keepdims=0)
            cost = w.op("Mul", mean, w.constant(self.closeness * canvas.pictures))
            gain = w.op("Sub", gain, w.op("Reshape", cost, w.ints([1])))
        return w.finish(
            {PICTURE: (picture, canvas.shape), IMAGES: (images, shape), GAIN: (gain, (1,))}, name="paint"
        )

    @cached_property
    def backward(self) -> list[ir.Model]:
        """∂GAIN/∂parameters, for gradients PULL at the images."""
        return gradient_of(self.forward, source=GAIN, target=PARAMETERS)

    def _runs(self, rows: Rows) -> ir.Model:
        w = Writer(prefix="runs/")
        images = w.input(IMAGES, (self.rows, *self.frame.shape))
        typed = self.frame.write_typed(w, images)
        return w.finish(rows.write_images(w, typed, self.frame.shape), name="runs")

    def _pulls(self, rows: Rows, sources: int) -> ir.Model:
        w = Writer(prefix="pull/")
        pull = w.op("Reshape", rows.write_pulls(w, self.frame.shape, sources), w.ints([1, -1]))
        return w.finish({PULL: (pull, (1, self.rows * prod(self.frame.shape)))}, name="pull")

    def _step(self) -> ir.Model:
        w, shape = Writer(prefix="step/"), self.parameterization.shape(self.canvas)
        value, gradient = w.input(PARAMETERS, shape), w.input(GRADIENT, shape)
        slots = [w.input(slot, shape) for slot in self.slots()]
        state = State(
            value=value,
            gradient=gradient,
            slots=slots,
            rate=w.input(RATE, (1,)),
            count=w.input(COUNT, (1,)),
            rank=len(shape),
        )
        new, kept = self.optimizer.write(w, state)
        ends = {NEW: (new, shape)}
        ends |= {NEW + slot: (one, shape) for slot, one in zip(self.slots(), kept, strict=True)}
        return w.finish(ends, name="step")
