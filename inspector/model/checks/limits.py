"""Bounds on what is read from outside: a file that crosses one is refused before it costs memory or time."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.errors import LimitExceededError

GIB = 2**30
MIB = 2**20

IN_PROCESS = "Raise Limits.{name} if you trust the source."
ON_A_SERVER = "Give what is smaller, or ask whoever runs this server whether its {name} can be raised."


@dataclass(frozen=True, kw_only=True)
class Limits:
    """One set of bounds; it travels with the model that was read under it."""

    max_bytes: int = 8 * GIB
    """The file and its external data together."""
    max_protobuf_bytes: int = 2 * GIB - 1
    """One protobuf message: its format ends here."""
    max_nodes: int = 100_000
    """Nodes of the graph, its subgraphs and functions."""
    max_outputs: int = 1_000
    """Outputs of the graph."""
    max_dim: int = 2**31 - 1
    """One dimension of a tensor."""
    max_tensor_bytes: int = 8 * GIB
    """One tensor as declared or inferred, for one image."""
    max_name_bytes: int = 4_096
    """The name of a tensor, node, operator, domain or input."""
    max_subgraph_depth: int = 16
    """Graphs within If, Loop and Scan."""
    max_metadata_bytes: int = 16 * MIB
    """Keys and values of metadata_props, and one sidecar file."""
    max_places: int = 2**24
    """Places along the axes of maps that are followed from the image on, to know what each of them sees."""
    max_labels: int = 100_000
    """Names of classes, in a file or in metadata_props."""
    max_image_pixels: int = 64_000_000
    """Width times height of one encoded image."""
    max_image_bytes: int = 64 * MIB
    """One encoded image."""
    max_input_bytes: int = 4 * GIB
    """The images of one call together, as the model takes them."""
    max_run_bytes: int = 8 * GIB
    """What one run holds at a time of an image whose size the model leaves free, as estimated before it begins."""
    remedy: str = IN_PROCESS
    """How errors say that a limit can be raised, with {name} for its name: who reads them may be no one who can."""

    def mend(self, name: str) -> str:
        """Return what to do about the limit of that name."""
        return self.remedy.format(name=name)


def require_at_most(value: int, limits: Limits, *, what: str, name: str) -> None:
    """Raise LimitExceededError where `value` is over the limit of that name."""
    limit = getattr(limits, name)
    if value > limit:
        raise LimitExceededError(
            f"{what} is {value:,}; the limit is {limit:,}. {limits.mend(name)}", field=name
        )
