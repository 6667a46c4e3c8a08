"""Which of the graph's inputs is the image, and how it is laid out."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir

from inspector.errors import InvalidInputError, InvalidModelError
from inspector.model.readers import Reader
from inspector.model.shapes.infer import declared_shape
from inspector.types.dtypes import Dtype
from inspector.types.layers import Shape, shape_text
from inspector.types.layouts import SPACE, SPACES, USUAL, channel_axis, is_layout, space_of
from inspector.types.results.model_info import ImageInput

IMAGE_CHANNELS = (1, 3, 4)
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


def find_image_input(proto: onnx.ModelProto) -> tuple[onnx.ValueInfoProto, tuple[str, ...]]:
    """Return the image input and the names of the other inputs that a run would need.

    Models of IR version 3 list their initializers among the inputs; those are passed over. Of several
    inputs the one of rank 4 is taken, else of rank 5, 3 or 2; InvalidModelError where that leaves none or
    several.
    """
    weights = {tensor.name for tensor in proto.graph.initializer}
    inputs = [info for info in proto.graph.input if info.name not in weights]
    if not inputs:
        raise InvalidModelError(
            "The model has no input: all values in it are constant, so there is nothing to inspect."
        )
    chosen = _choose(inputs)
    return chosen, tuple(info.name for info in inputs if info.name != chosen.name)


def describe_input(info: onnx.ValueInfoProto, reader: Reader | None, *, told: str | None) -> ImageInput:
    """Return what is known of the image input, as its reader takes it.

    `told` is a layout that the caller or a file beside the model says: it decides what no reader does, and
    InvalidInputError says where it contradicts one.
    """
    shape = declared_shape(info) or ()
    if told is not None:
        _require_readable(told, shape, reader)
    layout = told or _layout(shape, reader)
    channels = channel_axis(layout)
    declared = (1 if space_of(layout) else None) if channels is None else _fixed(shape, channels)
    counted = (
        reader.channel_count if reader and channels is not None and reader.channels == channels else None
    )
    dtype = ir.DataType(info.type.tensor_type.elem_type)
    return ImageInput(
        name=info.name,
        dtype=Dtype(np.dtype(dtype.numpy()).name),
        shape=shape,
        layout=layout,
        batch=_fixed(shape, 0) if layout.startswith("N") else 1,
        channels=counted if declared is None else declared,
        height=_fixed(shape, layout.find("H")),
        width=_fixed(shape, layout.find("W")),
    )


def _choose(inputs: list[onnx.ValueInfoProto]) -> onnx.ValueInfoProto:
    numeric = [info for info in inputs if _is_numeric(info)]
    for ranks in ((4,), (5,), (3,), (2,)):
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
        "needed is a numeric tensor of rank 4 (batch, channels, height, width), or of rank 5, 3 or 2."
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


def _layout(shape: Shape, reader: Reader | None) -> str:
    """Return the layout as the reader takes the axes, else by where 1, 3 or 4 channels stand."""
    return (_layout_read(shape, reader) if reader is not None else None) or _layout_seen(shape)


def _layout_read(shape: Shape, reader: Reader) -> str | None:
    """Return the layout that a reader implies; None where it leaves more than one axis open."""
    letters = dict.fromkeys(reader.space, "?")
    if reader.channels is not None:
        letters[reader.channels] = "C"
    if reader.batch == 0:
        letters[0] = "N"
    left = [axis for axis in range(len(shape)) if axis not in letters]
    if 0 in left and (not isinstance(shape[0], int) or shape[0] == 1):
        letters[0] = "N"
        left.remove(0)
    if len(left) == 1:
        # What the reader has for its batch are channels that go through it one by one, or the frames of a film.
        is_film = reader.batch == left[0] and shape[left[0]] not in IMAGE_CHANNELS
        letters[left[0]] = "?" if is_film or reader.channels is not None else "C"
    elif left:
        return None
    count = list(letters.values()).count("?")
    if count >= len(SPACES):
        return None
    space = iter(SPACES[count])
    return "".join(next(space) if letters[axis] == "?" else letters[axis] for axis in range(len(shape)))


def _layout_seen(shape: Shape) -> str:
    """Tell channels first from last by where 1, 3 or 4 of them stand; what has two or three axes is no image."""
    if len(shape) not in (4, 5):
        return "NC"
    space = SPACES[len(shape) - 2]
    first, last = shape[1] in IMAGE_CHANNELS, shape[-1] in IMAGE_CHANNELS
    return f"N{space}C" if last and not first else f"NC{space}"


def _require_readable(told: str, shape: Shape, reader: Reader | None) -> None:
    """Raise InvalidInputError for a layout that is none, does not fit the shape, or contradicts the reader."""
    if not is_layout(told):
        raise InvalidInputError(
            f"layout is {told!r}; allowed are {', '.join(USUAL)}, and those without N or C.", field="layout"
        )
    listed = shape_text(shape)
    if len(told) != len(shape) and not (told == "NC" and len(shape) > 1):
        raise InvalidInputError(
            f"layout is {told}, for {len(told)} axes; the input has {len(shape)} ({listed}).", field="layout"
        )
    if reader is None or not reader.is_sure or told == "NC":
        return
    wrong = None
    if reader.channels is not None and told[reader.channels] != "C":
        wrong = f"reads axis {reader.channels} as channels"
    elif any(told[axis] not in SPACE for axis in reader.space):
        wrong = f"reads the axes {', '.join(map(str, reader.space))} as space"
    if wrong:
        right = _layout_read(shape, reader)
        raise InvalidInputError(
            f"layout is {told}, but {reader.op_type} {reader.name!r} {wrong} of the input ({listed})"
            f"{f': it is {right}' if right else ''}. Leave the layout out, or give one that fits.",
            field="layout",
        )


def _fixed(shape: Shape, axis: int) -> int | None:
    """Return the size of an axis where it is fixed; None for an axis that there is none of (−1)."""
    size = shape[axis] if 0 <= axis < len(shape) else None
    return size if isinstance(size, int) else None
