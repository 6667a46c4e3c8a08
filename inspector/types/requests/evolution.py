"""Evolution: how did what a network sees come about, over the checkpoints of its training?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import as_items, as_texts
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.requests.top import as_channels
from inspector.types.results.figure import Figure


def as_models(value: str | Sequence[Any]) -> tuple[str, ...]:
    """Read models: paths of files in process, ids on a service; one alone is one of one."""
    given: Any = value
    items = [given] if isinstance(given, str | PathLike) else as_items(given)
    texts = None if items is None else as_texts([_text(one) for one in items])
    if texts is None or not all(texts):
        raise InvalidInputError(
            f"models is {in_brief(value, long='a {}')}; give paths of .onnx files in process, or ids of models on a "
            "service.",
            field="",
        )
    return texts


def _text(one: object) -> object:
    return fspath(one) if isinstance(one, PathLike) else one


@verb("evolution")
@dataclass(frozen=True, kw_only=True, eq=False)
class EvolutionRequest(ImagesRequest[Figure]):
    """Show how channels, and layers as a whole, came to what they are: over checkpoints of the model, in their order.

    Zeiler & Fergus 2014, Fig 4. The model itself is taken for the last of its checkpoints.
    """

    models: tuple[str, ...] = option(
        help="The earlier checkpoints, oldest first: files, or a folder of them; with --server, ids.",
        take=as_models,
    )
    layer: str | None = option(None, help="Whose channels are shown; default: the last with maps.", short="l")
    channels: tuple[int, ...] = option(
        (), help="Which channels; default: those that stand out at the end.", take=as_channels
    )
    rows: int = option(6, help="How many channels are chosen where none are named.")
    layers: tuple[str, ...] = option(
        (),
        help="Of which it is told when they settle; default: eight with weights, from the first to the last.",
    )
    compared: int = option(64, help="How many of the images are compared for that, at most.")
    settled: float = option(0.05, help="How far a settled layer may be from the last checkpoint, as 1 − CKA.")
    method: str = option(
        "deconvnet", help="How units are projected to the image: a method of attribution, such as guided."
    )
