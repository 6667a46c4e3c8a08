"""Memory that sessions share, and memory that nobody uses (docs/decisions/0020-memory.md)."""

from __future__ import annotations

import ctypes
import functools
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnxruntime as ort

from inspector.runtime.device import CPU, PROBE_MODEL
from inspector.runtime.failures import RUNTIME_FAILURES


def share_arena(options: ort.SessionOptions) -> None:
    """Let a session take the memory of its runs from the arena of the process, and that of its weights from outside.

    Sessions run in turn, so what one has just freed the next can use; an arena of its own would keep it.
    """
    _make_arena()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")


@functools.cache
def _make_arena() -> None:
    """Make the arena on the host; where the process has one already, that is used."""
    place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    with suppress(*RUNTIME_FAILURES):
        ort.create_and_register_allocator(place, None)


def release_arena() -> None:
    """Give back what the arena keeps for the next run, and all else that is free; memory in use stays as it is."""
    options, run = ort.SessionOptions(), ort.RunOptions()
    options.intra_op_num_threads = 1
    share_arena(options)
    run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    with suppress(*RUNTIME_FAILURES):  # the arena of a host process may be of a kind that does not shrink
        session = ort.InferenceSession(PROBE_MODEL, options, providers=CPU.providers)
        session.run(None, {session.get_inputs()[0].name: np.zeros(1, np.float32)}, run)
    release_free_memory()


def release_free_memory() -> None:
    """Give pages that were freed back to the system; the C library of Linux (glibc) keeps those below 32 MiB."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _malloc_trim() -> ctypes._NamedFuncPointer | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


def resident_bytes() -> int:
    """Return how much memory this process has at hand, or 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGESIZE")
    except (OSError, ValueError, IndexError):
        return 0
