"""Preprocessing that the model carries in its graph: a uint8 input, or leading nodes that normalize."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.preprocessing.sources.finding import TO_UNIT, PartFound
from inspector.operators.attributes import number, numbers
from inspector.types.results.model_info import ImageInput

PASSED_THROUGH = frozenset({"Cast", "Identity", "Transpose", "Resize", "Upsample"})
MAX_LEADING = 12


@dataclass
class _Normalization:
    """The leading nodes together: y = factor · x + shift, the extreme over channels."""

    factor: float = 1.0
    shift: float = 0.0

    def scale(self, by: float) -> None:
        self.factor, self.shift = self.factor * by, self.shift * by


def from_graph(model: ir.Model, image_input: ImageInput) -> PartFound | None:
    """Say what the graph itself does to raw pixels, or None.

    A model that normalizes inside takes 0..255 where its own factor brings 255 near 1, and 0..1 where its
    factor and shift are those of values in 0..1 (such as 1/0.229 and −0.485/0.229).
    """
    if np.issubdtype(image_input.dtype, np.integer):
        return PartFound(
            source=f"the {image_input.dtype} input takes pixels as they are", fields=_values(1.0)
        )
    normalization = _Normalization()
    seen: list[str] = []
    value = next(item for item in model.graph.inputs if item.name == image_input.name)
    for _ in range(MAX_LEADING):
        readers = [usage.node for usage in value.uses()]
        if len(readers) != 1 or len(readers[0].outputs) != 1:
            break
        node = readers[0]
        if node.op_type not in PASSED_THROUGH:
            if not _follow(node, value, normalization):
                break
            seen.append(node.op_type)
        value = node.outputs[0]
    if not seen:
        return None
    takes_bytes = abs(normalization.factor) * 255 < 20 or abs(normalization.shift) > 4
    what = "0..255" if takes_bytes else "0..1"
    return PartFound(
        source=f"the graph normalizes by itself ({', '.join(seen)}) and takes {what}",
        fields=_values(1.0 if takes_bytes else TO_UNIT),
    )


def _follow(node: ir.Node, value: ir.Value, normalization: _Normalization) -> bool:
    """Add one node to the normalization; False where it is not part of it."""
    if node.op_type == "ImageScaler":
        bias = numbers(node, "bias", [0.0])
        normalization.scale(number(node, "scale", 1.0))
        normalization.shift += _extreme(np.asarray(bias))
        return True
    if node.op_type not in ("Add", "Sub", "Mul", "Div") or len(node.inputs) != 2:
        return False
    first = node.inputs[0] is value
    other = constant_value(node.inputs[1] if first else node.inputs[0])
    if other is None or other.size not in (1, 3, 4) or not np.issubdtype(other.dtype, np.number):
        return False
    amount = _extreme(other)
    if node.op_type == "Add":
        normalization.shift += amount
    elif node.op_type == "Mul":
        normalization.scale(amount)
    elif node.op_type == "Sub" and first:
        normalization.shift -= amount
    elif node.op_type == "Div" and first and amount:
        normalization.scale(1 / amount)
    else:
        return False
    return True


def _extreme(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> float:
    flat = np.asarray(array, np.float64).reshape(-1)
    return float(flat[np.argmax(np.abs(flat))]) if flat.size else 0.0


def _values(scale: float) -> dict[str, object]:
    return {"scale": scale, "mean": (0.0,), "std": (1.0,)}
