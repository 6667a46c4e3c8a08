"""Read a target from the options."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.options import TARGET
from inspector.cli.texts import read_array, read_indices, read_region
from inspector.errors import InvalidInputError
from inspector.types.targets import (
    Class,
    Combination,
    Direction,
    Element,
    Region,
    SimpleTarget,
    Target,
    Unit,
)

OWN = "own"
"""The direction of a tensor itself."""
NEXT = "next"
"""The most probable class but the one that is explained."""
UNIT = ("layer", "channel")
"""Options that choose a unit; a verb that has a layer of its own knows no units."""
_PART = ("tensor", "index", "region", "reduce", "mask", "direction")


@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """What is explained: a class, a unit of a layer, or a part of an output or a layer."""

    chosen_class: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            metavar="INDEX|NAME",
            help="A class by its index or its label; default: the most probable. Repeatable where a verb explains "
            "several.",
            rich_help_panel=TARGET,
        ),
    ] = None
    layer: Annotated[
        str | None,
        typer.Option("--layer", "-l", help="A layer's name; see `inspector layers`.", rich_help_panel=TARGET),
    ] = None
    channel: Annotated[
        int | None,
        typer.Option("--channel", "-c", help="Of --layer; default: the strongest.", rich_help_panel=TARGET),
    ] = None
    position: Annotated[
        str | None,
        typer.Option(
            "--position",
            "-p",
            metavar="ROW,COLUMN",
            help="Of a unit or a class; default: the strongest.",
            rich_help_panel=TARGET,
        ),
    ] = None
    tensor: Annotated[
        str | None,
        typer.Option(
            "--tensor",
            "-t",
            metavar="NAME",
            help="An output or a layer: which part of it is explained (default: its largest element). "
            "With --class: the output.",
            rich_help_panel=TARGET,
        ),
    ] = None
    index: Annotated[
        str | None,
        typer.Option(
            "--index",
            metavar="I,J,…",
            help="One element of --tensor: an index per axis but the batch's.",
            rich_help_panel=TARGET,
        ),
    ] = None
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            metavar="I,START:STOP,:",
            help="A part of --tensor: the mean over it.",
            rich_help_panel=TARGET,
        ),
    ] = None
    reduce: Annotated[
        str | None,
        typer.Option(
            "--reduce", metavar="mean|sum|max", help="What is made of --region.", rich_help_panel=TARGET
        ),
    ] = None
    mask: Annotated[
        Path | None,
        typer.Option(
            "--mask",
            metavar="FILE.npy",
            help="Which elements of --region count (boolean).",
            rich_help_panel=TARGET,
        ),
    ] = None
    direction: Annotated[
        str | None,
        typer.Option(
            "--direction",
            metavar="FILE.npy",
            help="A vector: how far --tensor reaches along it; 'own' for its own, the norm.",
            rich_help_panel=TARGET,
        ),
    ] = None

    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="INDEX|NAME|next",
            help="Less another class, 'next' for the most probable other: why this and not that.",
            rich_help_panel=TARGET,
        ),
    ] = None
    negative: Annotated[
        bool | None,
        typer.Option("--negative", help="What speaks against it instead.", rich_help_panel=TARGET),
    ] = None

    def given(self, *names: str) -> list[str]:
        """Return those of the options that were given."""
        return [one.name for one in fields(self) if one.name in names and getattr(self, one.name) is not None]


def read_targets(given: TargetOptions) -> tuple[Target, ...]:
    """Return all that is explained: one target, or one for each class that is given."""
    if given.chosen_class is None:
        return (read_target(given),)
    return tuple(read_target(replace(given, chosen_class=[one])) for one in given.chosen_class)


def read_target(given: TargetOptions) -> Target:
    """Return what is explained: less another class, or the other way round, where that is asked for."""
    found = _read_one(given)
    if given.against is not None:
        if not isinstance(found, Class):
            raise InvalidInputError(
                "--against is about classes; give it with --class, or alone.", field="against"
            )
        index, label = _read_class(None if given.against == NEXT else given.against)
        signs = (-1.0, 1.0) if given.negative else (1.0, -1.0)
        return Combination((found, Class(index, found.output, label=label)), signs)
    return Combination((found,), (-1.0,)) if given.negative else found


def _read_one(given: TargetOptions) -> SimpleTarget:
    """Return the unit where a layer is named, the part where one is chosen, else the class."""
    part = given.given(*_PART)
    if given.layer is not None:
        if given.chosen_class is not None:
            raise InvalidInputError("Give --class or --layer, not both: a target is a class or a unit.")
        if part:
            raise InvalidInputError(
                "Give --layer or --tensor, not both: --tensor takes the name of a layer too."
            )
        return Unit(given.layer, given.channel, read_indices(given.position, option="--position"))
    if given.channel is not None or (given.position is not None and given.chosen_class is None):
        raise InvalidInputError(
            "--channel and --position choose a unit of a layer: give --layer too (or, with --position, --class).",
            field="layer",
        )
    if given.chosen_class is not None or not part:
        if part not in ([], ["tensor"]):
            raise InvalidInputError("Give --class, or one of --index, --region and --direction.")
        index, label = _read_class(given.chosen_class[0] if given.chosen_class else None)
        position = read_indices(given.position, option="--position")
        return Class(index, given.tensor, position, label=label)
    return _read_part(given)


def _read_class(text: str | None) -> tuple[int | None, str | None]:
    """Return an index, or what is none as a label."""
    if text is None:
        return None, None
    try:
        return int(text), None
    except ValueError:
        return None, text


def _read_part(given: TargetOptions) -> SimpleTarget:
    if given.tensor is None:
        raise InvalidInputError(
            "--index, --region, --reduce, --mask and --direction choose a part of an output or a layer: give --tensor "
            "too.",
            field="tensor",
        )
    ways = given.given("index", "region", "direction")
    if len(ways) > 1:
        raise InvalidInputError(f"Give one of --{' and --'.join(ways)}.")
    if given.direction is not None:
        vector = None if given.direction == OWN else read_array(Path(given.direction)).reshape(-1)
        return Direction(given.tensor, None if vector is None else tuple(vector.tolist()))
    if given.region is None and (given.reduce is not None or given.mask is not None):
        raise InvalidInputError("--reduce and --mask belong to --region (':' for all of it).", field="region")
    if given.region is not None:
        mask = None if given.mask is None else read_array(given.mask)
        return Region(given.tensor, read_region(given.region), given.reduce or "mean", mask)
    return Element(given.tensor, read_indices(given.index, option="--index"))
