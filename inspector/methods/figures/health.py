"""The health of filters (Zeiler & Fergus 2014, §4.1 and Fig 6): dead, dominant, aliased and duplicate ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.figures.activity import Activity
from inspector.methods.figures.filters import aliased_share, impulse_share, most_alike, root_mean_square
from inspector.methods.figures.health_drawn import Examined, drawn
from inspector.methods.figures.layers import named_layers
from inspector.methods.figures.pixels import pixel_scales
from inspector.methods.paper import paper_figure
from inspector.methods.prepared import prepared_parts
from inspector.methods.sets import count_of, most_together
from inspector.methods.verbs import answers
from inspector.model.kernels import Kernels, kernels_of
from inspector.resolve.rectifiers import Rectified, rectified
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.requests.base import has_images
from inspector.types.requests.health import HealthRequest
from inspector.types.results.figure import Figure

DEAD_UNKNOWN = "dead_unknown"
RMS_SCALE = "rms_scale"
CODES = "weights_are_codes"

_CARD = Card(
    formula="Per filter w: RMS √(mean w²), of filters of pixels with w brought to gray levels; dominant: RMS > 4 × the "
    "layer's median; dead: max over images and places of its rectified activation ≤ 0; aliased: a larger share of "
    "∫|W(f)|² lies at |f| > 1/(2·stride) than of an impulse, 1 − 1/Π strides; duplicates: correlation > 0.95 with "
    "another filter of the group.",
    source="Zeiler & Fergus 2014, §3.1 (RMS), §4.1 and Fig 6, arXiv 1311.2901; the measures of dominance, aliasing and "
    "likeness are ours, for the paper judges them by eye.",
    shows="Filters that do nothing, drown the others, fold high frequencies onto low ones, or repeat each other.",
    hides="Dead is meant over the given images; others may wake a filter. Depthwise filters differ much in size by "
    "nature, so that dominance says little of them. A small filter may matter, a large one be scaled down later.",
    cost="1 forward pass per image; none without images",
)


@paper_figure("6", request=HealthRequest, title="Filter health (Fig 6)")
@answers(HealthRequest, card=_CARD)
def health(run: Run, request: HealthRequest) -> Figure:
    """Examine filters; the progress tells images. Panels "layers", "filters", "by depth", and pictures of filters."""
    kernels = _chosen(run, request.layers)
    follows = rectified(run.engine.model, [one.layer.output for one in kernels])
    seen, first = _activities(run, request, kernels, follows) if has_images(request) else ({}, None)
    scales = {
        one.reads: pixel_scales(run, one, first) for one in kernels if one.of_pixels and one.groups == 1
    }
    examined = []
    for one in kernels:
        run.control.cancellation.raise_if_cancelled()
        follow = follows.get(one.layer.output)
        scale = scales.get(one.reads) if one.groups == 1 else None
        examined.append(_examined(request, one, follow, seen.get(one.layer.output), scale))
    _note(run, request, kernels, follows, scales)
    return drawn(run, examined, whole=bool(request.layers))


def _chosen(run: Run, names: Sequence[str]) -> list[Kernels]:
    known = kernels_of(run.engine.model)
    if not known:
        raise InvalidInputError(
            "This model has no convolution whose filters are constant, so there is nothing to examine.",
            field="layers",
        )
    if not names:
        return list(known)
    by_layer = {one.layer.name: one for one in known}
    layers = named_layers(run.engine, names)
    for index, layer in enumerate(layers):
        if layer.name not in by_layer:
            shown = ", ".join(list(by_layer)[:8])
            raise InvalidInputError(
                f"Layer {layer.name!r} ({layer.op_type}) is no convolution with constant filters. Those are: {shown}"
                f"{', …' if len(by_layer) > 8 else ''}.",
                field=f"layers[{index}]",
            )
    return [by_layer[layer.name] for layer in layers]


def _activities(
    run: Run, request: HealthRequest, kernels: Sequence[Kernels], follows: dict[str, Rectified]
) -> tuple[dict[str, Activity], Array | None]:
    """Return what the filters do over the images, by their layers' tensors, and the first image (1, …)."""
    model, first, total = run.engine.model, None, count_of(request.images)
    tensors = {}
    for one in kernels:
        own = one.layer.output
        after = follows[own].tensor if own in follows else own
        tensors[own] = after if model.layer_giving(after) is not None else own
    found = {own: Activity() for own in tensors}
    for places, part in prepared_parts(run, request.images, most=most_together(run)):
        first = part.values[:1] if first is None else first
        for _, values in run.scan(part.values, list(dict.fromkeys(tensors.values()))):
            for own, tensor in tensors.items():
                layer = model.layer_giving(tensor)
                if tensor in values and layer is not None:
                    axis = channel_axis(layer, values[tensor].ndim - 1) + 1
                    found[own].add(values[tensor], axis=axis)
        run.control.tell(places.stop, max(total, places.stop))
    return found, first


