"""The catalog: all methods, however they were imported, and how one is run by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from inspector.engine.run import Run
from inspector.errors import InspectorError
from inspector.methods.card import Card
from inspector.methods.pairs import crossed
from inspector.methods.prepared import prepared
from inspector.methods.registration import ATTRIBUTION_METHODS, registered
from inspector.methods.room import require_maps_fit
from inspector.methods.verbs import answers
from inspector.types.options import POLICIES, MethodInfo
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.results.maps import Maps
from inspector.types.targets import Class


def method_names() -> tuple[str, ...]:
    """Return the names of the attribution methods, sorted."""
    return tuple(sorted(ATTRIBUTION_METHODS))


def attribution_methods() -> tuple[MethodInfo, ...]:
    """Return what is known of the attribution methods, by name."""
    return tuple(info_of(name) for name in method_names())


def info_of(method: str) -> MethodInfo:
    """Return what is known of a method; NotFoundError names the methods that exist."""
    return registered(method)[1]


_CARD = Card(
    formula="map = A(f, x, target), by the method A that is named; the methods have cards of their own.",
    source="Zeiler & Fergus 2014, §2.1 (arXiv 1311.2901), and Simonyan et al. 2014, §3 (arXiv 1312.6034), are "
    "the first; each method names its own.",
    shows="Which pixels the target's value rests on, in the sense of the method.",
    hides="That the reasons are good, or that the map is right: two methods may contradict each other. judge "
    "measures a map against what the model does; guided and deconvnet carry a caution.",
    cost="From 1 forward and 1 backward pass (gradients, Grad-CAM) to thousands of forward passes (RISE): see "
    "the method.",
)


@answers(AttributeRequest, card=_CARD)
def attribute(run: Run, request: AttributeRequest) -> Maps:
    """Run a method by its name; InvalidInputError for an option that it does not have, or a value of another type.

    Methods that take one step do not tell their progress.
    """
    found, info = registered(request.method)
    function: Callable[..., Maps] = found
    given = {name: info.option(name).check(value) for name, value in request.options.items()}
    if request.policies:
        policies = info.option(POLICIES, field=POLICIES)
        given[POLICIES] = policies.check(request.policies, field=POLICIES)
    x = prepared(run, request.images)
    targets = request.targets or (Class(),)
    is_crossed = request.cross and len(targets) > 1 and len(x) > 1
    maps = len(x) * len(targets) if is_crossed else max(len(x), len(targets))
    require_maps_fit(run, x.values, maps=maps)
    with _within_options(info):
        return function(run, x, crossed(targets, len(x)) if is_crossed else targets, **given)


@contextmanager
def _within_options(info: MethodInfo) -> Iterator[None]:
    """Let an error about one of the method's own options name its place in the request."""
    try:
        yield
    except InspectorError as error:
        root, rest = re.match(r"(\w*)(.*)", error.field or "", re.DOTALL).groups()  # type: ignore[union-attr]
        if root != POLICIES and root in {option.name for option in info.options}:
            error.field = f"options[{root}]{rest}"
        raise
