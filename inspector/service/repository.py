"""The folder where models lie: one folder per model, and nothing outside is ever read or written.

<root>/<id>/            exactly one .onnx file, and what belongs to it
<root>/<id>/upload.json    only beside an uploaded model: what was uploaded
<root>/.incoming/       uploads that are not complete; emptied at the start
<root>/.workers/        folders in which workers work, one each; emptied at the start
<root>/.lock            held by the server that owns the folder
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from inspector.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    InvalidModelError,
    LimitExceededError,
    unknown_name,
)
from inspector.service.names import is_id
from inspector.service.security.access import THE_SERVICES
from inspector.types.regular_files import open_beside, why_not_plain

log = logging.getLogger(__name__)

MODEL_FILE = "model.onnx"
MANIFEST = "upload.json"
SIDECAR = "inspector.json"
_MOST_SIDECAR_BYTES = 1 << 20
"""What is longer is compared with nothing."""

NOBODYS = "?"
"""The owner of a model of which nothing is known: no caller has that name."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_GONE = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ESTALE, errno.EIO}
)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What was uploaded: two uploads of one id are the same if these are."""

    sha256: str
    size: int
    sidecar: Mapping[str, Any]
    """Preprocessing and labels that came with it, in their JSON form."""
    owner: str = field(default=THE_SERVICES, compare=False)
    """Whose it is, where callers are known."""


class Found(NamedTuple):
    """A model as it lies on disk."""

    folder: Path
    looks: str
    """How its files look; see Repository.looks."""
    is_uploaded: bool


class Repository:
    """The models of one server on disk."""

    def __init__(self, root: Path) -> None:
        """Take the folder for this process; ConflictError if another has it, InvalidInputError if it is unusable."""
        with _usable(root):
            root.mkdir(parents=True, exist_ok=True)
            self._root = root.resolve()
            self._lock = _locked(self._root)
            self._incoming = self._root / ".incoming"
            self.workers = self._root / ".workers"
            """The folder for those of workers."""
            for folder in (self._incoming, self.workers):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(exist_ok=True)
            self._ids()
            self._tell_loose()

    def close(self) -> None:
        """Give the folder back."""
        self._lock.close()

    def _tell_loose(self) -> None:
        """Warn of models that lie in no folder of their own: nobody would say why they are not served."""
        loose = sorted(one.name for one in self._root.glob("*.onnx") if one.is_file())
        if loose:
            first = Path(loose[0])
            log.warning(
                "%s in %s: none of them is served. Every model needs a folder of its own, whose name is the model's: "
                "move %s to %s",
                "1 file lies" if len(loose) == 1 else f"{len(loose)} files lie",
                self._root,
                first,
                Path(first.stem) / first,
            )

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all folders that may be models, sorted."""
        with storing():
            return self._ids()

    def folder(self, identifier: str) -> Path:
        """Return a model's folder; NotFoundError names the nearest ones.

        InvalidModelError where it holds anything but files and folders: a link may lead out of the repository, and a
        pipe keeps who opens it waiting.
        """
        if identifier not in (known := self.ids()):
            raise unknown_name("model", identifier, known)
        folder = self._root / identifier
        with storing():
            found = why_not_plain(folder)
        if found is not None:
            raise InvalidModelError(
                f"The folder of model {identifier!r} holds {found}; there may be regular files and folders alone. Put "
                "the file itself there, or remove it.",
                reason="FOLDER_NOT_PLAIN",
                field="model",
            )
        return folder

    def looks(self, identifier: str) -> str:
        """Return how the files of a model look: a digest of their names, sizes and times, which changes as they do.

        What lies deeper than a folder below the model's is not looked at; nor is any content read. NotFoundError where
        they are gone.
        """
        try:
            seen = sorted(_looks_of(entry) for entry in _entries(self._root / identifier))
        except FileNotFoundError:  # it was removed by hand
            with storing():
                raise unknown_name("model", identifier, self.ids()) from None
        return hashlib.sha256(repr(seen).encode()).hexdigest()

    def found(self, identifier: str) -> Found:
        """Return how a model lies here; raises what `folder`, `looks` and `manifest` do."""
        # Before anything else is read: what changes later is seen the next time.
        looks = self.looks(identifier)
        return Found(self.folder(identifier), looks, self.manifest(identifier) is not None)

    def manifest(self, identifier: str) -> Manifest | None:
        """Return what was uploaded under an id; None where nothing was."""
        try:
            with open_beside(self._root / identifier / MANIFEST) as file:
                return Manifest(**json.loads(file.read()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, RecursionError, OSError) as error:
            log.error("%s of model %s cannot be read: %s", MANIFEST, identifier, error)  # noqa: TRY400 — no bug of ours
            raise ConflictError(
                f"What is known of the upload of model {identifier!r} is damaged. Whoever runs the server can mend "
                f"{MANIFEST} in its folder, or remove the folder.",
                reason="MODEL_DAMAGED",
                field="model",
            ) from error

    def holds(self, identifier: str, given: Manifest) -> bool:
        """Return whether a model that was put here has these very bytes, and no other preprocessing or labels."""
        folder = self._root / identifier
        files = [entry for entry in os.scandir(folder) if entry.name.lower().endswith(".onnx")]
        if len(files) != 1 or given.sidecar not in ({}, _sidecar_of(folder)):
            return False
        found = files[0].stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode) or found.st_size != given.size:
            return False
        with open(files[0].path, "rb", opener=_no_link) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == given.sha256

    def owner(self, identifier: str) -> str:
        """Return whose a model is; one whose manifest is damaged is nobody's, so that only admins see it."""
        try:
            manifest = self.manifest(identifier)
        except ConflictError:
            return NOBODYS
        return THE_SERVICES if manifest is None else manifest.owner

    @contextmanager
    def receive(self) -> Iterator[Path]:
        """Give an empty folder for an upload, which is gone afterwards unless it was adopted."""
        with storing():
            folder = Path(tempfile.mkdtemp(dir=self._incoming))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def adopt(self, folder: Path, identifier: str) -> None:
        """Make a received folder the model of that id: it is there whole, and durably, or not at all."""
        with storing():
            _sync(folder)
            try:
                folder.rename(self._root / identifier)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise
                raise model_exists(identifier) from error
            _sync(self._root)

    def remove(self, identifier: str) -> None:
        """Remove the files of an uploaded model; those of others are not ours to remove."""
        if self.manifest(identifier) is None:
            return
        with self.receive() as folder, storing():
            # Renamed first: however long the removal takes, or if it stops, no half of a model is left.
            (self._root / identifier).rename(folder / identifier)
            _sync(self._root)

    def _ids(self) -> tuple[str, ...]:
        with os.scandir(self._root) as entries:
            return tuple(sorted(entry.name for entry in entries if self._is_model(entry)))

    def _is_model(self, entry: os.DirEntry[str]) -> bool:
        return is_id(entry.name) and entry.is_dir(follow_symlinks=False)


