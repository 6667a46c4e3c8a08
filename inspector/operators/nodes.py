"""What a reader asks of a node: a node of a graph has it, and so has a view of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import onnx_ir as ir


def name_of(node: ir.Node) -> str:
    """Return a node's name, or where it has none that of its first output."""
    return node.name or node.outputs[0].name or node.op_type


class Attributes(Protocol):
    """Attributes by name."""

    def get(self, key: str, /) -> ir.Attr | None:
        """Return the attribute, or None where the node does not have it."""


class Named(Protocol):
    """What has an operator."""

    @property
    def domain(self) -> str:
        """The operator's domain."""

    @property
    def op_type(self) -> str:
        """The operator's name."""


class Attributed(Named, Protocol):
    """What has an operator and its attributes."""

    @property
    def attributes(self) -> Attributes:
        """The attributes that the node says."""


class Node(Attributed, Protocol):
    """What has an operator, its attributes and its inputs."""

    @property
    def inputs(self) -> Sequence[ir.Value | None]:
        """The inputs; None for one left out."""
