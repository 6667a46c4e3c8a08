"""The rectifiers of a model, as its layers: what the deconvnet and guided policies treat as one."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.grad.rectifiers import find_rectifiers
from inspector.model.spec import Model


@dataclass(frozen=True, kw_only=True)
class FoundRectifier:
    """An operator, or several that compute one function."""

    name: str
    """The function, by its ONNX operator where it has one: "Relu", "Swish"."""
    layer: str
    """The layer that gives its output."""
    layers: tuple[str, ...]
    """All layers that are part of it, in graph order."""


def rectifiers(model: Model) -> tuple[FoundRectifier, ...]:
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
