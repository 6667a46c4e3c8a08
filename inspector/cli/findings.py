"""Where findings go: formats on stdout, and in files, checked before the work begins."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.cli.destination import require_writable
from inspector.cli.output import print_spans, write_text
from inspector.errors import InvalidInputError
from inspector.findings.checked import CheckRun
from inspector.findings.format import Format, format_named, format_of
from inspector.findings.formats.text import lines

TEXT = "text"
_OF_ANY = ".json"
"""A suffix that says no more than that a file holds a document: a format that was named may be in it."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """What is written where."""

    printed: tuple[Format, ...] = ()
    files: tuple[tuple[Format, Path], ...] = ()


def places_of(formats: Sequence[str], files: Sequence[Path]) -> Places:
    """Read --format NAME or NAME=FILE, and -o FILE, whose format its suffix says, or the only one that is named.

    What is named with no file is printed; without any of them that is text. NotFoundError and InvalidInputError for
    formats that there are not, files that cannot be written, and documents that would be printed one into another.
    """
    named: list[Format] = []
    written: list[tuple[Format, Path]] = []
    for text in (part for one in formats for part in _parted(one)):
        name, sign, file = text.partition("=")
        one = format_named(name)
        if sign:
            written.append((one, Path(file)))
        elif one not in named:
            named.append(one)
    for path in files:
        found = _format_of(path, named, is_only=len(files) == 1)
        if found in named:
            named.remove(found)
        written.append((found, path))
    if not named and not written:
        named = [format_named(TEXT)]
    _require_apart(named, written)
    for _, path in written:
        require_writable(path)
    return Places(printed=tuple(named), files=tuple(written))


def _parted(text: str) -> list[str]:
    """Return the formats in a text: with a file one, else any number with commas between."""
    return [text] if "=" in text else text.split(",")


def _format_of(path: Path, named: Sequence[Format], *, is_only: bool) -> Format:
    fitting = [one for one in named if any(path.name.lower().endswith(suffix) for suffix in one.suffixes)]
    if fitting:
        return fitting[0]
    documents = [one for one in named if one.is_document]
    if is_only and len(documents) == 1 and path.suffix.lower() in ("", _OF_ANY):
        return documents[0]
    try:
        return format_of(path)
    except InvalidInputError:
        if is_only and len(named) == 1:
            return named[0]
        raise


def _require_apart(named: Sequence[Format], written: Sequence[tuple[Format, Path]]) -> None:
    documents = [one.name for one in named if one.is_document]
    if documents and len(named) > 1:
        raise InvalidInputError(
            f"{' and '.join(one.name for one in named)} would be printed one into another; give all but one a file: "
            f"--format {documents[0]}=FILE.",
            field="format",
        )
    seen: set[Path] = set()
    for _, path in written:
        if path.absolute() in seen:
            raise InvalidInputError(f"{path} is given for two formats; give each a file.", field="output")
        seen.add(path.absolute())


def deliver_findings(run: CheckRun, places: Places) -> None:
    """Write all files, then print."""
    for one, path in places.files:
        write_text(path, one.write(run))
    for one in places.printed:
        if one.name == TEXT:
            for line in lines(run):
                print_spans([(span.text, span.style) for span in line])
        else:
            sys.stdout.write(one.write(run))
