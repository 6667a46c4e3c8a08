"""The templates of pages: every word that is put into them is escaped, and no character of it acts."""

from __future__ import annotations

import functools
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from inspector.render.blocks import Block, Cell
from inspector.render.png import to_png
from inspector.types.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment


def filled(template: str, **values: Any) -> str:
    """Return a template of `templates/` with these values in it."""
    return _environment().get_template(template).render(**values)


@functools.cache
def _environment() -> Environment:
    # Read where a page is made first: most commands make none.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    made = Environment(
        loader=PackageLoader("inspector.render"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"cell": _text, "data": _data, "png": to_png, "template": _template_of}
    return made


def _shown(value: Any) -> Any:
    """Write out what would act in a page; what a template has made itself is as it should be."""
    return visible(value, lines=True) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _template_of(block: Block) -> str:
    return f"blocks/{type(block).__name__}.html.j2"


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode('ascii')}"


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"
