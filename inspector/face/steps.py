"""A request as an iterator: its progress as it comes, and at last its result."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import replace
from queue import SimpleQueue
from typing import TypeVar

from inspector.face.backend import Backend
from inspector.types.control import Control, Progress
from inspector.types.requests.base import Request
from inspector.types.results.base import Result

R = TypeVar("R", bound=Result)


def steps_of(backend: Backend, request: Request[R], control: Control) -> Generator[Progress | R, None, None]:
    """Yield what a backend tells of a request, and the result last; who stops looking stops the run.

    It runs in a thread of its own, which waits after each step until the next one is asked for.
    """
    told: SimpleQueue[Progress | None] = SimpleQueue()
    asked = threading.Semaphore(0)
    job: Future[R] = Future()
    # The caller's token may hold for other runs: what is stopped here is this one alone.
    with control.cancellation.branch() as own:

        def tell(progress: Progress) -> None:
            told.put(progress)
            asked.acquire()
            own.raise_if_cancelled()

        def run() -> None:
            try:
                job.set_result(backend.ask(request, replace(control, progress=tell, cancellation=own)))
            except BaseException as error:  # noqa: BLE001 — whoever takes the steps gets it, whatever it is
                job.set_exception(error)
            told.put(None)

        worker = threading.Thread(target=run, name="inspector-steps", daemon=True)
        worker.start()
        try:
            while (step := told.get()) is not None:
                yield step
                asked.release()
        finally:
            if not job.done():
                own.cancel("nobody waits for its next step")
            asked.release()
            worker.join()
    yield job.result()
