"""The loop: a picture that climbs toward an objective, step by step, on the device.

paint -> model forward -> aim -> model backward -> improve, each a session of its own whose tensors stay where they are.
What another method changes are data: the objective (`Norm` for DeepDream, `Likeness` for feature inversion), the
picture at the start (`start`, for accentuation: a photograph in place of noise), the canvas (larger than the model's
input: views are parts of it; a loop per octave, each beginning with the enlarged `picture()` of the last).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from inspector.engine.chain import Chain
from inspector.engine.run import Run
from inspector.grad.synthesis.aim import SCORES, write_aim
from inspector.grad.synthesis.painting import COUNT, NEW, PARAMETERS, PICTURE, RATE, Painting
from inspector.graph.synthesis.colors import unbounded
from inspector.graph.synthesis.objectives import Objective
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array


class Loop:
    """Pictures in the making. Steps are deterministic: same seed, same pictures, bit for bit on the CPU."""

    def __init__(
        self,
        run: Run,
        painting: Painting,
        objective: Objective,
        *,
        generators: Sequence[np.random.Generator],
        start: Array | None = None,
        policy: str = "gradient",
    ) -> None:
        """Begin with noise of `generators`, one per picture, or with pictures `start`, (N, C, *size) in 0..1.

        `policy` is that of the way back through the model. Raises what `Chain` raises.
        """
        self._run, self.painting, self._generators = run, painting, tuple(generators)
        sessions, self._device = run.engine.sessions, run.engine.device
        self._parameters = self._before = self._place(self._start(start))
        self._slots = {name: self._place(np.zeros(self._shape, np.float32)) for name in painting.slots()}
        self._objective = objective
        self._show: Session | None = None
        self._chain = self._way(policy)
        rows = self._rows = self._chain.rows
        self._paint = sessions.own(painting.paint(rows))
        self._improve = sessions.own(painting.improve(rows, sources=len(objective.tensors)))
        self._aim: Session | None = None
        self.steps = 0
        """How many were made."""

    def step(self, *, rate: float | None = None, progress: float = 0.0) -> DeviceTensor:
        """Take one step uphill, and return the scores of its views (rows,) from before it, left on the device.

        `rate` is the optimizer's own where it is left out; `progress` goes from 0 to 1 over all steps.
        """
        run, painting = self._run, self.painting
        cancellation = run.control.cancellation
        draws = painting.views.draw(painting.canvas, self._generators, progress=progress)
        feeds: dict[str, DeviceTensor] = {PARAMETERS: self._parameters}
        feeds |= {name: self._place(value) for name, value in draws.items() if name in self._paint.inputs}
        fetch = (*self._rows.images, *painting.saved)
        painted = self._paint.run(feeds, fetch, cancellation=cancellation)
        runs = self._chain.forward([painted[name] for name in self._rows.images])
        if self._aim is None:
            graph = write_aim(self._objective, self._chain.sources(runs), self._rows)
            self._aim = run.engine.sessions.own(graph)
        given = {
            name: one[tensor]
            for source, tensor in enumerate(self._objective.tensors)
            for name, one in zip(self._rows.raw(source), runs, strict=True)
        }
        aimed = self._aim.run(
            {name: value for name, value in given.items() if name in self._aim.inputs},
            self._aim.outputs,
            cancellation=cancellation,
        )
        pulls = {
            pull: self._chain.backward(source, one, aimed[seed])
            for source in range(len(self._objective.tensors))
            for pull, seed, one in zip(self._rows.pulls(source), self._rows.seeds(source), runs, strict=True)
        }
        self.steps += 1
        self._advance({**feeds, **painted, **pulls}, painting.optimizer.rate if rate is None else rate)
        return aimed[SCORES]

    def moved(self) -> bool:
        """Return whether the last step changed every picture: a gradient of 0 changes none."""
        pairs = zip(self._parameters.numpy(), self._before.numpy(), strict=True)
        return all(not np.array_equal(one, before) for one, before in pairs)

    def turn_to(self, policy: str) -> None:
        """Go on with another policy on the way back through the model."""
        self._chain = self._way(policy)

    def picture(self) -> Array:
        """Return the pictures as they are, (N, C, *size) in 0..1, on the host."""
        if self._show is None:
            self._show = self._run.engine.sessions.own(self.painting.show())
        found: Array = self._show.run({PARAMETERS: self._parameters}, [PICTURE])[PICTURE].numpy()
        return found.copy()

    def _advance(self, known: Mapping[str, DeviceTensor], rate: float) -> None:
        numbers = {RATE: np.full(1, rate, np.float32), COUNT: np.full(1, self.steps, np.float32)}
        feeds = {**known, **self._slots, **{name: self._place(value) for name, value in numbers.items()}}
        new = self._improve.run(
            {name: value for name, value in feeds.items() if name in self._improve.inputs},
            self._improve.outputs,
            cancellation=self._run.control.cancellation,
        )
        self._before, self._parameters = self._parameters, new[NEW]
        self._slots = {name: new[NEW + name] for name in self._slots}

    def _start(self, start: Array | None) -> Array:
        painting = self.painting
        self._shape = painting.parameterization.shape(painting.canvas)
        if start is None:
            one = replace(painting.canvas, pictures=1)
            parts = [painting.parameterization.start(one, generator) for generator in self._generators]
            return np.concatenate(parts)
        return painting.parameterization.of(unbounded(start, decorrelated=painting.decorrelated))

    def _way(self, policy: str) -> Chain:
        """Return the way through the model; gray images tell it the shapes of all others."""
        run, painting = self._run, self.painting
        gray = np.full((painting.rows, painting.canvas.channels, *painting.views.size), 0.5, np.float32)
        images = painting.frame.typed(painting.frame.values(gray))
        tensors = self._objective.tensors
        return Chain(run.engine, images, tensors, policy=policy, cancellation=run.control.cancellation)

    def _place(self, array: Array) -> DeviceTensor:
        return DeviceTensor.place(array, self._device)
