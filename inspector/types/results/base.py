"""The base of all results: notes, and ways to show itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from inspector.errors import InvalidInputError, in_brief, nearest
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

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the one result that the results about some of the images each are, in the images' order.

        For kinds whose results are about every image for itself; TypeError for all others.
        """
        raise TypeError(
            f"{cls.__name__} is about all images together: {len(parts)} of them cannot be joined."
        )

    def pictures(self, **drawing: Any) -> list[Image.Image]:
        """Draw the result as is usual for its kind; none where it has no picture.

        `drawing` are options of the kind's drawing, such as `plain=True` for maps without their title and scale;
        InvalidInputError names those that there are.
        """
        require_drawing(type(self), drawing)
        draw = PICTURES.get(type(self))
        return [] if draw is None else draw(self, **drawing)

    def to_pil(self, index: int = 0, **drawing: Any) -> Image.Image:
        """Return one of the pictures, drawn with these options; InvalidInputError where there is none."""
        pictures = self.pictures(**drawing)
        number = as_integer(index)
        if number is None or not -len(pictures) <= number < len(pictures):
            raise InvalidInputError(
                f"This {type(self).__name__} has {len(pictures)} pictures; there is no picture {in_brief(index)}.",
                reason="NO_PICTURE",
                field="index",
            )
        return pictures[number]

    def save(self, path: str | Path, *, index: int | None = None, **drawing: Any) -> list[Path]:
        """Write the result in the form that the suffix names, and return the paths of what was written.

        A picture (.png, also without a suffix, .jpg, .webp, …), its arrays (.npz, or .npy where it is one), a page
        (.html), a document (.json), a table (.csv). Several pictures are name-1.png, name-2.png, …; `index` picks one,
        and `drawing` are options of `pictures`. InvalidInputError names the forms that there are where the suffix is of
        another, and says why a file cannot be written.
        """
        where = as_path(path)
        found: list[Path] = way("file")(self, where, index=index, **drawing)
        return found

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return the result as columns and rows for people; no columns where it is no table."""
        return (), []

    def summary(self) -> list[str]:
        """Return the result in a few lines for people."""
        return []

    def _repr_html_(self) -> str:
        """Show the result in a notebook: self-contained, and every word of it escaped."""
        return str(way("notebook")(self))


R = TypeVar("R", bound=Result)
Draw = Callable[..., "list[Image.Image]"]
"""(result, keyword-only options of the drawing) -> its pictures."""

PICTURES: Registry[type[Result], Draw] = Registry("picture of a result", package="inspector.render")
"""How each kind of result is drawn; the room `render` fills it."""

WAYS: Registry[str, Callable[..., Any]] = Registry("way to show a result", package="inspector.render")
"""How any result is shown: as a "file", in a "notebook", as files of "png"; the room `render` fills it."""

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


def shown_as(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a way to show results of any kind."""

    def register(show: Callable[..., Any]) -> Callable[..., Any]:
        return WAYS.add(name, show)

    return register


def way(name: str) -> Callable[..., Any]:
    """Return a way to show results."""
    return dict(WAYS.items())[name]


def drawing_options(draw: Draw) -> tuple[str, ...]:
    """Return the names of the options that a drawing has: its keyword-only parameters."""
    parameters = signature(draw).parameters.values()
    return tuple(one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY)


def require_drawing(kind: type[Result], given: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for an option that the drawing of a kind does not have."""
    draw = PICTURES.get(kind)
    known = () if draw is None else drawing_options(draw)
    for name in given:
        if name not in known:
            allowed = f"it knows {', '.join(known)}" if known else "it has no options"
            raise InvalidInputError(
                f"The drawing of {kind.__name__} has no option {in_brief(name)}; {allowed}.{nearest(name, known)}",
                reason="UNKNOWN_OPTION",
                field=name,
            )


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


def unwritten(
    path: Path, error: OSError | ValueError | KeyError, *, field: str = "path"
) -> InvalidInputError:
    """Return the error about a file that cannot be written."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return InvalidInputError(f"{path} cannot be written: {reason}.", field=field)


def _numbered(path: Path, count: int) -> list[Path]:
    return [path.with_name(f"{path.stem}-{index}{path.suffix}") for index in range(1, count + 1)]


def shown(cell: Cell) -> str:
    """Return what stands in a table for people."""
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
