"""From targets to maps: the way back from each target to the image, or to a layer, under a policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.pass_plan import Way
from inspector.engine.pullback import Passed, Pullback
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
from inspector.types.results.maps import Maps, Used
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
    missing: tuple[int, ...] = ()
    """The places of the targets whose image does not have the element."""
    blind: tuple[ResolvedTarget, ...] = ()
    """Those whose way back depends on no value of the image: there are no switches on it, and no masks."""


class ProjectedWays(NamedTuple):
    """The same targets, projected down several ways."""

    ways: tuple[Projected, ...]
    beside: Mapping[str, Array]
    """Tensors of the same forward pass, each target's image's: (M, *tensor)."""


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
    overrides = dict(_override(run.engine, layer, name) for layer, name in (policies or {}).items())
    end = run.engine.model.input.name if toward is None else toward
    way = Way(toward=end, policy=policy, overrides=overrides)
    return project_ways(run, x, targets, ways=[way], seeding=seeding).ways[0]


def project_ways(
    run: Run,
    x: Array,
    targets: Sequence[Aim | Paired],
    *,
    ways: Sequence[Way],
    beside: Sequence[str] = (),
    seeding: Seeding = plain,
) -> ProjectedWays:
    """Project each target down several ways; one forward pass serves all, and gives the tensors `beside` as well."""
    pairs = pairs_of(targets, len(x))
    found = _Found(maps=[{} for _ in ways], blind=[set() for _ in ways], beside={name: {} for name in beside})
    with run.foreseeing(ways, beside, targets=len(pairs)):
        for source, members in _together(_by_source(run, x, pairs)):
            _project_together(run, x, found, source, members, ways=ways, beside=beside, seeding=seeding)
    for one in found.maps:
        for place in found.missing:
            one[place] = np.full(x.shape[1:], np.nan, np.float32)
    told = tuple([found.resolved[place] for place in range(len(pairs))])
    missing = tuple(sorted(found.missing))
    projected = [
        Projected(_in_order(one, len(pairs)), told, missing, tuple([told[place] for place in sorted(hidden)]))
        for one, hidden in zip(found.maps, found.blind, strict=True)
    ]
    return ProjectedWays(
        tuple(projected), {name: _in_order(kept, len(pairs)) for name, kept in found.beside.items()}
    )


def _project_together(
    run: Run,
    x: Array,
    found: _Found,
    source: str,
    members: Sequence[Pair],
    *,
    ways: Sequence[Way],
    beside: Sequence[str],
    seeding: Seeding,
) -> None:
    """Project targets that share runs, equally many of each of their images."""
    rows = sorted({member.image for member in members})
    each = len(members) // len(rows)
    own = x if len(rows) == len(x) else x[rows]
    for passed in run.passes(own, source=source, ways=ways, beside=beside, seeds=each):
        for way, pullback in zip(ways, passed.pullbacks, strict=True):
            _note_policies(run, way.policy, way.overrides, pullback)
        rounds = [members[row * each : (row + 1) * each] for row in passed.images]
        for part in _rounds(rounds, min([pullback.most for pullback in passed.pullbacks])):
            found.add(run, passed, part, seeding=seeding)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    """What is known of targets so far, by their places."""

    maps: Sequence[dict[int, Array]]
    """By way."""
    blind: Sequence[set[int]]
    """By way, those whose way back sees nothing of the image."""
    beside: Mapping[str, dict[int, Array]]
    resolved: dict[int, ResolvedTarget] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)

    def add(self, run: Run, passed: Passed, part: Sequence[Pair], *, seeding: Seeding) -> None:
        """Choose the elements of targets that a pullback takes at once, and pull them back all ways."""
        values = passed.values
        chosen = [_chosen(run.engine, member, _on(values, row)) for row, member in enumerate(part)]
        is_there = [one.is_in(values.shape[1:]) for one in chosen]
        for row, (member, one, there) in enumerate(zip(part, chosen, is_there, strict=True)):
            self.resolved[member.place] = one.resolved
            for name, kept in self.beside.items():
                kept[member.place] = _on(passed.beside[name], row)
            if not there:
                self.missing.add(member.place)
        if not any(is_there):
            return
        seeds = _seeds(chosen, values, seeding)
        _note_silent(run, chosen, seeds, is_there)
        for maps, blind, pullback in zip(self.maps, self.blind, passed.pullbacks, strict=True):
            gradient = pullback(seeds).numpy()
            for member, pulled in zip(part, gradient, strict=True):
                maps[member.place] = pulled
                if not pullback.sees_image:
                    blind.add(member.place)


def _in_order(arrays: Mapping[int, Array], count: int) -> Array:
    """Return arrays of one shape, from 0 to `count`, as one, which is a copy."""
    return arrays[0][None].copy() if count == 1 else np.stack([arrays[place] for place in range(count)])


def _by_source(run: Run, x: Array, pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Return the pairs by the tensor that their target lives in, with what must be chosen on the image to know it."""
    found: dict[str, list[Pair]] = {}
    for one in pairs:
        with within(f"targets[{one.number}]"):
            aim = settled(run, x, one.target, image=one.image)
            known = one if aim is one.target else one._replace(target=aim)
            found.setdefault(source_of(run.engine, aim), []).append(known)
    return found


def _together(by_source: Mapping[str, list[Pair]]) -> Iterator[tuple[str, list[Pair]]]:
    """Yield what shares runs, image by image: targets of images that have equally many of them, else those of one."""
    for source, members in by_source.items():
        if len(members) == 1:
            yield source, members
            continue
        counts = Counter(one.image for one in members)
        if len(set(counts.values())) == 1:
            yield source, sorted(members, key=lambda one: one.image)
            continue
        for image in sorted(counts):
            yield source, [one for one in members if one.image == image]


def _chosen(engine: Engine, one: Pair, activation: Array) -> Chosen:
    with within(f"targets[{one.number}]"):
        return resolve(engine, one.target, activation, image=one.image)


def _rounds(own: Sequence[Sequence[Pair]], size: int) -> Iterator[Sequence[Pair]]:
    """Yield what a pullback takes at once of the targets of each image of a batch: one of each image, in their order.

    Of a single image as many as `size`.
    """
    if len(own) > 1:
        yield from zip(*own, strict=True)
        return
    (pairs,) = own
    yield from (pairs[start : start + size] for start in range(0, len(pairs), size))


def _seeds(chosen: Sequence[Chosen], values: Array, seeding: Seeding) -> Array:
    """Return one seed for each of what was chosen, on one image or on as many; 0 for what is not there."""
    planted = np.zeros((len(chosen), *values.shape[1:]), np.float32)
    flat = planted.reshape(len(chosen), -1)
    for row, one in enumerate(chosen):
        if one.is_in(values.shape[1:]):
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


def _note_silent(run: Run, chosen: Sequence[Chosen], seeds: Array, is_there: Sequence[bool]) -> None:
    """Note which targets, of those that are there, give nothing to share out."""
    for one, seed, there in zip(chosen, seeds, is_there, strict=True):
        if there and not seed.any():
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
    by_source = _by_source(run, x, pairs_of(targets, len(x)))
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
    layers: Sequence[str] = (),
    options: Mapping[str, Used] = MappingProxyType({}),
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
        layers=tuple(layers),
        options=options,
        notes=run.notes,
    )
