"""The log: for people and for machines, with the id of the call, and no line that nobody wrote."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from inspector.service.logs import MOST_LINES, JsonFormatter, LogWriter, TextFormatter
from inspector.service.record import CallRecord, begin
from tests.support.patience import PATIENCE

HOSTILE = "name\n2026-01-01 00:00:00,000 INFO inspector: all is well\x1b[31m \u202edesrever"


def told(formatter: logging.Formatter, tell: Callable[[logging.Logger], None]) -> str:
    """Return what a log has after something was told to it."""
    stream = io.StringIO()
    writer = LogWriter(formatter, stream)
    logger = logging.Logger("inspector.test")
    logger.addHandler(writer)
    contextvars.copy_context().run(tell, logger)
    writer.close()
    return stream.getvalue()


def in_a_call(logger: logging.Logger) -> None:
    begin(CallRecord(id="call-7", method="/x/Y", peer="ipv4:10.0.0.1:5", caller="ci"))
    logger.warning("It has %d parts", 3)


def fail() -> None:
    raise ValueError(HOSTILE)


def hostile(logger: logging.Logger) -> None:
    try:
        fail()
    except ValueError:
        logger.exception("It is named %s", HOSTILE)


def ended(logger: logging.Logger) -> None:
    record = CallRecord(
        id="call-8", method="/x/Y", peer="ipv4:10.0.0.1:5", model="models/toy", code="NOT_FOUND"
    )
    record.told, record.request_bytes, record.response_bytes = "There is none.", 10, 20
    logger.info("…", extra={"call": record, "milliseconds": 1.5})


def test_a_line_for_people_has_the_calls_id() -> None:
    line = told(TextFormatter(), in_a_call)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING inspector.test: It has 3 parts \[call-7\]\n", line
    )


def test_a_line_for_machines_says_all_that_is_known() -> None:
    found = json.loads(told(JsonFormatter(), in_a_call))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", found.pop("time"))
    assert found == {
        "level": "warning",
        "logger": "inspector.test",
        "message": "It has 3 parts",
        "request_id": "call-7",
        "peer": "ipv4:10.0.0.1:5",
        "caller": "ci",
    }


def test_the_line_of_a_call_has_its_fields() -> None:
    found = json.loads(told(JsonFormatter(), ended))
    expected = {
        "request_id": "call-8",
        "method": "/x/Y",
        "code": "NOT_FOUND",
        "duration_ms": 1.5,
        "model": "models/toy",
        "detail": "There is none.",
        "request_bytes": 10,
        "response_bytes": 20,
    }
    assert expected.items() <= found.items()
    assert "caller" not in found


def test_outside_of_calls_no_id_is_told() -> None:
    def tell(logger: logging.Logger) -> None:
        logger.info("ready")

    assert told(TextFormatter(), tell).endswith("ready\n")
    assert "request_id" not in json.loads(told(JsonFormatter(), tell))


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
def test_nothing_in_it_acts_or_looks_like_another_line(formatter: logging.Formatter) -> None:
    text = told(formatter, hostile)
    assert "\x1b" not in text
    assert "\u202e" not in text
    lines = text.splitlines()
    assert "It is named" in lines[0]
    assert "ValueError" in text
    if isinstance(formatter, TextFormatter):
        assert all(line.startswith("  | ") for line in lines[1:])
    else:
        (line,) = lines
        assert HOSTILE in json.loads(line)["exception"]


def test_a_log_that_nobody_reads_stops_nobody() -> None:
    reads, writes = os.pipe()
    with os.fdopen(writes, "w") as stream, os.fdopen(reads) as reader:
        writer = LogWriter(TextFormatter(), stream)
        logger = logging.Logger("inspector.test")
        logger.addHandler(writer)
        for number in range(MOST_LINES + 5000):
            logger.info("%d %s", number, "x" * 100)
        assert writer.dropped > 0
        reading = threading.Thread(target=lambda: [None for _ in reader])
        reading.start()
        writer.close()
        stream.close()
        reading.join(PATIENCE)
        assert not reading.is_alive()


def test_what_waits_is_written_at_the_end() -> None:
    code = (
        "import logging; from inspector.service.logs import start_log; start_log('info', 'json')\n"
        "for number in range(1000): logging.info('%d', number)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == [str(n) for n in range(1000)]
