"""BatchNormalization in training mode: kept from writing into constants that others read.

It updates its running statistics, which the answer does not read, in place. ONNX Runtime lets equal constants share
their memory (a fresh layer's mean and bias are both 0), so that with every run another constant drifts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import numpy_helper

from inspector.operators.domains import STANDARD_SPELLINGS

_STATISTICS = (3, 4)
_UNLIKELY = 1024.53125
"""Where the values begin, so that no constant of a network equals them."""


def part_statistics(proto: onnx.ModelProto) -> bool:
    """Give every such node, in place, running statistics that no other constant equals; say whether there was one.

    Where the updated statistics are read, they stay.
    """
    read = {name for node in proto.graph.node for name in node.input} | {
        out.name for out in proto.graph.output
    }
    sizes = dict(_sizes(proto.graph))
    found = 0
    for node in proto.graph.node:
        if not _is_training(node) or any(name in read for name in node.output[1:] if name):
            continue
        size = next((sizes[name] for name in node.input[1:] if name in sizes), None)
        if size is None:
            continue
        for place in _STATISTICS:
            found += 1
            values = np.arange(size[0], dtype=np.float32) / 64 + np.float32(_UNLIKELY * found)
            name = f"{node.input[place]}/{found}"
            proto.graph.initializer.append(numpy_helper.from_array(values.astype(size[1]), name))
            node.input[place] = name
    return bool(found)


def _is_training(node: onnx.NodeProto) -> bool:
    return (
        node.op_type == "BatchNormalization"
        and node.domain in STANDARD_SPELLINGS
        and any(item.name == "training_mode" and item.i for item in node.attribute)
    )


def _sizes(graph: onnx.GraphProto) -> Iterator[tuple[str, tuple[int, np.dtype[np.generic]]]]:
    """Yield the constants with one axis: their names, lengths and types."""
    constants = [(tensor.name, tensor) for tensor in graph.initializer]
    constants += [
        (node.output[0], item.t)
        for node in graph.node
        if node.op_type == "Constant"
        for item in node.attribute
        if item.name == "value"
    ]
    for name, tensor in constants:
        if len(tensor.dims) == 1:
            yield name, (tensor.dims[0], onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
