"""`inspector record`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.destination import destination
from inspector.cli.options import ANSWER, WHERE
from inspector.cli.output import print_table, say_written
from inspector.cli.texts import read_preprocessing
from inspector.errors import InvalidInputError
from inspector.face.record import record as recorded
from inspector.types.arrays import Array
from inspector.types.golden import Golden
from inspector.types.image_files import find_images
from inspector.types.layers import shape_text
from inspector.types.results.suffixes import ARRAYS

_Model = Annotated[str, typer.Argument(metavar="MODEL", help="An .onnx file or a folder with one.")]
_Data = Annotated[
    list[Path],
    typer.Option(
        "--data",
        metavar="IMAGES|FILE.npz",
        help="Images, or folders of them, or an NPZ with inputs as the model takes them, (N, …) under input/NAME. "
        "Repeatable.",
    ),
]
_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE.npz", help="The golden file.", rich_help_panel=ANSWER)
]
_Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layers",
        metavar="NAME,…",
        help="Layers that are recorded too, or `all`: `check` then tells which differs first. Repeatable.",
    ),
]
_Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.", rich_help_panel=WHERE)]
_Preprocessing = Annotated[
    str | None,
    typer.Option(
        "--preprocessing",
        metavar="PRESET|JSON",
        help="Override what was found in the file, as for other commands.",
        rich_help_panel=WHERE,
    ),
]


def record(
    model: _Model,
    data: _Data,
    *,
    output: _Output = Path("golden.npz"),
    layers: _Layers = None,
    device: _Device = "auto",
    preprocessing: _Preprocessing = None,
) -> None:
    """Write down what a model takes and answers, for `inspector check --golden`."""
    destination(output, command="record", forms=ARRAYS)
    given = [part for text in layers or () for part in text.split(",") if part]
    found = recorded(
        model,
        _images(data),
        layers=given,
        device=device,
        preprocessing=read_preprocessing(preprocessing),
    )
    written = found.save(output)
    rows = [(name, what, shape_text(one.shape), str(one.dtype)) for name, what, one in _parts(found)]
    print_table(("tensor", "is", "shape", "type"), rows)
    say_written(written)


def _images(paths: list[Path]) -> list[Path]:
    """Return the images among paths; an NPZ of inputs stands alone."""
    files = [path for path in paths if path.suffix.lower() in ARRAYS]
    if files and len(paths) > 1:
        raise InvalidInputError(
            f"--data gives {files[0]}, which holds all inputs, and more beside it; give one of both.",
            field="data",
        )
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise InvalidInputError(f"There is no file {', '.join(map(str, missing))}.", field="data")
    return files or find_images(paths)


def _parts(golden: Golden) -> list[tuple[str, str, Array]]:
    held = (("input", golden.inputs), ("output", golden.outputs), ("layer", golden.layers))
    return [(name, what, values) for what, arrays in held for name, values in arrays.items()]
