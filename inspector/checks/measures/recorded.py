"""Recorded answers beside those of today: which recorded tensor is which of the model, and what it gives now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspector.checks.collect import as_numbers, collected
from inspector.checks.examination import Examination
from inspector.errors import InvalidInputError
from inspector.types.arrays import Array
from inspector.types.golden import LAYER
from inspector.types.requests.check import EXPECTED
from inspector.types.results.report import SubjectKind

RENAMED = "golden_renamed"
UNRECORDED = "golden_unrecorded"


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorded:
    """One tensor as it was recorded, and as the model gives it today."""

    name: str
    """Under which it was recorded."""
    tensor: str
    """Of the model."""
    subject: str
    """The output's or the layer's name in the model."""
    kind: SubjectKind
    operator: str
    shape: tuple[int, ...]
    """That was recorded of one image."""
    expected: Array
    """(N, …), in the shape of `found` where only axes of size 1 differ; codes as the real values they stand for."""
    found: Array | None
    """(N, …) of the same shape; None where it has other sizes."""
    shapes: tuple[tuple[int, ...], ...]
    """The shapes, of one image, that the model gives."""

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers, such as those of classes, which are not near to each other."""
        return self.expected.dtype.kind != "f" or (self.found is not None and self.found.dtype.kind != "f")

    @property
    def label(self) -> str:
        """What it is called in sentences."""
        also = "" if self.name == self.subject else f" (recorded as {self.name!r})"
        return f"{self.kind} {self.subject!r}{also}"

    def images(self) -> Iterator[tuple[int, Array, Array]]:
        """Yield (which image, what was recorded, what is found), in float64 and without axes but one."""
        if self.found is not None:
            for index, (expected, found) in enumerate(zip(self.expected, self.found, strict=True)):
                yield index, _flat(expected), _flat(found)


