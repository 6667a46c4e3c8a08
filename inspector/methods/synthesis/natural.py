"""Natural images beside a synthesis: those of a set that excite its target most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.engine.run import Run
from inspector.methods.prepared import prepared_parts
from inspector.methods.synthesis.drawing import drawn
from inspector.methods.synthesis.framing import Framing
from inspector.methods.synthesis.goals import Goal
from inspector.methods.verbs import answer_to
from inspector.types.images import ImageLike
from inspector.types.requests.top import TopRequest
from inspector.types.results.images import Picture
from inspector.types.targets import Target, Unit

MOST = 9
"""As many as in Zeiler & Fergus 2014, Fig 2. People predict a unit better by them than by syntheses (2010.12606)."""
NATURAL = "natural"


def natural_images(
    run: Run, framing: Framing, target: Target, goal: Goal, images: ImageLike
) -> Iterator[Picture]:
    """Yield the images of a set, strongest first: of a channel the parts that it sees, of other targets whole ones."""
    if isinstance(target, Unit) and target.channel is not None and target.position is None:
        request = TopRequest(
            images=images, layer=target.layer, channels=(target.channel,), count=MOST, projections=False
        )
        for row in answer_to(run, request).rows:
            for one in row.examples:
                caption = f"{goal.caption}, image {one.image}"
                yield Picture(pixels=one.pixels, caption=caption, value=one.value, role=NATURAL)
        return
    best: list[tuple[float, int, Picture]] = []
    for numbers, part in prepared_parts(run, images):
        for places, found in run.together(part.values, [goal.tensor]):
            scores = goal.scores(found[goal.tensor])
            for place, score in zip(places, scores, strict=True):
                number, value = numbers.start + place, float(score)
                if not np.isfinite(value) or (len(best) == MOST and value <= best[-1][0]):
                    continue
                shown = drawn(
                    framing.frame_of(part.values[place]).pictures(part.values[place : place + 1])[0]
                )
                caption = f"{goal.caption}, image {number}"
                made = Picture(
                    pixels=shown, caption=caption, value=value, role=NATURAL, values=part.values[place]
                )
                best = sorted([*best, (value, number, made)], key=lambda one: (-one[0], one[1]))[:MOST]
    yield from (picture for _, _, picture in best)
