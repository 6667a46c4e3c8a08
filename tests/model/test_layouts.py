"""Who reads the image decides its layout; what is told decides the rest, and may not contradict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.errors import InvalidInputError, InvalidModelError
from inspector.model.read import read_model
from inspector.types.layouts import is_layout
from inspector.types.preprocessing import Preprocessing
from tests.support.graphs import model, node

RANDOM = np.random.default_rng(0)
W2, W1 = (RANDOM.standard_normal((4, 3, *(3,) * rank)).astype(np.float32) for rank in (2, 1))
GRAY2 = W2[:, :1]


def read_by_conv(shape: list[int | str], *front: Any, weights: np.ndarray = W2, **constants: Any) -> bytes:
    """Return a model whose first convolution reads the tensor "t", or "x" where nothing is in front."""
    source = "t" if front else "x"
    pads = [1] * 2 * (weights.ndim - 2)
    nodes = [*front, node("Conv", [source, "w"], "conv", pads=pads), node("GlobalAveragePool", ["conv"], "g")]
    nodes.append(node("Flatten", ["g"], "y"))
    given = {name: np.asarray(value) for name, value in constants.items()}
    return model(nodes, shape=shape, weights={"w": weights, **given}).SerializeToString()


def unsqueeze(source: str = "x") -> Any:
    return node("Unsqueeze", [source, "axes"], "t")


READ = [
    ("NCHW", ["n", 3, 3, 3], read_by_conv(["n", 3, 3, 3])),
    ("NHWC", ["n", 3, 3, 3], read_by_conv(["n", 3, 3, 3], node("Transpose", ["x"], "t", perm=[0, 3, 1, 2]))),
    ("NCL", ["n", 3, 50], read_by_conv(["n", 3, 50], weights=W1)),
    ("NLC", ["n", 50, 3], read_by_conv(["n", 50, 3], node("Transpose", ["x"], "t", perm=[0, 2, 1]), weights=W1)),
    ("NHW", ["n", 9, 8], read_by_conv(["n", 9, 8], unsqueeze(), weights=GRAY2, axes=[1])),
    ("NL", ["n", 50], read_by_conv(["n", 50], unsqueeze(), weights=W1[:, :1], axes=[1])),
    ("CHW", [3, 9, 8], read_by_conv([3, 9, 8], unsqueeze(), axes=[0])),
    ("CHW", [3, "h", "w"], read_by_conv([3, "h", "w"], unsqueeze(), axes=[0])),
    (
        "HWC",
        [9, 8, 3],
        read_by_conv([9, 8, 3], node("Transpose", ["x"], "chw", perm=[2, 0, 1]), unsqueeze("chw"), axes=[0]),
    ),
    ("HW", [9, 8], read_by_conv([9, 8], unsqueeze(), weights=GRAY2, axes=[0, 1])),
    ("NCDHW", ["n", 3, 5, 6, 7], read_by_conv(["n", 3, 5, 6, 7], weights=RANDOM.random((2, 3, 3, 3, 3), np.float32))),
    (
        "NHWC",
        ["n", 9, 8, 3],
        read_by_conv(
            ["n", 9, 8, 3],
            node("ReduceMean", ["x"], "m", axes=[3], keepdims=0),
            unsqueeze("m"),
            weights=GRAY2,
            axes=[1],
        ),
    ),
    (
        "NDCHW",
        ["n", 5, 3, 8, 9],
        read_by_conv(["n", 5, 3, 8, 9], node("Reshape", ["x", "frames"], "t"), frames=[-1, 3, 8, 9]),
    ),
    ("NC", ["n", 192], read_by_conv(["n", 192], node("Reshape", ["x", "image"], "t"), image=[-1, 3, 8, 8])),
]  # fmt: skip


@pytest.mark.parametrize(("layout", "shape", "proto"), READ, ids=[f"{one[0]} {one[1]}" for one in READ])
def test_the_first_convolution_decides(layout: str, shape: list[Any], proto: bytes) -> None:
    found = read_model(proto)
    assert found.input.layout == found.preprocessing.layout == layout
    assert found.input.batch_axis == (0 if layout.startswith("N") else None)
    sizes = tuple(size if isinstance(size, int) else None for size in shape)
    assert found.input.height == (sizes[layout.index("H")] if "H" in layout else None)
    if layout != "NC":
        assert found.input.channels == (sizes[layout.index("C")] if "C" in layout else 1)
        conv = found.layer("conv")
        assert len(conv.spatial_axes) == len(layout.replace("N", "").replace("C", ""))
        assert conv.receptive_field is not None


def test_a_free_channel_axis_has_as_many_as_the_weights() -> None:
    proto = read_by_conv(["batch", "num_channels", "height", "width"])
    found = read_model(proto)
    assert (found.input.channels, found.input.shape[1]) == (3, "num_channels")
    grouped = read_by_conv(["n", "c", 8, 8], weights=W2[:, :2])
    with pytest.raises(InvalidInputError, match=r"N×3×any×any"):
        inspector.load(proto, device="cpu").predict(np.zeros((1, 4, 8, 8), np.float32))
    assert read_model(grouped).input.channels == 2


def test_a_normalization_over_the_bands_of_a_spectrum_is_not_asked() -> None:
    """Bands are normalized as if they were channels before the convolution that reads one channel."""
    statistics = [np.ones(16, np.float32)] * 4
    names = ["s", "b", "m", "v"]
    proto = model(
        [
            node("Transpose", ["x"], "bands", perm=[0, 3, 2, 1]),
            node("BatchNormalization", ["bands", *names], "normal"),
            node("Transpose", ["normal"], "t", perm=[0, 3, 2, 1]),
            node("Conv", ["t", "w"], "conv"),
            node("Flatten", ["conv"], "y"),
        ],
        shape=["n", 1, 20, 16],
        weights={"w": GRAY2, **dict(zip(names, statistics, strict=True))},
    )
    assert read_model(proto.SerializeToString()).input.layout == "NCHW"


# --- what is told


def unread(shape: list[int | str]) -> bytes:
    """Return a model that no convolution reads, so that the shape must tell."""
    return model([node("Relu", ["x"], "a"), node("Flatten", ["a"], "y")], shape=shape).SerializeToString()


def test_what_is_told_decides_where_nobody_reads() -> None:
    proto = unread(["n", 4, 5, 6])
    assert read_model(proto).input.layout == "NCHW"
    for given in (
        {"layout": "NHWC"},
        {"preprocessing": {"layout": "NHWC"}},
        {"preprocessing": Preprocessing(layout="NHWC")},
    ):
        found = read_model(proto, **given)
        assert found.input.layout == found.preprocessing.layout == "NHWC"
        assert (found.input.height, found.input.width, found.input.channels) == (4, 5, 6)
    assert read_model(unread(["n", 5, 6]), layout="CHW").input.channels is None
    assert read_model(unread(["n", 5, 6]), layout="NLC").input.space == (5,)


def test_what_is_told_decides_everything() -> None:
    """The occluder, masks, maps and pictures lie where the layout says."""
    with inspector.load(unread(["n", 4, 8, 5]), layout="NHWC", device="cpu") as loaded:
        image = np.ones((1, 4, 8, 5), np.float32)
        sweep = loaded.occlude(
            image, target=inspector.Element("y"), size=(4, 2), stride=(1, 2), fill=range(5)
        )
        assert (sweep.layout, sweep.probability.shape, len(sweep.fill)) == ("NHWC", (1, 4), 5)
        rise = loaded.attribute(image, method="rise", masks=3, target=inspector.Element("y"))
        assert rise.maps.shape == (1, 4, 8, 1)
        assert rise.to_pil(plain=True).size == (8, 4)


@pytest.mark.parametrize(
    ("shape", "layout", "words"),
    [
        (["n", 3, 9, 9], "NHWC", r"NHWC, but Conv 'conv' reads axis 1 as channels .*NCHW"),
        (["n", 3, 9, 9], "NWHC", "'NWHC'; allowed are NCHW"),
        (["n", 3, 9, 9], "NCL", "for 3 axes; the input has 4"),
        (["n", 3, 9, 9], "", "''; allowed"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(shape: list[Any], layout: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        read_model(read_by_conv(shape), layout=layout)
    assert caught.value.field == "layout"


def test_two_layouts_are_one_too_many() -> None:
    with pytest.raises(InvalidInputError, match="give one of them"):
        read_model(unread(["n", 4, 5, 6]), layout="NHWC", preprocessing={"layout": "NCHW"})


def test_files_beside_the_model_tell(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(unread(["n", 4, 5, 6]))
    (tmp_path / "inspector.json").write_text(json.dumps({"preprocessing": {"layout": "NHWC"}}))
    assert read_model(file).input.layout == "NHWC"
    file.write_bytes(read_by_conv(["n", 3, 9, 9]))
    with pytest.raises(InvalidModelError, match=r"inspector\.json: layout is NHWC, but Conv"):
        read_model(file)
    (tmp_path / "inspector.json").unlink()
    (tmp_path / "config.pbtxt").write_text("input [{ name: 'x' format: FORMAT_NHWC }]")
    with pytest.raises(InvalidModelError, match=r"config\.pbtxt"):
        read_model(file)
    file.write_bytes(read_by_conv([3, 9, 8], unsqueeze(), axes=[0]))
    (tmp_path / "config.pbtxt").write_text("input [{ name: 'x' format: FORMAT_NCHW }]")
    assert read_model(file).input.layout == "CHW"


def test_words_that_are_layouts() -> None:
    assert all(map(is_layout, ("NCHW", "NHWC", "NC", "NCL", "HW", "CHW", "L", "NDCHW")))
    assert not any(map(is_layout, ("", "N", "C", "CN", "NWH", "HNW", "NCCHW", "NCHWD", "abc", "NHW ")))


# --- channels that are no three colors


def test_a_model_of_four_channels_takes_transparency() -> None:
    loaded = inspector.load(
        read_by_conv(["n", 4, 6, 6], weights=RANDOM.random((2, 4, 3, 3), np.float32)), device="cpu"
    )
    spec = loaded.info.preprocessing
    assert (spec.color, "color RGBA" in spec.assumed) == ("RGBA", True)
    clear = RANDOM.integers(0, 256, (6, 6, 4), dtype=np.uint8)
    found = loaded.attribute(clear, method="saliency").inputs
    np.testing.assert_allclose(found[0], clear.transpose(2, 0, 1) / 255, atol=1e-6)
    opaque = loaded.attribute(clear[:, :, :3], method="saliency").inputs
    assert (opaque[0, 3] == 1).all()


def test_a_picture_with_as_many_channels_as_the_model_is_one() -> None:
    proto = read_by_conv(["n", 6, 8, 8], weights=RANDOM.random((2, 6, 3, 3), np.float32))
    loaded = inspector.load(proto, preprocessing={"mean": [1, 2, 3, 4, 5, 6], "scale": 1.0}, device="cpu")
    picture = RANDOM.integers(0, 256, (8, 8, 6), dtype=np.uint8)
    found = loaded.attribute(picture).inputs[0]
    np.testing.assert_allclose(found, picture.transpose(2, 0, 1) - np.arange(1, 7)[:, None, None], atol=1e-5)
    assert loaded.occlude(picture).fill == tuple(127.5 - np.arange(1, 7))
    with pytest.raises(InvalidInputError, match="6 channels"):
        loaded.predict(picture[:, :, :3])
