"""Models that pass every check and end, or hold, the process that runs them on one image: that they do is shown here.

Whoever serves them is tested with them; here a plain session of ONNX Runtime runs them, in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from inspector.errors import InvalidModelError
from inspector.model.read import read_model
from tests.support.killers import KILLERS, Killer, nested

RUN = """
import resource, sys
import numpy as np
import onnxruntime
from tests.support.killers import KILLERS
killer, memory = KILLERS[sys.argv[1]], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
options = onnxruntime.SessionOptions()
options.log_severity_level, options.intra_op_num_threads = 4, 1
session = onnxruntime.InferenceSession(killer.build(), options, providers=["CPUExecutionProvider"])
print("loaded", flush=True)
for value in (0.0, 1.0):
    try:
        session.run([killer.output], {"x": killer.image(value)})
        print("ran", flush=True)
    except Exception:
        print("refused", flush=True)
"""
MEMORY = 4 << 30


def ran(killer: Killer, *, seconds: float) -> tuple[int | None, list[str]]:
    """Run an image that shows nothing, and one that does it; return the exit code and what was printed.

    The exit code is None where the process still ran after so many seconds of the second image.
    """
    command = [sys.executable, "-c", RUN, killer.name, str(MEMORY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(1 if killer.by_zeros else 2)]
        try:
            code: int | None = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            code = None
        told.append(process.stdout.read())
    return code, "".join(told).split()


@pytest.mark.parametrize("killer", KILLERS.values(), ids=KILLERS)
def test_every_check_lets_it_pass(killer: Killer) -> None:
    data = killer.build()
    assert len(data) < 3000
    assert read_model(data).layers


@pytest.mark.parametrize("name", [name for name, killer in KILLERS.items() if killer.ends == "crash"])
def test_one_image_ends_the_process_by_a_signal(name: str) -> None:
    code, told = ran(KILLERS[name], seconds=60)
    assert told == (["loaded"] if KILLERS[name].by_zeros else ["loaded", "ran"])
    assert code is not None
    assert code < 0


def test_one_image_takes_more_memory_than_there_is() -> None:
    code, told = ran(KILLERS["memory"], seconds=90)
    assert told[:2] == ["loaded", "ran"]
    assert (code, told[2:]) in ((0, ["refused"]), (-6, []), (-9, []))


@pytest.mark.parametrize("name", [name for name, killer in KILLERS.items() if killer.ends == "time"])
def test_one_image_takes_minutes_in_one_node(name: str) -> None:
    assert ran(KILLERS[name], seconds=5) == (None, ["loaded", "ran"])


@pytest.mark.parametrize("depth", [34, 100, 3000])
def test_graphs_that_are_nested_deeper_than_a_message_may_be_are_no_model(depth: int) -> None:
    """No such file reaches a stack: protobuf counts how deep it reads, in Python and in ONNX Runtime alike."""
    with pytest.raises(InvalidModelError, match="nested too deeply"):
        read_model(nested(depth))
