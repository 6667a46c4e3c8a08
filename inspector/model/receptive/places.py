"""How many places of maps are followed through a graph: each costs memory and time, and a node may make any number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx_ir as ir

from inspector.model.checks.limits import Limits, require_at_most
from inspector.model.receptive.field import Field
from inspector.model.receptive.rule import FIRST_SPATIAL
from inspector.operators.attributes import optional_integers
from inspector.operators.families import CONVOLUTIONS, POOLINGS
from inspector.operators.operation import as_float
from inspector.operators.twins import float_operator
from inspector.types.layers import Dim, Shape

_WINDOWED = CONVOLUTIONS | POOLINGS

_LOOKS = 8
"""So many looks at a place take as long as keeping what a place sees."""


def require_followable(places: int, *, limits: Limits) -> None:
    """Raise LimitExceededError where these are too many places."""
    what = "The number of places of maps that are followed from the image through the graph"
    require_at_most(places, limits, what=what, name="max_places")


class Places:
    """The places that are followed on one walk: those that are kept, and one for every eight looks at others.

    Places that a tensor has from another one, as after an elementwise operator, are counted once.
    """

    def __init__(self, shapes: Mapping[str, Shape], *, limits: Limits) -> None:
        self._shapes, self._limits = shapes, limits
        self._count = 0

    def foresee(self, node: ir.Node, known: Sequence[Field]) -> None:
        """Raise LimitExceededError, before anything is followed, where the node alone takes too many."""
        if not any(field.space for field in known):
            return
        for value in node.outputs:
            for axis, size in enumerate(self._shape(value)):
                if isinstance(size, int):
                    require_followable(self._cost(node, axis, size), limits=self._limits)

    def count(self, node: ir.Node, known: Sequence[Field], made: Field) -> None:
        """Add those of a node's output; LimitExceededError where all together are too many."""
        before = {id(track) for field in known for track in field.tracks.values()}
        for role, track in made.tracks.items():
            if id(track) not in before and role in made.roles:
                self._count += self._cost(node, made.roles.index(role), track.units or 0)
        require_followable(self._count, limits=self._limits)

    def _cost(self, node: ir.Node, axis: int, size: int) -> int:
        return size + size * (self._looks(node, axis) - 1) // _LOOKS

    def _looks(self, node: ir.Node, axis: int) -> int:
        """Return how many places one along an axis of the output is made of: those of its window, else 1."""
        spatial = axis - FIRST_SPATIAL
        if spatial < 0 or float_operator(node) not in _WINDOWED:
            return 1
        shapes = [self._shape(value) for value in as_float(node).inputs]
        window: Sequence[Dim] | None = optional_integers(node, "kernel_shape")
        if window is None:
            window = shapes[1][FIRST_SPATIAL:] if len(shapes) > 1 else ()
        sizes = [*window[spatial : spatial + 1], *shapes[0][axis : axis + 1]]
        return min((size for size in sizes if isinstance(size, int)), default=1)

    def _shape(self, value: ir.Value | None) -> Shape:
        return self._shapes.get(value.name or "", ()) if value is not None else ()
