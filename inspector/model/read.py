"""Reads a model: a file, a folder or bytes to a validated OnnxModel."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import onnx
import onnx_ir as ir

from inspector.errors import InvalidInputError, InvalidModelError, NotFoundError
from inspector.model.checks.external_data import check_external_data
from inspector.model.checks.limits import Limits
from inspector.model.checks.net import understanding
from inspector.model.checks.operators import check_operators
from inspector.model.checks.types import check_declared, check_types
from inspector.model.checks.validate import validate
from inspector.model.facts_of import facts_of, first_late
from inspector.model.file_facts import FileFacts
from inspector.model.heads.find import find_heads
from inspector.model.heads.head import Heads
from inspector.model.inputs import describe_input, find_image_input
from inspector.model.layers import build_layers, find_codes
from inspector.model.outline import outline_of
from inspector.model.preprocessing.find import find_preprocessing, overridden, require_fitting
from inspector.model.preprocessing.labels import find_labels, labels_given, written_labels
from inspector.model.preprocessing.sources.finding import PartFound
from inspector.model.preprocessing.sources.graph import from_graph
from inspector.model.preprocessing.sources.layouts import said_layouts
from inspector.model.protobuf import check_size, parse_model
from inspector.model.readers import Reader, find_reader
from inspector.model.receptive.trace import one_image_shapes, trace_fields
from inspector.model.rewriting.bounds import flatten_bounds
from inspector.model.rewriting.branches import fold_branches
from inspector.model.rewriting.declared_constants import declare_constants
from inspector.model.rewriting.functions import inline_functions
from inspector.model.rewriting.fused import open_fused
from inspector.model.rewriting.hold import hold_tensors
from inspector.model.rewriting.training import part_statistics
from inspector.model.rewriting.zip_maps import open_maps
from inspector.model.shapes.infer import declared_shape, infer_shapes, standard_opset
from inspector.model.spec import OnnxModel
from inspector.types.dtypes import Dtype
from inspector.types.given import as_labels
from inspector.types.layers import Output, Shape
from inspector.types.layouts import of_one
from inspector.types.preprocessing import Preprocessing, PreprocessingLike
from inspector.types.regular_files import open_beside, open_given
from inspector.types.results.model_info import ImageInput
from inspector.types.sources import ModelSource, as_source

CHUNK = 2**20


def read_model(
    source: ModelSource,
    *,
    name: str | None = None,
    limits: Limits | None = None,
    preprocessing: Preprocessing | PreprocessingLike | None = None,
    labels: Sequence[str] | None = None,
    layout: str | None = None,
) -> OnnxModel:
    """Return the model in a .onnx file, in a folder with exactly one, or in bytes.

    `layout`, or that of `preprocessing`, says which axis of the input is which. `preprocessing` replaces what is found
    in or beside the file; a mapping replaces only its keys, and a string is the name of a preset. `labels` are the
    names of the classes. InvalidModelError says what is wrong with the model, LimitExceededError which limit it
    crosses.
    """
    with understanding():
        return _read_model(
            source,
            name=name,
            limits=limits or Limits(),
            preprocessing=preprocessing,
            labels=labels,
            layout=layout,
        )


def _read_model(
    source: ModelSource,
    *,
    name: str | None,
    limits: Limits,
    preprocessing: Preprocessing | PreprocessingLike | None,
    labels: Sequence[str] | None,
    layout: str | None,
) -> OnnxModel:
    given = as_source(source)
    if isinstance(given, bytes):
        path, data = None, given
    else:
        path = _model_file(given)
        data = _read(path, limits)
    folder = path.parent if path else None
    with ThreadPoolExecutor(1) as beside:  # hashing leaves the interpreter to others
        digest = beside.submit(hashlib.sha256, data)
        proto, files, facts = _parse(data, folder, limits)
    sha256 = _with_files(digest.result(), files)
    size = len(data) + sum(file.stat().st_size for file in files)
    del data, source, given  # as large as all weights: from here on the arrays are the only copy
    declared, other_inputs = find_image_input(proto)
    folded = fold_branches(proto, declared.name)
    opened = open_fused(proto) and inline_functions(proto, limits=limits)
    parted, zipped = part_statistics(proto), open_maps(proto)
    if folded or opened or parted or zipped:
        validate(proto, limits=limits)
    graph = _deserialize(proto)
    hold_tensors(graph, folder)
    flatten_bounds(graph)
    has_batch, (shapes, dtypes) = _checked_shapes(proto, graph, declared.name, limits)
    opset = standard_opset(proto)
    reader = find_reader(
        graph.graph, declared.name, declared_shape(declared) or (), shapes, opset=opset, limits=limits
    )
    said = _one_layout(layout, preprocessing)
    if said is None:
        image_input = _as_files_say(declared, reader, graph, folder, limits)
    else:
        image_input = describe_input(declared, reader, told=said)
    if has_batch != (image_input.batch_axis is not None):
        shapes, dtypes = infer_shapes(proto, declared.name, limits=limits, has_batch=not has_batch)
        check_operators(graph, shapes)
    fields = trace_fields(graph.graph, image_input, shapes, opset=opset, limits=limits)
    shapes = one_image_shapes(shapes, fields)
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
        names=as_labels(labels) or written_labels(metadata, limits=limits) or zipped,
    )
    classes, has_background = _classes(heads)
    front = from_graph(graph, image_input, shapes)
    return OnnxModel(
        ir=graph,
        outline=outline_of(proto),
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
        fields=fields,
        preprocessing=_preprocessing(preprocessing, graph, image_input, folder, front=front, limits=limits),
        takes=front.takes if front else None,
        labels=labels_given(labels, classes=classes, has_background=has_background)
        or find_labels(
            metadata, folder, zipped, classes=classes, has_background=has_background, limits=limits
        ),
        limits=limits,
        other_inputs=other_inputs,
        file=facts,
    )


def _checked_shapes(
    proto: onnx.ModelProto, graph: ir.Model, image: str, limits: Limits
) -> tuple[bool, tuple[Mapping[str, Shape], Mapping[str, str]]]:
    """Return whether an input's first axis may be the batch, and the shapes and dtypes by that.

    Where a first axis of free size must not be 1, as a batch of one image is, it may be none. InvalidModelError where
    the operators do not fit together either way.
    """
    found = infer_shapes(proto, image, limits=limits)
    check_types(proto, found[1])
    check_declared(proto, found[1])
    try:
        check_operators(graph, found[0])
    except InvalidModelError:
        found = infer_shapes(proto, image, limits=limits, has_batch=False)
        check_operators(graph, found[0])
        return False, found
    return True, found


def _one_layout(layout: str | None, preprocessing: Preprocessing | PreprocessingLike | None) -> str | None:
    """Return the layout that the caller says, by itself or in a preprocessing; InvalidInputError for two of them."""
    in_spec = None
    if isinstance(preprocessing, Preprocessing):
        in_spec = preprocessing.layout
    elif isinstance(preprocessing, Mapping) and isinstance(preprocessing.get("layout"), str):
        in_spec = preprocessing["layout"]
    if layout is not None and in_spec not in (None, layout):
        raise InvalidInputError(
            f"layout is {layout!r}, and that of the preprocessing {in_spec!r}; give one of them.",
            field="layout",
        )
    return in_spec if layout is None else layout


def _as_files_say(
    declared: onnx.ValueInfoProto, reader: Reader | None, graph: ir.Model, folder: Path | None, limits: Limits
) -> ImageInput:
    """Describe the image input with the layout that a file says; InvalidModelError where the graph contradicts it."""
    rank = len(declared_shape(declared) or ())
    for source, layout in said_layouts(graph.metadata_props, folder, limits=limits):
        try:  # these files have words for images with a batch axis only
            return describe_input(
                declared, reader, told=of_one(layout) if rank == len(layout) - 1 else layout
            )
        except InvalidInputError as error:
            raise InvalidModelError(f"{source}: {error.message}") from error
    return describe_input(declared, reader, told=None)


def _model_file(path: Path) -> Path:
    """Return the .onnx file at `path`, or the only one in the folder `path`."""
    try:
        path = path.expanduser()
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, a home that nobody has
        raise NotFoundError(
            f"There can be no model file {_shown(path)}: {error}.", reason="MODEL_NOT_FOUND", field="source"
        ) from error
    if is_folder:
        found = sorted(item for item in path.glob("*.onnx") if not item.is_dir())
        if len(found) != 1:
            listed = ", ".join(item.name for item in found[:8]) or "none"
            raise InvalidModelError(
                f"The folder {path.absolute().name[:200]!r} must hold exactly one .onnx file; it holds {len(found)}: "
                f"{listed}. Give the file."
            )
        return found[0].absolute()
    if not is_there:
        raise NotFoundError(
            f"There is no model file {_shown(path)}.", reason="MODEL_NOT_FOUND", field="source"
        )
    return path.absolute()


def _shown(path: Path) -> str:
    return repr(str(path)[:200])


def _read(path: Path, limits: Limits) -> bytes:
    try:
        with open_given(path) as file:
            check_size(os.fstat(file.fileno()).st_size, limits=limits)
            return file.read()
    except OSError as error:
        raise InvalidModelError(f"The model {path.name[:200]!r} cannot be read: {error.strerror}.") from error


def _parse(
    data: bytes, folder: Path | None, limits: Limits
) -> tuple[onnx.ModelProto, tuple[Path, ...], FileFacts]:
    """Return the checked message, the files of its external data, none of which has been read, and what it says."""
    proto = parse_model(data, limits=limits)
    files = check_external_data(proto, folder=folder, limits=limits)
    late = first_late(proto.graph)
    validate(proto, limits=limits)
    facts = facts_of(proto, late=late, limits=limits)
    declare_constants(proto)
    if inline_functions(proto, limits=limits):
        validate(proto, limits=limits)
    return proto, files, facts


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


def _classes(heads: Heads) -> tuple[int | None, bool]:
    """Return the number of classes of the output that says some, and whether one is the background, without a name."""
    head = heads.heads[heads.default] if heads.default is not None else None
    return (None, False) if head is None else (head.classes, head.background is not None)


def _preprocessing(
    given: Preprocessing | PreprocessingLike | None,
    model: ir.Model,
    image_input: ImageInput,
    folder: Path | None,
    *,
    front: PartFound | None,
    limits: Limits,
) -> Preprocessing:
    if isinstance(given, Preprocessing):
        result = given
    else:
        found = find_preprocessing(model, image_input, folder, graph=front, limits=limits)
        if given is None:
            return found
        result = overridden(found, given, by="given by the caller")
    require_fitting({"mean": result.mean, "std": result.std}, image_input)
    return replace(result, layout=image_input.layout)


def _with_files(digest: hashlib._Hash, files: Sequence[Path]) -> str:
    """Return the SHA-256 of what was hashed so far, the file, followed by the files of its external data."""
    for file in files:
        with open_beside(file) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
