"""Shapes and types that a file declares, and the runtime does not give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.copies import copies
from inspector.checks.measures.sample import sample
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.types.layers import Dim, Shape, shape_text
from inspector.types.results.report import SubjectKind

Known = Mapping[str, tuple[int, tuple[int, ...]]]
"""By tensor, how many images ran, and its shape then."""


@rule(
    "declared-shapes",
    family="validity",
    severity="warning",
    rationale="Servers and compilers allocate by what a file declares: where the runtime gives another shape or type "
    "they refuse the model or its answer, or read it wrongly.",
    mend="Infer them again (`onnx.shape_inference.infer_shapes`) after removing those of graph.value_info and "
    "graph.output, or export again.",
)
def declared_shapes(examination: Examination, *, within: bool = True) -> Iterator[Found]:
    """Find outputs and, unless `within` is false, tensors within the graph of another shape or type than is declared.

    Of another type are constants alone: of other tensors no runtime loads that.
    """
    model = examination.model
    yield from several(_of_another_type(examination, within=within))
    found = examination.measured(copies)
    if not found.shapes:
        raise SkippedError("the model does not run.")
    most = 2 if 2 in found.shapes else min(found.shapes)
    known: dict[str, tuple[int, tuple[int, ...]]] = {}
    if within:
        known |= _inner(examination, most=most)
    known |= {name: (most, shape) for name, shape in found.shapes[most].items()}
    yield from several(
        _compared(examination, known, sizes=dict(_input_sizes(model.input.shape, found.image, most)))
    )


def _of_another_type(examination: Examination, *, within: bool) -> Iterator[Found]:
    model = examination.model
    outputs = {output.name for output in model.outputs}
    for name, declared in model.file.declared.items():
        found = model.dtypes.get(name)
        if declared.dtype in (None, found) or found is None or not (within or name in outputs):
            continue
        kind: SubjectKind = "output" if name in outputs else "tensor"
        yield Found(
            subject=name,
            kind=kind,
            message=f"{kind.capitalize()} {name!r} is declared as {declared.dtype}, and is {found}.",
            measured=found,
            allowed=declared.dtype or "",
        )


def _inner(examination: Examination, *, most: int) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Return the shapes of tensors in a run as far as they are numbers: of a fixed batch, or of `most` images.

    Of one image where its values may depend on the others: then nobody knows how they would stand together.
    """
    engine, model = examination.run.engine, examination.model
    image = examination.measured(sample)
    shapes = engine.shapes_for(image, [output.name for output in model.outputs])
    plan, usual = engine.plan(image.shape[1:]), model.input.batch or 1
    known = {}
    for name, shape in shapes.items():
        sizes = [size for size in shape if isinstance(size, int)]
        if len(sizes) < len(shape) or name not in model.fields:
            continue
        place, count = plan.of(name), usual
        axis = place.axis if model.input.batch is None and place.is_separate else None
        if axis is not None and place.fits(tuple(sizes), 1):
            sizes[axis], count = sizes[axis] * most, most
        known[name] = (count, tuple(sizes))
    return known


def _input_sizes(declared: Shape, image: tuple[int, ...], batch: int) -> Iterator[tuple[str, int]]:
    """Yield the sizes that the input's symbols have in a run."""
    real = (batch, *image) if len(declared) > len(image) else image
    for dim, size in zip(declared, real, strict=True):
        if isinstance(dim, str):
            yield dim, size


def _compared(examination: Examination, known: Known, *, sizes: Mapping[str, int]) -> Iterator[Found]:
    file, model = examination.model.file, examination.model
    outputs = {output.name for output in model.outputs}
    first = model.input.shape[0] if model.input.batch_axis is not None else None
    for name in sorted(known, key=lambda one: one not in outputs):
        declared = file.declared[name].shape if name in file.declared else None
        if declared is None:
            continue
        count, shape = known[name]
        of_run = {**sizes, first: count} if isinstance(first, str) else dict(sizes)
        if _differs(declared, shape, of_run):
            kind: SubjectKind = "output" if name in outputs else "tensor"
            images = f"{count} image{'s' if count > 1 else ''}"
            yield Found(
                subject=name,
                kind=kind,
                message=f"{kind.capitalize()} {name!r} is declared as {_text(declared)}, and is {_text(shape)} for "
                f"{images}.",
                measured=_text(shape),
                allowed=_text(declared),
            )


def _differs(declared: Shape, shape: tuple[int, ...], sizes: Mapping[str, int]) -> bool:
    """Return whether a shape is none that was declared; symbols that the input does not have may be any size."""

    def fits(dim: Dim, size: int) -> bool:
        allowed = sizes.get(dim, size) if isinstance(dim, str) else dim
        return allowed is None or allowed == size

    return len(declared) != len(shape) or not all(map(fits, declared, shape))


def _text(shape: Shape) -> str:
    return shape_text(shape) or "a scalar"
