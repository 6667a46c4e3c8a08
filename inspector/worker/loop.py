"""The main loop of a worker: it takes what the server asks, lets threads do it, and sends what they give."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inspector.errors import CancelledError
from inspector.face.load import SESSIONS as KEPT
from inspector.isolation.failure import failure_from_json, failure_to_json
from inspector.isolation.heads import RAN, SESSIONS, Head, Kind
from inspector.isolation.packets import TooLongError, pack, receive, send
from inspector.types.control import Cancellation
from inspector.worker.hosted import asking
from inspector.worker.operation import OPERATIONS, Answer, Ask, Here, Lane, operation_named

MOST_BODY = 4 << 30
"""Bytes of what is asked; the server, which is trusted, has bounds of its own."""
OTHER_THREADS = 2
"""Of each lane beside that of the runs."""


class Job:
    """One operation under way."""

    def __init__(self) -> None:
        self.cancellation = Cancellation()
        self.answers: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        """What the server answers to `beside`."""


class Loop:
    """Serves one server until it closes its end."""

    def __init__(self, end: socket.socket, *, threads: int) -> None:
        """Speak over `end`; at most `threads` operations run models at once."""
        self._end = end
        self._here = Here()
        self._lanes = {
            lane: ThreadPoolExecutor(threads if lane is Lane.RUNS else OTHER_THREADS, lane.value)
            for lane in Lane
        }
        self._jobs: dict[int, Job] = {}
        self._sending = threading.Lock()

    def run(self) -> None:
        """Serve; returns once the server is gone, with nothing left running."""
        try:
            while (message := receive(self._end, most=MOST_BODY)) is not None:
                self._take(message.head, message.body())
        except ConnectionError:
            pass
        finally:
            for job in tuple(self._jobs.values()):
                job.cancellation.cancel("the server ended")
                job.answers.put({"gone": True})
            for pool in self._lanes.values():
                pool.shutdown(wait=True, cancel_futures=True)
            self._here.models.close()
            self._end.close()

    def _take(self, head: Head, body: bytes) -> None:
        if head.kind is Kind.ASK:
            job = self._jobs[head.id] = Job()
            self._lanes[_lane(head)].submit(self._work, head, body, job)
            return
        job_or_none = self._jobs.get(head.id)
        if job_or_none is None:  # it has ended meanwhile
            return
        if head.kind is Kind.CANCEL:
            job_or_none.cancellation.cancel(str(head.about["reason"]))
            job_or_none.answers.put({"gone": True})
        elif head.kind is Kind.BESIDE:
            job_or_none.answers.put(head.about)

    def _work(self, head: Head, body: bytes, job: Job) -> None:
        def tell(told: bytes) -> None:
            self._send(Head(id=head.id, kind=Kind.TOLD), told)

        def beside(name: str) -> Mapping[str, Any]:
            self._send(Head(id=head.id, kind=Kind.BESIDE, about={"model": name}))
            answer = job.answers.get()
            job.cancellation.raise_if_cancelled()
            if "gone" in answer:
                raise CancelledError("The run was stopped: the server ended.")
            if "error" in answer:
                raise failure_from_json(answer["error"])
            return answer

        about = head.about
        ask = Ask(
            operation=str(about["operation"]),
            about=about,
            body=body,
            cancellation=job.cancellation,
            tell=tell,
        )
        try:
            job.cancellation.raise_if_cancelled()
            began = time.time_ns()
            with asking(beside):
                answer = operation_named(ask.operation).do(self._here, ask)
            self._answer(head.id, answer, ran=(began, time.time_ns()))
        except BaseException as error:  # noqa: BLE001 — the server gets it, whatever it is
            self._send(Head(id=head.id, kind=Kind.FAILED, about=failure_to_json(error)))
        finally:
            self._jobs.pop(head.id, None)

    def _answer(self, identifier: int, answer: Answer, *, ran: tuple[int, int]) -> None:
        about = {**answer.about, RAN: ran, SESSIONS: len(KEPT)}
        self._send(Head(id=identifier, kind=Kind.DONE, about=about), answer.body)

    def _send(self, head: Head, body: bytes = b"") -> None:
        try:
            packet = pack(head, body)
        except TooLongError as error:
            packet = pack(Head(id=head.id, kind=Kind.FAILED, about=failure_to_json(error)))
        try:
            with self._sending:
                send(self._end, packet)
        except OSError:  # the server is gone, and nobody waits
            packet.close()


def _lane(head: Head) -> Lane:
    """Return where an operation runs; one that the server calls quick is."""
    if head.about.get("quick"):
        return Lane.QUICK
    found = OPERATIONS.get(str(head.about["operation"]))
    return Lane.QUICK if found is None else found.lane
