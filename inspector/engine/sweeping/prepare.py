"""Whether, and how, variants of an image can be run on crops."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.engine.sized import fields_of
from inspector.engine.sweeping.costs import costs
from inspector.engine.sweeping.incremental import Incremental
from inspector.engine.sweeping.parts import PartSessions
from inspector.engine.sweeping.variants import Variants
from inspector.errors import EngineError, InvalidModelError, LimitExceededError
from inspector.graph.incremental.parting import Parting
from inspector.graph.incremental.work import Rounding
from inspector.graph.pack import PackedGraph
from inspector.runtime.session import Session
from inspector.runtime.threads import threads

_COUNT = 16
"""Variants that run at a time on one thread."""
_FEWEST_AT_A_TIME = 2
"""On each thread: with fewer, fewer threads run beside each other."""
_FEWEST = 16
"""Variants for which it is worth while to look for a way."""
_WORTH = 0.95
"""Crops are tried where they are expected to cost at most so much of whole maps."""
_MOST_NODES = 4000
"""Of a graph that is looked through: each takes a part of a millisecond."""
_MOST_WINDOWS = 10_000_000
"""Of all changes on all maps, which are held in memory."""
_OPENING = 4e-3
"""About the seconds that a session takes to be made."""


def prepare(
    run: Run, variants: Variants, tensors: Sequence[str], *, at_most: int | None
) -> tuple[Incremental, Hashable] | None:
    """Return what runs variants on crops, and under which key it is known how that went; None where nothing does."""
    engine, image = run.engine, variants.image.shape[1:]
    model = engine.model
    if (
        len(variants) < _FEWEST
        or at_most == 1
        or len(model.ir.graph) > _MOST_NODES
        or engine.device.kind != "cpu"
        or model.input.batch not in (None, 1)
        or model.input.batch_axis is None
        or (model.input.batch is None and engine.company(image, tensors) is not None)
    ):
        return None
    names = tuple(dict.fromkeys(tensors))
    try:
        sessions = taken_apart(engine, image, names)
    except LimitExceededError:  # there are more places than may be followed
        return None
    parting = sessions.parting
    if len(parting.stages) * len(variants) > _MOST_WINDOWS:
        return None
    fuses = engine.sessions.fuses_codes(run.control.cancellation)
    if not parting.stages or not _is_faithful(parting, fuses=fuses):
        return None
    # Behind the first stages maps are small: twice as many fit as of whole runs, and are shared among the threads.
    fit = 2 * engine.largest_batch(image)
    workers = max(1, min(threads(), len(variants) // 8, fit // _FEWEST_AT_A_TIME))
    count = max(1, min(_COUNT, at_most or _COUNT, fit // workers, -(-len(variants) // workers)))
    rates = costs(sessions.opened, coded=parting.is_coded)
    route = sessions.route(variants.boxes, rates, count=count)
    missing = sum(stage.output not in sessions for stage in route.stages)
    spared = (route.plain - route.seconds) * len(variants)
    if (
        not route.stages
        or route.seconds > _WORTH * route.plain * workers / threads()
        or spared < missing * _OPENING
    ):
        return None
    key = (
        image,
        names,
        tuple(stage.output for stage in route.stages),
        route.windows[model.input.name].lengths,
    )
    if engine.sweeps.verdicts.peek(key) is False:
        return None
    try:
        for stage in route.stages:
            sessions.stage(stage)
        sessions.rest(route.whole)
        made = Incremental(
            engine,
            route,
            variants,
            sessions,
            tensors=names,
            count=count,
            workers=workers,
            cancellation=run.control.cancellation,
        )
    except (EngineError, InvalidModelError, LimitExceededError):  # the last of clean maps, beside each other
        engine.sweeps.verdicts.keep(key, value=False)
        return None
    return made, key


def _is_faithful(parting: Parting, *, fuses: bool) -> bool:
    """Return whether a part has the values of the whole up to rounding that stays small.

    Between codes it does not: what is rounded to another code differs by a whole step, and the layers after it by more.
    """
    if not parting.is_coded or parting.rounding is Rounding.INTEGERS:
        return True
    return fuses and parting.rounding is Rounding.FUSED


def taken_apart(engine: Engine, image: tuple[int, ...], tensors: Sequence[str]) -> PartSessions:
    """Return the sessions of an engine's model, taken apart for images of a shape and tensors that are asked for."""

    def made(opened: Callable[[PackedGraph], Session]) -> PartSessions:
        shapes = engine.plan(image).shapes
        parting = Parting(engine.model, fields=fields_of(engine, image), shapes=shapes, tensors=tensors)
        return PartSessions(parting, opened)

    return engine.sessions.parts((image, tuple(tensors)), made)
