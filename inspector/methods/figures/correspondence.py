"""Correspondence: how alike features change when the same part is masked (Zeiler & Fergus 2014, §4.3, Table 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run, joined
from inspector.engine.sweeping.sweep import Sweeping
from inspector.engine.sweeping.variants import Variants
from inspector.errors import InvalidInputError, LimitExceededError
from inspector.methods.card import Card
from inspector.methods.color import color_values, over_image
from inspector.methods.figures.boxes import boxes_within, require_boxes
from inspector.methods.figures.correspondence_drawn import Compared, drawn
from inspector.methods.figures.layers import last_layer, named_layers
from inspector.methods.notes import NOT_FINITE
from inspector.methods.paper import paper_figure
from inspector.methods.planes import image_size, layers_with_maps
from inspector.methods.prepared import prepared_parts
from inspector.methods.sets import count_of
from inspector.methods.verbs import answers
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.layouts import batched, space_of, spatial_axes
from inspector.types.requests.correspondence import CorrespondenceRequest
from inspector.types.results.figure import Figure

FEW_PAIRS = "few_pairs"
SPREADS = "spreads"

_ROUNDING = 8
"""Differences of no more than so many of the type's smallest steps beside the largest feature are rounding, and 0."""
_MOST_BYTES = 1 << 30
"""Of the signs that are kept."""
_MOST_RANDOM = 1000
"""Boxes that are drawn by chance."""

_CARD = Card(
    formula="ε_i = x_i − x̃_i, the features of image i minus those of it with the part masked; Δ = Σ_{i≠j} H(sign ε_i, "
    "sign ε_j) with H the Hamming distance; normalized: the mean per pair and dimension. sign 0 is a value of its own.",
    source="Zeiler & Fergus 2014, §4.3, Fig 8 and Table 1, arXiv 1311.2901; how Table 1 is normalized is not said.",
    shows="Whether masking a part changes the features of different images in the same way, more than random boxes do: "
    "then the network holds the part for the same.",
    hides="A feature that the mask does not reach agrees as well, so small boxes and low layers give small values: "
    "compare only with random boxes of the same size. What is behind the part differs from image to image.",
    cost="1 + parts · (1 + random) forward passes per image, 34 for three parts by default",
)


@paper_figure("8", request=CorrespondenceRequest, title="Correspondence (Fig 8, Table 1)")
@answers(CorrespondenceRequest, card=_CARD)
def correspondence(run: Run, request: CorrespondenceRequest) -> Figure:
    """Compare changes of features; the progress tells images.

    Panels "Table 1", "random boxes", "masked" (images), and of three layers or more "by depth".
    """
    total, names = count_of(request.images), _names(request)
    if not 0 <= request.random <= _MOST_RANDOM:
        raise InvalidInputError(
            f"random is {request.random}; it must be at least 0 and at most {_MOST_RANDOM}.", field="random"
        )
    if request.seed < 0:
        raise InvalidInputError(f"seed is {request.seed}; it must be 0 or more.", field="seed")
    layers = named_layers(run.engine, request.layers) or _usual(run)
    rng = run.generator(request.seed)
    signs: dict[str, list[Array]] = {layer.output: [] for layer in layers}
    shown: list[Array] = []
    for places, part in prepared_parts(run, request.images):
        for index, image in zip(places, part.values[:, None], strict=True):
            size = image_size(run.engine, image)
            require_boxes(request, index, size=size, total=max(total, index + 1), is_plane=_is_plane(run))
            boxes = np.concatenate(
                [request.boxes[:, index][:, None], boxes_within(rng, request, index, size)], axis=1
            )
            masked = _masked(run, image, boxes.reshape(-1, 4), request)
            pictures = [masked.image_of(at) for at in range(1, len(masked), 1 + request.random)]
            shown.append(np.concatenate(pictures))
            for name, found in _signs(run, masked, layers).items():
                signs[name].append(found)
            _require_room(signs, total=max(total, index + 1))
            run.control.tell(index + 1, max(total, index + 1))
    count = len(shown)
    if count < 2 or request.boxes.shape[1] != count:
        raise InvalidInputError(
            f"boxes are of {request.boxes.shape[1]} images, and {count} were given; give two or more, with boxes for "
            "each.",
            field="boxes",
        )
    _note(run, count)
    distances = {name: _distances(np.stack(found, axis=1)) for name, found in signs.items()}
    shape = (len(names), 1 + request.random, -1)
    compared = Compared(
        parts=names,
        layers=[layer.name for layer in layers],
        distances=[distances[layer.output].reshape(shape) for layer in layers],
        dimensions=[signs[layer.output][0].shape[1] for layer in layers],
        images=count,
        masked=shown,
    )
    return drawn(run, compared)


