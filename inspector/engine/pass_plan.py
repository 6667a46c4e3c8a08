"""What a forward pass and the ways back from it take: decided once, and kept with the engine for the next call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from inspector.engine.backward_graphs import BackwardKey
from inspector.engine.engine import Engine
from inspector.engine.sessions import Backward
from inspector.grad.writing.builder import Batch
from inspector.graph.batch.placement import Placement
from inspector.graph.expose import Exposed
from inspector.types.layers import Shape


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way back from a source: to which tensor, and under which policy."""

    toward: str
    policy: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Other policies, by the tensors that their layers compute."""


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Where the images stand at both ends of the way back."""

    source: Placement
    toward: Placement

    @property
    def lead(self) -> bool:
        """Whether the images' axis is the first of both, so that seeds stack along it."""
        return self.source.leads and self.toward.leads


@dataclass(frozen=True, kw_only=True)
class PassPlan:
    """Names and places; no session, which the cache may forget, and nothing of the images but their shape."""

    asked: tuple[str, ...]
    """Tensors of the forward pass: the source, and what is asked for beside it."""
    saved: Exposed
    """What the ways back are fed of it."""
    toward: tuple[str, ...]
    ends: tuple[Ends, ...]
    """By way."""
    loses_axes: bool
    """Whether the values decide the size of an axis of what is saved: a run can leave it out, where it is 1."""
    is_whole: bool
    """Whether a batch is fixed, so that the way back is that of all of it."""
    shares: bool
    """Whether several images, or several seeds of one, may share a run there and back."""

    @cached_property
    def exposed(self) -> Exposed:
        """All that the forward pass gives."""
        return Exposed.union((Exposed(tensors=self.asked), self.saved))

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """What decides how many images share a run."""
        read = () if self.is_whole else tuple(tensor for _, tensor in self.saved.like)
        return self.asked[:1] + self.toward + self.asked[1:] + read


def backward_key(
    engine: Engine, image: tuple[int, ...], *, source: str, way: Way, batch: Batch
) -> BackwardKey:
    """Return which backward graph a way takes, on images of a shape (without the batch axis)."""
    return engine.sessions.backward_key(
        source, way.toward, way.policy, way.overrides, image=image, batch=batch
    )


def pass_plan(
    engine: Engine,
    image: tuple[int, ...],
    *,
    keys: tuple[BackwardKey, ...],
    backward: Sequence[Backward],
    beside: tuple[str, ...],
) -> PassPlan:
    """Return the plan for ways back from one source on images of a shape, which is made when it is first asked for.

    `backward` is what the keys lead to.
    """
    found: PassPlan = engine.pass_plans.get(
        (image, keys, beside), lambda: _planned(engine, image, keys=keys, backward=backward, beside=beside)
    )
    return found


def _planned(
    engine: Engine,
    image: tuple[int, ...],
    *,
    keys: Sequence[BackwardKey],
    backward: Sequence[Backward],
    beside: Sequence[str],
) -> PassPlan:
    plan, source = engine.plan(image), keys[0].source
    saved = Exposed.union(one.saved for one in backward)
    ends = tuple(Ends(source=plan.of(source), toward=plan.of(key.target)) for key in keys)
    is_whole = (engine.model.input.batch or 1) > 1
    return PassPlan(
        asked=(source, *beside),
        saved=saved,
        toward=tuple(key.target for key in keys),
        ends=ends,
        loses_axes=any(_is_loose(plan.shapes.get(name)) for _, name in saved.like),
        is_whole=is_whole,
        shares=is_whole or all(one.batchable and end.lead for one, end in zip(backward, ends, strict=True)),
    )


def _is_loose(shape: Shape | None) -> bool:
    return shape is not None and not all(isinstance(size, int) for size in shape)
