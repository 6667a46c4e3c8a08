"""The plan of a model's batches: where the images of a batch stand in every tensor, decided once, from the graph.

The trace of the receptive fields follows the images of a batch as it follows rows and columns: it says which images
the elements along an axis see. Shapes for batches of two sizes must agree with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
import onnx_ir as ir

from inspector.errors import InspectorError
from inspector.graph.batch.operands import Operands
from inspector.graph.batch.placement import Placement
from inspector.graph.sized import outlined_at, shapes_at
from inspector.graph.totals import summed
from inspector.model.dependence import reads, reads_values
from inspector.model.receptive.field import BATCH, UNKNOWN, Field
from inspector.model.receptive.trace import trace_batch
from inspector.model.shapes.infer import infer_shapes_of_batch, infer_values
from inspector.model.spec import OnnxModel
from inspector.operators.families import ARGUMENTS, NORMALIZATIONS, RANGE_MEASURERS, REDUCTIONS, SOFTMAXES
from inspector.types.layers import Shape
from inspector.types.results.model_info import ImageInput

SEVERAL = 67
"""The number of images for which a free batch is looked at: a prime, so that it is seen in products, and more than a
run takes."""

_MIXERS = (
    REDUCTIONS | SOFTMAXES | ARGUMENTS | NORMALIZATIONS | {"BatchNormalization", "CumProd", "CumSum", "TopK"}
)
"""Operators that compute across images wherever these are not known to stay apart."""

_FINDERS = frozenset({"Compress", "NonMaxSuppression", "NonZero", "Unique"})
"""What they find decides how many rows their results have."""

_RANGES = "this model takes the ranges of its codes from the whole batch (dynamic quantization)"


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """What is known of a model's batches, for images of one size."""

    placements: Mapping[str, Placement]
    """By tensor that depends on the image, the image itself among them."""
    shapes: Mapping[str, Shape]
    """The shapes of all tensors in one run: of a fixed batch, else for one image."""

    def of(self, tensor: str) -> Placement:
        """Return a tensor's placement; that of sums of a tensor, whose first axis holds the images, is its own."""
        name = tensor if tensor in self.placements else summed(tensor) or tensor
        return self.placements.get(name, _UNKNOWN)

    def reason(self, tensors: Iterable[str]) -> str | None:
        """Return why images need runs of their own for some tensors, None where they may share runs."""
        found = (self.of(name) for name in tensors)
        return next((one.reason or _UNKNOWN.reason for one in found if not one.is_separate), None)


_UNKNOWN = Placement(axis=None, reason="where the images of a batch stand in what is asked for is not known")


def plan_batches(model: OnnxModel, image: Sequence[int]) -> BatchPlan:
    """Return the plan for images of a shape (without the batch axis)."""
    proto = outlined_at(model, image)
    before = len(model.input.shape) - len(image)  # 1, or 0 where the input has no batch axis
    looked_at = replace(model.input, shape=(*model.input.shape[:before], *image))
    fixed = model.input.batch
    is_sized = model.input.is_sized
    one = model.shapes
    if not is_sized:
        one = shapes_at(model, image)
    elif (fixed or 1) > 1:
        one = _inferred(proto, model.input.name, batch=1)
    many = one if fixed else _inferred(proto, model.input.name, batch=SEVERAL)
    batch = fixed or SEVERAL
    graph, opset = model.ir.graph, model.opset
    fields = [
        model.fields
        if is_sized and (fixed or 1) == 1
        else trace_batch(graph, looked_at, one, opset=opset, limits=model.limits)
    ]
    if not fixed:
        fields.append(trace_batch(graph, looked_at, many, opset=opset, limits=model.limits))
    operands = Operands(
        batch=batch,
        one=None if fixed else 1,
        values=lambda size: _values(proto, model.input.name, size),
    )
    axes = {
        name: _placed(field, fields[0].get(name), one.get(name), many.get(name), batch=batch, free=not fixed)
        for name, field in fields[-1].items()
    }
    if model.input.batch_axis is None:
        axes = {
            name: _made_by_itself(field, one.get(name), model.input) for name, field in fields[-1].items()
        }
    ranks = {name: len(field.roles) for name, field in fields[-1].items()}
    return BatchPlan(placements=_with_reasons(graph, axes, one, ranks, operands), shapes=one)


def _inferred(proto: onnx.ModelProto, image_input: str, *, batch: int) -> Mapping[str, Shape]:
    """Return the shapes for a number of images; none where they contradict each other: a run says what cannot be."""
    try:
        return infer_shapes_of_batch(proto, image_input, batch=batch)
    except InspectorError:
        return {}


def _values(proto: onnx.ModelProto, image_input: str, batch: int) -> Mapping[str, np.ndarray]:
    try:
        return infer_values(proto, image_input, batch=batch)
    except InspectorError:
        return {}


# --- where the images stand


