"""What every layer gives over the images, in one pass that all rules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inspector.checks.examination import Examination
from inspector.checks.measures.bounds import bounds_of
from inspector.checks.measures.tally import Tally
from inspector.checks.measures.waking import Watch, Watched
from inspector.engine.run import Run
from inspector.errors import EngineError
from inspector.findings.words import counted
from inspector.runtime.memory import release_arena
from inspector.types.arrays import Array
from inspector.types.layers import Layer

MOST_IMAGES = 32
"""Of the images, the first ones: what a channel never does on so many it hardly does on more."""
FIRST_IMAGES = "first_images"
_MOST_TOGETHER = 8
"""Images of one run: more are no faster, and hold more."""
_RUN_BYTES = 128 << 20
"""All layers' values of one run, of more than one image."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerActivity:
    """What one layer gave."""

    layer: Layer
    tally: Tally


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """What all layers gave over some images."""

    images: int
    """How many were looked at, the first ones of those that were given."""
    layers: Mapping[str, LayerActivity]
    """By the layers' tensors, in graph order; layers that gave nothing, such as boxes where none was found, too."""
    watched: Watched
    """On how many of the images channels woke, and which outputs never changed."""

    @property
    def over(self) -> str:
        """The images, in the words of a finding: "over 3 images"."""
        return f"over {counted(self.images, 'image')}"


def activity(examination: Examination) -> Activity:
    """Run the first `MOST_IMAGES` images, and return what every layer gave; codes of quantized values are dequantized.

    SkippedError without images. A note says how many images were looked at where that is not all.
    """
    run, model = examination.run, examination.model
    bounds = bounds_of(model)
    found = {
        layer.output: LayerActivity(layer=layer, tally=Tally(bounds[layer.output], dtype=layer.dtype))
        for layer in model.layers
    }
    watch, count = Watch(model), 0
    for places, part in examination.prepared(most=MOST_IMAGES):
        watch.images(part.values)
        for start, values in _scanned(run, part.values, list(found)):
            for tensor, array in values.items():
                found[tensor].tally.add(array)
                watch.layer(tensor, array)
            run.control.tell(places.start + start, min(MOST_IMAGES, examination.image_count))
        count = places.stop
    release_arena()  # no later run takes as much
    if examination.image_count > count:
        run.note(FIRST_IMAGES, f"Layers were looked at over the first {count} images.")
    return Activity(images=count, layers=found, watched=watch.watched(count))


def _scanned(run: Run, x: Array, tensors: list[str]) -> Iterator[tuple[int, dict[str, Array]]]:
    """Yield (how many came before, tensors) of a few (N, …) images after others, as many tensors at a time as fit.

    They are gone when the next ones are asked for, before these are computed.
    """
    engine = run.engine
    total, _ = engine.room.sizes(x.shape[1:])
    size = min(max(_RUN_BYTES // max(total, 1), 1), _MOST_TOGETHER)
    for start in range(0, len(x), size):
        part = x[start : start + size]
        try:
            yield from ((start, found) for found in _emptied(run, part, tensors))
        except EngineError:  # of several images at once, before any of their values came
            if not engine.doubt_batches(part, tensors):
                raise
            yield from ((start, found) for found in _emptied(run, part, tensors))


def _emptied(run: Run, x: Array, tensors: list[str]) -> Iterator[dict[str, Array]]:
    for _, found in run.scan(x, tensors):
        yield found
        found.clear()
