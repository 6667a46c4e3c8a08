"""From targets to maps: the way back from each target to the image, or to a layer, under a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.pullback import Pullback
from inspector.engine.run import Run
from inspector.errors import NotFoundError, within
from inspector.grad.policies.table import Signal, policy_named
from inspector.methods.emptiness import SILENT_TARGET
from inspector.methods.notes import IDLE_POLICY, IMAGE_INDEPENDENT, NO_RECTIFIER
from inspector.methods.pairs import Pair, Paired
from inspector.methods.pairs import pairs as pairs_of
from inspector.resolve.chosen import Chosen
from inspector.resolve.targets import Aim, resolve, settled, source_of
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.layouts import batched
from inspector.types.results.maps import Maps
from inspector.types.targets import ResolvedTarget, Target

Seeding = Callable[[Chosen, Array], Array]
"""(what was chosen, the values of its elements (n,)) -> the signals that start there (n,)."""


_NAMED = 3
"""Of the targets that a note is about."""


class Projected(NamedTuple):
    """Maps, and what they are of."""

    maps: Array
    """float32 (M, *toward); NaN where an image does not have the element that was chosen on another."""
    targets: tuple[ResolvedTarget, ...]
    missing: int = 0
    """Of how many targets the image does not have the element."""
    blind: tuple[ResolvedTarget, ...] = ()
    """Those whose way back depends on no value of the image: there are no switches on it, and no masks."""


def plain(chosen: Chosen, _values: Array) -> Array:
    """Start with ∂S/∂t: 1 at an element, 1/n for a mean of n."""
    return chosen.weights


def contributions(chosen: Chosen, values: Array) -> Array:
    """Start with what each element adds to the target's value."""
    found: Array = chosen.weights * values
    return found


def project_targets(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    policy: str,
    policies: Mapping[str, str] | None = None,
    seeding: Seeding = plain,
) -> Maps:
    """Return each target projected down to the image under a policy: what many methods are; see `project`."""
    found = project(run, x.values, targets, policy=policy, policies=policies, seeding=seeding)
    note_blind(run, found.blind, policy)
    return attribution_of(run, x, found.maps, found.targets)


def project(
    run: Run,
    x: Array,
    targets: Sequence[Aim | Paired],
    *,
    policy: str,
    policies: Mapping[str, str] | None = None,
    toward: str | None = None,
    seeding: Seeding = plain,
) -> Projected:
    """Project each target down to the image, or to the tensor `toward`, under a policy.

    `policies` names other policies by layer; `seeding` gives the signals at the target's elements.
    """
    engine = run.engine
    overrides = dict(_override(engine, layer, name) for layer, name in (policies or {}).items())
    pairs = _settled(run, x, pairs_of(targets, len(x)))
    maps: dict[int, Array] = {}
    resolved: dict[int, ResolvedTarget] = {}
    missing = 0
    blind: set[int] = set()
    for source, members in _together(_by_source(engine, pairs)):
        rows = sorted({member.image for member in members})
        alone = len(rows) == 1
        for images, values, pullback in run.pullbacks(
            x[rows],
            source=source,
            toward=toward,
            policy=policy,
            overrides=overrides,
            seeds=len(members) if alone else 1,
        ):
            _note_policies(run, policy, overrides, pullback)
            # Several targets are either on one image, or each on an image of its own.
            wanted = members if alone else members[images.start : images.stop]
            for part in _parts(wanted, pullback.most):
                chosen = [_chosen(engine, member, _on(values, row)) for row, member in enumerate(part)]
                resolved.update(
                    (member.place, one.resolved) for member, one in zip(part, chosen, strict=True)
                )
                if not all(one.is_in(values.shape[1:]) for one in chosen):
                    missing += len(part)
                    maps.update((member.place, np.full(x.shape[1:], np.nan, np.float32)) for member in part)
                    continue
                seeds = _seeds(chosen, values, seeding)
                _note_silent(run, chosen, seeds)
                gradient = pullback(seeds).numpy()
                if not pullback.sees_image:
                    blind.update(member.place for member in part)
                maps.update((member.place, one) for member, one in zip(part, gradient, strict=True))
    order = range(len(pairs))
    return Projected(
        np.stack([maps[i] for i in order]),
        tuple(resolved[i] for i in order),
        missing,
        tuple(resolved[i] for i in sorted(blind)),
    )


