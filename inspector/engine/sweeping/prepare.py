"""Whether, and how, variants of an image can be run otherwise than by the plain loop."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.engine.sessions import Opened
from inspector.engine.sized import fields_of
from inspector.engine.sweeping.costs import costs
from inspector.engine.sweeping.incremental import Incremental
from inspector.engine.sweeping.parts import PartSessions
from inspector.engine.sweeping.variants import Variants
from inspector.errors import EngineError, InvalidModelError, LimitExceededError
from inspector.graph.incremental.parting import Parting
from inspector.graph.incremental.route import Route
from inspector.graph.incremental.work import Rounding
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
_OPENING_BYTE = 4e-9
"""The same, for each byte of its weights."""
_LEAST_SECONDS = 4e-3
"""That processors take for an image which is tried whole, beside others.

A sweep of less is over in half a second, and its last bits do not hang on what was measured.
"""
_SPARED = 0.1
"""About what whole images beside each other spare of the plain loop's time."""


class Prepared(NamedTuple):
    """A way to run variants, and under which key it is known how that went."""

    incremental: Incremental
    key: Hashable


class Preparing:
    """Finds the ways in which one sweep can be run, beside the plain loop."""

    def __init__(self, run: Run, variants: Variants, tensors: Sequence[str], *, at_most: int | None) -> None:
        self._run, self._variants, self._at_most = run, variants, at_most
        self._names = tuple(dict.fromkeys(tensors))
        self._image = variants.image.shape[1:]
        self._sessions = self._taken_apart(tensors)

    @property
    def may_gain(self) -> bool:
        """Whether whole images may still turn out to be sooner done beside each other."""
        is_open = self._run.engine.sweeps.verdicts.peek(self._whole_key) is not False
        return self._sessions is not None and is_open

    @property
    def chunk(self) -> int:
        """How many variants may run at a time on each of the threads that work beside each other."""
        return self._room()[1]

    def on_crops(self) -> Prepared | None:
        """Return what runs variants on crops; None where that is not worth trying, or was of no use."""
        sessions, engine, variants = self._sessions, self._run.engine, self._variants
        if sessions is None or not sessions.parting.stages:
            return None
        workers, count = self._room()
        rates = costs(sessions.opened, coded=sessions.parting.is_coded)
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
            self._image,
            self._names,
            tuple(stage.output for stage in route.stages),
            route.windows[engine.model.input.name].lengths,
        )
        return self._made(sessions, route, key, count=count, workers=workers)

    def on_whole(self, *, seconds: float, left: int) -> Prepared | None:
        """Return what runs whole images beside each other, on one thread each, with weights laid out for that.

        None where that was of no use, or is not worth the session that it needs: an image takes so many `seconds` of
        processors in the plain loop, and so many are `left` in this sweep.
        """
        sessions, engine = self._sessions, self._run.engine
        if (
            sessions is None
            or seconds < _LEAST_SECONDS
            or engine.model.input.name not in sessions.parting.known.fields
        ):
            return None
        # Once what could have been spared is as much as the session takes, there is more to come than not.
        images = engine.sweeps.counted(self._whole_key, left)
        opening = _OPENING + sessions.parting.weight_bytes * _OPENING_BYTE
        if images * seconds / threads() * _SPARED < opening:
            return None
        return self._whole(sessions)

    def on_whole_if_known(self) -> Prepared | None:
        """Return the same where an earlier sweep found that it gains."""
        sessions = self._sessions
        if sessions is None or not self._run.engine.sweeps.verdicts.peek(self._whole_key):
            return None
        return self._whole(sessions)

    @property
    def _whole_key(self) -> Hashable:
        return (self._image, self._names, ())

    def _whole(self, sessions: PartSessions) -> Prepared | None:
        route = sessions.parting.routes.after(0, self._variants.boxes)
        workers, count = self._room()
        return self._made(sessions, route, self._whole_key, count=count, workers=workers)

    def _room(self) -> tuple[int, int]:
        """Return (how many threads work beside each other, how many variants each takes at a time)."""
        images, fit = len(self._variants), self._run.engine.room.at_a_time(self._image)
        workers = max(1, min(threads(), images // 8, fit // _FEWEST_AT_A_TIME))
        most = min(_COUNT, self._at_most or _COUNT, fit // workers, -(-images // workers))
        return workers, max(1, most)

    def _made(
        self, sessions: PartSessions, route: Route, key: Hashable, *, count: int, workers: int
    ) -> Prepared | None:
        engine = self._run.engine
        if engine.sweeps.verdicts.peek(key) is False:
            return None
        try:
            for stage in route.stages:
                sessions.stage(stage)
            sessions.rest(route.whole)
            made = Incremental(
                engine,
                route,
                self._variants,
                sessions,
                tensors=self._names,
                count=count,
                workers=workers,
                cancellation=self._run.control.cancellation,
            )
        except (EngineError, InvalidModelError, LimitExceededError):
            # The last of clean maps, which are held beside each other.
            engine.sweeps.verdicts.keep(key, value=False)
            return None
        return Prepared(made, key)

    def _taken_apart(self, tensors: Sequence[str]) -> PartSessions | None:
        """Return the model's parts; None where every variant runs as the plain loop runs it."""
        engine, model = self._run.engine, self._run.engine.model
        if (
            len(self._variants) < _FEWEST
            or self._at_most == 1
            or len(model.ir.graph) > _MOST_NODES
            or engine.device.kind != "cpu"
            or model.input.batch not in (None, 1)
            or model.input.batch_axis is None
            or (model.input.batch is None and engine.company(self._image, tensors) is not None)
        ):
            return None
        try:
            sessions = taken_apart(engine, self._image, self._names)
        except LimitExceededError:  # there are more places than may be followed
            return None
        if len(sessions.parting.stages) * len(self._variants) > _MOST_WINDOWS:
            return None
        fuses = engine.sessions.fuses_codes(self._run.control.cancellation)
        return sessions if _is_faithful(sessions.parting, fuses=fuses) else None


def _is_faithful(parting: Parting, *, fuses: bool) -> bool:
    """Return whether a part has the values of the whole up to rounding that stays small.

    Between codes it does not: what is rounded to another code differs by a whole step, and the layers after it by more.
    """
    if not parting.is_coded or parting.rounding is Rounding.INTEGERS:
        return True
    return fuses and parting.rounding is Rounding.FUSED


def taken_apart(engine: Engine, image: tuple[int, ...], tensors: Sequence[str]) -> PartSessions:
    """Return the sessions of an engine's model, taken apart for images of a shape and tensors that are asked for."""

    def made(opened: Opened) -> PartSessions:
        shapes = engine.plan(image).shapes
        parting = Parting(engine.model, fields=fields_of(engine, image), shapes=shapes, tensors=tensors)
        return PartSessions(parting, opened)

    return engine.sessions.parts((image, tuple(tensors)), made)
