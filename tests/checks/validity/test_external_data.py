"""Weights in other files."""

from __future__ import annotations

from pathlib import Path

import onnx

from tests.support.checked import cnn, findings


def saved(folder: Path, **given: object) -> Path:
    path = folder / "model.onnx"
    onnx.save(cnn(), path, save_as_external_data=True, size_threshold=100, **given)
    return path


def moved(path: Path, place: int, **said: str | None) -> None:
    """Change what a file says of where one of its external tensors lies."""
    proto = onnx.load(path, load_external_data=False)
    tensor = [one for one in proto.graph.initializer if one.external_data][place]
    entries = {one.key: one.value for one in tensor.external_data} | said
    del tensor.external_data[:]
    for key, value in entries.items():
        if value is not None:
            tensor.external_data.add(key=key, value=value)
    path.write_bytes(proto.SerializeToString())


def test_one_file_beside_the_model_is_in_order(tmp_path: Path) -> None:
    assert findings(saved(tmp_path, location="weights.bin"), "external-data") == ()
    assert findings(cnn(), "external-data") == ()


def test_many_files_are_found(tmp_path: Path) -> None:
    path = saved(tmp_path, all_tensors_to_one_file=False)
    assert findings(path, "external-data") == ()
    (found,) = findings(path, "external-data", **{"external-data.files": 2})
    assert (found.measured, found.allowed) == ("3 files", "2 files")


def test_folders_are_found(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    path = saved(tmp_path, location="weights/all.bin")
    (found,) = findings(path, "external-data")
    assert found.subject == "weights/all.bin"
    assert findings(path, "external-data", **{"external-data.folders": True}) == ()


def test_checksums_are_asked_for_where_they_are_wanted(tmp_path: Path) -> None:
    path = saved(tmp_path, location="weights.bin")
    (found,) = findings(path, "external-data", **{"external-data.checksums": True})
    assert (found.subject, found.measured) == ("w1", "3")
    for place in range(3):
        moved(path, place, checksum="0" * 40)
    assert findings(path, "external-data", **{"external-data.checksums": True}) == ()


def test_a_length_that_is_not_said_is_found(tmp_path: Path) -> None:
    path = saved(tmp_path, location="weights.bin")
    proto = onnx.load(path, load_external_data=False)
    last = max(
        range(3),
        key=lambda place: int(
            {one.key: one.value for one in _external(proto)[place].external_data}["offset"]
        ),
    )
    moved(path, last, length=None)
    (found,) = findings(path, "external-data")
    assert found.subject == _external(proto)[last].name


def test_bytes_that_two_tensors_share_are_found(tmp_path: Path) -> None:
    path = saved(tmp_path, location="weights.bin")
    moved(path, 1, offset="8")
    (found,) = findings(path, "external-data")
    assert "begin at 8, within those of 'w1'" in found.message


def _external(proto: onnx.ModelProto) -> list[onnx.TensorProto]:
    return [one for one in proto.graph.initializer if one.external_data]