def _no_link(path: str, flags: int) -> int:
    """Open what is no link and nothing to wait for."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _sidecar_of(folder: Path) -> Any:
    """Return what lies beside a model, as it is; nothing where that is no JSON."""
    try:
        with open(folder / SIDECAR, "rb", opener=_no_link) as stream:
            return json.loads(stream.read(_MOST_SIDECAR_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what lies in a folder, and in those in it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                with os.scandir(entry.path) as deeper:
                    yield from deeper


def _looks_of(entry: os.DirEntry[str]) -> tuple[str, int, int, int, int]:
    found = entry.stat(follow_symlinks=False)
    return entry.path, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ino


def describe(folder: Path, manifest: Manifest) -> None:
    """Write beside a received file what it is."""
    with storing():
        if manifest.sidecar:
            _write(folder / SIDECAR, json.dumps(manifest.sidecar))
        _write(folder / MANIFEST, json.dumps(asdict(manifest)))


def model_exists(identifier: str) -> AlreadyExistsError:
    """Return the error for an id that is taken."""
    return AlreadyExistsError(
        f"There is a model {identifier!r} already. Take another id, or delete that one first.",
        reason="MODEL_EXISTS",
        field="model_id",
    )


@contextmanager
def storing() -> Iterator[None]:
    """Turn a full disk into LimitExceededError, and a repository that is gone into ConflictError."""
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            log.error("The repository cannot be used: %s", error)  # noqa: TRY400 — no bug of ours
            raise ConflictError(
                f"The server's repository cannot be used ({error.strerror}); nothing was stored. Ask whoever runs the "
                "server.",
                reason="REPOSITORY_UNUSABLE",
            ) from error
        if error.errno not in _FULL:
            raise
        raise LimitExceededError(
            "The server's disk is full; nothing was stored. Delete models, or ask whoever runs the server.",
            reason="STORAGE_FULL",
        ) from error


@contextmanager
def _usable(root: Path) -> Iterator[None]:
    """Turn what the system says of the folder into InvalidInputError: it must be there, readable and writable."""
    try:
        yield
    except OSError as error:
        where = "" if error.filename in (None, str(root)) else f" ({error.filename})"
        why = "it is no folder" if isinstance(error, FileExistsError) else error.strerror or error
        raise InvalidInputError(
            f"The repository {str(root)!r} cannot be used: {why}{where}. Give a folder that this "
            "process may read and write.",
            reason="REPOSITORY_UNUSABLE",
            field="repository",
        ) from error


def _locked(root: Path) -> Any:
    stream = (root / ".lock").open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise ConflictError(
            f"Another server uses the repository {root}. Give this one a folder of its own.",
            reason="REPOSITORY_IN_USE",
            field="repository",
        ) from error
    return stream


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    """Make the entries of a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
