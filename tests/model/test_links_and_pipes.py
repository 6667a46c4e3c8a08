"""Files of a model that are none: links lead elsewhere, pipes keep who opens them waiting, devices never end."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.errors import InvalidModelError
from inspector.model.read import read_model
from inspector.model.rewriting.shape_folding import constant_of
from inspector.types.regular_files import NoRegularFileError, open_beside, open_given, why_not_plain
from tests.support.bad_models import small
from tests.support.graphs import model, node
from tests.support.patience import PATIENCE

LABELS = "a\nb\n"


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def bound(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may not be long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


MADE: dict[str, Callable[[Path], None]] = {
    "pipe": pipe, "link to endless zeros": device, "socket": bound, "folder": Path.mkdir, "dangling link": nowhere,
}  # fmt: skip


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_model_file_that_is_none_is_refused_at_once(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "m.onnx")
    with pytest.raises(InvalidModelError, match=r"cannot be read|must hold exactly one"):
        read_model(tmp_path)


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize(
    "name", ["labels.txt", "config.json", "preprocessor_config.json", "config.pbtxt", "a.names"]
)
@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_what_others_write_beside_a_model_is_passed_over_where_it_is_no_file(
    make: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(small().SerializeToString())
    make(tmp_path / name)
    assert read_model(tmp_path).labels is None


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_what_was_written_for_us_is_refused_where_it_is_no_file(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(small().SerializeToString())
    make(tmp_path / "inspector.json")
    with pytest.raises(InvalidModelError, match=r"inspector\.json beside the model is"):
        read_model(tmp_path)


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_external_data_that_is_no_file_is_refused(make: Callable[[Path], None], tmp_path: Path) -> None:
    proto = small()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="w.bin")
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    make(tmp_path / "w.bin")
    with pytest.raises(InvalidModelError, match="not a regular file|symbolic link"):
        read_model(tmp_path)


def test_a_small_constant_is_never_looked_for_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its values stand beside the model; a file of that name where the process happens to be is another one."""
    constant = node("Constant", [], "shape", value=small().graph.initializer[0])
    tensor = constant.attribute[0].t
    tensor.Clear()
    tensor.dims.append(4)
    tensor.data_type, tensor.data_location = 7, 1
    tensor.external_data.add(key="location", value="s.bin")
    (tmp_path / "s.bin").write_bytes(bytes(32))
    monkeypatch.chdir(tmp_path)
    assert constant_of(constant) is None


def test_shapes_are_known_where_a_constant_lies_in_a_file(tmp_path: Path) -> None:
    constant = node("Constant", [], "w", value=small().graph.initializer[0])
    tensor = constant.attribute[0].t
    (tmp_path / "w.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="w.bin")
    proto = model([constant, node("Conv", ["x", "w"], "y")])
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    assert read_model(tmp_path).layer("y").shape == (1, 4, 18, 15)


def test_a_file_behind_a_link_is_opened_where_a_caller_names_it_alone(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("real")
    with open_given(tmp_path / "link") as file:
        assert file.read() == b"abc"
    with pytest.raises(NoRegularFileError, match="a link, which is not followed"):
        open_beside(tmp_path / "link")
    with open_beside(tmp_path / "real") as file:
        assert file.read() == b"abc"


def test_a_folder_is_plain_with_files_and_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "within").mkdir()
    (tmp_path / "within" / "w.bin").write_bytes(b"abc")
    assert why_not_plain(tmp_path) is None
    pipe(tmp_path / "within" / "p")
    assert why_not_plain(tmp_path) == "the pipe 'within/p'"
    (tmp_path / "a").symlink_to("within")
    assert why_not_plain(tmp_path) == "the symbolic link 'a'"
