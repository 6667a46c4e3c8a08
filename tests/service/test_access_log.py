"""One line per call, and an id by which both sides find it."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inspector.client import Client
from inspector.errors import NotFoundError
from inspector.service.interceptors.ring import ring
from inspector.service.interceptors.slots import HEALTH
from inspector.service.record import REQUEST_ID
from inspector.service.server import Server
from inspector.service.settings import Settings
from tests.support.bare_service import Answer, serving

LOGGER = "inspector.service.interceptors.access_log"
LINE = re.compile(r"/elsewhere.Service/Method \d+\.\d ms (?P<outcome>.+) id=(?P<id>\S+) peer=ipv[46]:\S+")


def ask(
    method: Any,
    caplog: pytest.LogCaptureFixture,
    *,
    metadata: tuple[tuple[str, str], ...] = (),
    sent: tuple[bytes, ...] = (),
    **kind: Any,
) -> tuple[Answer, re.Match[str]]:
    """Call a method once; return the answer and the one line that the log has of it."""

    async def run() -> Answer:
        async with serving(method, *ring(Settings()), **kind) as caller:
            return await caller.ask(*sent, metadata=metadata)

    caplog.clear()
    with caplog.at_level(logging.INFO, logger=LOGGER):
        answer = asyncio.run(run())
    (line,) = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    match = LINE.fullmatch(line)
    assert match is not None
    return answer, match


async def well(request: Any, context: Any) -> bytes:
    return b"response"


async def streams(request: Any, context: Any) -> AsyncIterator[bytes]:
    yield b"response"


async def raises(request: Any, context: Any) -> bytes:
    raise NotFoundError("There is no model\n'x'.")


async def has_a_bug(request: Any, context: Any) -> bytes:
    raise KeyError("x")


async def aborts(request: Any, context: Any) -> None:
    await context.abort(grpc.StatusCode.DATA_LOSS, "lost")


async def sets_its_code(request: Any, context: Any) -> bytes:
    context.set_code(grpc.StatusCode.OUT_OF_RANGE)
    return b""


async def sets_its_metadata(request: Any, context: Any) -> bytes:
    context.set_trailing_metadata((("key", "value"),))
    return b""


CASES = {
    well: "OK",
    streams: "OK",
    raises: "NOT_FOUND There is no model 'x'.",
    has_a_bug: "INTERNAL KeyError: 'x'",
    aborts: "DATA_LOSS lost",
    sets_its_code: "OUT_OF_RANGE",
    sets_its_metadata: "OK",
}


@pytest.mark.parametrize("method", CASES, ids=lambda method: method.__name__)
def test_the_line_tells_the_outcome_and_the_id_goes_back(
    method: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    answer, line = ask(method, caplog, responses=method is streams)
    assert line["outcome"] == CASES[method]
    assert re.fullmatch("[0-9a-f]{32}", line["id"])
    assert answer.trailing[REQUEST_ID] == line["id"]


@pytest.mark.parametrize(
    "method", [well, raises, aborts, sets_its_metadata], ids=lambda method: method.__name__
)
def test_the_id_that_the_caller_gave_stays(
    method: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    answer, line = ask(method, caplog, metadata=((REQUEST_ID, "call-7"),))
    assert answer.trailing[REQUEST_ID] == line["id"] == "call-7"


@pytest.mark.parametrize("requests", [False, True])
def test_a_request_that_cannot_be_parsed_is_told_of(requests: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def reads(request: Any, context: Any) -> bytes:
        return b"".join([message async for message in request]) if requests else request

    answer, line = ask(reads, caplog, requests=requests, decode=bytes.decode, sent=(b"\xff",))
    assert answer.info.reason == "MALFORMED_REQUEST"
    assert line["outcome"].startswith("INVALID_ARGUMENT The request (bytes: 1)")
    assert answer.trailing[REQUEST_ID] == line["id"]


def test_details_and_id_go_out_together(caplog: pytest.LogCaptureFixture) -> None:
    answer, _ = ask(raises, caplog)
    assert answer.info.reason == "NOT_FOUND"
    assert REQUEST_ID in answer.trailing


def test_metadata_that_a_handler_sets_stays(caplog: pytest.LogCaptureFixture) -> None:
    answer, _ = ask(sets_its_metadata, caplog)
    assert answer.trailing["key"] == "value"


@pytest.mark.parametrize("given", ["two words", "x" * 1000])
def test_an_id_that_would_spoil_the_line_is_not_taken_whole(
    given: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, line = ask(well, caplog, metadata=((REQUEST_ID, given),))
    assert line["id"] != given
    assert len(line["id"]) <= 128


def test_probes_of_health_are_told_at_debug(
    client: Client, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger=LOGGER), grpc.insecure_channel(server.address) as channel:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        client.models()
    told = [record for record in caplog.records if record.name == LOGGER]
    levels = {record.getMessage().startswith(HEALTH): record.levelno for record in told}
    assert levels == {True: logging.DEBUG, False: logging.INFO}
