"""Shapes and element types of every tensor for one image, by ONNX's shape inference on a copy without weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import onnx
import onnx_ir as ir
from onnx import numpy_helper

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits
from inspector.model.element_types import NAMES, dtype_name
from inspector.model.rewriting.shape_folding import MAX_ELEMENTS, constant_of, fold_shapes
from inspector.model.shapes.measured import MEASURED_DOMAIN
from inspector.model.shapes.stand_ins import standing_in
from inspector.operators.domains import STANDARD_SPELLINGS
from inspector.types.arrays import Array
from inspector.types.layers import Dim, Shape

MAX_ROUNDS = 4
"""Each round of folding can make more shapes known; exports need one or two."""

MAX_CONSTANT_ELEMENTS = 1024
"""Larger initializers cannot be a shape, so only their type is kept for the inference."""

_UNNAMED = "unk__"
"""How the names begin that ONNX's inference makes up for sizes of which it knows nothing."""

_BITS = {name: dtype.bitwidth for dtype, name in NAMES.items() if dtype != ir.DataType.STRING}


def infer_shapes(
    proto: onnx.ModelProto, image_input: str, *, limits: Limits, has_batch: bool = True
) -> tuple[Mapping[str, Shape], Mapping[str, str]]:
    """Return the shapes and dtypes of all tensors of the graph that can be known, with a batch of one image.

    What the model declares of its intermediate tensors and outputs is used only where nothing can be
    inferred, because it can be wrong. `proto` is not changed. LimitExceededError where a tensor would be
    larger than the limit. An input without a batch axis (`has_batch` False) is taken as it is.
    """
    copy = _without_weights(proto)
    declared = {info.name: info for info in (*proto.graph.value_info, *proto.graph.output)}
    batch = _bind_batch(copy, image_input) if has_batch else None
    shapes, dtypes = _propagated(copy)
    for name, info in declared.items():
        if name not in shapes or name not in dtypes:
            _record(_one_image(info, batch), shapes, dtypes)
    for tensor in proto.graph.initializer:
        shapes[tensor.name] = tuple(tensor.dims)
        dtypes[tensor.name] = dtype_name(tensor.data_type)
    _check_sizes(shapes, dtypes, limits)
    return shapes, dtypes


def infer_shapes_of_batch(proto: onnx.ModelProto, image_input: str, *, batch: int) -> dict[str, Shape]:
    """Return the shapes of all tensors that can be inferred for a batch of several images, where it is free.

    `proto` is not changed. InvalidModelError where the shapes contradict each other.
    """
    copy = _without_weights(proto)
    _bind_batch(copy, image_input, batch)
    return _propagated(copy)[0]


def infer_values(proto: onnx.ModelProto, image_input: str, *, batch: int) -> dict[str, Array]:
    """Return the small tensors of the graph that are constants, or follow from its shapes for `batch` images.

    `proto` is not changed. InvalidModelError where the shapes contradict each other.
    """
    copy = _without_weights(proto)
    _bind_batch(copy, image_input, batch)
    _propagated(copy)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in copy.graph.initializer}
    for node in copy.graph.node:
        value = constant_of(node)
        if value is not None:
            constants[node.output[0]] = value
    return constants


def standard_opset(proto: onnx.ModelProto) -> int:
    """Return the version of the standard operator set that the model imports, or 0."""
    return next((entry.version for entry in proto.opset_import if entry.domain in STANDARD_SPELLINGS), 0)


def declared_shape(info: onnx.ValueInfoProto) -> Shape | None:
    """Return the shape that the model declares, or None; dimensions of 0 and −1 mean "any"."""
    if not info.type.HasField("tensor_type") or not info.type.tensor_type.HasField("shape"):
        return None
    return tuple(_dim(dim) for dim in info.type.tensor_type.shape.dim)


def _dim(dim: onnx.TensorShapeProto.Dimension) -> Dim:
    if dim.HasField("dim_value"):
        return dim.dim_value if dim.dim_value > 0 else None
    return None if dim.dim_param.startswith(_UNNAMED) else dim.dim_param or None