def _settled(run: Run, x: Array, pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs with what must be chosen on the image before its tensor is known."""
    found = []
    for one in pairs:
        with within(f"targets[{one.number}]"):
            found.append(one._replace(target=settled(run, x, one.target, image=one.image)))
    return found


def _by_source(engine: Engine, pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Return the pairs by the tensor that their target lives in."""
    found: dict[str, list[Pair]] = {}
    for one in pairs:
        with within(f"targets[{one.number}]"):
            found.setdefault(source_of(engine, one.target), []).append(one)
    return found


def _together(by_source: Mapping[str, list[Pair]]) -> Iterator[tuple[str, list[Pair]]]:
    """Yield what shares runs: targets that are each on an image of its own, else those of one image."""
    for source, members in by_source.items():
        images = [one.image for one in members]
        if len(set(images)) in (1, len(images)):
            yield source, sorted(members, key=lambda one: one.image)
            continue
        for image in sorted(set(images)):
            yield source, [one for one in members if one.image == image]


def _chosen(engine: Engine, one: Pair, activation: Array) -> Chosen:
    with within(f"targets[{one.number}]"):
        return resolve(engine, one.target, activation, image=one.image)


def _parts(pairs: Sequence[Pair], size: int) -> Iterator[Sequence[Pair]]:
    return (pairs[start : start + size] for start in range(0, len(pairs), size))


def _seeds(chosen: Sequence[Chosen], values: Array, seeding: Seeding) -> Array:
    """Return one seed for each of what was chosen, on one image or on as many."""
    planted = np.zeros((len(chosen), *values.shape[1:]), np.float32)
    flat = planted.reshape(len(chosen), -1)
    for row, one in enumerate(chosen):
        flat[row, one.places] = seeding(one, one.values(_on(values, row)))
    return planted


def _note_policies(run: Run, policy: str, overrides: Mapping[str, str], pullback: Pullback) -> None:
    """Note a policy that found no rectifier, and layers whose own policy made no difference."""
    acts = policy_named(policy)
    if (
        acts.rectifier is not None
        and acts.signal is Signal.GRADIENT
        and not (pullback.rectified or overrides)
    ):
        run.note(
            NO_RECTIFIER,
            f"No rectifier that is known as one lies on the way: this is what the plain gradient gives, since "
            f"{policy!r} differs from it at ReLU and its relatives alone.",
        )
    for tensor in sorted(pullback.idle):
        layer = run.engine.model.layer_giving(tensor)
        name = layer.name if layer is not None else tensor
        run.note(
            IDLE_POLICY,
            f"Policy {overrides[tensor]!r} made no difference at layer {name!r}: there is nothing on the way at which "
            f"it differs from {policy!r}.",
        )


def note_blind(run: Run, blind: Sequence[ResolvedTarget], policy: str) -> None:
    """Note which maps are the same for every image, but for what was chosen on it, and of a layer's unit its value.

    Of a plain gradient this is what it means that there is nothing but linear layers on the way.
    """
    if policy_named(policy).rectifier is None:
        return
    for is_unit in (False, True):
        own = list(dict.fromkeys(str(one) for one in blind if (one.layer is not None) == is_unit))
        if own:
            more = f" and {len(own) - _NAMED} more" if len(own) > _NAMED else ""
            factor = " but for a factor" if is_unit and policy == "deconvnet" else ""
            run.note(
                IMAGE_INDEPENDENT,
                f"The map of {'; '.join(own[:_NAMED])}{more} does not depend on the image: on the way back there is no "
                f"pooling switch, and under the policy {policy!r} no mask of a rectifier. Of the same target every "
                f"image has this map{factor}.",
            )


def _note_silent(run: Run, chosen: Sequence[Chosen], seeds: Array) -> None:
    """Note which targets give nothing to share out."""
    for one, seed in zip(chosen, seeds, strict=True):
        if not seed.any():
            run.note(
                SILENT_TARGET,
                f"{one.resolved} is {one.resolved.value:g} on image {one.resolved.image}: nothing is there to trace.",
            )


def _on(values: Array, row: int) -> Array:
    """Return the activation on which a target is chosen: the only one, or its own."""
    activation: Array = values[row if len(values) > 1 else 0]
    return activation


def _override(engine: Engine, layer: str, policy: str) -> tuple[str, str]:
    """Return a layer's tensor and its policy, both of which must exist."""
    try:
        return engine.model.layer(layer).output, policy_named(policy).name
    except NotFoundError as error:
        raise NotFoundError(error.message, reason=error.reason, field=f"policies[{layer}]") from None


def resolve_targets(run: Run, x: Array, targets: Sequence[Aim | Paired]) -> list[Chosen]:
    """Choose the elements of each target, one forward pass for all."""
    by_source = _by_source(run.engine, _settled(run, x, pairs_of(targets, len(x))))
    chosen: dict[int, Chosen] = {}
    for images, found in run.together(x, list(by_source)):
        for source, members in by_source.items():
            for one in members:
                if one.image in images:
                    values = found[source][one.image - images.start]
                    chosen[one.place] = _chosen(run.engine, one, values)
    return [chosen[place] for place in sorted(chosen)]


def attribution_of(
    run: Run,
    x: Prepared,
    maps: Array,
    targets: Sequence[ResolvedTarget],
    *,
    completeness_gap: Sequence[float] = (),
) -> Maps:
    """Return maps as the result for images `x`; what the method's registration says is put in there."""
    return Maps(
        method="",
        maps=maps,
        targets=tuple(targets),
        inputs=x.values,
        layout=batched(run.engine.model.input.layout),
        completeness_gap=tuple(completeness_gap),
        preprocessing=run.engine.model.preprocessing,
        notes=run.notes,
    )
