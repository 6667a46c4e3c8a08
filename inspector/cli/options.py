"""The options that verbs share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from inspector.errors import InvalidInputError

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="An .onnx file or a folder with one; with --server, a model's name."
    ),
]
Image = Annotated[Path, typer.Argument(metavar="IMAGE", help="A JPEG, PNG or WebP file.")]
Images = Annotated[
    list[Path], typer.Argument(metavar="IMAGES...", help="JPEG, PNG or WebP files, or folders of them.")
]
Server = Annotated[
    str | None, typer.Option("--server", metavar="HOST:PORT", help="Ask a running service instead of a file.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N (in-process only).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Layer = Annotated[str | None, typer.Option("--layer", "-l", help="A layer's name; see `inspector layers`.")]
Channel = Annotated[int | None, typer.Option("--channel", "-c", help="Of --layer; default: the strongest.")]
Position = Annotated[
    str | None,
    typer.Option(
        "--position", "-p", metavar="ROW,COLUMN", help="Of --channel or --class; default: the strongest."
    ),
]
Tensor = Annotated[
    str | None,
    typer.Option(
        "--tensor",
        "-t",
        metavar="NAME",
        help="An output or a layer: which part of it is explained (default: its largest element). "
        "With --class: the output.",
    ),
]
Index = Annotated[
    str | None,
    typer.Option(metavar="I,J,…", help="One element of --tensor: an index per axis but the batch's."),
]
Region = Annotated[
    str | None, typer.Option(metavar="I,START:STOP,:", help="A part of --tensor: the mean over it.")
]
Reduce = Annotated[str | None, typer.Option(metavar="mean|sum|max", help="What is made of --region.")]
Mask = Annotated[
    Path | None, typer.Option(metavar="FILE.npy", help="Which elements of --region count (boolean).")
]
Direction = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.npy", help="A vector: how far --tensor reaches along it; 'own' for its own, the norm."
    ),
]
ClassIndex = Annotated[int | None, typer.Option("--class", help="A class index; default: the most probable.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write the picture (PNG).")]
Preprocessing = Annotated[
    str | None,
    typer.Option(
        "--preprocessing",
        metavar="JSON",
        help='Override what was found in the file, e.g. \'{"scale": 0.0039, "mean": [0.5], "std": [0.5]}\', '
        "or @file.json (in-process only).",
    ),
]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


def read_preprocessing(text: str | None) -> dict[str, Any] | None:
    """Read --preprocessing: JSON, or @ and the name of a file with it."""
    if text is None:
        return None
    try:
        found = json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"--preprocessing is no JSON object: {error}.", field="preprocessing"
        ) from error
    if not isinstance(found, dict):
        raise InvalidInputError("--preprocessing must be a JSON object.", field="preprocessing")
    return found


def read_position(text: str | None, *, option: str = "--position") -> tuple[int, ...] | None:
    """Read --position or --index: whole numbers with commas between."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInputError(
            f"{option} is {text!r}; give whole numbers, such as 3,5.", field=option.removeprefix("--")
        ) from error


def find_images(paths: list[Path]) -> list[Path]:
    """Return the image files among paths, folders searched one level deep, in order."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        else:
            found.append(path)
    if not found:
        raise InvalidInputError(
            f"There are no images ({', '.join(sorted(SUFFIXES))}) in {', '.join(map(str, paths))}.",
            field="images",
        )
    return found
