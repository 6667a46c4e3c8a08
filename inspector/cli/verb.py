"""A verb as a command: made of its request, the same on a file and on a service."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from inspector.cli.destination import Destination, destination, who
from inspector.cli.drawing import Draw, has_drawing, read_drawing
from inspector.cli.exits import EXIT_INCOMPLETE
from inspector.cli.fields import (
    own_fields,
    parameter_of,
    read_fields,
    read_method_options,
    target_fields,
)
from inspector.cli.images import Answered, ask_about, require_one_each
from inspector.cli.options import (
    AnswerOptions,
    Images,
    ModelName,
    SomeImages,
    WhereOptions,
)
from inspector.cli.output import deliver, progress_bar
from inspector.cli.parameters import Command, filled, giving_way, keyword, parameters_of, with_signature
from inspector.cli.target import UNIT, TargetOptions, read_targets
from inspector.cli.texts import read_array, read_pairs
from inspector.cli.where import known_methods, open_model, time_for
from inspector.errors import InvalidInputError, unknown_name
from inspector.render.answer import answer_of
from inspector.render.forms import forms_of, no_form
from inspector.types.array_files import is_array_file
from inspector.types.image_files import find_images
from inspector.types.requests.base import (
    OPTIONS,
    ImagesRequest,
    Request,
    description_of,
    needs_images,
    result_kind,
    takes_images,
)
from inspector.types.results.base import Result
from inspector.types.results.maps import Maps
from inspector.types.results.predictions import DRAWN, Predictions
from inspector.types.results.suffixes import PICTURES
from inspector.types.results.sweep import Sweep
from inspector.types.targets import as_targets

if TYPE_CHECKING:
    from inspector.face.model import Model

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
    before = [parameter_of(one) for one in own_fields(request) if one.is_argument]
    parameters = [*before, keyword("model", ModelName)]
    if takes_images(request):
        parameters.append(
            keyword("images", Images) if needs_images(request) else keyword("images", SomeImages, None)
        )
    own = [parameter_of(one) for one in own_fields(request) if not one.is_argument]
    parameters += own
    if target_fields(request):
        has_layer = any(one.name in UNIT for one in own)
        of_target = parameters_of(TargetOptions, without=UNIT if has_layer else ())
        parameters += giving_way(of_target, own)
    if takes_images(request):
        parameters.append(keyword("inputs", _Inputs, None))
    parameters += [*parameters_of(WhereOptions), *parameters_of(AnswerOptions)]
    kind = result_kind(request)
    if has_drawing(kind):
        parameters.append(keyword("draw", Draw, None))

    def run(**given: Any) -> None:
        where, chosen = filled(WhereOptions, given), filled(AnswerOptions, given)
        where.require_consistent()
        images = find_images(given["images"]) if given.get("images") else []
        asked = read_request(request, given, images=images, where=where)
        to = destination(chosen.output, command=request.verb, forms=forms_of(asked))
        drawing = read_drawing(given.get("draw") or (), kind, to)
        with open_model(given["model"], where) as model:
            _require_drawable(model, to, asked)
            if any(map(is_array_file, images)):
                require_one_each(images, model.info.input)
            with progress_bar(request.verb, as_json=chosen.as_json) as progress:
                ask = functools.partial(model.ask, progress=progress, timeout=time_for(where))
                result, answered = _ask(ask, asked, images)
        title = f"{request.verb} of {given['model']}"
        answer = answer_of(result, answered.images, title=title, drawing=drawing)
        deliver(answer, to, as_json=chosen.as_json, command=request.verb)
        if result.failed or not answered.is_complete:
            raise typer.Exit(EXIT_INCOMPLETE)

    return with_signature(run, parameters, name=request.verb, doc=escape(description_of(request)))


def _ask(ask: Callable[[Any], Any], request: Request[Any], images: Sequence[Path]) -> tuple[Result, Answered]:
    if isinstance(request, ImagesRequest) and images:
        return ask_about(request, images, ask)
    return ask(request), Answered(images=images, is_complete=True)


def _require_drawable(model: Model, to: Destination | None, request: Request[Any]) -> None:
    """Raise InvalidInputError where a picture is wanted of what this model's answers cannot show."""
    if to is None or to.suffix not in PICTURES:
        return
    kind = result_kind(type(request))
    why = ""
    if issubclass(kind, Maps | Sweep) and model.info.input.layout == "NC":
        why = ": the model's input is a flat vector, no picture"
    elif issubclass(kind, Predictions) and not any(one.meaning in DRAWN for one in model.info.outputs):
        why = ": the model answers neither boxes nor classes of places"
    if why:
        forms = [form for form in forms_of(request) if form not in PICTURES]
        raise no_form(to.path, who=who(to.path, request.verb), forms=forms, field="output", why=why)


def read_request(
    request: type[Request[Any]], given: Mapping[str, Any], *, images: Sequence[Path], where: WhereOptions
) -> Request[Any]:
    """Return a request from what was typed."""
    values = read_fields(request, given)
    if values.get(OPTIONS) and "method" not in given:
        values[OPTIONS] = {name: _read_text(text) for name, text in values[OPTIONS].items()}
        values[OPTIONS] |= _models(values[OPTIONS], where)
    elif values.get(OPTIONS):
        methods = {info.name: info for info in known_methods(where)}
        method = given["method"]
        if method not in methods:
            raise unknown_name("attribution method", method, methods, field="method")
        values[OPTIONS] = read_method_options(values[OPTIONS], method=methods[method])
    values |= _models(values, where)
    own = {one.name for one in own_fields(request)}
    for one in target_fields(request):
        options = {
            name: value for name, value in given.items() if name not in own and value not in (None, [])
        }
        chosen = filled(TargetOptions, options)
        if chosen != TargetOptions():  # else the verb's own default holds
            targets = read_targets(chosen)
            if one.take is not as_targets and len(targets) > 1:
                raise InvalidInputError(
                    f"{request.verb} explains one class; --class is given {len(targets)} times."
                )
            values[one.name] = targets if one.take is as_targets else targets[0]
    if takes_images(request):
        values["images"] = list(images)
        pairs = read_pairs(given.get("inputs") or (), option="--input", shape="NAME=FILE.npy")
        values["inputs"] = {name: read_array(Path(path)) for name, path in pairs.items()}
    return request(**values)


def _read_text(text: str) -> Any:
    """Return an option whose verb reads texts itself; of a .npy file the array."""
    return read_array(Path(text)) if is_array_file(Path(text)) else text


def _models(values: Mapping[str, Any], where: WhereOptions) -> dict[str, list[str]]:
    """Return other models that were named, with its files, sorted, for a folder; on a service they are ids."""
    if where.server is not None or "models" not in values:
        return {}
    given = values["models"]
    found: list[str] = []
    for text in given.split(",") if isinstance(given, str) else given:
        files = sorted(Path(text).glob("*.onnx")) if Path(text).is_dir() else []
        # A folder with one file is a model, perhaps with its weights beside it.
        found += [str(path) for path in files] if len(files) > 1 else [text]
    return {"models": found}
