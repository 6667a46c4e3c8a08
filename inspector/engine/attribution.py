"""What attribution methods share: the table of methods, and the walk from targets to maps under a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.results import Attribution
from inspector.engine.targets import ResolvedTarget, Target, resolve, source_of
from inspector.errors import InvalidInputError
from inspector.registry import Registry
from inspector.runtime.cancel import Cancellation

Array = np.ndarray[Any, np.dtype[Any]]


class AttributionMethod(Protocol):
    """A method that maps targets back to the image."""

    def __call__(
        self,
        engine: Engine,
        x: Array,
        targets: Sequence[Target],
        *,
        cancellation: Cancellation | None = None,
    ) -> Attribution:
        """Return one map per target."""


ATTRIBUTION_METHODS: Registry[str, AttributionMethod] = Registry("attribution method")


def attribution_method(name: str) -> Callable[[AttributionMethod], AttributionMethod]:
    """Register a method under the name by which users ask for it."""

    def register(function: AttributionMethod) -> AttributionMethod:
        return ATTRIBUTION_METHODS.add(name, function)

    return register


def project_targets(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    method: str,
    policy: str,
    seed: Callable[[ResolvedTarget], float],
    cancellation: Cancellation | None,
) -> Attribution:
    """Project each target down to the image under a policy; `seed` gives the signal at the target's unit."""
    pairs = _pair(targets, len(x))
    maps: dict[int, Array] = {}
    resolved: dict[int, ResolvedTarget] = {}
    for source in dict.fromkeys(source_of(engine, target) for target, _ in pairs):
        members = [i for i, (target, _) in enumerate(pairs) if source_of(engine, target) == source]
        rows = sorted({pairs[i][1] for i in members})
        alone = len(rows) == 1

        def seeds(activations: Array, images: range) -> Array:
            wanted = members if alone else [members[i] for i in images]  # noqa: B023
            planted = np.zeros((len(wanted), *activations.shape[1:]), np.float32)
            for row, member in enumerate(wanted):
                target, image = pairs[member]
                activation = activations[0 if alone else row]  # noqa: B023
                resolved[member], place = resolve(engine, target, activation, image=image)
                planted[row].reshape(-1)[place] = seed(resolved[member])
            return planted

        found = engine.project(x[rows], source=source, policy=policy, seed=seeds, cancellation=cancellation)
        maps.update(zip(members, found, strict=True))
    order = range(len(pairs))
    return Attribution(
        method=method,
        maps=np.stack([maps[i] for i in order]),
        targets=tuple(resolved[i] for i in order),
        inputs=x,
        layout=engine.model.input.layout,
    )


def _pair(targets: Sequence[Target], images: int) -> list[tuple[Target, int]]:
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