def _names(request: CorrespondenceRequest) -> list[str]:
    count = len(request.boxes)
    if request.parts and len(request.parts) != count:
        raise InvalidInputError(
            f"parts names {len(request.parts)}, and boxes has {count}; give a name for each, or none.",
            field="parts",
        )
    return list(request.parts) or [f"part {index}" for index in range(count)]


def _usual(run: Run) -> list[Layer]:
    with_maps, last = layers_with_maps(run.engine, run.engine.head.scores), last_layer(run.engine)
    return list({layer.name: layer for layer in (*with_maps[-1:], last)}.values())


def _is_plane(run: Run) -> bool:
    return space_of(run.engine.model.input.layout) == "HW"


def _masked(run: Run, image: Array, boxes: Array, request: CorrespondenceRequest) -> Variants:
    """Return one image (1, …) as it is, and then under each of the boxes (B, 4): top, left, bottom, right."""
    model = run.engine.model
    color = color_values(model, image, "gray" if request.fill is None else request.fill, field="fill")
    fill = over_image(model, np.array(color, image.dtype))
    corners = np.rint(boxes).astype(np.int64).reshape(-1, 2, 2)
    within = np.clip(corners, 0, image_size(run.engine, image))
    ends = np.stack([within[:, 0], np.maximum(within[:, 0], within[:, 1])], axis=2)
    return Variants(
        image=image,
        axes=spatial_axes(batched(model.input.layout)),
        boxes=np.concatenate([np.zeros((1, 2, 2), np.int64), ends]),
        patch=fill,
    )


def _signs(run: Run, masked: Variants, layers: Sequence[Layer]) -> dict[str, Array]:
    """Return by layer's tensor the signs of what masks change, int8 (masks, dimensions).

    The image itself runs beside its masked copies, so that rounding is the same where nothing changed.
    """
    parts = [found for _, found in Sweeping(run, masked, [layer.output for layer in layers]).answers()]
    signs = {}
    for layer in layers:
        values = joined(layer.output, [part[layer.output] for part in parts])
        step = np.finfo(values.dtype).eps if values.dtype.kind == "f" else 0.0
        flat = values.astype(np.float32).reshape(len(values), -1)
        is_known = np.isfinite(flat)
        if not is_known.all():
            run.note(
                NOT_FINITE,
                f"Features of layer {layer.name!r} are NaN or infinite; where they are, nothing counts as changed.",
            )
            flat = np.where(is_known.all(axis=0), flat, 0)
        apart = flat[:1] - flat[1:]
        apart[np.abs(apart) <= _ROUNDING * step * np.abs(flat[0]).max(initial=0.0)] = 0
        signs[layer.output] = np.sign(apart).astype(np.int8)
    return signs


def _require_room(signs: dict[str, list[Array]], *, total: int) -> None:
    size = sum(found[0].size for found in signs.values()) * total
    if size > _MOST_BYTES:
        raise LimitExceededError(
            f"The signs of all features take about {size:,} bytes, of {_MOST_BYTES:,}; give fewer images, a smaller "
            "random, or layers with fewer features.",
            field="layers",
        )


def _distances(signs: Array) -> Array:
    """Return H(sign ε_i, sign ε_j) of all pairs i < j, int64 (masks, pairs), of signs (masks, images, dimensions)."""
    pairs = [(i, j) for i in range(signs.shape[1]) for j in range(i)]
    return np.stack([np.count_nonzero(signs[:, i] != signs[:, j], axis=1) for i, j in pairs], axis=1)


def _note(run: Run, count: int) -> None:
    run.note(
        SPREADS,
        "The spread of a part is the standard deviation over pairs of images; that of random boxes is over the draws, "
        "each the mean over all pairs.",
    )
    if count < 5:
        run.note(
            FEW_PAIRS,
            f"{count} images make {count * (count - 1) // 2} pairs: their spread says little. The paper has 5.",
        )
