"""One unit: where it is, what it sees, and how its activation is brought back to the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import as_integers
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.figure import Figure


def as_position(value: Any) -> tuple[int, ...] | None:
    """Read where a unit is in its map; None for the strongest place."""
    if value is None:
        return None
    found = as_integers(value)
    if found is None:
        raise InvalidInputError(
            f"position is {in_brief(value, long='a {}')}; give a whole number per axis of the map, such as 3,5.",
            field="",
        )
    return found


@verb("unit")
@dataclass(frozen=True, kw_only=True, eq=False)
class UnitRequest(ImagesRequest[Figure]):
    """Explain the deconvnet by one unit of one image: its map, what it sees, its projection, and each step of the way.

    Zeiler & Fergus 2014, §2.1 and Fig 1.
    """

    layer: str | None = option(None, help="Of the unit; default: the last with maps.", short="l")
    channel: int | None = option(None, help="Of the layer; default: the strongest.", short="c")
    position: tuple[int, ...] | None = option(
        None, help="In the map; default: the strongest.", take=as_position, short="p"
    )
