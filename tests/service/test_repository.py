"""The folder of the models: whole or not at all, and nothing outside of it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.errors import ConflictError, LimitExceededError, NotFoundError
from inspector.service.repository import MODEL_FILE, Manifest, Repository, describe, storing

MANIFEST = Manifest(sha256="0" * 64, size=3, sidecar={"labels": ["a", "b"]})


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    made = Repository(tmp_path / "models")
    yield made
    made.close()


def store(repository: Repository, identifier: str) -> None:
    with repository.receive() as folder:
        (folder / MODEL_FILE).write_bytes(b"abc")
        describe(folder, MANIFEST)
        repository.adopt(folder, identifier)


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Repository(tmp_path)
    store(first, "toy")
    first.close()
    second = Repository(tmp_path)
    assert second.ids() == ("toy",)
    assert second.manifest("toy") == MANIFEST
    assert (second.folder("toy") / MODEL_FILE).read_bytes() == b"abc"
    second.close()


def test_an_upload_that_is_not_adopted_leaves_nothing(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), repository.receive() as folder:
        (folder / MODEL_FILE).write_bytes(b"half")
        raise RuntimeError
    assert repository.ids() == ()
    assert list((tmp_path / "models" / ".incoming").iterdir()) == []


def test_what_a_killed_server_left_behind_is_removed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / ".incoming" / "tmp1").mkdir(parents=True)
    (tmp_path / ".incoming" / "tmp1" / MODEL_FILE).write_bytes(b"half")
    repository = Repository(tmp_path)
    assert list((tmp_path / ".incoming").iterdir()) == []
    repository.close()


def test_an_id_that_is_taken_is_refused_and_the_old_model_stays(repository: Repository) -> None:
    store(repository, "toy")
    with pytest.raises(ConflictError) as caught:
        store(repository, "toy")
    assert caught.value.reason == "MODEL_EXISTS"
    assert repository.manifest("toy") == MANIFEST


def test_an_uploaded_model_is_removed_and_one_that_was_put_there_is_kept(
    repository: Repository, tmp_path: Path
) -> None:
    store(repository, "uploaded")
    folder = tmp_path / "models" / "placed"
    folder.mkdir()
    (folder / "net.onnx").write_bytes(b"abc")
    for identifier in ("uploaded", "placed"):
        repository.remove(identifier)
    assert repository.ids() == ("placed",)
    assert (folder / "net.onnx").exists()


def test_links_and_other_names_are_no_models(repository: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "net.onnx").write_bytes(b"abc")
    (tmp_path / "models" / "linked").symlink_to(outside, target_is_directory=True)
    (tmp_path / "models" / "Upper").mkdir()
    (tmp_path / "models" / "file").write_bytes(b"abc")
    assert repository.ids() == ()
    for name in ("linked", "../outside", "file", ".", ".incoming"):
        with pytest.raises(NotFoundError):
            repository.folder(name)


def test_a_second_server_on_the_same_folder_is_refused(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(ConflictError) as caught:
        Repository(tmp_path / "models")
    assert caught.value.reason == "REPOSITORY_IN_USE"


def test_a_full_disk_is_a_limit() -> None:
    with (
        pytest.raises(LimitExceededError) as caught,
        storing(),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
    assert caught.value.reason == "STORAGE_FULL"
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC


def test_any_other_failure_of_the_disk_is_not_called_full() -> None:
    with pytest.raises(IsADirectoryError), storing(), Path("/").open("wb"):
        pass
