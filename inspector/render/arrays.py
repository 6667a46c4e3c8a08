"""The arrays of a result by their names, and files of NumPy's with them."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inspector.types.arrays import Array
from inspector.types.results.base import Cell, Result
from inspector.types.results.figure import Figure

_TO_DRAW = frozenset({"inputs", "rendered"})
"""What a result carries so that it can be drawn: it repeats what the caller has."""


def arrays_of(result: Result) -> dict[str, Array]:
    """Return a result's arrays by their names, without the images that it is about.

    An array of a field has the field's name, one of a mapping its key there; one further inside has the path to it,
    such as images/0/pixels, and those of a figure's parts stand below the parts' titles. A result without arrays of its
    own has the columns of its table.
    """
    if isinstance(result, Figure):
        return _of_parts(result)
    if isinstance(result, Mapping):
        return {str(name): np.asarray(values) for name, values in result.items()}
    found: dict[str, Array] = {}
    for one in dataclasses.fields(result):
        value = getattr(result, one.name)
        if one.name in _TO_DRAW:
            continue
        if isinstance(value, Mapping):  # its names say enough
            found |= {str(name): item for name, item in value.items() if isinstance(item, np.ndarray)}
        else:
            found |= dict(_inside(value, one.name))
    is_whole = any(isinstance(getattr(result, one.name), np.ndarray) for one in dataclasses.fields(result))
    return found if is_whole else found | _columns(result)


def save_arrays(arrays: Mapping[str, Array], path: Path) -> None:
    """Write arrays as an .npz, whatever their names are; one layer may well be called "file"."""
    with zipfile.ZipFile(path, mode="w") as file:
        for name, values in arrays.items():
            with file.open(f"{name}.npy", mode="w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(values), allow_pickle=False)


def _inside(value: object, path: str) -> Iterator[tuple[str, Array]]:
    """Yield the arrays in a value with the paths to them."""
    match value:
        case np.ndarray():
            yield path, value
        case tuple() | list():
            for place, one in enumerate(value):
                yield from _inside(one, f"{path}/{place}")
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, Result):
            for one in dataclasses.fields(value):
                yield from _inside(getattr(value, one.name), f"{path}/{one.name}")


def _of_parts(figure: Figure) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for title, panel in zip(part_names(figure), figure.panels, strict=True):
        found |= {f"{title}/{name}": values for name, values in arrays_of(panel.result).items()}
    return found


def part_names(figure: Figure) -> list[str]:
    """Return a name for each part of a figure: its title, with a number where it has none or shares it."""
    titles = [panel.title for panel in figure.panels]
    return [
        title if title and titles.count(title) == 1 else f"{title or 'part'} {place}".strip()
        for place, title in enumerate(titles, start=1)
    ]


def _columns(result: Result) -> dict[str, Array]:
    columns, rows = result.table()
    return {name: _column([row[place] for row in rows]) for place, name in enumerate(columns)}


def _column(cells: Sequence[Cell]) -> Array:
    """Return the cells of a column as one array: of numbers where all are, else of texts."""
    given = [cell for cell in cells if cell is not None]
    kinds: set[type[Any]] = {type(cell) for cell in given}
    if kinds and kinds <= {int, float, bool} and (len(given) < len(cells) or kinds != {bool}):
        is_whole = kinds <= {int, bool} and len(given) == len(cells)
        return np.array(
            [np.nan if cell is None else cell for cell in cells], np.int64 if is_whole else np.float64
        )
    if kinds == {bool}:
        return np.array(cells, bool)
    return np.array(["" if cell is None else str(cell) for cell in cells], np.str_)
