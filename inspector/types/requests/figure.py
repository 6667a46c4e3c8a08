"""A figure of the paper by its number or its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inspector.errors import InvalidInputError, in_brief
from inspector.types.given import as_integer
from inspector.types.requests.attribute import as_options
from inspector.types.requests.base import OptionalImagesRequest, option, verb
from inspector.types.results.figure import Figure
from inspector.types.targets import Target, as_targets


def as_figure(value: object) -> str:
    """Read a figure's number or name: 5 is "5"."""
    number = as_integer(value)
    if number is None and not isinstance(value, str):
        raise InvalidInputError(
            f"figure is {in_brief(value, long='a {}')}; give a number, 1 to 8, or a name.", field=""
        )
    return str(value if number is None else number)


@verb("figure")
@dataclass(frozen=True, kw_only=True, eq=False)
class FigureRequest(OptionalImagesRequest[Figure]):
    """Draw a figure of Zeiler & Fergus 2014 for any model, by its number or its name; other keywords are its options.

    1 unit, 2 top, 3 architecture, 4 evolution, 5 invariance, 6 health, 7 occlusion, 8 correspondence, and table 7
    probe.
    """

    figure: str = option(
        help="Its number in the paper, 1 to 8, or its name, such as invariance.",
        take=as_figure,
        is_argument=True,
    )
    layer: str | None = option(
        None, help="The layer that the figure is about, where it is about one.", short="l"
    )
    targets: tuple[Target, ...] = option(
        (), help="What is explained, where the figure explains something.", take=as_targets, python="target"
    )
    options: Mapping[str, Any] = option({}, help="The figure's own options, by name.", take=as_options)
