"""Alive, ready, serving: three answers of health, which differ while models load and while the server drains."""

from __future__ import annotations

import asyncio

from grpc_health.v1 import health_pb2

from inspector.service.gate import Gate
from inspector.service.health import LIVE, NOT_SERVING, READY, SERVER, SERVING, Health


def health() -> Health:
    return Health(["a.Service"], watchers=Gate("watchers", running=1, waiting=0))


def state(of: Health, name: str) -> int:
    answer = asyncio.run(of.Check(health_pb2.HealthCheckRequest(service=name), None))
    assert of.is_serving(name) is (answer.status == SERVING)
    return int(answer.status)


def test_readiness_is_the_servers_state() -> None:
    asked = health()
    for expected in (NOT_SERVING, SERVING, NOT_SERVING):
        asked.set(SERVER, expected)
        assert state(asked, READY) == state(asked, SERVER) == expected
        assert state(asked, LIVE) == SERVING


def test_who_drains_lives_and_is_not_ready() -> None:
    asked = health()
    asked.drain()
    assert [state(asked, name) for name in (SERVER, READY, "a.Service")] == [NOT_SERVING] * 3
    assert state(asked, LIVE) == SERVING
    asked.set(SERVER, SERVING)
    assert state(asked, READY) == NOT_SERVING
