"""Linear probes on the features of each layer (Zeiler & Fergus 2014, §5.3, Table 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from inspector import collections
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, LimitExceededError
from inspector.methods.card import Card
from inspector.methods.figures.layers import last_layer, named_layers
from inspector.methods.figures.pooled import pooled
from inspector.methods.notes import NOT_FINITE
from inspector.methods.paper import paper_figure
from inspector.methods.prepared import prepared_parts
from inspector.methods.sets import most_together
from inspector.methods.verbs import answers
from inspector.model.kernels import kernels_of
from inspector.resolve.rectifiers import rectified
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.requests.probe import ProbeRequest
from inspector.types.results.base import Cell
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.table import Row, Series, Table

FEW_IMAGES = "few_images"
FEWER_FOLDS = "fewer_folds"
LEAST_STRENGTH = 1e-30
"""Its inverse weighs the regularization, and must be a number."""
SEEDS = 2**32
"""As many as scikit-learn's splits tell apart."""
NOT_CONVERGED = "not_converged"
KINDS = ("softmax", "svm")

_ENOUGH = 30
"""Images of a class, as in the paper's Table 7."""
_MOST_LAYERS = 8
_MOST_BYTES = 1 << 31
"""Of the features of all images."""

_CARD = Card(
    formula="Per layer and fold: features of the layer pooled over space, each dimension standardized; argmax of a "
    "linear classifier (multinomial logistic regression; linear SVM, one against the rest) fitted on the other folds.",
    source="Zeiler & Fergus 2014, §5.3 and Table 7, arXiv 1311.2901, who train on 30 or 60 images per class.",
    shows="How linearly the classes lie in each layer: it rises with depth, not strictly.",
    hides="Pooling loses where things are, and layers differ in how many features they have, which alone helps a "
    "probe. With few images one more or less is a large step; crops of one photograph are told apart by its color. "
    "That a probe can read a class does not say that the network does.",
    cost="1 forward pass per image; then 2 · folds fits per layer, on the CPU",
)


@paper_figure("table 7", request=ProbeRequest, title="Linear probes (Table 7)")
@answers(ProbeRequest, card=_CARD)
def probe(run: Run, request: ProbeRequest) -> Figure:
    """Return accuracies per layer; the progress tells images, then layers. Panels "Table 7" and "by depth"."""
    _require_options(request)
    layers = named_layers(run.engine, request.layers) or _usual(run.engine)
    total = len(request.classes) + len(layers)
    vectors = _vectors(run, request, layers, total=total)
    names, labels = np.unique(np.asarray(request.classes), return_inverse=True)
    folds = _folds(run, request)
    plan = collections.probes.Plan(
        labels=labels.reshape(-1).astype(np.int64), folds=folds, strength=request.strength, seed=request.seed
    )
    found: dict[str, list[Array]] = {kind: [] for kind in KINDS}
    for done, (layer, matrix) in enumerate(zip(layers, vectors.values(), strict=True), start=1):
        for kind in KINDS:
            scores = []
            for score, has_converged in plan.accuracies(matrix, kind=kind):
                run.control.cancellation.raise_if_cancelled()
                scores.append(score)
                if not has_converged:
                    run.note(NOT_CONVERGED, f"On layer {layer.name!r} the {kind} was not fitted to the end.")
            found[kind].append(np.asarray(scores))
        run.control.tell(len(request.classes) + done, total)
    chance = max(Counter(request.classes).values()) / len(request.classes)
    sizes = [matrix.shape[1] for matrix in vectors.values()]
    return _drawn(run, layers, sizes, found, chance=chance, classes=len(names), images=len(request.classes))


def _require_options(request: ProbeRequest) -> None:
    counts = Counter(request.classes)
    if len(counts) < 2:
        raise InvalidInputError(
            f"classes names {len(counts)} classes; give one text per image, of two classes or more"
            f"{'' if counts else ', or images in folders with the names of their classes'}.",
            field="classes",
        )
    if request.folds < 2:
        raise InvalidInputError(f"folds is {request.folds}; it must be at least 2.", field="folds")
    if not request.strength >= LEAST_STRENGTH or not np.isfinite(request.strength):
        raise InvalidInputError(
            f"strength is {request.strength:g}; give a number above 0, of at least {LEAST_STRENGTH:g}.",
            field="strength",
        )
    if not 0 <= request.seed < SEEDS:
        raise InvalidInputError(f"seed is {request.seed}; it must be 0 to {SEEDS - 1:,}.", field="seed")
    least = min(counts, key=lambda name: counts[name])
    if counts[least] < 2:
        raise InvalidInputError(
            f"Class {least!r} has one image; every class needs two or more, to fit on and to judge on.",
            field="classes",
        )


