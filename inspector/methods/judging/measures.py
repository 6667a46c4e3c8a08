"""The measures, each of one map and of the two that mean nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inspector.methods.color import baseline_image
from inspector.methods.judging.explaining import Explainer
from inspector.methods.judging.faithfulness import completeness, infidelity, over_difference, perturb
from inspector.methods.judging.pointing import boxes_of, energy, hit, inside, overlap
from inspector.methods.judging.removal import area, curve, filled, order_of
from inspector.methods.judging.scores import GAUSSIAN, HIGHER, KINDS, LOWER, MAP, RANDOM, Scores
from inspector.methods.judging.sensitivity import sensitivity_max
from inspector.methods.judging.subject import Subject, gaussian_plane, over_channels, random_plane
from inspector.types.arrays import Array
from inspector.types.requests.judge import JudgeRequest

_POINTED = 15
"""Pixels beside an object that still count as hits (Zhang et al. 2016)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """What one map is judged by."""

    request: JudgeRequest
    subject: Subject
    scores: Scores
    explainer: Explainer | None
    """None of a map without a method."""
    images: int
    """How many the request has."""

    @property
    def shares(self) -> str:
        """What the map shares out, if anything."""
        return "" if self.explainer is None else self.explainer.shares

    def planes(self) -> Mapping[str, Array]:
        """Return how important each kind of map finds the pixels."""
        size = self.subject.plane.shape
        return {
            MAP: self.subject.plane,
            RANDOM: random_plane(size, self._generator(1)),
            GAUSSIAN: gaussian_plane(size),
        }

    def deletion(self) -> None:
        """Delete pixels, the most important first."""
        end = filled(self.subject.run, self.subject.image, self.request.deleted, field="deleted")
        self._curves("deletion", LOWER, start=self.subject.image, end=end)

    def insertion(self) -> None:
        """Insert pixels, the most important first."""
        start = filled(self.subject.run, self.subject.image, self.request.hidden, field="hidden")
        self._curves("insertion", HIGHER, start=start, end=self.subject.image)

    def _curves(self, name: str, better: str, *, start: Array, end: Array) -> None:
        areas = {}
        for kind, plane in self.planes().items():
            ranks = order_of(plane, self._generator(2))
            values = curve(self.subject, ranks, start=start, end=end, steps=self.request.removals)
            self.scores.add_curve(name, kind, values)
            areas[kind] = area(values)
        self.scores.add(name, better, areas)

    def infidelity(self) -> None:
        """Compare what the map foretells of noise with what noise does."""
        subject, request = self.subject, self.request
        layout, difference = subject.run.engine.model.input.layout, self._difference()
        maps = {kind: over_channels(plane, layout=layout) for kind, plane in self.planes().items()}
        own = subject.values
        maps[MAP] = own if difference is None else over_difference(own, difference[0])
        seen = perturb(
            subject, maps, samples=request.perturbations, spread=request.spread, generator=self._generator(3)
        )
        found = {kind: infidelity(foretold, seen.changes) for kind, foretold in seen.foretold.items()}
        self.scores.add("infidelity", LOWER, {kind: left for kind, (_, left) in found.items()})
        self.scores.add("infidelity, unscaled", LOWER, {MAP: found[MAP][0]})

    def _difference(self) -> Array | None:
        """Return x − x′ where the map shares out a value or a difference; None where it is a gradient."""
        image = self.subject.image.astype(np.float64)
        if not self.shares:
            return None
        return image if self.shares == "value" else image - self._baseline().astype(np.float64)

    def _baseline(self) -> Array:
        given = self.request.options.get("baseline", "gray")
        model = self.subject.run.engine.model
        return baseline_image(model, self.subject.image, given, field="options[baseline]")

    def sensitivity(self) -> None:
        """Move the image hardly, and see how far the map moves."""
        explainer, run, chosen = self.explainer, self.subject.run, self.subject.chosen
        if explainer is None:
            return
        found = sensitivity_max(
            self.subject,
            lambda images: explainer.maps(run, images, chosen).maps,
            samples=self.request.neighbors,
            radius=self.request.radius,
            generator=self._generator(4),
        )
        self.scores.add("sensitivity-max", LOWER, {MAP: found, RANDOM: 0.0, GAUSSIAN: 0.0})

    def completeness(self) -> None:
        """Add the map up, where its method says what the sum is."""
        if not self.shares:
            return
        wanted = self.subject.score(self.subject.image)
        if self.shares == "difference":
            wanted -= self.subject.score(self._baseline())
        self.scores.add("completeness gap", LOWER, {MAP: completeness(self.subject.values, wanted)})

    def pointing(self) -> None:
        """See whether the map lies in the boxes."""
        request, size = self.request, self.subject.plane.shape
        if request.boxes is None:
            return
        boxes = boxes_of(request.boxes, image=self.subject.number, images=self.images)
        tolerance = request.tolerance
        tolerance = min(_POINTED, max(size) // _POINTED) if tolerance is None else tolerance
        object_, near = inside(boxes, size), inside(boxes, size, wider=tolerance)
        planes = self.planes()
        self.scores.add("pointing game", HIGHER, {kind: hit(planes[kind], near) for kind in KINDS})
        self.scores.add("energy inside", HIGHER, {kind: energy(planes[kind], object_) for kind in KINDS})
        self.scores.add(
            "overlap",
            HIGHER,
            {kind: overlap(planes[kind], object_, threshold=request.threshold) for kind in KINDS},
        )

    def _generator(self, stream: int) -> np.random.Generator:
        """Return random numbers of their own for each purpose and image, so that measures do not move each other."""
        return np.random.default_rng((self.request.trial, stream, self.subject.number))
