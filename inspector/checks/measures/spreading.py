"""Where something that spreads from layer to layer begins."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from inspector.model.dependence import reads
from inspector.model.spec import OnnxModel


def spread(model: OnnxModel, tensors: AbstractSet[str]) -> dict[str, set[str]]:
    """Return, in graph order, the tensors of a set that no other of it leads to: each with all that it leads to.

    Each is among what it leads to. What lies between two of the set without being a layer, such as places that were
    found, carries on; a layer that is not of the set ends it.
    """
    layers = {layer.output for layer in model.layers}
    origins: dict[str, frozenset[str]] = {}
    found: dict[str, set[str]] = {}
    for node in model.ir.graph:
        sources: frozenset[str] = frozenset().union(
            *(origins.get(value.name or "", frozenset()) for value in reads(node) if value is not None)
        )
        for value in node.outputs:
            name = value.name or ""
            if name in tensors:
                origins[name] = sources or frozenset({name})
                for origin in origins[name]:
                    found.setdefault(origin, set()).add(name)
            elif name not in layers and sources:
                origins[name] = sources
    return found