def _folds(run: Run, request: ProbeRequest) -> int:
    counts = Counter(request.classes)
    least = min(counts.values())
    if least < request.folds:
        run.note(
            FEWER_FOLDS, f"A class has {least} images: there are {least} folds, and not {request.folds}."
        )
    if least < _ENOUGH:
        run.note(
            FEW_IMAGES,
            f"A class has {least} images; the paper fits on {_ENOUGH} and more. One image is "
            f"{1 / len(request.classes):.1%} of the accuracy: differences of a few of them say nothing.",
        )
    return min(least, request.folds)


def _usual(engine: Engine) -> list[Layer]:
    """Return rectified convolutions spread over the depth, and the last layer before the classes."""
    model = engine.model
    own = [one.layer.output for one in kernels_of(model)]
    follows = rectified(model, own)
    tensors = dict.fromkeys(one.tensor for one in follows.values()) or dict.fromkeys(own)
    layers = [layer for layer in map(model.layer_giving, tensors) if layer is not None]
    places = np.unique(np.rint(np.linspace(0, len(layers) - 1, min(_MOST_LAYERS, len(layers)))).astype(int))
    chosen = [*(layers[place] for place in places.tolist()), last_layer(engine)]
    return list({layer.name: layer for layer in chosen}.values())


def _vectors(run: Run, request: ProbeRequest, layers: Sequence[Layer], *, total: int) -> dict[str, Array]:
    """Return float32 (N, D) features by layer's tensor."""
    rows: dict[str, list[Array]] = {layer.output: [] for layer in layers}
    by_tensor = {layer.output: layer for layer in layers}
    count = 0
    for places, part in prepared_parts(run, request.images, most=most_together(run)):
        for _, found in run.scan(part.values, list(rows)):
            for tensor, values in found.items():
                rows[tensor].append(pooled(values, by_tensor[tensor], request.pooling))
        count = places.stop
        if count > len(request.classes):
            break
        size = sum(sum(one.nbytes for one in own) for own in rows.values()) / count * len(request.classes)
        if size > _MOST_BYTES:
            raise LimitExceededError(
                f"The features take about {size:,.0f} bytes, of {_MOST_BYTES:,}; pool maps, or name fewer layers.",
                field="pooling" if request.pooling == "none" else "layers",
            )
        run.control.tell(count, total)
    if count != len(request.classes):
        given = str(count) if count < len(request.classes) else "more"
        raise InvalidInputError(
            f"classes has {len(request.classes)} texts, and {given} images were given; give one per image, in their "
            "order.",
            field="classes",
        )
    vectors = {tensor: np.concatenate(own) for tensor, own in rows.items()}
    for tensor, matrix in vectors.items():
        if not np.isfinite(matrix).all():
            run.note(
                NOT_FINITE,
                f"Features of layer {by_tensor[tensor].name!r} are NaN or infinite; they count as 0.",
            )
            vectors[tensor] = np.nan_to_num(matrix, posinf=0, neginf=0)
    return vectors


def _drawn(
    run: Run,
    layers: Sequence[Layer],
    sizes: Sequence[int],
    found: dict[str, list[Array]],
    *,
    chance: float,
    classes: int,
    images: int,
) -> Figure:
    rows = []
    for place, layer in enumerate(layers):
        measured = [
            value for kind in KINDS for value in (found[kind][place].mean(), found[kind][place].std())
        ]
        cells: tuple[Cell, ...] = (layer.name, sizes[place], *map(float, measured), chance)
        rows.append(Row(cells=cells))
    columns = ("layer", "features", "softmax", "softmax: spread", "svm", "svm: spread", "chance")
    table = Table(columns=columns, rows=tuple(rows), title="Accuracy, and its deviation over folds")
    curves = {kind: np.array([one.mean() for one in found[kind]]) for kind in KINDS}
    series = Series(
        x=np.arange(1.0, len(layers) + 1),
        curves={**curves, "chance": np.full(len(layers), chance)},
        names=(*KINDS, "chance"),
        x_label="layer, from the image to the classes",
        y_label="accuracy",
    )
    best = max(range(len(layers)), key=lambda place: found["svm"][place].mean())
    title = (
        f"Linear probes of {classes} classes on {images} images: best {layers[best].name}, "
        f"SVM {found['svm'][best].mean():.1%}, chance {chance:.1%}"
    )
    panels = (Panel(title="Table 7", result=table), Panel(title="by depth", result=series))
    return Figure(panels=panels, title=title, notes=run.notes)
