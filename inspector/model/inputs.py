"""Which of the graph's inputs is the image, and how it is laid out."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir

from inspector.errors import InvalidModelError
from inspector.model.shapes.infer import declared_shape
from inspector.types.dtypes import Dtype
from inspector.types.layers import Shape
from inspector.types.results.model_info import ImageInput

IMAGE_CHANNELS = (1, 3, 4)
TO_CHANNELS_FIRST = (0, 3, 1, 2)
_NUMERIC = (
    ir.DataType.FLOAT,
    ir.DataType.FLOAT16,
    ir.DataType.BFLOAT16,
    ir.DataType.DOUBLE,
    ir.DataType.UINT8,
    ir.DataType.INT8,
    ir.DataType.UINT16,
    ir.DataType.INT16,
    ir.DataType.INT32,
    ir.DataType.INT64,
)


def find_image_input(
    proto: onnx.ModelProto, *, layout: str | None = None
) -> tuple[ImageInput, tuple[str, ...]]:
    """Return the image input and the names of the other inputs that a run would need.

    Models of IR version 3 list their initializers among the inputs; those are passed over. Of several
    inputs the one of rank 4 is taken, else of rank 3 or 2; InvalidModelError where that leaves none or
    several. `layout` is what a file beside the model says ("NCHW", "NHWC"); it decides where the graph and
    the shape leave both open.
    """
    weights = {tensor.name for tensor in proto.graph.initializer}
    inputs = [info for info in proto.graph.input if info.name not in weights]
    if not inputs:
        raise InvalidModelError(
            "The model has no input: all values in it are constant, so there is nothing to inspect."
        )
    chosen = _choose(inputs)
    shape = declared_shape(chosen) or ()
    layout = _layout(chosen.name, shape, proto.graph, layout)
    rows, columns, channels = {"NCHW": (2, 3, 1), "NHWC": (1, 2, 3)}.get(layout, (None, None, None))
    dtype = ir.DataType(chosen.type.tensor_type.elem_type)
    image_input = ImageInput(
        name=chosen.name,
        dtype=Dtype(np.dtype(dtype.numpy()).name),
        shape=shape,
        layout=layout,
        batch=_fixed(shape, 0),
        channels=_fixed(shape, channels),
        height=_fixed(shape, rows),
        width=_fixed(shape, columns),
    )
    return image_input, tuple(info.name for info in inputs if info.name != chosen.name)


def _choose(inputs: list[onnx.ValueInfoProto]) -> onnx.ValueInfoProto:
    numeric = [info for info in inputs if _is_numeric(info)]
    for ranks in ((4,), (3,), (2,)):
        found = [info for info in numeric if len(declared_shape(info) or ()) in ranks]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidModelError(
                f"The model has {len(found)} inputs that could be the image: {_listed(found)}. "
                "Only models with one image input can be inspected."
            )
    raise InvalidModelError(
        f"The model has no image input. Its inputs are {_listed(inputs)}; "
        "needed is a numeric tensor of rank 4 (batch, channels, height, width), or of rank 3 or 2."
    )


def _is_numeric(info: onnx.ValueInfoProto) -> bool:
    return info.type.HasField("tensor_type") and info.type.tensor_type.elem_type in _NUMERIC


def _listed(inputs: list[onnx.ValueInfoProto]) -> str:
    shown = []
    for info in inputs[:8]:
        if info.type.HasField("tensor_type"):
            kind = ir.DataType(info.type.tensor_type.elem_type).name.lower()
            shape = declared_shape(info)
            dims = (
                "of unknown shape"
                if shape is None
                else str(["?" if size is None else size for size in shape])
            )
            shown.append(f"{info.name!r} ({kind} {dims})")
        else:
            shown.append(f"{info.name!r} ({info.type.WhichOneof('value')})")
    return ", ".join(shown)


def _layout(name: str, shape: Shape, graph: onnx.GraphProto, told: str | None) -> str:
    """Tell NCHW from NHWC: by a leading Transpose, else by where 1, 3 or 4 channels stand, else by what we are told."""
    if len(shape) != 4:
        return "NC"
    if _is_transposed(name, graph):
        return "NHWC"
    first, last = shape[1] in IMAGE_CHANNELS, shape[3] in IMAGE_CHANNELS
    if first != last:
        return "NCHW" if first else "NHWC"
    return told if told is not None else "NCHW"


def _is_transposed(name: str, graph: onnx.GraphProto) -> bool:
    """Follow the input through pointwise operators to a Transpose with perm (0, 3, 1, 2) that all readers share."""
    for _ in range(8):
        readers = [node for node in graph.node if name in node.input]
        if len(readers) != 1:
            return False
        node = readers[0]
        if node.op_type == "Transpose":
            return any(
                tuple(item.ints) == TO_CHANNELS_FIRST for item in node.attribute if item.name == "perm"
            )
        if node.op_type not in (
            "Cast",
            "Sub",
            "Add",
            "Mul",
            "Div",
            "Identity",
            "QuantizeLinear",
            "DequantizeLinear",
        ):
            return False
        name = node.output[0]
    return False


def _fixed(shape: Shape, axis: int | None) -> int | None:
    if axis is None or axis >= len(shape):
        return None
    size = shape[axis]
    return size if isinstance(size, int) else None