def _placed(
    field: Field, alone: Field | None, one: Shape | None, many: Shape | None, *, batch: int, free: bool
) -> Placement:
    """Return where the images stand, with an empty reason where it is not known that they are apart."""
    scaled = _scaled(one, many, batch) if free else None
    if BATCH in field.roles:
        axis = field.roles.index(BATCH)
        found = _separated(field, axis, batch)
        if found is not None and (not free or one is None or many is None or scaled == (axis, found.parts)):
            return found
    for known in (scaled[0] if scaled else None, _axis_of(field), _axis_of(alone)):
        if known is not None:
            return Placement(axis=known, parts=_parts(one, known, batch=1 if free else batch), reason="")
    is_open = field.roles[:1] in ((), (UNKNOWN,))
    if is_open and (one is None or (one and one[0] == (1 if free else batch))):
        return Placement(axis=0, reason="")
    return Placement(axis=None, reason="")


def _made_by_itself(field: Field, shape: Shape | None, image_input: ImageInput) -> Placement:
    """Return the placement where the input has no batch axis: a model then makes one of size 1 for its layers.

    The image's own first axis is none, even of size 1 (one channel).
    """
    is_own = image_input.shape[0] == 1 and field.roles[:1] == (image_input.layout[0],)
    is_made = shape is not None and len(shape) > 1 and shape[0] == 1 and not is_own
    return Placement(axis=0 if is_made else None, reason="this model takes images without a batch axis")


def _axis_of(field: Field | None) -> int | None:
    return field.roles.index(BATCH) if field is not None and BATCH in field.roles else None


def _parts(shape: Shape | None, axis: int, *, batch: int) -> int:
    """Return one image's share of an axis; one that is not the batch's multiple (a mean over it) counts as one."""
    size = shape[axis] if shape is not None and axis < len(shape) else None
    return size // batch if isinstance(size, int) and size and size % batch == 0 else 1


def _separated(field: Field, axis: int, batch: int) -> Placement | None:
    """Return the placement where every element along the axis sees one image, in one of the known orders."""
    windows = field.batch.windows
    if windows is None or not len(windows) or len(windows) % batch or (windows[:, 0] != windows[:, 1]).any():
        return None
    parts, seen = len(windows) // batch, windows[:, 0]
    if np.array_equal(seen, np.repeat(np.arange(batch), parts)):
        return Placement(axis=axis, parts=parts)
    if np.array_equal(seen, np.tile(np.arange(batch), parts)):
        return Placement(axis=axis, parts=parts, cyclic=True)
    return None


def _scaled(one: Shape | None, many: Shape | None, batch: int) -> tuple[int, int] | None:
    """Return the only axis that grows with the batch, and one image's share of it."""
    if one is None or many is None or len(one) != len(many):
        return None
    grown = [axis for axis, (small, large) in enumerate(zip(one, many, strict=True)) if small != large]
    if len(grown) != 1:
        return None
    small, large = one[grown[0]], many[grown[0]]
    if isinstance(small, int) and isinstance(large, int) and large == small * batch:
        return grown[0], small
    return None


# --- company


def _with_reasons(
    graph: ir.Graph,
    placements: Mapping[str, Placement],
    shapes: Mapping[str, Shape],
    ranks: Mapping[str, int],
    operands: Operands,
) -> dict[str, Placement]:
    """Go through the graph and say of every tensor why its images need runs of their own, if they do."""
    result = dict(placements)
    counted: set[str] = set()  # tensors whose sizes depend on what was found
    for node in graph:
        if not reads_values(node):
            continue
        known = [result[value.name] for value in reads(node) if value is not None and value.name in result]
        if not known:
            continue
        inherited = next((one.reason for one in known if one.reason is not None), None)
        is_counted = node.op_type in _FINDERS or any(
            value is not None and value.name in counted for value in reads(node)
        )
        for value in node.outputs:
            if not value.name:
                continue
            found = result.get(value.name, _UNKNOWN)
            if is_counted:
                counted.add(value.name)
                if value.name not in shapes and found.reason is not None:
                    found = _UNKNOWN
            reason = inherited or _own_reason(node, found, ranks.get(value.name, 0), result, operands)
            result[value.name] = replace(found, reason=reason)
    return result


def _own_reason(
    node: ir.Node, found: Placement, rank: int, placements: Mapping[str, Placement], operands: Operands
) -> str | None:
    """Return why a node's output is not that of each image, whose inputs all are."""
    if node.op_type in RANGE_MEASURERS:
        return _RANGES
    if found.reason is not None:
        return f"{_named(node)} {'computes' if node.op_type in _MIXERS else 'may compute'} across the images of a batch"
    for place, value in enumerate(node.inputs):
        if value is None or value.name in placements:
            continue
        if operands.differ(node, place, found, rank):
            return f"what {_named(node)} reads as {value.name!r} may differ from image to image of a batch"
    return None


def _named(node: ir.Node) -> str:
    return f"node {node.name or node.outputs[0].name!r} ({node.op_type})"
