"""Several graphs of one opset as one: what one gives under a name, those after it take under that name."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
import onnx_ir as ir


def joined(parts: Sequence[ir.Model], *, outputs: Sequence[str], name: str) -> ir.Model:
    """Return a model of all parts, in order; its inputs are those that no part before gives.

    Every part must be written by a Writer with a prefix of its own; what is equal by its name (a shared input, a
    weight) is there once. The parts are not changed.
    """
    whole = onnx.ModelProto()
    made: set[str] = set()
    known: dict[str, onnx.ValueInfoProto] = {}
    weights: set[str] = set()
    for part in parts:
        proto = ir.to_proto(part)
        if not whole.opset_import:
            whole.ir_version, whole.producer_name = proto.ir_version, proto.producer_name
            whole.opset_import.extend(proto.opset_import)
        for info in proto.graph.input:
            if info.name not in made and info.name not in known:
                whole.graph.input.append(info)
            known.setdefault(info.name, info)
        for tensor in proto.graph.initializer:
            if tensor.name not in weights:
                weights.add(tensor.name)
                whole.graph.initializer.append(tensor)
        for node in proto.graph.node:
            node.name = ""  # which each part counts for itself
            made.update(node.output)  # what a later part takes of the inside of this one is no input
        whole.graph.node.extend(proto.graph.node)
        known |= {info.name: info for info in proto.graph.output}
    whole.graph.name = name
    whole.graph.output.extend(known[output] for output in outputs)
    model: ir.Model = ir.from_proto(whole)
    return model
