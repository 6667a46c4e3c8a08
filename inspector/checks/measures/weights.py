"""The constants of floats in a file, wherever they stand: initializers and Constant nodes, those of subgraphs too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.model.const import constant_value
from inspector.model.spec import OnnxModel
from inspector.operators.domains import is_standard
from inspector.types.arrays import Array

_KNOWN = ("float16", "float32", "float64")
_PART = 1 << 18
"""Numbers that are looked at together: a dense layer's weights can be most of a model, and no copy of them is made."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Weight:
    """One constant of floats."""

    name: str
    array: Array
    """In its own type, which may be bfloat16 or one of 8 bits and fewer."""
    value: Any
    """Of the graph: what reads it is among its uses."""

    @property
    def dtype(self) -> str:
        """As the file has it: "float32", "bfloat16"."""
        return str(self.array.dtype.name)

    @property
    def size(self) -> int:
        """How many numbers."""
        return int(self.array.size)

    def parts(self) -> Iterator[Array]:
        """Yield its numbers, (count,) at a time: float16, float32 or float64; smaller types as float32."""
        flat = self.array.reshape(-1)
        for start in range(0, flat.size, _PART):
            part = flat[start : start + _PART]
            yield part if self.dtype in _KNOWN else part.astype(np.float32)

    def count(self, holds: Callable[[Array], Array]) -> int:
        """Return of how many numbers something holds, which is asked of (count,) at a time."""
        return sum(int(np.count_nonzero(holds(part))) for part in self.parts())


def float_weights(model: OnnxModel) -> Iterator[Weight]:
    """Yield the constants of floats, one after another: none is kept."""
    graph = model.ir.graph
    for own in (graph, *graph.subgraphs()):
        for name, value in own.initializers.items():
            if value.const_value is not None and value.const_value.dtype.is_floating_point():
                yield Weight(name=name, array=value.const_value.numpy(), value=value)
    for node in graph.all_nodes():
        if node.op_type == "Constant" and is_standard(node) and node.outputs:
            array = constant_value(node.outputs[0])
            if array is not None and "float" in array.dtype.name:
                yield Weight(name=node.outputs[0].name or node.name or "", array=array, value=node.outputs[0])
