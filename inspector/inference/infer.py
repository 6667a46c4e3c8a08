"""ModelInfer: what ONNX Runtime computes of one tensor, or of pictures prepared as the model asks; layers by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from inspector.engine.engine import Engine
from inspector.engine.run import Run, joined
from inspector.errors import (
    InspectorError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    join_fields,
    unknown_name,
)
from inspector.face.local import in_sizes_that_run
from inspector.face.time_limit import in_time
from inspector.inference.inference_service_pb2 import InferParameter, ModelInferRequest, ModelInferResponse
from inspector.inference.naming import VERSION
from inspector.inference.tensors import MAX_PICTURES, PICTURES, values_of
from inspector.methods.prepared import prepared
from inspector.methods.room import require_layers_fit
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.control import Control
from inspector.types.dtypes import datatype_of, held_by
from inspector.wire.counts import require_few
from inspector.wire.tensors import array_to_bytes

MAX_OUTPUTS = 1000
"""In one request."""

_REFUSED: tuple[str, ...] = (
    "classification",
    "shared_memory_region",
    "shared_memory_offset",
    "shared_memory_byte_size",
)
_REFUSED_OF_REQUESTS: tuple[str, ...] = ("sequence_id", "sequence_start", "sequence_end")
"""Parameters that ask for other answers than are given here; those that are not known are ignored."""


def infer(
    engine: Engine,
    request: ModelInferRequest,
    *,
    control: Control | None = None,
    most_pictures: int = MAX_PICTURES,
    gives_layers: bool = True,
) -> ModelInferResponse:
    """Return the outputs that are asked for, by default all that hold numbers, as ONNX Runtime computes them.

    A tensor of the input's own datatype and shape is fed as it is, in one run if its activations fit, else in several
    where that changes nothing. A tensor of BYTES holds encoded pictures, prepared as the model asks; what is assumed
    of how is told by the response's parameters (`note_ID`).

    Raises InvalidInputError and NotFoundError with the field of the request, PermissionDeniedError for a layer where
    none are given, LimitExceededError, CancelledError, and EngineError where ONNX Runtime fails.
    """
    engine.require_open()
    _require_plain(request)
    wanted = _wanted(engine.model, request)
    if not gives_layers:
        _require_own(engine.model, wanted)
    tensor = _only_input(engine.model, request)
    values = values_of(request)[0]
    with in_time(control or Control()) as timed:
        timed.cancellation.raise_if_cancelled()
        if isinstance(values, list):
            require_few(len(values), most=most_pictures, field="inputs[0].shape")
            found, notes = in_sizes_that_run(
                engine, lambda run: (_of_pictures(run, values, wanted), run.notes), control=timed
            )
        else:
            fitting = _fitting(engine.model, values, tensor.datatype)
            found, notes = _of_tensor(Run(engine, control=timed), fitting, wanted), ()
        timed.require_room(sum(array.nbytes for array in found), what="The outputs")
    response = ModelInferResponse(
        model_name=request.model_name,
        model_version=VERSION,
        id=request.id,
        parameters={f"note_{note.id}": InferParameter(string_param=note) for note in notes},
    )
    for name, array in zip(wanted, found, strict=True):
        datatype, raw = array_to_bytes(array)
        response.outputs.add(name=name, datatype=datatype, shape=array.shape)
        response.raw_output_contents.append(raw)
    return response


def _require_plain(request: ModelInferRequest) -> None:
    """Raise InvalidInputError for parameters that ask for what is not done here."""
    tensors = [(f"inputs[{index}]", one.parameters) for index, one in enumerate(request.inputs)]
    tensors += [(f"outputs[{index}]", one.parameters) for index, one in enumerate(request.outputs)]
    places = [("", request.parameters, _REFUSED_OF_REQUESTS)]
    places += [(place, parameters, _REFUSED) for place, parameters in tensors]
    for place, parameters, refused in places:
        for name in refused:
            if name in parameters:
                raise InvalidInputError(
                    f"The parameter {name!r} is not for this server: tensors travel in the message, whole, and calls "
                    "do not depend on each other. Leave it out.",
                    reason="UNKNOWN_OPTION",
                    field=join_fields(place, f"parameters[{name}]"),
                )


def _wanted(model: OnnxModel, request: ModelInferRequest) -> dict[str, str]:
    """Return the tensor of each name that is asked for: an output's, or a layer's."""
    require_few(len(request.outputs), most=MAX_OUTPUTS, field="outputs")
    own = {output.name: output.name for output in model.outputs}
    if not request.outputs:
        return own
    wanted: dict[str, str] = {}
    for index, asked in enumerate(request.outputs):
        field = f"outputs[{index}].name"
        if asked.name in wanted:
            raise InvalidInputError(f"The output {asked.name[:200]!r} is asked for twice.", field=field)
        wanted[asked.name] = own.get(asked.name) or _layer(model, asked.name, field=field)
    return wanted


def _require_own(model: OnnxModel, wanted: Mapping[str, str]) -> None:
    """Raise PermissionDeniedError for what is no output of the model's own."""
    own = {output.name for output in model.outputs}
    for index, (name, tensor) in enumerate(wanted.items()):
        if tensor not in own:
            raise PermissionDeniedError(
                f"The output {name[:200]!r} is a layer's; those are for callers with the role 'inspect'. Ask whoever "
                "runs the server.",
                reason="ROLE_MISSING",
                field=f"outputs[{index}].name",
            )


