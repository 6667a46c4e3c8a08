"""Kernels that make gradients faster, from a package of their own: used where it is installed, and never needed.

They are one shared library on ONNX Runtime's interface for custom operators (docs/decisions/0069-kernels.md). It is
tried on a graph of one node before anything is built on it; where something is amiss, the log says so once, and graphs
of standard operators do the work.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import logging
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import onnxruntime as ort

from inspector.errors import InvalidInputError
from inspector.runtime.environment import asked_for
from inspector.runtime.failures import RUNTIME_FAILURES

log = logging.getLogger(__name__)

SETTING = "INSPECTOR_KERNELS"
AUTO, NEVER, ALWAYS = "auto", "never", "always"
"""Where they are installed and tested with this runtime; not at all; also with other runtimes, or it is an error."""

DISTRIBUTION = "onnx-inspector-kernels"
_MODULE = "inspector_kernels"
_INTERFACE = 4
"""Of the operators, as graphs are written for it (inspector.grad.kernels.domain)."""

# ReluGrad of two vectors of two floats, as a serialized ModelProto.
_PROBE_MODEL = bytes.fromhex(
    "080a3a610a280a0267790a017912026778220852656c75477261643a11696e73706563746f722e6b65726e656c7312005a10"
    "0a026779120a0a08080112040a0208025a0f0a0179120a0a08080112040a02080262100a026778120a0a08080112040a0208"
    "0242040a00101242150a11696e73706563746f722e6b65726e656c731001"
)

_PROBE = {"gy": np.array([2, 3], np.float32), "y": np.array([0, 1], np.float32)}
_ANSWER = [0.0, 3.0]


@dataclass(frozen=True)
class Kernels:
    """A library that sessions can be given."""

    library: Path
    version: str

    @property
    def level(self) -> str:
        """The instructions whose loops run: "baseline", "avx2" or "avx512"."""
        tell = ctypes.CDLL(str(self.library)).InspectorKernelsLevel
        tell.restype = ctypes.c_char_p
        return str(tell().decode("ascii"))

    def register(self, options: ort.SessionOptions) -> None:
        """Let a session run graphs with operators of the domain `inspector.kernels`."""
        options.register_custom_ops_library(str(self.library))


def usable_kernels() -> Kernels | None:
    """Return the kernels to use, or None; InvalidInputError where INSPECTOR_KERNELS demands what there is not."""
    found = _look()
    return found if isinstance(found, Kernels) else None


def describe_kernels() -> str:
    """Return in a few words whether kernels are used, and for which instructions, or why not."""
    found = _look()
    return (
        f"{DISTRIBUTION} {found.version}, {found.level}"
        if isinstance(found, Kernels)
        else f"none, since {found}"
    )


def _look() -> Kernels | str:
    """Return the kernels to use, or why there are none."""
    asked = asked_for(SETTING, (AUTO, NEVER, ALWAYS), default=AUTO)
    if asked == NEVER:
        return f"{SETTING} is {NEVER!r}"
    found = _found(any_runtime=asked == ALWAYS)
    if asked == ALWAYS and not isinstance(found, Kernels):
        raise InvalidInputError(f"{SETTING} is {ALWAYS!r}, but {found}.", field=SETTING)
    return found


@functools.cache
def _found(*, any_runtime: bool) -> Kernels | str:
    """Look for the kernels, and try them; what keeps a package that is installed from use is logged."""
    try:
        package = importlib.import_module(_MODULE)
        found = Kernels(Path(package.LIBRARY), version(DISTRIBUTION))
        interface, (oldest, newest) = package.INTERFACE, package.TESTED_RUNTIMES
    except (ModuleNotFoundError, PackageNotFoundError):
        return f"the package {DISTRIBUTION!r} is not installed"
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        return _refused(f"the package {DISTRIBUTION!r} cannot be read: {error}")
    if interface != _INTERFACE:
        return _refused(f"{DISTRIBUTION} {found.version} has the interface {interface}, not {_INTERFACE}")
    # Without a try: a library that does not fit can end the process.
    reason = None if any_runtime else _why_untested(tuple(oldest), tuple(newest))
    reason = reason or _why_unusable(found)
    return found if reason is None else _refused(reason)


def _refused(reason: str) -> str:
    log.warning("Gradients are computed without kernels, since %s.", reason)
    return reason


def _why_untested(oldest: tuple[int, ...], newest: tuple[int, ...]) -> str | None:
    own = tuple(int(part) for part in ort.__version__.split(".")[:2])
    if oldest <= own <= newest:
        return None
    tested = " to ".join(".".join(map(str, end)) for end in (oldest, newest))
    return f"ONNX Runtime {ort.__version__} is none of those that they were tested with ({tested})"


def _why_unusable(found: Kernels) -> str | None:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        found.register(options)
        session = ort.InferenceSession(_PROBE_MODEL, options, providers=["CPUExecutionProvider"])
        (answer,) = session.run(None, _PROBE)
    except RUNTIME_FAILURES as error:
        return f"{found.library} does not work here: {' '.join(str(error).split())[:300]}"
    return None if answer.tolist() == _ANSWER else f"{found.library} gives wrong results"
