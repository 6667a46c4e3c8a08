"""The rectifiers of a model, as its layers: what the deconvnet and guided policies treat as one."""

from __future__ import annotations

from inspector.grad.policies.rectifiers import find_rectifiers
from inspector.model.spec import OnnxModel
from inspector.types.layers import FoundRectifier


def rectifiers(model: OnnxModel) -> tuple[FoundRectifier, ...]:
    """Return the rectifiers of a model in graph order."""
    names = {layer.output: layer.name for layer in model.layers}
    found = []
    for last, rectifier in find_rectifiers(model.ir.graph).items():
        inside = {value.name for node in rectifier.nodes for value in node.outputs}
        layer = names.get(last.outputs[0].name or "")
        if layer is not None:
            parts = tuple(name for output, name in names.items() if output in inside)
            found.append(FoundRectifier(name=rectifier.name, layer=layer, layers=parts))
    return tuple(found)
