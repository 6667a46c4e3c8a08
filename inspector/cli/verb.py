"""A verb as a command: made of its request, the same on a file and on a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from inspector.cli.documents import document
from inspector.cli.fields import (
    own_fields,
    parameter_of,
    read_fields,
    read_method_options,
    target_fields,
)
from inspector.cli.files import ARRAYS, save
from inspector.cli.options import AnswerOptions, Images, Model, WhereOptions, find_images
from inspector.cli.output import print_json, print_table, progress_bar, say, say_notes, say_written
from inspector.cli.parameters import Command, filled, keyword, parameters_of, with_signature
from inspector.cli.target import UNIT, TargetOptions, read_target
from inspector.cli.texts import read_array, read_pairs
from inspector.cli.where import known_methods, open_model, time_for
from inspector.errors import unknown_name
from inspector.types.requests.base import OPTIONS, Request, description_of, takes_images
from inspector.types.results.base import Cell, Result, shown
from inspector.types.results.maps import Maps

_Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME=FILE.npy",
        help="The value of another of the model's inputs. Repeatable.",
    ),
]


def command_of(request: type[Request[Any]]) -> Command:
    """Return the command that asks such a request."""
    parameters = [keyword("model", Model)]
    if takes_images(request):
        parameters.append(keyword("images", Images))
    own = [parameter_of(request, one) for one in own_fields(request)]
    parameters += own
    if target_fields(request):
        has_layer = any(one.name in UNIT for one in own)
        parameters += parameters_of(TargetOptions, without=UNIT if has_layer else ())
    if takes_images(request):
        parameters.append(keyword("inputs", _Inputs, None))
    parameters += [*parameters_of(WhereOptions), *parameters_of(AnswerOptions)]

    def run(**given: Any) -> None:
        where, answer = filled(WhereOptions, given), filled(AnswerOptions, given)
        images = find_images(given["images"]) if takes_images(request) else []
        asked = read_request(request, given, images=images, where=where)
        with (
            open_model(given["model"], where) as model,
            progress_bar(request.verb, as_json=answer.as_json) as progress,
        ):
            result = model.ask(asked, progress=progress, timeout=time_for(where))
        deliver(result, images, answer)
        if result.failed:
            raise typer.Exit(EXIT_FINDINGS)

    return with_signature(run, parameters, name=request.verb, doc=escape(description_of(request)))


EXIT_FINDINGS = 1


def read_request(
    request: type[Request[Any]], given: Mapping[str, Any], *, images: Sequence[Path], where: WhereOptions
) -> Request[Any]:
    """Return a request from what was typed."""
    values = read_fields(request, given)
    if values.get(OPTIONS):
        methods = {info.name: info for info in known_methods(where)}
        method = given["method"]
        if method not in methods:
            raise unknown_name("attribution method", method, methods, field="method")
        values[OPTIONS] = read_method_options(values[OPTIONS], method=methods[method])
    own = {one.name for one in own_fields(request)}
    for one in target_fields(request):
        options = {name: value for name, value in given.items() if name not in own}
        values[one.name] = read_target(filled(TargetOptions, options))
    if takes_images(request):
        values["images"] = list(images)
        pairs = read_pairs(given.get("inputs") or (), option="--input", shape="NAME=FILE.npy")
        values["inputs"] = {name: read_array(Path(path)) for name, path in pairs.items()}
    return request(**values)


def deliver(result: Result, images: Sequence[Path], answer: AnswerOptions) -> None:
    """Write a result's files, say its notes, and print it for people or machines."""
    if answer.output is not None:
        for path in save(result, answer.output):
            say_written(path)
    say_notes(result.notes)
    if answer.as_json:
        print_json(document(result, images))
        return
    if answer.output is not None and answer.output.suffix.lower() in ARRAYS:
        return  # the file holds all that there is to say
    for line in result.summary():
        say(line)
    columns, rows = result.table()
    if rows and not isinstance(result, Maps):  # its summary has a line per map
        print_table(columns, [_named(columns, row, images) for row in rows])


def _named(columns: Sequence[str], row: Sequence[Cell], images: Sequence[Path]) -> list[str]:
    """Return a row in which images have their names for their numbers."""
    return [
        str(images[cell])
        if column == "image" and isinstance(cell, int) and cell < len(images)
        else shown(cell)
        for column, cell in zip(columns, row, strict=True)
    ]
