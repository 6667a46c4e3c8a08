"""The method that is judged: its maps, what each explains, and the method again for other images and models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inspector.engine.run import Run
from inspector.methods.choosing import choose
from inspector.methods.judging.given import given_maps
from inspector.methods.judging.subject import Subject, plane_of
from inspector.methods.pairs import pairs
from inspector.methods.registration import SHARES, registered
from inspector.methods.verbs import answer_to
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.judge import JudgeRequest
from inspector.types.results.maps import Maps
from inspector.types.targets import Class


@dataclass(frozen=True, kw_only=True, eq=False)
class Explainer:
    """A method with its options."""

    function: Callable[..., Maps]
    options: dict[str, Any]
    shares: str
    """What its maps share out, if anything: see `attribution_method`."""

    def maps(self, run: Run, images: Array, chosen: Chosen) -> Maps:
        """Return the maps (N, …) of what was chosen, on (N, …) images, by the model of a run."""
        return self.function(run, Prepared(images), [chosen], **self.options)

    def plane(self, run: Run, subject: Subject) -> Array:
        """Return how important the model of a run finds the pixels of a subject's image."""
        maps = self.maps(run, subject.image, subject.chosen)
        return plane_of(maps.maps[0], picture=maps.picture, layout=maps.layout)


def explainer_of(request: JudgeRequest) -> Explainer | None:
    """Return the method that a request names; None where it brings a map of its own."""
    if request.map is not None:
        return None
    function, info = registered(request.method)
    options = {name: info.option(name).check(value) for name, value in request.options.items()}
    return Explainer(function=function, options=options, shares=SHARES[request.method])


def explained(run: Run, request: JudgeRequest, x: Prepared) -> tuple[Maps, list[Subject]]:
    """Return the maps that are judged, and each with its image and what was chosen there."""
    targets = request.targets or (Class(),)
    if request.map is None:
        asked = AttributeRequest(images=x, method=request.method, targets=targets, options=request.options)
        maps = answer_to(run, asked)
        chosen = _chosen(run, x, targets)
    else:
        chosen = _chosen(run, x, targets)
        maps = given_maps(run, request, x, [one.resolved for one in chosen])
    return maps, [_subject(run, maps, place, one) for place, one in enumerate(chosen)]


def _chosen(run: Run, x: Prepared, targets: Sequence[Any]) -> list[Chosen]:
    found = []
    for pair in pairs(targets, len(x)):
        image = x.values[pair.image][None]
        one = choose(run, image, pair.target, field=f"targets[{pair.number}]")
        found.append(replace(one, resolved=replace(one.resolved, image=pair.image)))
    return found


def _subject(run: Run, maps: Maps, place: int, chosen: Chosen) -> Subject:
    number = chosen.resolved.image
    return Subject(
        run=run,
        image=maps.inputs[number][None],
        number=number,
        chosen=chosen,
        values=maps.maps[place],
        plane=plane_of(maps.maps[place], picture=maps.picture, layout=maps.layout),
    )