def _flat(values: Array) -> Array:
    return np.asarray(values, np.float64).reshape(-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """All that was recorded, beside what the model gives."""

    tensors: tuple[Recorded, ...]
    """Outputs as the model has them in order, then layers in graph order."""
    missing: tuple[str, ...]
    """Recorded outputs that the model does not have."""


def recording(examination: Examination) -> Recording:
    """Return recorded answers beside those of the model, on all images.

    InvalidInputError where what was recorded is none of this model's, or of another number of images.
    """
    run, model = examination.run, examination.model
    expected = {name: np.asarray(values) for name, values in examination.expected.items()}
    layers = {}
    for name in expected:
        if name.startswith(LAYER) and model.has_layer(name.removeprefix(LAYER)):
            layers[name] = model.layer(name.removeprefix(LAYER))
    outputs = [output.name for output in model.outputs]
    tensors = tuple(dict.fromkeys([*outputs, *(layer.output for layer in layers.values())]))
    found = collected(run, examination.prepared(), tensors)
    images = sum(map(len, found[tensors[0]]))
    wanted = {
        name: _of_images(name, values, images, _shapes(found.get(name, [])))
        for name, values in expected.items()
        if not name.startswith(LAYER)
    }
    pairs = _paired(examination, wanted, {name: found[name] for name in outputs})
    missing = tuple(name for name in wanted if name not in pairs)
    if wanted and not pairs:
        raise _of_another_model(missing, wanted, {name: _shapes(found[name]) for name in outputs})
    order = {name: place for place, name in enumerate(outputs)}
    made = [
        _recorded(examination, wanted[name], found[tensor], name=name, subject=tensor, tensor=tensor)
        for name, tensor in sorted(pairs.items(), key=lambda pair: order[pair[1]])
    ]
    place = {layer.name: index for index, layer in enumerate(model.layers)}
    for name, layer in sorted(layers.items(), key=lambda pair: place[pair[1].name]):
        values = _of_images(name, expected[name], images, _shapes(found[layer.output]))
        made.append(
            _recorded(
                examination,
                values,
                found[layer.output],
                name=name.removeprefix(LAYER),
                subject=layer.name,
                tensor=layer.output,
                kind="layer",
                operator=layer.op_type,
            )
        )
    _note_layers(examination, [name for name in expected if name.startswith(LAYER) and name not in layers])
    return Recording(tensors=tuple(made), missing=missing)


def _recorded(
    examination: Examination,
    expected: Array,
    parts: Sequence[Array],
    *,
    name: str,
    subject: str,
    tensor: str,
    kind: SubjectKind = "output",
    operator: str = "",
) -> Recorded:
    shapes, shape = _shapes(parts), expected.shape[1:]
    fits = len(shapes) == 1 and _sizes(shapes[0]) == _sizes(shape)
    if fits:
        expected = expected.reshape(len(expected), *shapes[0])
    codes = examination.model.codes.get(tensor)
    if fits and codes is not None and expected.dtype.kind in "iu":
        expected = codes.real(expected)
    return Recorded(
        name=name,
        tensor=tensor,
        subject=subject,
        kind=kind,
        operator=operator,
        shape=shape,
        expected=expected,
        found=as_numbers(np.concatenate(parts)) if fits else None,
        shapes=shapes,
    )


def _sizes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sizes that hold values apart: all but 1."""
    return tuple(size for size in shape if size != 1)


def _shapes(parts: Sequence[Array]) -> tuple[tuple[int, ...], ...]:
    return tuple(dict.fromkeys(part.shape[1:] for part in parts))


def _of_images(name: str, values: Array, images: int, shapes: tuple[tuple[int, ...], ...]) -> Array:
    """Return what was recorded with an axis of images; InvalidInputError where it is of another number of them."""
    if images == 1 and values.shape in shapes and values.shape[:1] != (1,):
        return values[None]
    if values.ndim and len(values) == images:
        return values
    raise InvalidInputError(
        f"Of {name!r} there are recorded answers of shape {values.shape}, and there are {images} images: give (N, …), "
        "an answer per image, in the images' order.",
        reason="GOLDEN_COUNT",
        field=f"options[{EXPECTED}{name}]",
    )


def _paired(
    examination: Examination, expected: Mapping[str, Array], found: Mapping[str, Sequence[Array]]
) -> dict[str, str]:
    """Return the model's outputs by the names under which they were recorded: of the same name, or else of one shape.

    Another export may have named them otherwise; of several of one shape, those that are nearest to each other.
    """
    pairs = {name: name for name in expected if name in found}
    free = [name for name in found if name not in pairs]
    for name in expected:
        fitting = [] if name in pairs else _fitting(expected[name].shape[1:], free, found)
        if fitting:
            pairs[name] = min(fitting, key=lambda one: _distance(expected[name], found[one]))
            free.remove(pairs[name])
            examination.run.note(
                RENAMED, f"What was recorded as {name!r} is the output {pairs[name]!r} here."
            )
    if free and pairs:
        names = ", ".join(map(repr, free[:12]))
        examination.run.note(UNRECORDED, f"Nothing was recorded of {len(free)} outputs: {names}.")
    return pairs


def _fitting(shape: tuple[int, ...], names: Sequence[str], found: Mapping[str, Sequence[Array]]) -> list[str]:
    """Return those of the outputs that have a shape, or where none has, those that have its sizes but 1."""
    exact = [one for one in names if _shapes(found[one]) == (shape,)]
    return exact or [one for one in names if [_sizes(own) for own in _shapes(found[one])] == [_sizes(shape)]]


def _distance(expected: Array, parts: Sequence[Array]) -> float:
    now = np.concatenate(parts).astype(np.float64).reshape(expected.shape)
    away = float(np.mean(np.abs(now - expected.astype(np.float64))))
    return away if np.isfinite(away) else np.inf


def _note_layers(examination: Examination, names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(repr(name.removeprefix(LAYER)) for name in names[:12])
        examination.run.note(
            "golden_layers",
            f"{len(names)} recorded layers are none of this model's, and were left out: {shown}.",
        )


def _of_another_model(
    missing: Sequence[str], expected: Mapping[str, Array], shapes: Mapping[str, tuple[tuple[int, ...], ...]]
) -> InvalidInputError:
    given = ", ".join(f"{name!r} {expected[name].shape[1:]}" for name in missing[:6])
    has = ", ".join(f"{name!r} {' or '.join(map(str, of[:3]))}" for name, of in list(shapes.items())[:6])
    return InvalidInputError(
        f"The recorded answers do not belong to this model: they are of {given} per image, and it gives {has}. Give "
        "those that were recorded of it, or record them anew with `inspector record`.",
        reason="GOLDEN_OF_ANOTHER_MODEL",
        field="options",
    )
