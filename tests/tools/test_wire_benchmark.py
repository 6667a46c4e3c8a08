"""gRPC's share of a call: its figures, and the bare echo beside which it is shown."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import grpc

from benchmarks.echo import METHOD
from benchmarks.measure import wire_figures
from benchmarks.models import ROOT
from benchmarks.report import wire_text


def test_the_share_and_the_echo_are_medians_of_differences() -> None:
    found = wire_figures([(10.0, 5.0, 6.0), (30.0, 27.0, 27.5), (12.0, 8.0, 9.5)])
    assert found == {"remote": 12.0, "in process": 8.0, "share": 4.0, "echo": 1.0, "calls": 3}


def test_the_report_shows_the_least_that_a_call_can_add() -> None:
    text = wire_text({"model": "A", **wire_figures([(10.0, 5.0, 6.25)])})
    assert "**5.00 ms** over 1 pairs" in text
    assert "1.25 ms, which is the least" in text


def test_the_echo_answers_as_many_bytes_as_it_was_told() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.echo", "7"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            with grpc.insecure_channel(server.stdout.readline().strip()) as channel:
                answer: Any = channel.unary_unary(METHOD)
                assert answer(b"x" * 602_112) == bytes(7)
        finally:
            server.terminate()
