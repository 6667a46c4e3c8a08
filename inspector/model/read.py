"""Reads a model: a file, a folder or bytes to a validated OnnxModel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir

from inspector.errors import InvalidInputError, InvalidModelError, NotFoundError
from inspector.model.checks.external_data import check_external_data
from inspector.model.checks.limits import Limits
from inspector.model.checks.operators import check_operators
from inspector.model.checks.validate import validate
from inspector.model.heads.find import find_heads
from inspector.model.heads.head import Heads
from inspector.model.inputs import find_image_input
from inspector.model.layers import build_layers, find_codes
from inspector.model.preprocessing.find import find_preprocessing
from inspector.model.preprocessing.labels import find_labels, written_labels
from inspector.model.preprocessing.sources.sidecars import triton_layout
from inspector.model.protobuf import check_size, parse_model
from inspector.model.receptive.trace import one_image_shapes, trace_fields
from inspector.model.rewriting.branches import fold_branches
from inspector.model.rewriting.functions import inline_functions
from inspector.model.rewriting.fused import open_fused
from inspector.model.rewriting.hold import hold_tensors
from inspector.model.shapes.infer import declared_shape, infer_shapes, standard_opset
from inspector.model.spec import OnnxModel
from inspector.types.dtypes import Dtype
from inspector.types.layers import Output, Shape
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.model_info import ImageInput

CHUNK = 2**20


def read_model(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    limits: Limits | None = None,
    preprocessing: Preprocessing | Mapping[str, Any] | None = None,
    labels: Sequence[str] | None = None,
) -> OnnxModel:
    """Return the model in a .onnx file, in a folder with exactly one, or in bytes.

    `preprocessing` replaces what is found in or beside the file; a mapping replaces only its keys. `labels`
    are the names of the classes. InvalidModelError says what is wrong with the model, LimitExceededError
    which limit it crosses.
    """
    limits = limits or Limits()
    if isinstance(source, bytes):
        path, data = None, source
    else:
        path = _model_file(Path(source))
        data = _read(path, limits)
    folder = path.parent if path else None
    proto, files = _parse(data, folder, limits)
    sha256, size = _digest(data, files), len(data) + sum(file.stat().st_size for file in files)
    del data, source  # as large as all weights: from here on the arrays are the only copy
    image_input, other_inputs = find_image_input(proto, layout=triton_layout(folder, limits=limits))
    folded = fold_branches(proto, image_input.name)
    opened = open_fused(proto) and inline_functions(proto, limits=limits)
    if folded or opened:
        validate(proto, limits=limits)
    graph = _deserialize(proto)
    hold_tensors(graph, folder)
    shapes, dtypes = infer_shapes(proto, image_input.name, limits=limits)
    check_operators(graph, shapes)
    opset = standard_opset(proto)
    fields = trace_fields(graph.graph, image_input, shapes, opset=opset)
    shapes = one_image_shapes(shapes, fields, image_input.batch)
    outputs = _outputs(proto, shapes, dtypes)
    codes = find_codes(graph, image_input.name, dtypes)
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    heads = find_heads(
        graph,
        image_input,
        outputs,
        shapes=shapes,
        roles={name: field.roles for name, field in fields.items()},
        metadata=metadata,
        names=tuple(labels) if labels else written_labels(metadata),
    )
    classes = _classes(heads)
    return OnnxModel(
        ir=graph,
        name=name or (path.stem if path else proto.graph.name or "model"),
        sha256=sha256,
        size=size,
        opset=opset,
        folder=folder,
        input=image_input,
        outputs=_meaning(outputs, heads),
        heads=heads,
        layers=build_layers(graph, image_input, shapes, dtypes, fields, codes),
        codes=codes,
        shapes=shapes,
        dtypes=dtypes,
        preprocessing=_preprocessing(preprocessing, graph, image_input, folder, limits),
        labels=_labels(labels, classes, has_background=has_background(heads))
        or find_labels(metadata, folder, classes=classes, limits=limits),
        limits=limits,
        other_inputs=other_inputs,
    )


def _model_file(path: Path) -> Path:
    """Return the .onnx file at `path`, or the only one in the folder `path`."""
    path = path.expanduser()
    if path.is_dir():
        found = sorted(item for item in path.glob("*.onnx") if item.is_file())
        if len(found) != 1:
            listed = ", ".join(item.name for item in found[:8]) or "none"
            raise InvalidModelError(
                f"The folder {str(path)!r} must hold exactly one .onnx file; it holds {len(found)}: "
                f"{listed}. Give the file."
            )
        return found[0].absolute()
    if not path.is_file():
        raise NotFoundError(
            f"There is no model file {str(path)!r}.", reason="MODEL_NOT_FOUND", field="source"
        )
    return path.absolute()


def _read(path: Path, limits: Limits) -> bytes:
    try:
        check_size(path.stat().st_size, limits=limits)
        return path.read_bytes()
    except OSError as error:
        raise InvalidModelError(f"The model {path.name!r} cannot be read: {error.strerror}.") from error


def _parse(data: bytes, folder: Path | None, limits: Limits) -> tuple[onnx.ModelProto, tuple[Path, ...]]:
    """Return the checked message and the files of its external data, none of which has been read."""
    proto = parse_model(data, limits=limits)
    files = check_external_data(proto, folder=folder, limits=limits)
    validate(proto, limits=limits)
    if inline_functions(proto, limits=limits):
        validate(proto, limits=limits)
    return proto, files


def _deserialize(proto: onnx.ModelProto) -> ir.Model:
    try:
        return ir.serde.deserialize_model(proto)
    except (
        ir.serde.SerdeError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        NotImplementedError,
    ) as error:
        raise InvalidModelError(f"The graph cannot be built: {_innermost(error)}") from error


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)[:500]


def _outputs(
    proto: onnx.ModelProto, shapes: Mapping[str, Shape], dtypes: Mapping[str, str]
) -> tuple[Output, ...]:
    """Return the tensor outputs; sequences, maps and strings, which converters add for labels, are passed over."""
    outputs = tuple(
        Output(
            name=info.name,
            dtype=Dtype(dtypes.get(info.name, "float32")),
            shape=shapes.get(info.name) or declared_shape(info) or (),
        )
        for info in proto.graph.output
        if info.type.WhichOneof("value") in (None, "tensor_type") and dtypes.get(info.name) != "string"
    )
    if not outputs:
        kinds = ", ".join(f"{info.name!r} ({info.type.WhichOneof('value')})" for info in proto.graph.output)
        raise InvalidModelError(f"No output of the model is a numeric tensor: {kinds}.")
    return outputs


def _meaning(outputs: tuple[Output, ...], heads: Heads) -> tuple[Output, ...]:
    """Return the outputs with what they mean."""
    return tuple(
        replace(one, meaning=head.meaning, part=head.part, classes=head.classes)
        for one in outputs
        for head in (heads.heads[one.name],)
    )


def _classes(heads: Heads) -> int | None:
    """Return the number of classes that have names: of the output that says classes, less a background without one."""
    head = heads.heads[heads.default] if heads.default is not None else None
    return None if head is None else head.classes


def has_background(heads: Heads) -> bool:
    """Return whether one of the classes says that there is nothing, which need not have a name."""
    head = heads.heads[heads.default] if heads.default is not None else None
    return head is not None and head.background is not None


def _labels(
    given: Sequence[str] | None, classes: int | None, *, has_background: bool
) -> tuple[str, ...] | None:
    if not given:
        return None
    if classes is not None and len(given) not in (classes, classes - 1 if has_background else classes):
        raise InvalidInputError(
            f"{len(given)} labels are given; the model has {classes} classes.", field="labels"
        )
    return tuple(given)


def _preprocessing(
    given: Preprocessing | Mapping[str, Any] | None,
    model: ir.Model,
    image_input: ImageInput,
    folder: Path | None,
    limits: Limits,
) -> Preprocessing:
    if isinstance(given, Preprocessing):
        return given
    found = find_preprocessing(model, image_input, folder, limits=limits)
    if given is None:
        return found
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            f"preprocessing is of type {type(given).__name__}; it must be a Preprocessing or a mapping of "
            "its keys.",
            field="preprocessing",
        )
    return found.override(given, source=f"given by the caller: {', '.join(given)}; the rest: {found.source}")


def _digest(data: bytes, files: Sequence[Path]) -> str:
    """Return the SHA-256 of the file, or, with external data, of the file followed by its data files."""
    digest = hashlib.sha256(data)
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
