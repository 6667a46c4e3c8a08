"""What is known of a graph's tensors: which are maps over the image, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx_ir as ir

from inspector.model.receptive.field import BATCH, Field
from inspector.types.layers import Shape


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a graph's tensors, for one image of one size."""

    fields: Mapping[str, Field]
    shapes: Mapping[str, Shape]
    opset: int

    def is_map(self, value: ir.Value | None) -> bool:
        """Return whether a tensor's first axis holds the one image, and others run along all of its axes of space."""
        field = None if value is None else self.fields.get(value.name or "")
        if value is None or field is None or not field.space or field.roles[:1] != (BATCH,):
            return False
        sizes = self.sizes(value)
        return (
            len(sizes) == len(field.roles)
            and sizes[0] == 1
            and all(field.roles.count(role) == 1 for role in field.space)
            and all(
                field.track(role).units == sizes[field.roles.index(role)]
                and sizes[field.roles.index(role)] > 0
                for role in field.space
            )
        )

    def field(self, value: ir.Value) -> Field:
        """Return the field of a tensor that depends on the image."""
        return self.fields[value.name or ""]

    def axes(self, name: str) -> tuple[int, ...]:
        """Return the axes of space of a map."""
        field = self.fields[name]
        return tuple(field.roles.index(role) for role in field.space)

    def sizes(self, value: ir.Value) -> tuple[int, ...]:
        """Return the shape, () where a size is not known."""
        shape = self.shapes.get(value.name or "", ())
        return tuple(size for size in shape if isinstance(size, int)) if _all_known(shape) else ()

    def extent(self, value: ir.Value) -> dict[str, int]:
        """Return a map's size along each axis of space."""
        field, sizes = self.field(value), self.sizes(value)
        return {role: sizes[field.roles.index(role)] for role in field.space}

    def depends(self, value: ir.Value | None) -> bool:
        """Return whether a tensor depends on the image's values."""
        return value is not None and (value.name or "") in self.fields


def _all_known(shape: Shape) -> bool:
    return all(isinstance(size, int) for size in shape)
