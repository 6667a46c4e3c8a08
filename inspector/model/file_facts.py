"""What an exported file says itself: plain data, taken before anything of it is rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inspector.operators.domains import Key
from inspector.types.layers import Shape


@dataclass(frozen=True, kw_only=True)
class OperatorUse:
    """How often a file uses an operator."""

    count: int
    first: str
    """The first node with it, by its name, else by its first output's."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A tensor as the file declares it."""

    dtype: str | None
    """NumPy's name; None where none is declared, or it is no tensor."""
    shape: Shape | None
    """None where none is declared."""


@dataclass(frozen=True, kw_only=True)
class Initializer:
    """A tensor of weights or constants, without its values."""

    dtype: str
    dims: tuple[int, ...]
    size: int
    """The number of its elements."""


@dataclass(frozen=True, kw_only=True)
class ExternalTensor:
    """Where a tensor outside the file lies."""

    location: str
    offset: int | None
    """None where it is not said, and so 0."""
    length: int | None
    """None where it is not said: to the file's end."""
    has_checksum: bool


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What a file says itself, before branches are folded, functions inlined and fused operators opened."""

    ir_version: int = 0
    opsets: Mapping[str, int] = field(default_factory=dict)
    """By domain; the standard one is ""."""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    declared: Mapping[str, Declared] = field(default_factory=dict)
    """By tensor: inputs, outputs and what lies between them."""
    initializers: Mapping[str, Initializer] = field(default_factory=dict)
    """Of the outermost graph."""
    unused: tuple[str, ...] = ()
    """The initializers among these that no node reads and that are no outputs."""
    parameters: int = 0
    """Elements of initializers and constants of floats or of codes, scalars aside, in subgraphs and functions too."""
    node_count: int = 0
    """Of the outermost graph."""
    unnamed: tuple[str, ...] = ()
    """Of each node of the outermost graph without a name, the first output."""
    repeated: Mapping[str, int] = field(default_factory=dict)
    """Names that several nodes of the outermost graph have, and how many."""
    late: tuple[str, str] | None = None
    """The first node that stands before what it reads, and the tensor that it reads; None where all are in order."""
    operators: Mapping[Key, OperatorUse] = field(default_factory=dict)
    """By domain, the standard one as "", and operator: in subgraphs and functions too."""
    functions: tuple[Key, ...] = ()
    """Domain and name of each model-local function."""
    external: Mapping[str, ExternalTensor] = field(default_factory=dict)
    """By tensor, those whose values lie in other files."""
    skeleton: bytes | None = None
    """The file without its large tensors, for ONNX's own checker; None where even that is large."""

    @property
    def overridable(self) -> tuple[str, ...]:
        """Return the initializers that are inputs too."""
        return tuple(name for name in self.inputs if name in self.initializers)
