"""What attribution methods share: the table of methods, and the walk from targets to maps under a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol, TypeVar

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError, NotFoundError, unknown_name
from inspector.grad.policies.table import policy_named
from inspector.methods.notes import notes_on
from inspector.methods.signatures import method_info, tells_progress
from inspector.registry import Registry
from inspector.resolve.chosen import Chosen
from inspector.resolve.targets import Aim, choose, source_of
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.options import MethodInfo
from inspector.types.results import Attribution
from inspector.types.targets import ResolvedTarget, Target


class AttributionMethod(Protocol):
    """A method that maps targets back to the image. Its own options are keyword parameters with defaults."""

    def __call__(
        self,
        engine: Engine,
        x: Array,
        targets: Sequence[Target],
        *,
        cancellation: Cancellation | None = None,
    ) -> Attribution:
        """Return one map per target."""


M = TypeVar("M", bound=AttributionMethod)
Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""

Planting = Callable[[Chosen, Array], Array]
"""(what was chosen, the values of its elements (n,)) -> the signals that start there (n,)."""

ATTRIBUTION_METHODS: Registry[str, AttributionMethod] = Registry("attribution method")


def attribution_method(name: str) -> Callable[[M], M]:
    """Register a method under the name by which users ask for it."""

    def register(function: M) -> M:
        ATTRIBUTION_METHODS.add(name, function)
        return function

    return register


def info_of(method: str) -> MethodInfo:
    """Return what is known of a method; NotFoundError names the methods that exist."""
    function: Callable[..., Attribution] = _method(method)
    return method_info(method, function)


def attribute(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    method: str,
    options: Mapping[str, object] = MappingProxyType({}),
    progress: Progress | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """Run a method by its name; InvalidInputError for an option that it does not have, or a value of another type.

    Methods that take one step do not tell their progress.
    """
    info = info_of(method)
    given = {name: info.option(name).check(value) for name, value in options.items()}
    function: Callable[..., Attribution] = _method(method)
    controls: dict[str, object] = {"cancellation": cancellation}
    if tells_progress(function):
        controls["progress"] = progress
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite passes through, and is told of
        found = function(engine, x, targets, **given, **controls)
    notes = notes_on(
        engine,
        x,
        found.maps,
        what="the maps",
        images=[target.image for target in found.targets],
        cancellation=cancellation,
    )
    return replace(found, notes=(*notes, *found.notes))


def _method(name: str) -> AttributionMethod:
    function = ATTRIBUTION_METHODS.get(name)
    if function is None:
        raise unknown_name("attribution method", name, ATTRIBUTION_METHODS.keys(), field="method")
    return function


def plain(chosen: Chosen, _values: Array) -> Array:
    """Start with ∂S/∂t: 1 at an element, 1/n for a mean of n."""
    return chosen.weights


def shares(chosen: Chosen, values: Array) -> Array:
    """Start with what each element adds to the target's value."""
    found: Array = chosen.weights * values
    return found


def project_targets(
    engine: Engine,
    x: Array,
    targets: Sequence[Aim],
    *,
    method: str,
    policy: str,
    policies: Mapping[str, str] | None = None,
    toward: str | None = None,
    planting: Planting = plain,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """Project each target down to the image, or to the tensor `toward`, under a policy.

    `policies` names other policies by layer; `planting` gives the signals at the target's elements.
    """
    overrides = dict(_override(engine, layer, name) for layer, name in (policies or {}).items())
    pairs = pair(targets, len(x))
    maps: dict[int, Array] = {}
    resolved: dict[int, ResolvedTarget] = {}
    for source in dict.fromkeys(source_of(engine, target) for target, _ in pairs):
        members = [i for i, (target, _) in enumerate(pairs) if source_of(engine, target) == source]
        rows = sorted({pairs[i][1] for i in members})
        alone = len(rows) == 1

        def seeds(activations: Array, images: range) -> Array:
            wanted = members if alone else [members[i] for i in images]  # noqa: B023
            planted = np.zeros((len(wanted), *activations.shape[1:]), np.float32)
            flat = planted.reshape(len(wanted), -1)
            for row, member in enumerate(wanted):
                target, image = pairs[member]
                activation = activations[0 if alone else row]  # noqa: B023
                chosen = choose(engine, target, activation, image=image)
                flat[row, chosen.places] = planting(chosen, chosen.values(activation))
                resolved[member] = chosen.resolved
            return planted

        found = engine.project(
            x[rows],
            source=source,
            target=toward,
            policy=policy,
            overrides=overrides,
            seed=seeds,
            seeds_per_image=len(members) if alone else 1,
            cancellation=cancellation,
        )
        maps.update(zip(members, found, strict=True))
    order = range(len(pairs))
    return attribution_of(
        engine, x, np.stack([maps[i] for i in order]), [resolved[i] for i in order], method=method
    )


def _override(engine: Engine, layer: str, policy: str) -> tuple[str, str]:
    """Return a layer's tensor and its policy, both of which must exist."""
    try:
        return engine.model.layer(layer).output, policy_named(policy).name
    except NotFoundError as error:
        raise NotFoundError(error.message, reason=error.reason, field=f"policies.{layer}") from None


def choose_targets(
    engine: Engine, x: Array, targets: Sequence[Aim], *, cancellation: Cancellation | None = None
) -> list[Chosen]:
    """Choose the elements of each target, one forward pass for all."""
    pairs = pair(targets, len(x))
    found = engine.run(x, list({source_of(engine, target) for target in targets}), cancellation=cancellation)
    return [
        choose(engine, target, found[source_of(engine, target)][image], image=image)
        for target, image in pairs
    ]


def attribution_of(
    engine: Engine,
    x: Array,
    maps: Array,
    targets: Sequence[ResolvedTarget],
    *,
    method: str,
    completeness_gap: Sequence[float] = (),
    notes: Sequence[str] = (),
) -> Attribution:
    """Return maps as a method's result for images `x`."""
    return Attribution(
        method=method,
        maps=maps,
        targets=tuple(targets),
        inputs=x,
        layout=engine.model.input.layout,
        completeness_gap=tuple(completeness_gap),
        notes=tuple(notes),
    )


def pair(targets: Sequence[Aim], images: int) -> list[tuple[Aim, int]]:
    """Pair targets with images: one target for all images, all targets for one image, or one to one."""
    if not targets:
        raise InvalidInputError("No target was given; give at least one, or None.", field="target")
    if len(targets) == 1:
        return [(targets[0], image) for image in range(images)]
    if images == 1:
        return [(target, 0) for target in targets]
    if len(targets) == images:
        return list(zip(targets, range(images), strict=True))
    raise InvalidInputError(
        f"{len(targets)} targets do not go with {images} images. Give one target, or one image, or as many of both.",
        field="target",
    )