def _examined(
    request: HealthRequest, one: Kernels, follow: Rectified | None, seen: Activity | None, scale: Array | None
) -> Examined:
    """Return what is measured of a convolution's filters, and which of them are marked."""
    count = len(one.weights)
    rms = root_mean_square(one.weights)
    if follow is not None and follow.gain is not None and follow.gain.size in (1, count):
        rms = rms * np.abs(follow.gain)
    of_pixels = None
    if scale is not None and not one.are_codes:
        spread = np.abs(scale).reshape(1, -1, *[1] * (one.weights.ndim - 2))
        of_pixels = root_mean_square(one.weights * spread) * (
            rms / np.maximum(root_mean_square(one.weights), 1e-30)
        )
    share = np.zeros(count)
    if max(one.strides) > 1 and not one.is_transposed:
        share = aliased_share(one.weights, strides=one.strides, dilations=one.dilations)
    alike, twin = most_alike(one.weights, groups=one.groups)
    still: Array = np.all(one.weights.reshape(count, -1) == 0, axis=1)
    is_judged = seen is not None and follow is not None and seen.highest.size == count
    highest = seen.highest if seen is not None and seen.highest.size == count else None
    median = float(np.median(rms))
    most = impulse_share(one.strides) + 1e-6 if request.aliasing is None else request.aliasing
    with np.errstate(invalid="ignore"):
        marks: dict[str, Array] = {
            "dead": np.asarray(still | (highest <= 0)) if is_judged and highest is not None else still,
            "dominant": rms > (request.dominance * median or np.inf),
            "too large": np.zeros(count, np.bool_) if of_pixels is None else of_pixels > request.largest_rms,
            "aliased": np.nan_to_num(share) > most,
            "duplicate": np.nan_to_num(alike, nan=-1) > request.likeness,
        }
    return Examined(
        kernels=one,
        rectifier=None if follow is None else follow.name,
        rms=rms,
        of_pixels=of_pixels,
        aliased=share,
        alike=alike,
        twin=twin,
        activity=seen if highest is not None else None,
        is_judged=is_judged,
        marks=marks,
        large=int(np.count_nonzero((rms if of_pixels is None else of_pixels) > request.largest_rms)),
    )


def _note(
    run: Run,
    request: HealthRequest,
    kernels: Sequence[Kernels],
    follows: dict[str, Rectified],
    scales: dict[str, Array | None],
) -> None:
    threshold = f"{request.largest_rms:g}"
    elsewhere = (
        f"In other layers the scale of what is read is not known: how many filters are above {threshold} is counted, "
        "and marks none."
    )
    known = [scale for scale in scales.values() if scale is not None]
    if known:
        levels = ", ".join(f"{value:.3g}" for value in known[0])
        run.note(
            RMS_SCALE,
            f"The threshold of {threshold} is the paper's, for gray levels of about −128 to 128. This model's first "
            f"filters read a gray level as {levels}, channel by channel: their RMS is multiplied by that before it is "
            f"compared. {elsewhere}",
        )
    else:
        run.note(RMS_SCALE, f"No filter of this model is known to read pixels. {elsewhere}")
    if not has_images(request):
        run.note(
            DEAD_UNKNOWN,
            "Without images it is not known which filters are dead, but for those of zeros. Give a set of images.",
        )
    else:
        bare = [one.layer.name for one in kernels if one.layer.output not in follows]
        if bare:
            run.note(
                DEAD_UNKNOWN,
                f"{len(bare)} of {len(kernels)} convolutions meet no rectifier of their own (such as {bare[0]!r}): "
                "their filters are not judged dead.",
            )
    if any(one.are_codes for one in kernels):
        run.note(
            CODES,
            "The weights of integer convolutions have no scale of their own: their RMS is that of codes.",
        )
