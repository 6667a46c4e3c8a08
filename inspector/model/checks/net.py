"""The net under the checks: what none of them foresaw is an error of the model, not of the caller's process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from inspector.errors import InspectorError, InvalidModelError

MODEL_NOT_UNDERSTOOD = "MODEL_NOT_UNDERSTOOD"
"""The reason of such an error; where it is seen, a check is missing."""

log = logging.getLogger(__name__)


@contextmanager
def understanding() -> Iterator[None]:
    """Raise InvalidModelError, with the reason MODEL_NOT_UNDERSTOOD, for any exception of Python's that passes.

    The error that it came of is its cause, and is logged. Lack of memory is not the model's fault alone, and passes.
    """
    try:
        yield
    except (InspectorError, MemoryError):
        raise
    except Exception as error:
        log.warning("A model ended in an error that no check foresaw", exc_info=error)
        raise InvalidModelError(
            f"The model cannot be understood ({type(error).__name__}: {' '.join(str(error).split())[:300]}). Check it "
            "with onnx.checker; if that finds nothing, please report it.",
            reason=MODEL_NOT_UNDERSTOOD,
        ) from error
