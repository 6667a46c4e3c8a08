"""A model with one change, or a few."""

from __future__ import annotations

import onnx

from tools.fuzz.changes import attributes, declarations, nodes, tensors
from tools.fuzz.changes.parts import Change
from tools.fuzz.draw import Draw

KINDS: tuple[tuple[Change, ...], ...] = (
    nodes.CHANGES,
    nodes.CHANGES,
    attributes.CHANGES,
    attributes.CHANGES,
    tensors.CHANGES,
    declarations.CHANGES,
)
"""One of these is drawn, and a change of it: those that stand here twice are drawn twice as often."""


def changed(draw: Draw, data: bytes) -> bytes:
    """Return a model with one change, or a few."""
    proto = onnx.ModelProto.FromString(data)
    for _ in range(draw.pick((1, 1, 1, 2, 3, 5))):
        try:
            draw.pick(draw.pick(KINDS))(draw, proto)
        except (ValueError, TypeError, OverflowError):  # what protobuf does not let anybody write
            continue
    return bytes(proto.SerializeToString())
