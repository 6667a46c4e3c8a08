"""Takes a parsed graph's tensors out of the message that it was parsed from, whose memory is freed only as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx_ir as ir

from inspector.errors import InvalidModelError
from inspector.operators.attributes import tensor_in

Holder = Callable[[ir.TensorProtocol], ir.TensorProtocol]


def hold_tensors(model: ir.Model, folder: Path | None) -> None:
    """Give every tensor of `model`, in place, values of its own: an array, or a mapping of its external file.

    External tensors are mapped from the files in `folder`; InvalidModelError where one cannot be read.
    """

    def held(tensor: ir.TensorProtocol) -> ir.TensorProtocol:
        if isinstance(tensor, ir.ExternalTensor):
            return tensor if folder is None else _mapped(tensor, folder)
        if isinstance(tensor, ir.StringTensor):
            return ir.StringTensor(list(tensor.string_data()), shape=tensor.shape, name=tensor.name)
        return ir.Tensor(tensor.numpy(), dtype=tensor.dtype, name=tensor.name)

    for graph in (model.graph, *model.graph.subgraphs()):
        for value in graph.initializers.values():
            if value.const_value is not None:
                value.const_value = held(value.const_value)
        for node in graph:
            _hold_attributes(node, held)
    for function in model.functions.values():
        for node in function.all_nodes():
            _hold_attributes(node, held)


def _hold_attributes(node: ir.Node, held: Holder) -> None:
    for attribute in list(node.attributes.values()):
        if attribute.is_ref():
            continue
        if attribute.type == ir.AttributeType.TENSOR:
            node.attributes[attribute.name] = ir.AttrTensor(attribute.name, held(tensor_in(attribute)))
        elif attribute.type == ir.AttributeType.TENSORS:
            node.attributes[attribute.name] = ir.AttrTensors(
                attribute.name, [held(tensor) for tensor in attribute.as_tensors()]
            )


def _mapped(tensor: ir.ExternalTensor, folder: Path) -> ir.TensorProtocol:
    tensor.base_dir = folder
    try:
        return ir.Tensor(tensor.numpy(), dtype=tensor.dtype, name=tensor.name)
    except (OSError, ValueError) as error:
        raise InvalidModelError(
            f"External data of tensor {(tensor.name or '')[:80]!r} cannot be read: {error}"
        ) from error
