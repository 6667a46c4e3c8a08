"""Answers leave in time, and no more bytes of them are held than there is room for."""

from __future__ import annotations

from typing import Any

from inspector.service.answers import Answer, Answers
from inspector.service.interceptors.limits import size_of
from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.record import note_response


class AnsweringInterceptor(Interceptor):
    """Watches over each answer from where it is made until the caller has taken it."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def around(self, call: Call) -> Any:
        """Serve; count what is written, and what is answered at last."""
        peer = call.context.peer()
        response = await call.proceed(sending=lambda part: self._to(peer, part))
        if not call.streams_responses:
            answer = self._to(peer, response)
            answer.begin()
            # Told when the answer is out, which is after it was returned here.
            call.context.add_done_callback(lambda _context: answer.end())
        return response

    def _to(self, peer: str, response: Any) -> Answer:
        size = size_of(response)
        note_response(size)
        return self._answers.to(peer, size=size)
