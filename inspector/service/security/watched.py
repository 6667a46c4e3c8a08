"""Files that are read again when they change, without a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from inspector.errors import InspectorError

log = logging.getLogger(__name__)

T = TypeVar("T")
_Signature = tuple[tuple[int, int, int, int] | None, ...]


class Watched(Generic[T]):
    """What was read from files, read anew when one of them was written or replaced. Thread-safe.

    A file that is gone, or does not hold what it should, changes nothing: what was read before stays in force, and the
    log says so once. So a file that is written while it is read does no harm; whoever replaces it by a rename is safe
    from even that.
    """

    def __init__(self, paths: Sequence[Path], read: Callable[[], T], *, what: str) -> None:
        """Read for the first time: what `read` raises then passes."""
        self._paths = tuple(paths)
        self._read = read
        self._what = what
        self._lock = Lock()
        self._seen = self._look()
        self._value = read()

    @property
    def value(self) -> T:
        """What the files hold now, as far as it could be read."""
        self.renew()
        return self._value

    def renew(self) -> bool:
        """Read again where a file has changed; return whether something new was read."""
        with self._lock:
            seen = self._look()
            if seen == self._seen:
                return False
            self._seen = seen
            try:
                self._value = self._read()
            except (InspectorError, OSError) as error:  # OSError: replaced between two looks
                log.error("%s cannot be read again; what was read before stays: %s", self._what, error)  # noqa: TRY400 — no bug of ours
                return False
            log.info("%s was read again", self._what)
            return True

    def _look(self) -> _Signature:
        return tuple(map(_signature, self._paths))


def _signature(path: Path) -> tuple[int, int, int, int] | None:
    """Return what changes when a file is written or replaced; links are followed, as projected secrets need."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
