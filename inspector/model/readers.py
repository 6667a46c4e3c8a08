"""Who reads the image: the first convolution says which of the input's axes are channels, which are space.

The input's axes are followed by name, through whatever keeps them apart, to the first convolution; where there is none,
to the first pooling, else to the first normalization over channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import onnx_ir as ir

from inspector.model.checks.limits import Limits
from inspector.model.receptive.field import BATCH, Field
from inspector.model.receptive.trace import walk_fields
from inspector.model.receptive.track import Affine, Track
from inspector.operators.attributes import flag, integer
from inspector.operators.families import CONVOLUTIONS, GLOBAL_POOLINGS, POOLINGS
from inspector.operators.nodes import name_of
from inspector.operators.operation import Operation, as_float
from inspector.types.layers import Shape

_CONVOLUTIONS = CONVOLUTIONS | {"CausalConvWithState", "DeformConv", "FusedConv"}
_POOLINGS = POOLINGS | GLOBAL_POOLINGS | {"DepthToSpace", "SpaceToDepth"}
_NORMALIZATIONS = frozenset({"BatchNormalization", "GroupNormalization", "InstanceNormalization"})
_RANKING = (_CONVOLUTIONS, _POOLINGS, _NORMALIZATIONS)
"""Whose word counts for more."""
_FEW = 64
"""Axes of up to this size are followed index by index, so that channels may be split and put together again."""
_AS_IT_IS = Affine(stride=Fraction(1), first=Fraction(0), last=Fraction(0))


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A node that reads the image, and what it takes the input's axes for."""

    name: str
    op_type: str
    batch: int | None
    """The input's axis that it has for its batch; None where that is none of them."""
    channels: int | None
    """The input's axis that it reads as channels."""
    space: tuple[int, ...]
    """The input's axes that it reads as space, in the input's order."""
    channel_count: int | None
    """How many channels the input has, as its weights say; None where that is open."""
    is_sure: bool
    """Whether it reads channels by what it is; a normalization may also be over the bands of a spectrum."""


def find_reader(
    graph: ir.Graph, image: str, shape: Shape, shapes: Mapping[str, Shape], *, opset: int, limits: Limits
) -> Reader | None:
    """Return the first convolution (pooling, normalization) that reads at least one axis of the image as space.

    None where nothing does: then the graph takes it for a vector, or mixes its axes before.
    """
    found: list[Reader | None] = [None] * len(_RANKING)
    fields: dict[str, Field] = {}
    for node in walk_fields(graph, image, _start(shape), shapes, opset=opset, limits=limits, fields=fields):
        operation = as_float(node)
        rank = next((place for place, kind in enumerate(_RANKING) if operation.op_type in kind), None)
        if rank is None or found[rank] is not None:
            continue
        source = operation.inputs[0]
        field = fields.get(source.name or "") if source is not None else None
        if field is not None:
            found[rank] = _reader(node, operation, field, shapes, is_sure=rank < 2)
        if found[0] is not None:
            break
    return next((reader for reader in found if reader is not None), None)


def _start(shape: Shape) -> Field:
    """Return the field of an image whose axes are known by their numbers."""
    return Field(
        roles=tuple(str(axis) for axis in range(len(shape))),
        tracks={
            BATCH: Track.of_image(1),
            **{
                str(axis): Track.of_image(size if isinstance(size, int) and size <= _FEW else None)
                for axis, size in enumerate(shape)
            },
        },
    )


def _reader(
    node: ir.Node, operation: Operation, field: Field, shapes: Mapping[str, Shape], *, is_sure: bool
) -> Reader | None:
    roles = [int(role) if role in field.tracks else None for role in field.roles]
    if len(roles) < 2:
        return None
    place = len(roles) - 1 if flag(operation, "channels_last") else 1
    batch, channels = roles[0], roles[place]
    space = tuple(sorted(axis for axis in (*roles[1:place], *roles[place + 1 :]) if axis is not None))
    if not space:
        return None
    count = None
    if channels is not None and field.track(str(channels)).affine == _AS_IT_IS:
        count = _channels_of_weights(operation, shapes)
    return Reader(
        name=name_of(node),
        op_type=node.op_type,
        batch=batch,
        channels=channels,
        space=space,
        channel_count=count,
        is_sure=is_sure,
    )


def _channels_of_weights(operation: Operation, shapes: Mapping[str, Shape]) -> int | None:
    """Return how many channels an operation reads: those of its filters, or of its scale."""
    weights = operation.inputs[1] if len(operation.inputs) > 1 else None
    shape = shapes.get(weights.name or "", ()) if weights is not None else ()
    if operation.op_type in _CONVOLUTIONS - {"ConvTranspose"} and len(shape) > 1:
        size, groups = shape[1], integer(operation, "group", 1)
        return size * groups if isinstance(size, int) else None
    if operation.op_type in _NORMALIZATIONS | {"ConvTranspose"} and shape and isinstance(shape[0], int):
        return shape[0]
    return None
