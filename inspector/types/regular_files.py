"""Regular files, opened so that nothing waits: a pipe or a device under the name of one is refused at once."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


class NoRegularFileError(OSError):
    """What lies at a path is no file with bytes in it, or a link where none is followed."""


def open_given(path: Path) -> BinaryIO:
    """Open a file that a caller names, through links; NoRegularFileError where it is none, OSError as `open` does."""
    return _opened(path, os.O_RDONLY)


def open_beside(path: Path) -> BinaryIO:
    """Open a file that was found beside another, which a link may not stand for: nobody named where that leads.

    NoRegularFileError where it is a link or no regular file, OSError as `open` does.
    """
    return _opened(path, os.O_RDONLY | os.O_NOFOLLOW)


def why_not_plain(folder: Path) -> str | None:
    """Return what in a folder, or in those within, is neither a regular file nor a folder; None where nothing is.

    The text names it by its path within the folder, and its kind: "the symbolic link 'labels.txt'".
    """
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    pending.append(Path(entry.path))
                elif not stat.S_ISREG(mode):
                    return f"{_kind(mode)} {str(Path(entry.path).relative_to(folder))[:80]!r}"
    return None


def _opened(path: Path, flags: int) -> BinaryIO:
    # Without O_NONBLOCK a pipe waits for a writer, before anybody can see that it is one.
    try:
        handle = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP and flags & os.O_NOFOLLOW:
            raise NoRegularFileError(errno.ELOOP, "it is a link, which is not followed", str(path)) from error
        if error.errno == errno.ENXIO:  # a socket
            raise NoRegularFileError(errno.ENXIO, "it is no regular file", str(path)) from error
        raise
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise NoRegularFileError(errno.EINVAL, "it is no regular file", str(path))
    return os.fdopen(handle, "rb")


_KINDS = (
    (stat.S_ISLNK, "the symbolic link"),
    (stat.S_ISFIFO, "the pipe"),
    (stat.S_ISSOCK, "the socket"),
)


def _kind(mode: int) -> str:
    return next((name for holds, name in _KINDS if holds(mode)), "the device")