def _without_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy whose large initializers are inputs of the same type, and whose outputs declare no shapes.

    What an Identity makes of a small initializer is one, too: exporters write it for weights that layers share.
    """
    copy = onnx.ModelProto(ir_version=max(proto.ir_version, 8))
    copy.opset_import.extend(proto.opset_import)
    copy.functions.extend(proto.functions)
    copy.graph.name = proto.graph.name
    weights = {tensor.name for tensor in proto.graph.initializer}
    copy.graph.input.extend(info for info in proto.graph.input if info.name not in weights)
    for tensor in proto.graph.initializer:
        if prod(tensor.dims) <= MAX_CONSTANT_ELEMENTS and tensor.data_location != onnx.TensorProto.EXTERNAL:
            copy.graph.initializer.add().CopyFrom(tensor)
        else:
            copy.graph.input.append(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    for info in proto.graph.output:
        output = copy.graph.output.add(name=info.name)
        if not info.type.HasField("tensor_type"):  # of tensors, what the nodes make counts
            output.type.CopyFrom(info.type)
    opset = standard_opset(proto)
    small = {one.name: one for one in copy.graph.initializer if prod(one.dims) <= MAX_ELEMENTS}
    for node in proto.graph.node:
        elsewhere = _kept_elsewhere(node)
        if elsewhere is not None:
            copy.graph.input.append(elsewhere)
        elif _is_identity(node) and node.input[0] in small:
            again = copy.graph.initializer.add()
            again.CopyFrom(small[node.input[0]])
            again.name = node.output[0]
            small[again.name] = again
        else:
            copy.graph.node.extend(standing_in(node, opset))
    if any(node.domain == "" for node in copy.graph.node) and not any(
        e.domain == "" for e in copy.opset_import
    ):
        copy.opset_import.add(domain="", version=opset)
    if any(node.domain == MEASURED_DOMAIN for node in copy.graph.node):
        copy.opset_import.add(domain=MEASURED_DOMAIN, version=1)
    return copy


def _is_identity(node: onnx.NodeProto) -> bool:
    return node.op_type == "Identity" and node.domain in STANDARD_SPELLINGS


def _kept_elsewhere(node: onnx.NodeProto) -> onnx.ValueInfoProto | None:
    """Return what a Constant whose values lie in a file gives: ONNX's inference would look for that, and give up."""
    if node.op_type != "Constant" or not node.output:
        return None
    for attribute in node.attribute:
        if attribute.t.data_location == onnx.TensorProto.EXTERNAL:
            return onnx.helper.make_tensor_value_info(node.output[0], attribute.t.data_type, attribute.t.dims)
    return None


def _bind_batch(copy: onnx.ModelProto, image_input: str, size: int = 1) -> Dim:
    """Set the image input's free batch dimension to a size and return what it was."""
    for info in copy.graph.input:
        if info.name == image_input and info.type.tensor_type.shape.dim:
            dim = info.type.tensor_type.shape.dim[0]
            before = _dim(dim)
            if not isinstance(before, int):
                dim.dim_value = size
            for other in info.type.tensor_type.shape.dim:
                if other.HasField("dim_value") and other.dim_value < 1:
                    other.ClearField("dim_value")
            return before
    return None


def _propagated(copy: onnx.ModelProto) -> tuple[dict[str, Shape], dict[str, str]]:
    """Infer shapes, and fold into `copy`, in place, what follows from them, in turn.

    At last shapes of which some sizes stay free are taken for all that there is to know.
    """
    shapes, dtypes = _inferred(copy)
    for free in (False, True):
        for _ in range(MAX_ROUNDS):
            if free and not any(node.domain == MEASURED_DOMAIN for node in copy.graph.node):
                break
            if not fold_shapes(copy.graph, shapes, dtypes, opset=standard_opset(copy), free=free):
                break
            shapes, dtypes = _inferred(copy)
    return shapes, dtypes


def _inferred(copy: onnx.ModelProto) -> tuple[dict[str, Shape], dict[str, str]]:
    inferred = _infer(copy)
    shapes: dict[str, Shape] = {}
    dtypes: dict[str, str] = {}
    for info in (*copy.graph.input, *inferred.graph.value_info, *inferred.graph.output):
        _record(info, shapes, dtypes)
    for tensor in copy.graph.initializer:
        shapes[tensor.name] = tuple(tensor.dims)
        dtypes[tensor.name] = dtype_name(tensor.data_type)
    return shapes, dtypes


def _infer(copy: onnx.ModelProto) -> onnx.ModelProto:
    try:
        return onnx.shape_inference.infer_shapes(copy, strict_mode=False, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        first = str(error).strip().splitlines()[0]
        raise InvalidModelError(f"The shapes of the model contradict each other: {first}") from error
    except (RuntimeError, ValueError, TypeError):
        return copy


def _record(info: onnx.ValueInfoProto, shapes: dict[str, Shape], dtypes: dict[str, str]) -> None:
    if not info.type.HasField("tensor_type"):
        return
    element_type = info.type.tensor_type.elem_type
    if element_type:
        dtypes.setdefault(info.name, dtype_name(element_type))
    shape = declared_shape(info)
    if shape is not None:
        shapes.setdefault(info.name, shape)


def _one_image(info: onnx.ValueInfoProto, batch: Dim) -> onnx.ValueInfoProto:
    """Return a declared shape with its batch dimension, where it is the input's, set to 1."""
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(info)
    dims = copy.type.tensor_type.shape.dim if info.type.HasField("tensor_type") else []
    if dims and isinstance(batch, str) and dims[0].dim_param == batch:
        dims[0].dim_value = 1
    return copy


def _check_sizes(shapes: Mapping[str, Shape], dtypes: Mapping[str, str], limits: Limits) -> None:
    for name, shape in shapes.items():
        sizes = [size for size in shape if isinstance(size, int)]
        if any(size < 0 for size in sizes):
            raise InvalidModelError(f"Tensor {name!r} comes out with a negative dimension: {list(shape)}.")
        if len(sizes) != len(shape) or dtypes.get(name, "string") == "string":
            continue
        needed = prod(sizes) * _BITS[dtypes[name]] // 8
        if needed > limits.max_tensor_bytes:
            raise LimitExceededError(
                f"Tensor {name!r} would be {needed:,} bytes {list(shape)}; the limit is "
                f"{limits.max_tensor_bytes:,}. {limits.mend('max_tensor_bytes')}",
                field="max_tensor_bytes",
            )
