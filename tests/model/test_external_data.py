"""External data: read beside the file, and refused wherever it would lead elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.errors import InvalidModelError
from inspector.model.read import read_model
from tests.support.bad_models import FILTERS, nested, refused, small
from tests.support.graphs import model, node


def external(tensor: onnx.TensorProto, **entries: str) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)


def saved(proto: onnx.ModelProto, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "m.onnx").write_bytes(proto.SerializeToString())
    return folder / "m.onnx"


def test_external_data_beside_the_file_is_read_and_mapped(tmp_path: Path) -> None:
    proto = small()
    external(proto.graph.initializer[0], location="w.bin", offset="4", length=str(FILTERS.nbytes))
    (tmp_path / "w.bin").write_bytes(bytes(4) + (FILTERS * 2).tobytes())
    found = read_model(saved(proto, tmp_path))
    tensor = found.ir.graph.initializers["w"].const_value
    assert tensor is not None
    np.testing.assert_array_equal(tensor.numpy(), FILTERS * 2)
    assert found.layer("a").shape == (1, 4, 18, 15)


def constant_attribute() -> tuple[onnx.ModelProto, onnx.TensorProto]:
    proto = model(
        [node("Constant", [], "w", value=numpy_helper.from_array(FILTERS)), node("Conv", ["x", "w"], "a")]
    )
    return proto, proto.graph.node[0].attribute[0].t


def sparse_attribute() -> tuple[onnx.ModelProto, onnx.TensorProto]:
    values = numpy_helper.from_array(np.ones(1, np.float32), "v")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "i")
    sparse = helper.make_sparse_tensor(values, indices, [4])
    proto = model([node("Constant", [], "w", sparse_value=sparse), node("Add", ["x", "w"], "a")])
    return proto, proto.graph.node[0].attribute[0].sparse_tensor.values


def subgraph_initializer() -> tuple[onnx.ModelProto, onnx.TensorProto]:
    proto = nested(1)
    graph = proto.graph.node[-1].attribute[0].g
    graph.initializer.append(numpy_helper.from_array(FILTERS, "w2"))
    return proto, graph.initializer[0]


def initializer() -> tuple[onnx.ModelProto, onnx.TensorProto]:
    proto = small()
    return proto, proto.graph.initializer[0]


PLACES = [initializer, constant_attribute, sparse_attribute, subgraph_initializer]


@pytest.mark.parametrize("place", PLACES)
def test_a_model_given_as_bytes_cannot_refer_to_files(
    place: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(FILTERS.tobytes())
    proto, tensor = place()
    external(tensor, location="secret.bin")
    error = refused(proto, "given as bytes|sparse")
    assert "secret" not in error.message or error.reason == "EXTERNAL_DATA_REFUSED"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "location",
    ["../secret.bin", "/etc/passwd", "sub/../../secret.bin", "..\\secret.bin", "C:\\secret.bin", ""],
)
def test_external_data_outside_the_folder_is_refused(
    place: Callable[..., Any], location: str, tmp_path: Path
) -> None:
    (tmp_path / "secret.bin").write_bytes(FILTERS.tobytes())
    proto, tensor = place()
    external(tensor, location=location)
    with pytest.raises(InvalidModelError, match="relative path|names no location|sparse"):
        read_model(saved(proto, tmp_path / "folder"))


def test_external_data_through_links_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(FILTERS.tobytes())
    proto = small()
    path = saved(proto, tmp_path / "folder")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "w.bin").write_bytes(FILTERS.tobytes())
    (path.parent / "soft.bin").symlink_to(secret)
    os.link(secret, path.parent / "hard.bin")
    (path.parent / "linked").symlink_to(tmp_path / "outside")
    for location, message in (
        ("soft.bin", "symbolic link"),
        ("hard.bin", "hard links"),
        ("linked/w.bin", "symbolic link"),
    ):
        external(proto.graph.initializer[0], location=location)
        with pytest.raises(InvalidModelError, match=message):
            read_model(saved(proto, path.parent))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "*/_ORT_MEM_ADDR_/*", "offset": "140000000"}, "in-memory marker"),
        ({"location": "w.bin", "__class__": "x"}, "'__class__'"),
        ({"location": "w.bin", "offset": "-1"}, "offset '-1'"),
        ({"location": "w.bin", "offset": "1e3"}, "offset '1e3'"),
        (
            {"location": "w.bin", "length": "1125899906842624"},
            "ends at byte 1,125,899,906,842,624; the file has 432",
        ),
        ({"location": "w.bin", "offset": "400"}, "432 bytes|holds|cannot be read"),
        ({"location": "w.bin", "length": "8"}, "its external data has 8"),
        ({"location": "missing.bin"}, "missing"),
        ({"location": "."}, "regular file"),
    ],
)
def test_external_data_entries_are_checked(entries: dict[str, str], message: str, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(FILTERS.tobytes())
    proto = small()
    external(proto.graph.initializer[0], **entries)
    with pytest.raises(InvalidModelError, match=message):
        read_model(saved(proto, tmp_path))
