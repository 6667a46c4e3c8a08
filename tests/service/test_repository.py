"""The folder of the models: whole or not at all, and nothing outside of it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.errors import ConflictError, InvalidModelError, LimitExceededError, NotFoundError
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


def test_models_without_a_folder_of_their_own_are_told_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cat.onnx").write_bytes(b"abc")
    Repository(tmp_path).close()
    (warning,) = caplog.messages
    assert warning.startswith(f"1 file lies in {tmp_path}: none of them is served.")
    assert warning.endswith(f"move cat.onnx to {Path('cat', 'cat.onnx')}")
    caplog.clear()
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat.onnx").rename(tmp_path / "cat" / "cat.onnx")
    repository = Repository(tmp_path)
    assert (repository.ids(), caplog.messages) == (("cat",), [])
    repository.close()


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


@pytest.mark.parametrize("name", [MODEL_FILE, "labels.txt", "weights/w.bin"])
def test_a_folder_with_a_link_or_a_pipe_is_no_model(
    repository: Repository, tmp_path: Path, name: str
) -> None:
    store(repository, "toy")
    place = repository.folder("toy") / name
    place.parent.mkdir(exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to("/etc/passwd")
    with pytest.raises(InvalidModelError, match=f"holds the symbolic link '{name}'") as caught:
        repository.folder("toy")
    assert caught.value.reason == "FOLDER_NOT_PLAIN"
    assert str(tmp_path) not in caught.value.message
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(InvalidModelError, match=f"holds the pipe '{name}'"):
        repository.folder("toy")


@pytest.mark.parametrize("damage", [b"", b"[1]", b'{"sha256": 1, "x": 2}', b"[" * 100_000])
def test_a_damaged_manifest_is_for_whoever_runs_the_server(
    repository: Repository, tmp_path: Path, damage: bytes
) -> None:
    store(repository, "toy")
    (repository.folder("toy") / "upload.json").write_bytes(damage)
    with pytest.raises(ConflictError, match=r"'toy' is damaged.*upload\.json") as caught:
        repository.manifest("toy")
    assert caught.value.reason == "MODEL_DAMAGED"
    assert str(tmp_path) not in caught.value.message
    with pytest.raises(ConflictError):
        repository.remove("toy")
    assert repository.ids() == ("toy",)


def test_a_repository_that_went_away_is_named(repository: Repository, tmp_path: Path) -> None:
    store(repository, "toy")
    shutil.rmtree(tmp_path / "models")
    with pytest.raises(ConflictError) as caught, repository.receive():
        pass
    assert caught.value.reason == "REPOSITORY_UNUSABLE"
    with pytest.raises(ConflictError):
        repository.ids()
    with pytest.raises(ConflictError):
        repository.folder("toy")


def test_a_model_removed_by_hand_is_not_there(repository: Repository, tmp_path: Path) -> None:
    store(repository, "toy")
    shutil.rmtree(tmp_path / "models" / "toy")
    with pytest.raises(NotFoundError):
        repository.looks("toy")
    shutil.rmtree(tmp_path / "models")
    with pytest.raises(ConflictError) as caught:
        repository.looks("toy")
    assert caught.value.reason == "REPOSITORY_UNUSABLE"