def _layer(model: OnnxModel, name: str, *, field: str) -> str:
    if not model.has_layer(name):
        names = [*(output.name for output in model.outputs), *(layer.name for layer in model.layers)]
        raise unknown_name("output", name, set(names), field=field)
    return model.layer(name).output


def _only_input(model: OnnxModel, request: ModelInferRequest) -> ModelInferRequest.InferInputTensor:
    if not request.inputs:
        raise InvalidInputError(
            f"There is no input; give {model.input.name!r}.", reason="MISSING", field="inputs"
        )
    for index, tensor in enumerate(request.inputs):
        if tensor.name != model.input.name:
            raise NotFoundError(
                f"There is no input {tensor.name[:200]!r}; this model has one, {model.input.name!r}.",
                reason="UNKNOWN_INPUT",
                field=f"inputs[{index}].name",
            )
        if index:
            raise InvalidInputError(
                f"The input {tensor.name!r} is given twice.", field=f"inputs[{index}].name"
            )
    return request.inputs[0]


def _fitting(model: OnnxModel, values: Array, datatype: str) -> Array:
    """Return an array as the model takes it; InvalidInputError where its datatype or shape is another."""
    one = model.input
    if datatype != datatype_of(one.dtype):
        raise InvalidInputError(
            f"The datatype of {one.name!r} is {datatype}; the model takes {datatype_of(one.dtype)}, or encoded "
            f"pictures as {PICTURES}.",
            reason="UNKNOWN_DATATYPE",
            field="inputs[0].datatype",
        )
    declared = ["any" if not isinstance(size, int) else size for size in one.shape]
    if values.ndim != len(one.shape) or any(
        isinstance(size, int) and size != given for size, given in zip(one.shape, values.shape, strict=True)
    ):
        raise InvalidInputError(
            f"The shape of {one.name!r} is {list(values.shape)}; the model takes [{', '.join(map(str, declared))}] "
            f"({one.layout}).",
            reason="INVALID_SHAPE",
            field="inputs[0].shape",
        )
    if values.size == 0:
        raise InvalidInputError(
            f"The shape of {one.name!r} is {list(values.shape)}: there is nothing in it.",
            reason="INVALID_SHAPE",
            field="inputs[0].shape",
        )
    held = held_by(values, one.dtype)
    return values if held is None else held


def _of_tensor(run: Run, values: Array, wanted: Mapping[str, str]) -> list[Array]:
    """Return what is wanted of one tensor: in one run, unless its images are too many and do not mind parting."""
    engine = run.engine
    x = values[None] if engine.model.input.batch_axis is None else values
    names = tuple(dict.fromkeys(wanted.values()))
    _require_layers_fit(run, wanted, images=len(x))
    most = engine.largest_batch(x.shape[1:])
    if engine.model.input.batch is not None or len(x) <= most:
        found = engine.fetch(x, names, cancellation=run.control.cancellation)
        return [found[name].numpy() for name in wanted.values()]
    if engine.company(x.shape[1:], names) is not None:
        raise LimitExceededError(
            f"The batch has {len(x)} images; {most} fit into one run of this model, whose outputs depend, or may, on "
            "the whole batch. Send a smaller one.",
            field="inputs[0].shape",
        )
    chunks = ((range(at, min(at + most, len(x))), x[at : at + most]) for at in range(0, len(x), most))
    return _of_runs(run, chunks, wanted, image=x.shape[1:])


def _of_pictures(run: Run, pictures: Sequence[bytes], wanted: Mapping[str, str]) -> list[Array]:
    """Return what is wanted of pictures, each as of itself alone."""
    if not pictures:
        raise InvalidInputError(
            "There is no picture; give at least one.", reason="MISSING", field="inputs[0].shape"
        )
    with _about_pictures():
        x = prepared(run, list(pictures)).values
    _require_layers_fit(run, wanted, images=len(x))
    names = tuple(dict.fromkeys(wanted.values()))
    return _of_runs(run, run.engine.batches(x, names), wanted, image=x.shape[1:])


def _of_runs(
    run: Run, chunks: Iterator[tuple[range, Array]], wanted: Mapping[str, str], *, image: tuple[int, ...]
) -> list[Array]:
    """Return tensors of all images of several runs, as of one run of them all."""
    engine, plan = run.engine, run.engine.plan(image)
    parts: dict[str, list[Array]] = {name: [] for name in wanted.values()}
    for images, chunk in chunks:
        found = engine.fetch(chunk, tuple(parts), cancellation=run.control.cancellation)
        for name, tensor in found.items():
            parts[name].append(engine.parts(name, tensor, chunk, images=len(images)))
    return [
        plan.of(tensor).join(joined(name, parts[tensor], field="inputs[0]"))
        for name, tensor in wanted.items()
    ]


@contextmanager
def _about_pictures() -> Iterator[None]:
    """Let an error about one of the images name the element of the tensor."""
    try:
        yield
    except InspectorError as error:
        if error.field is not None:
            error.field = f"inputs[0]{error.field.removeprefix('images')}"
        raise


def _require_layers_fit(run: Run, wanted: Mapping[str, str], *, images: int) -> None:
    layers = [run.engine.model.layer_giving(tensor) for tensor in wanted.values()]
    require_layers_fit(run, [layer for layer in layers if layer is not None], images=images)
