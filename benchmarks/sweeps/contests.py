"""Every verb that asks a model about many images made of one image, and the loop that gives the same by hand.

The loop makes its images as the verb does, with the verb's own functions where these are no part of the sweep (random
masks, moved images, order of pixels), asks the file for what is read and nothing else, and reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx
from onnx.utils import Extractor

from benchmarks.sweeps.loop import Array, Loop, batches_of
from benchmarks.sweeps.subject import Subject
from inspector.engine.run import Run
from inspector.methods.attribution.masks import random_masks
from inspector.methods.color import baseline_image
from inspector.methods.figures.moving import moved, moves_of
from inspector.methods.judging.removal import order_of
from inspector.methods.planes import layers_on_the_way
from inspector.types.requests.invariance import InvarianceRequest
from inspector.types.results.table import Series, Table

MASKS, CELLS = 96, 7
TARGETS = 5
CHANNELS = 64
REGIONS = 7
REMOVALS, NOISES = 50, 50
DRAWS = 16


@dataclass(frozen=True, kw_only=True)
class Contest:
    """One verb with its settings, and the loop."""

    verb: str
    runs: int
    """Images, or variants of a tensor, that are run."""
    batches: list[int]
    """That the loop may try."""
    ours: Callable[[], Array]
    loop: Callable[[int], Array]
    """By the size of a batch; both give the answers, by which they are compared."""


Make = Callable[[Subject, list[int]], Iterator[Contest]]


def occlude_regions(one: Subject, batches: list[int]) -> Iterator[Contest]:
    """Cover squares, given as labels of regions."""
    cell = -(-one.side // REGIONS)
    rows = np.arange(one.side) // cell
    labels = rows[:, None] * REGIONS + rows
    boxes = [np.nonzero(labels == number) for number in range(REGIONS**2)]
    ends = [(at[0].min(), at[0].max() + 1, at[1].min(), at[1].max() + 1) for at in boxes]

    def make(numbers: range) -> Array:
        images = np.repeat(one.x, len(numbers), axis=0)
        for image, number in zip(images, numbers, strict=True):
            top, bottom, left, right = ends[number]
            image[:, top:bottom, left:right] = 0.0
        return images

    def ours() -> Array:
        table = one.ours.occlude_regions(one.x, masks=labels, fill=0.0, target=0)["regions"]
        assert isinstance(table, Table)
        place = table.columns.index("answer") if "answer" in table.columns else 2
        return np.sort(np.asarray([row.cells[place] for row in table.rows], np.float64))

    yield Contest(
        verb=f"`occlude_regions`, {REGIONS}×{REGIONS} squares",
        runs=len(ends),
        batches=batches_of(one.loop, batches),
        ours=ours,
        loop=lambda batch: np.sort(one.answers(one.loop.run(make, len(ends), batch)[0])),
    )


def correspondence(one: Subject, batches: list[int]) -> Iterator[Contest]:
    """Cover random boxes, and read a layer's features."""
    layer = layers_on_the_way(one.engine, one.engine.head.scores)[-1]
    images = np.concatenate([one.x, one.x[..., ::-1]])
    size = one.side // 6
    boxes = np.tile(np.asarray([size, size, 2 * size, 2 * size], np.float64), (1, 2, 1))
    rng = np.random.default_rng(1)
    corners = rng.integers(0, one.side - size, (2, DRAWS + 1, 2))
    loop = Loop(_exposed(one, layer.output), [layer.output], level=one.level)

    def make(numbers: range) -> Array:
        made = np.stack([images[number // (DRAWS + 2)] for number in numbers])
        for image, number in zip(made, numbers, strict=True):
            place = number % (DRAWS + 2)
            if place:
                top, left = corners[number // (DRAWS + 2), place - 1]
                image[:, top : top + size, left : left + size] = 0.0
        return np.asarray(made)

    def by_hand(batch: int) -> Array:
        (features,) = loop.run(make, 2 * (DRAWS + 2), batch)
        flat = features.reshape(2, DRAWS + 2, -1)
        signs = np.sign(flat[:, :1] - flat[:, 1:]).astype(np.int8)
        np.count_nonzero(signs[0] != signs[1], axis=1)
        return np.zeros(0)

    def ours() -> Array:
        one.ours.correspondence(images, boxes=boxes, layers=[layer.name], random=DRAWS, fill=0.0)
        return np.zeros(0)

    yield Contest(
        verb=f"`correspondence`, 2 images, {DRAWS} random boxes",
        runs=2 * (DRAWS + 2),
        batches=batches_of(loop, batches),
        ours=ours,
        loop=by_hand,
    )


def rise(one: Subject, batches: list[int]) -> Iterator[Contest]:
    """Hide cells of the image under random masks; for one class, and for several of the same image."""
    size = (one.side, one.side)
    color = np.zeros(3, np.float32)

    def by_hand(targets: int, batch: int) -> Array:
        generator = np.random.default_rng(0)
        kept: list[Array] = []

        def make(numbers: range) -> Array:
            masks = random_masks(len(numbers), size=size, cells=CELLS, keep=0.5, generator=generator)
            kept.append(masks)
            return np.asarray(masks[:, None] * one.x + (1 - masks[:, None]) * color.reshape(1, -1, 1, 1))

        (scores,) = one.loop.run(make, MASKS, batch)
        shown = one.all_answers(scores)[:, :targets]
        masks = np.concatenate(kept)
        return np.asarray(np.tensordot(shown.T, masks, axes=1) / np.maximum(masks.sum(axis=0), 1e-6))

    def ours(targets: int) -> Array:
        found = one.ours.attribute(
            one.x, method="rise", target=list(range(targets)), masks=MASKS, cells=CELLS, baseline=0.0
        )
        return np.asarray(found.maps[:, 0])

    for targets in (1, TARGETS):
        yield Contest(
            verb=f"`attribute(method='rise')`, {MASKS} masks, {targets} target{'s' * (targets > 1)}",
            runs=MASKS,
            batches=batches_of(one.loop, batches),
            ours=partial(ours, targets),
            loop=partial(by_hand, targets),
        )


def ablate(one: Subject, batches: list[int]) -> Iterator[Contest]:
    """Put zero for each of some channels, in a layer of the middle and in the last one."""
    layers = layers_on_the_way(one.engine, one.engine.head.scores)
    x = one.x
    for what, layer in (("middle", layers[len(layers) // 2]), ("last", layers[-1])):
        whole = Loop(_exposed(one, layer.output), [layer.output], level=one.level)
        rest = Loop(_rest(one, layer.output), (), level=one.level)
        channels = one.engine.plan(x.shape[1:]).shapes[layer.output][1]
        assert isinstance(channels, int)
        count = channels if what == "last" else min(CHANNELS, channels)

        def by_hand(batch: int, whole: Loop = whole, rest: Loop = rest, count: int = count) -> Array:
            (clean,) = whole.run(lambda _: x, 1, 1)

            def make(numbers: range) -> Array:
                made = np.repeat(clean, len(numbers), axis=0)
                for values, number in zip(made, numbers, strict=True):
                    if number:
                        values[number - 1] = 0.0
                return made

            found = one.answers(rest.run(make, count + 1, batch)[0])
            return np.sort(found[1:] - found[0])

        def ours(name: str = layer.name, count: int = count) -> Array:
            figure = one.ours.ablate(x, layer=name, target=0, channels=list(range(count)), top=0)
            table = figure["channels"]
            assert isinstance(table, Table)
            return np.sort(np.asarray([row.cells[1] for row in table.rows[1:]], np.float64))

        yield Contest(
            verb=f"`ablate`, {count} channels of the {what} layer",
            runs=count + 1,
            batches=batches_of(rest, batches),
            ours=ours,
            loop=by_hand,
        )


def judge(one: Subject, batches: list[int]) -> Iterator[Contest]:
    """Delete pixels in the order of three maps; and compare with noise."""
    rng = np.random.default_rng(2)
    plane = rng.random((one.side, one.side))
    color = baseline_image(one.engine.model, one.x, "gray", field="deleted")
    places = np.arange(one.side)
    away = ((places - (one.side - 1) / 2) / (one.side / 4)) ** 2
    planes = [plane, rng.random(plane.shape), np.exp(-(away[:, None] + away) / 2)]
    counts = np.rint(np.arange(REMOVALS + 1) * plane.size / REMOVALS)

    def deleted(batch: int) -> Array:
        curves = []
        for one_plane in planes:
            ranks = order_of(one_plane, np.random.default_rng((0, 2, 0)))

            def make(numbers: range, ranks: Array = ranks) -> Array:
                gone = ranks[None] < counts[numbers.start : numbers.stop].reshape(-1, 1, 1)
                return np.where(gone[:, None], color, one.x)

            curves.append(one.answers(one.loop.run(make, REMOVALS + 1, batch)[0]))
        return curves[0]

    def noised(batch: int) -> Array:
        generator = np.random.default_rng((0, 3, 0))
        noises: list[Array] = []

        def make(numbers: range) -> Array:
            noise = generator.standard_normal((len(numbers), *one.x.shape[1:])) * 0.02 * np.ptp(one.x)
            noises.append(noise)
            return np.asarray(one.x - noise, np.float32)

        (scores,) = one.loop.run(make, NOISES, batch)
        foretold = (np.concatenate(noises).sum(axis=1) * plane).sum(axis=(1, 2))
        np.square(foretold - scores.reshape(NOISES, -1)[:, 0]).mean()
        return np.zeros(0)

    def ours(measure: str) -> Array:
        found = one.ours.judge(
            one.x, map=plane.astype(np.float32), target=0, measures=[measure], deleted="gray"
        )
        if measure != "deletion":
            return np.zeros(0)
        series = found["deletion"]
        assert isinstance(series, Series)
        return np.asarray(series.curves["map"])

    yield Contest(
        verb=f"`judge`, deletion, 3 curves of {REMOVALS + 1}",
        runs=3 * (REMOVALS + 1),
        batches=batches_of(one.loop, batches),
        ours=lambda: ours("deletion"),
        loop=deleted,
    )
    yield Contest(
        verb=f"`judge`, infidelity, {NOISES} noises",
        runs=NOISES,
        batches=batches_of(one.loop, batches),
        ours=lambda: ours("infidelity"),
        loop=noised,
    )


def invariance(one: Subject, batches: list[int]) -> Iterator[Contest]:
    """Shift, enlarge and turn the image, and read the features of the first and the last layer."""
    layers = [layers_on_the_way(one.engine, one.engine.head.scores)[place] for place in (0, -1)]
    names = [layer.output for layer in layers]
    output = one.engine.head_of(None).output
    loop = Loop(_exposed(one, *names), [output, *names], level=one.level)
    run = Run(one.engine)
    request = InvarianceRequest(images=one.x)
    moves = moves_of(request, layout=one.engine.model.input.layout, size=(one.side, one.side))

    def by_hand(batch: int) -> Array:
        clean = loop.run(lambda _: one.x, 1, 1)
        for move in moves:
            images = moved(run, one.x, move, border="reflect")

            def make(numbers: range, images: Array = images) -> Array:
                return images[numbers.start : numbers.stop]

            found = loop.run(make, len(images), batch)
            for values, own in zip(found[1:], clean[1:], strict=True):
                np.sqrt(np.square((values - own).reshape(len(values), -1)).sum(axis=1))
            one.answers(found[0])
        return np.zeros(0)

    def ours() -> Array:
        one.ours.invariance(one.x, target=0, layers=[layer.name for layer in layers])
        return np.zeros(0)

    yield Contest(
        verb="`invariance`, all moves",
        runs=sum(len(move.amounts) for move in moves),
        batches=batches_of(loop, batches),
        ours=ours,
        loop=by_hand,
    )


CONTESTS: dict[str, Make] = {
    "occlude_regions": occlude_regions,
    "correspondence": correspondence,
    "rise": rise,
    "ablate": ablate,
    "judge": judge,
    "invariance": invariance,
}


def _exposed(one: Subject, *tensors: str) -> bytes:
    """Return the file with tensors among its outputs."""
    proto = onnx.load(one.model.path)
    have = {value.name for value in proto.graph.output}
    for name in tensors:
        if name not in have:
            proto.graph.output.append(onnx.ValueInfoProto(name=name))
    return bytes(proto.SerializeToString())


def _rest(one: Subject, tensor: str) -> bytes:
    """Return what comes after a tensor, with any number of images at a time."""
    proto = onnx.shape_inference.infer_shapes(onnx.load(one.model.path))
    output = one.engine.head_of(None).output
    part = Extractor(proto).extract_model([tensor], [output])
    if one.loop.batch is None:
        for value in (*part.graph.input, *part.graph.output):
            if value.type.tensor_type.shape.dim:
                value.type.tensor_type.shape.dim[0].dim_param = "batch"
        del part.graph.value_info[:]
    return bytes(part.SerializeToString())
