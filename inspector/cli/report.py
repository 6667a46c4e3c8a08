"""`inspector report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.destination import destination
from inspector.cli.exits import EXIT_INCOMPLETE, EXIT_INTERNAL
from inspector.cli.options import ANSWER, ModelName, WhereOptions
from inspector.cli.output import progress_steps, say_notes, say_written
from inspector.cli.parameters import grouped
from inspector.cli.where import open_model
from inspector.errors import InvalidInputError
from inspector.face.collection import collection
from inspector.report.chapter import chosen
from inspector.report.subjects import subject_of
from inspector.report.write import PATIENCE, write_report
from inspector.types.image_files import find_images
from inspector.types.results.base import unwritten
from inspector.types.results.suffixes import PAGE

OUTPUT = Path("report.html")

Shown = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[IMAGES...]",
        help="Images, or folders of them; without, the model is shown noise.",
        show_default=False,
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE.html", help="The page.", rich_help_panel=ANSWER)
]
Chapters = Annotated[
    list[str] | None,
    typer.Option(
        "--chapter",
        metavar="NAME",
        help="Only this chapter: answers, attributions, units, synthesis, occlusions, …; default: all. Repeatable.",
        rich_help_panel=ANSWER,
    ),
]
Patience = Annotated[
    float,
    typer.Option(
        "--patience",
        metavar="SECONDS",
        min=0,
        help="How long one of the longer chapters may take, about: the longer, the more it shows.",
        rich_help_panel=ANSWER,
    ),
]


@grouped
def report(
    model: ModelName,
    images: Shown = None,
    *,
    where: WhereOptions,
    output: Output = OUTPUT,
    chapters: Chapters = None,
    patience: Patience = PATIENCE,
) -> None:
    """Write one page about a model: its answers, why they are so, what its units look for."""
    where.require_consistent()
    chosen(chapters or ())
    destination(output, command="report", forms=PAGE)
    paths = find_images(images) if images else []
    missing = [path for path in paths if not path.exists()]
    if paths and len(missing) == len(paths):
        raise InvalidInputError(f"There is no file {', '.join(map(str, missing))}.", field="images")
    with open_model(model, where) as opened:
        written = write_report(
            opened,
            [subject_of(path) for path in paths],
            collection=collection("report", store="memory"),
            step=progress_steps(),
            chapters=chapters or (),
            patience=patience,
        )
    try:
        output.write_text(written.html, encoding="utf-8")
    except OSError as error:
        raise unwritten(output, error) from error
    say_notes([f"{name} is left out: {why}" for name, why in written.skipped])
    say_notes(written.missing)
    say_written(output)
    if written.bugs:
        raise typer.Exit(EXIT_INTERNAL)
    if written.skipped:
        raise typer.Exit(EXIT_INCOMPLETE)
