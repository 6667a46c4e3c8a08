"""How methods register: under a name, with their picture and their caution. The catalog imports them all."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol, TypeVar, cast

import numpy as np

from inspector.engine.run import Run
from inspector.errors import unknown_name
from inspector.methods.card import Card
from inspector.methods.emptiness import note_empty
from inspector.methods.notes import CAUTION, note_target, note_values
from inspector.methods.pairs import unpaired
from inspector.methods.signatures import method_info
from inspector.methods.unit_windows import with_windows
from inspector.registry import Registry
from inspector.types.images import Prepared
from inspector.types.options import PICTURES, POLICIES, MethodInfo
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


class AttributionMethod(Protocol):
    """A method that maps targets back to the image. Its own options are keyword parameters with defaults."""

    def __call__(self, run: Run, x: Prepared, targets: Sequence[Target]) -> Maps:
        """Return one map per target."""


M = TypeVar("M", bound=AttributionMethod)

ATTRIBUTION_METHODS: Registry[str, AttributionMethod] = Registry(
    "attribution method", package="inspector.methods"
)
"""What has registered so far; `inspector.methods.catalog` knows all of them."""

Shares = Literal["", "value", "difference"]

SHARES: dict[str, Shares] = {}
"""What a method's maps add up to, as far as the method is complete."""

_INFOS: dict[str, MethodInfo] = {}


def attribution_method(
    name: str,
    *,
    picture: str,
    caution: str | None = None,
    drawn: Callable[..., str] | None = None,
    card: Card | None = None,
    shares: Shares = "",
) -> Callable[[M], M]:
    """Register a method under the name by which users ask for it.

    `picture` says how its maps are drawn (one of PICTURES), `caution` what must be said beside them, so that they are
    not believed beyond what they show. Its results carry both, and the notes of their run. Where the picture depends on
    the options, `drawn` gives it for those. `card` is what people should know of it. `shares` says what a method shares
    out among the pixels, whose map is then no gradient: the target's value, or its difference from a baseline's.
    """
    if picture not in PICTURES:
        raise ValueError(
            f"Attribution method {name!r} has the picture {picture!r}; allowed: {', '.join(PICTURES)}."
        )

    def register(function: M) -> M:
        info = replace(method_info(name, function), picture=picture, caution=caution, card=card)

        @functools.wraps(function)
        def method(run: Run, x: Prepared, targets: Sequence[Target], **options: Any) -> Maps:
            with np.errstate(
                over="ignore", invalid="ignore"
            ):  # what is not finite passes through, and is told of
                found = function(run, x, targets, **options)
            images = [target.image for target in found.targets]
            note_values(run, x.values, found.maps, what="the maps", images=images)
            aims = [unpaired(target) for target in targets]
            note_empty(run, x.values, found, aims)
            for target in aims:
                note_target(run, target)
            if caution is not None:
                run.note(CAUTION, caution)
            used = {**_used(info, options), **found.options}
            picture_of_these = picture if drawn is None else drawn(**options)
            return replace(
                found,
                method=name,
                picture=picture_of_these,
                caution=caution,
                options=used,
                targets=with_windows(run, x.values, found.targets),
                notes=run.notes,
            )

        ATTRIBUTION_METHODS.add(name, method)
        _INFOS[name] = info
        SHARES[name] = shares
        return cast("M", method)

    return register


def _used(info: MethodInfo, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a method runs with, as a result tells them: those given, and the defaults of others."""
    used = {one.name: given.get(one.name, one.default) for one in info.options}
    policies = used.pop(POLICIES, None)
    if policies:
        used[POLICIES] = tuple(f"{layer}={policy}" for layer, policy in sorted(policies.items()))
    return {name: value for name, value in used.items() if value is not None}


def registered(name: str) -> tuple[AttributionMethod, MethodInfo]:
    """Return a method and what is known of it; NotFoundError names the methods that exist."""
    function = ATTRIBUTION_METHODS.get(name)
    if function is None:
        raise unknown_name("attribution method", name, ATTRIBUTION_METHODS.keys(), field="method")
    return function, _INFOS[name]
