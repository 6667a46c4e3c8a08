"""The table of formats: each is a function from a run of `check` to a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from inspector.errors import InvalidInputError, unknown_name
from inspector.findings.checked import CheckRun
from inspector.registry import Registry

Write = Callable[[CheckRun], str]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A way in which findings are written."""

    name: str
    what: str
    """What reads it, in a few words."""
    suffixes: tuple[str, ...]
    """Of files that may hold it; it is the format of those that no other registered before."""
    is_document: bool
    """Whether it is one document, beside which nothing else may stand, rather than lines."""
    write: Write


FORMATS: Registry[str, Format] = Registry(
    "format of findings", package=("inspector.findings.formats", "inspector.render.findings")
)


def findings_format(
    name: str, *, what: str, suffixes: Sequence[str] = (), is_document: bool = True
) -> Callable[[Write], Write]:
    """Register a function as a format; `suffixes` are those of files that hold it, such as ".sarif"."""

    def register(write: Write) -> Write:
        made = Format(name=name, what=what, suffixes=tuple(suffixes), is_document=is_document, write=write)
        FORMATS.add(name, made)
        return write

    return register


def format_named(name: str) -> Format:
    """Return a format; NotFoundError names those that there are."""
    found = FORMATS.get(name)
    if found is None:
        raise unknown_name("format", name, FORMATS, field="format")
    return found


def format_of(path: PurePath) -> Format:
    """Return the format that a file's name says; InvalidInputError names the suffixes that there are."""
    name = path.name.lower()
    fitting = [
        (len(suffix), -place, one)
        for _, one in FORMATS.items()
        for place, suffix in enumerate(one.suffixes)
        if name.endswith(suffix)
    ]
    if not fitting:
        known = ", ".join(f"{one.suffixes[0]} ({one.name})" for _, one in FORMATS.items() if one.suffixes)
        raise InvalidInputError(
            f"-o {path}: the name of the file says no format of findings; end it with one of {known}, or name the "
            f"format: --format NAME={path}.",
            field="output",
        )
    return max(fitting, key=lambda one: one[:2])[2]
