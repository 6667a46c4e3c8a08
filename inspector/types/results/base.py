"""The base of all results: notes, and ways to show itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from inspector.errors import InvalidInputError, in_brief
from inspector.registry import Registry
from inspector.types.given import as_integer
from inspector.types.notes import Note
from inspector.types.results.brief import brief_fields

if TYPE_CHECKING:
    from PIL import Image

Cell = str | int | float | bool | None
"""What stands in a table."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What a verb answered. Results are compared by identity: they hold arrays."""

    notes: tuple[Note, ...] = ()
    """What the result says about itself, e.g. that images ran one by one."""
    rendered: tuple[bytes, ...] = ()
    """PNG files, where the request asked for a rendering: one per picture of `pictures`."""

    @property
    def failed(self) -> bool:
        """Whether the result says that something is wrong: then the command line exits with 1."""
        return False

    def pictures(self) -> list[Image.Image]:
        """Draw the result as is usual for its kind; none where it has no picture."""
        draw = PICTURES.get(type(self))
        return [] if draw is None else draw(self)

    def to_pil(self, index: int = 0) -> Image.Image:
        """Return one of the pictures; InvalidInputError where there is none."""
        pictures = self.pictures()
        number = as_integer(index)
        if number is None or not -len(pictures) <= number < len(pictures):
            raise InvalidInputError(
                f"This {type(self).__name__} has {len(pictures)} pictures; there is no picture {in_brief(index)}.",
                reason="NO_PICTURE",
                field="index",
            )
        return pictures[number]

    def save(self, path: str | Path, *, index: int | None = None) -> list[Path]:
        """Write the pictures, or the one at `index`, in the format that the suffix names, and return their paths.

        PNG without a suffix; several pictures are name-1.png, name-2.png, …. InvalidInputError where there is no
        picture, or it cannot be written.
        """
        where = as_path(path)
        pictures = self.pictures() if index is None else [self.to_pil(index)]
        if not pictures:
            raise InvalidInputError(
                f"This {type(self).__name__} has no picture to write to {path}; its values are in its fields.",
                reason="NO_PICTURE",
                field="path",
            )
        return save_pictures(pictures, where)

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return the result as columns and rows for people; no columns where it is no table."""
        return (), []

    def summary(self) -> list[str]:
        """Return the result in a few lines for people."""
        return []

    def _repr_html_(self) -> str:
        """Show the result in a notebook."""
        columns, rows = self.table()
        parts = [f"<p>{escape(line)}</p>" for line in self.summary()]
        parts += [f'<img alt="" src="data:image/png;base64,{_base64(one)}">' for one in self.pictures()]
        if columns:
            parts.append(_html_table(columns, rows))
        parts += [f"<p><em>{escape(note)}</em></p>" for note in self.notes]
        return f"<div>{''.join(parts)}</div>"


R = TypeVar("R", bound=Result)
Draw = Callable[[Any], "list[Image.Image]"]

PICTURES: Registry[type[Result], Draw] = Registry("picture of a result", package="inspector.render")
"""How each kind of result is drawn; the room `render` fills it."""

KINDS: Registry[str, type[Result]] = Registry("kind of result", package="inspector.types.results")
"""All kinds by their names on the wire, in lower_snake_case."""


def kind(name: str) -> Callable[[type[R]], type[R]]:
    """Register a kind of result under the name that it has on the wire; Python shows it in brief."""

    def register(result: type[R]) -> type[R]:
        KINDS.add(name, result)
        result.__repr__ = brief_fields  # type: ignore[method-assign]
        return result

    return register


def name_of_kind(result: type[Result]) -> str:
    """Return the name of a kind of result on the wire."""
    return next(name for name, one in KINDS.items() if one is result)


def picture_of(result: type[Result]) -> Callable[[Draw], Draw]:
    """Register how a kind of result is drawn."""

    def register(draw: Draw) -> Draw:
        return PICTURES.add(result, draw)

    return register


def save_pictures(pictures: Sequence[Image.Image], path: Path) -> list[Path]:
    """Write pictures in the format that the suffix names, PNG without one, numbered where there are several."""
    paths = [path] if len(pictures) == 1 else _numbered(path, len(pictures))
    for picture, one in zip(pictures, paths, strict=True):
        try:
            picture.save(one, format=None if one.suffix else "PNG")
        except (OSError, ValueError, KeyError) as error:
            raise unwritten(one, error) from error
    return paths


def as_path(given: str | Path) -> Path:
    """Read where something is to be written; InvalidInputError for what is no path."""
    if isinstance(given, str | PathLike) and isinstance(found := fspath(given), str):
        return Path(found)
    raise InvalidInputError(f"path is {in_brief(given, long='a {}')}; give a path.", field="path")


def unwritten(path: Path, error: OSError | ValueError | KeyError) -> InvalidInputError:
    """Return the error about a file that cannot be written."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return InvalidInputError(f"{path} cannot be written: {reason}.", field="path")


def _numbered(path: Path, count: int) -> list[Path]:
    return [path.with_name(f"{path.stem}-{index}{path.suffix}") for index in range(1, count + 1)]


def _base64(picture: Image.Image) -> str:
    buffer = BytesIO()
    picture.save(buffer, format="PNG")
    return b64encode(buffer.getvalue()).decode("ascii")


def _html_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(shown(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def shown(cell: Cell) -> str:
    """Return what stands in a table for people."""
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
