"""Requests of the Open Inference Protocol, and what a response holds."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from inspector.inference.inference_service_pb2 import ModelInferRequest, ModelInferResponse
from inspector.types.arrays import Array
from inspector.types.dtypes import datatype_of, dtype_of


def raw_request(array: Array, *, name: str = "x", outputs: Sequence[str] = ()) -> ModelInferRequest:
    """Return a request about one tensor, whose values are raw."""
    request = ModelInferRequest(model_name="toy", id="7", raw_input_contents=[array.tobytes()])
    request.inputs.add(name=name, datatype=datatype_of(array.dtype.name), shape=array.shape)
    for output in outputs:
        request.outputs.add(name=output)
    return request


def picture_request(pictures: Sequence[bytes], *, name: str = "x", raw: bool = True) -> ModelInferRequest:
    """Return a request about encoded pictures."""
    request = ModelInferRequest(model_name="toy")
    tensor = request.inputs.add(name=name, datatype="BYTES", shape=[len(pictures)])
    if raw:
        request.raw_input_contents.append(b"".join(struct.pack("<I", len(one)) + one for one in pictures))
    else:
        tensor.contents.bytes_contents.extend(pictures)
    return request


def arrays_of(response: ModelInferResponse) -> dict[str, Array]:
    """Return the outputs by name."""
    found = {}
    for tensor, raw in zip(response.outputs, response.raw_output_contents, strict=True):
        values = np.frombuffer(raw, dtype_of(tensor.datatype))
        found[tensor.name] = values.reshape(tuple(tensor.shape))
    return found
