"""Threads: each session has a pool of its own, which does not spin on the cores while another session works.

By default the idle threads of a session spin, which takes the cores from the session whose turn it is: a forward and a
backward session in turn then take 1.7 times as long as one graph. One pool for the whole process avoids that, too, but
ONNX Runtime then refuses every session that the host process makes for itself (docs/decisions/0009-threads.md).
"""

from __future__ import annotations

import os

import onnxruntime as ort

from inspector.errors import InvalidInputError

SPINNING = {
    "running": ("session.force_spinning_stop", "1"),
    "never": ("session.intra_op.allow_spinning", "0"),
}
"""When threads may spin: while their session runs (fastest on cores of its own), or never (best on busy ones)."""


def set_threads(options: ort.SessionOptions) -> None:
    """Give a session its threads: INSPECTOR_THREADS of them, by default as many as this process has cores.

    INSPECTOR_SPINNING is "running" (the default) or "never".
    """
    options.intra_op_num_threads = int(os.environ.get("INSPECTOR_THREADS", "0")) or len(
        os.sched_getaffinity(0)
    )
    options.inter_op_num_threads = 1
    spinning = os.environ.get("INSPECTOR_SPINNING", "running")
    if spinning not in SPINNING:
        raise InvalidInputError(f"INSPECTOR_SPINNING is {spinning!r}; allowed: {', '.join(SPINNING)}.")
    options.add_session_config_entry(*SPINNING[spinning])
