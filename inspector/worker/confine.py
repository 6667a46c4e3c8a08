"""What a worker gives up before it begins: it dies with its server, writes no large files, and reaches no network."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
from pathlib import Path

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x1000_0000
_CLONE_NEWNET = 0x4000_0000
_OFFERED = "800"
"""Of at most 1000, which is the first to be ended; the server has 0."""


def confine(*, server: int, memory: int, file_bytes: int) -> None:
    """Bound this process, and tie it to the server (its process id); 0 bytes of memory are no bound.

    To be called before anything starts a thread, which importing NumPy does.

    What the system does not allow is logged: it then has to be done from outside, such as by a container.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _offer_itself()
    # Of its own network there is not even the loopback.
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        log.warning(
            "This worker can reach the network: the system refused a namespace (%s). Run the server where it may make "
            "one, or bound the network from outside.",
            os.strerror(ctypes.get_errno()),
        )
    # After the namespace: a process that gets other rights is untied again.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != server:  # it ended before that was said
        os._exit(0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    bounds = {resource.RLIMIT_FSIZE: file_bytes, resource.RLIMIT_CORE: 0}
    if memory:
        bounds[resource.RLIMIT_DATA] = memory
    for kind, value in bounds.items():
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most if kind != resource.RLIMIT_DATA else hard))


def _offer_itself() -> None:
    """Be the one that the system ends where the machine has no memory left, and not the server."""
    try:
        Path("/proc/self/oom_score_adj").write_text(_OFFERED)
    except OSError as error:
        log.warning("The system may end the server for the memory of this worker: %s", error.strerror)
