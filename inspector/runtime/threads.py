"""Threads: each session has its own pool, whose idle threads sleep instead of spinning.

By default the idle threads of a session spin on the cores, which takes them from the session whose turn it is: a
forward and a backward session in turn then take 1.7 times as long as one graph. One pool for the whole process avoids
that, too, but ONNX Runtime then refuses every session that the host process makes for itself
(docs/decisions/0009-threads.md).
"""

from __future__ import annotations

import os

import onnxruntime as ort


def set_threads(options: ort.SessionOptions) -> None:
    """Give a session its threads: INSPECTOR_THREADS of them, by default as many as this process has cores."""
    options.intra_op_num_threads = int(os.environ.get("INSPECTOR_THREADS", "0")) or len(
        os.sched_getaffinity(0)
    )
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
