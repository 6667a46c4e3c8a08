"""A graph as a message without its large weights: what shapes are inferred from, also later and for other images."""

from __future__ import annotations

from math import prod

import onnx

from inspector.model.shapes.infer import MAX_CONSTANT_ELEMENTS


def outline_of(proto: onnx.ModelProto) -> bytes:
    """Return a serialized model that says of its large initializers their types and sizes alone.

    Those of `proto` lose their values, too: nobody may read them afterwards.
    """
    for tensor in proto.graph.initializer:
        if prod(tensor.dims) > MAX_CONSTANT_ELEMENTS:
            bare = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
            bare.data_location = onnx.TensorProto.EXTERNAL
            tensor.CopyFrom(bare)
    return bytes(proto.SerializeToString())
