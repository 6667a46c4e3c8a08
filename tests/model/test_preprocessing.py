"""Where preprocessing is found, in which order, and how a caller overrides it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from inspector.errors import InvalidInputError, InvalidModelError
from inspector.model.read import read_model
from inspector.types.preprocessing import Preprocessing
from tests.support.graphs import FLOAT, model, node

FILTERS = {"w": np.ones((2, 3, 3, 3), np.float32)}
MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(1, 3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(1, 3, 1, 1)
OWN = {
    "color": "BGR",
    "resize": {"mode": "short_side", "size": 40},
    "scale": 2.0,
    "mean": [1, 2, 3],
    "std": [4, 5, 6],
}


def plain(
    *leading: onnx.NodeProto,
    shape: tuple[int | str, int, int | str, int | str] = (1, 3, 32, 32),
    dtype: int = FLOAT,
    **weights: np.ndarray,
) -> onnx.ModelProto:
    source = leading[-1].output[0] if leading else "x"
    return model(
        [*leading, node("Conv", [source, "w"], "y")],
        shape=shape,
        dtype=dtype,
        gives=FLOAT,
        weights=FILTERS | weights,
    )


def found(proto: onnx.ModelProto, folder: Path | None = None, **files: object) -> Preprocessing:
    if folder is None:
        return read_model(proto.SerializeToString()).preprocessing
    (folder / "m.onnx").write_bytes(proto.SerializeToString())
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_model(folder).preprocessing


def with_metadata(**metadata: str) -> onnx.ModelProto:
    proto = plain()
    for key, value in metadata.items():
        proto.metadata_props.add(key=key.replace("__", "."), value=value)
    return proto


def test_what_nobody_says_is_assumed_aloud() -> None:
    spec = found(plain())
    assert (spec.layout, spec.color, spec.height, spec.width, spec.resize) == (
        "NCHW",
        "RGB",
        32,
        32,
        "short_side",
    )
    assert spec.assumed == ("color RGB", "scale 1/255", "mean 0.0", "std 1.0", "resize short_side")
    assert "assumed" in spec.source


def test_a_uint8_input_takes_pixels() -> None:
    spec = found(plain(node("Cast", ["x"], "f", to=FLOAT), dtype=TensorProto.UINT8))
    assert (spec.dtype, spec.scale, spec.mean, spec.std) == ("uint8", 1.0, (0.0,), (1.0,))
    assert "uint8" in spec.source
    assert spec.assumed == ("color RGB", "resize short_side")


@pytest.mark.parametrize(
    ("leading", "weights", "scale"),
    [
        ([node("Sub", ["x", "m"], "s"), node("Div", ["s", "d"], "n")], {"m": MEAN, "d": STD}, 1 / 255),
        (
            [node("Sub", ["x", "m"], "s"), node("Div", ["s", "d"], "n")],
            {"m": MEAN * 255, "d": STD * 255},
            1.0,
        ),
        ([node("Mul", ["x", "k"], "n")], {"k": np.array(1 / 255, np.float32)}, 1.0),
        (
            [node("Mul", ["x", "k"], "s"), node("Sub", ["s", "m"], "n")],
            {"k": np.array(2, np.float32), "m": np.array(1, np.float32)},
            1 / 255,
        ),
        (
            [node("Div", ["x", "k"], "s"), node("Sub", ["s", "m"], "n")],
            {"k": np.array(127.5, np.float32), "m": np.array(1, np.float32)},
            1.0,
        ),
    ],
)
def test_a_graph_that_normalizes_says_what_it_takes(
    leading: list[Any], weights: dict[str, Any], scale: float
) -> None:
    spec = found(plain(*leading, **weights))
    assert spec.scale == pytest.approx(scale)
    assert (spec.mean, spec.std) == ((0.0,), (1.0,))
    assert "the graph normalizes by itself" in spec.source
    assert not any(text.startswith(("scale", "mean", "std")) for text in spec.assumed)


def test_own_metadata_is_read_and_comes_before_the_rest_but_the_file_beside(tmp_path: Path) -> None:
    proto = with_metadata(
        inspector__preprocessing=json.dumps(OWN), Image__NominalPixelRange="NominalRange_0_255"
    )
    assert found(proto).scale == 2.0
    spec = found(
        proto, tmp_path, inspector__json={"preprocessing": {"scale": 7.0, "interpolation": "bicubic"}}
    )
    assert (spec.color, spec.scale, spec.mean, spec.std) == ("BGR", 7.0, (1, 2, 3), (4, 5, 6))
    assert (spec.resize, spec.resize_size, spec.interpolation) == ("short_side", 40, "bicubic")
    assert spec.assumed == ()
    assert "inspector.preprocessing" in spec.source


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"colour": "RGB"}', '{"scale": "big"}', '{"std": [0]}', '{"color": "CMYK"}']
)
def test_own_metadata_that_makes_no_sense_is_named(text: str) -> None:
    with pytest.raises(InvalidModelError, match="inspector.preprocessing|makes no sense"):
        found(with_metadata(inspector__preprocessing=text))


@pytest.mark.parametrize(
    ("pixel_range", "low", "high"),
    [
        ("NominalRange_0_255", 0, 255),
        ("Normalized_0_1", 0, 1),
        ("Normalized_1_1", -1, 1),
        ("NominalRange_16_235", 16, 235),
    ],
)
def test_onnx_image_properties_are_read(pixel_range: str, low: float, high: float) -> None:
    spec = found(with_metadata(Image__BitmapPixelFormat="Bgr8", Image__NominalPixelRange=pixel_range))
    assert spec.color == "BGR"
    assert (0 * spec.scale - spec.mean[0]) / spec.std[0] == pytest.approx(low)
    assert (255 * spec.scale - spec.mean[0]) / spec.std[0] == pytest.approx(high)
    assert spec.assumed == ("resize short_side",)


def test_ultralytics_properties_are_read() -> None:
    proto = plain(shape=("b", 3, "h", "w"))
    for key, value in {"task": "detect", "imgsz": "[640, 320]", "names": "{0: 'person'}"}.items():
        proto.metadata_props.add(key=key, value=value)
    spec = found(proto)
    assert (spec.resize, spec.height, spec.width, spec.scale) == ("letterbox", 640, 320, 1 / 255)
    assert spec.assumed == ()


def test_hugging_face_configuration_is_read(tmp_path: Path) -> None:
    config = {
        "do_resize": True,
        "size": {"shortest_edge": 36},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": 32, "width": 32},
        "do_rescale": True,
        "rescale_factor": 0.5,
        "do_normalize": True,
        "image_mean": [1, 2, 3],
        "image_std": [4, 5, 6],
    }
    spec = found(plain(), tmp_path, preprocessor_config__json=config)
    assert (spec.resize, spec.resize_size, spec.interpolation) == ("short_side", 36, "bicubic")
    assert (spec.scale, spec.mean, spec.std) == (0.5, (1, 2, 3), (4, 5, 6))
    assert "preprocessor_config.json" in spec.source
    assert spec.assumed == ("color RGB",)


def test_hugging_face_processors_that_flip_the_channels_want_blue_first(tmp_path: Path) -> None:
    config = {"do_normalize": False, "do_flip_channel_order": True}
    assert found(plain(), tmp_path, preprocessor_config__json=config).color == "BGR"


def test_timm_configuration_is_read(tmp_path: Path) -> None:
    config = {
        "pretrained_cfg": {
            "input_size": [3, 32, 32],
            "crop_pct": 0.875,
            "interpolation": "bicubic",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.25, 0.25, 0.25],
        }
    }
    spec = found(plain(), tmp_path, config__json=config)
    assert (spec.resize, spec.resize_size, spec.interpolation) == ("short_side", 36, "bicubic")
    assert (spec.scale, spec.mean, spec.std) == (1 / 255, (0.5,) * 3, (0.25,) * 3)
    assert spec.assumed == ()


def test_triton_configuration_decides_an_open_layout(tmp_path: Path) -> None:
    proto = model([node("Relu", ["x"], "y")], shape=("b", "p", "q", "r"))
    assert found(proto).layout == "NCHW"
    assert (
        found(
            proto, tmp_path, config__pbtxt="input [{ name: 'x' format: FORMAT_NHWC dims: [ -1, -1, 3 ] }]"
        ).layout
        == "NHWC"
    )


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("inspector.json", "{", "inspector.json beside the model is no JSON"),
        ("inspector.json", "[]", "holds a list; it must hold a JSON object"),
        (
            "inspector.json",
            '{"preprocesing": {}}',
            "has the key 'preprocesing'.*Did you mean 'preprocessing'",
        ),
        ("inspector.json", '{"preprocessing": {"colour": "RGB"}}', "'colour'.*Did you mean 'color'"),
        (
            "inspector.json",
            '{"preprocessing": {"resize": {"modus": "exact"}}}',
            "'resize.modus'.*'resize.mode'",
        ),
        ("inspector.json", '{"preprocessing": {"scale": "0.5"}}', "scale is '0.5'; it must be a number"),
        ("inspector.json", '{"preprocessing": {"mean": [0.5, 0.5]}}', "mean is .*it must be 1 or 3 numbers"),
        ("inspector.json", '{"preprocessing": {"color": "GRB"}}', "one of RGB, BGR, GRAY"),
        (
            "inspector.json",
            '{"preprocessing": {"crop": {"height": 3.5}}}',
            "height is 3.5; it must be a whole number",
        ),
        ("inspector.json", '{"preprocessing": {"crop": 224}}', "an object with height and width"),
        ("inspector.json", '{"preprocessing": "imagnet"}', "no preset 'imagnet'.*Did you mean 'imagenet'"),
        ("inspector.json", '{"preprocessing": []}', "of type list"),
        ("preprocessor_config.json", "{", "preprocessor_config.json beside the model is no JSON"),
        (
            "preprocessor_config.json",
            '{"image_mean": [0.5, 0.5], "image_std": [1, 1]}',
            "mean has 2 values.*3 channels",
        ),
        ("preprocessor_config.json", '{"image_mean": "half", "image_std": 1}', "mean is 'half'"),
        ("config.json", '{"pretrained_cfg": {"mean": [0.5', "config.json beside the model is no JSON"),
    ],
)
def test_what_is_broken_or_misspelt_beside_a_model_is_named(
    file: str, content: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidModelError, match=says) as caught:
        found(plain(), tmp_path, **{file.replace(".", "__"): content})
    assert file in str(caught.value)


def test_files_of_other_tools_are_passed_over(tmp_path: Path) -> None:
    for content in ("{", "[]", json.dumps({"mean": "a word", "std": 3, "server": {"port": 1}})):
        assert found(plain(), tmp_path, config__json=content).color == "RGB"


def test_a_file_of_ours_that_is_a_link_is_refused_and_one_of_others_passed_over(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text(json.dumps({"preprocessing": OWN}))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "preprocessor_config.json").symlink_to(tmp_path / "elsewhere.json")
    assert found(plain(), folder).color == "RGB"
    (folder / "inspector.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(InvalidModelError, match="inspector.json beside the model is a link"):
        found(plain(), folder)


def test_one_channel_is_gray_and_four_are_no_picture() -> None:
    gray = model([node("Relu", ["x"], "y")], shape=(1, 28, 28, 1))
    assert (found(gray).layout, found(gray).color) == ("NHWC", "GRAY")
    assert found(model([node("Relu", ["x"], "y")], shape=("n", 40))).layout == "NC"


def test_a_caller_overrides_single_keys() -> None:
    data = plain().SerializeToString()
    spec = read_model(data, preprocessing={"color": "BGR", "crop": {"height": 32}}).preprocessing
    assert (spec.color, spec.scale, spec.height) == ("BGR", 1 / 255, 32)
    assert spec.source.startswith("given by the caller: color, crop")
    assert "color RGB" not in spec.assumed
    assert "scale 1/255" in spec.assumed
    whole = Preprocessing(scale=3.0)
    assert read_model(data, preprocessing=whole).preprocessing == replace(whole, layout="NCHW")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": "RGB"}, "colour"),
        ({"color": "CMYK"}, "color"),
        ({"scale": "x"}, "scale"),
        ({"scale": 0}, "scale"),
        ({"std": [1, 0, 1]}, "std"),
        ({"mean": [1, 2]}, "mean"),
        ({"mean": [float("nan")]}, "mean"),
        ({"color": 3}, "color"),
        ({"resize": {"mode": "stretch"}}, "resize"),
        ({"resize": {"by": 2}}, "resize.by"),
        ({"crop": {"height": 0}}, "height"),
    ],
)
def test_an_override_that_makes_no_sense_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_model(plain().SerializeToString(), preprocessing=change)
    assert caught.value.field == f"preprocessing.{field}"


@pytest.mark.parametrize("given", [{"mean": [1, 2]}, Preprocessing(color="NONE", mean=(1, 2))])
def test_a_mean_of_two_values_for_three_channels_is_refused(given: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_model(plain().SerializeToString(), preprocessing=given)
    assert caught.value.field == "preprocessing.mean"


def test_json_goes_round() -> None:
    spec = Preprocessing(
        color="BGR", height=3, width=4, resize="letterbox", mean=(1, 2, 3), source="s", assumed=("a",)
    )
    assert Preprocessing.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@pytest.mark.parametrize(
    ("own", "said"), [(OWN, ""), ({"color": "BGR"}, "; scale, mean, std, resize: assumed")]
)
def test_where_it_comes_from_names_as_assumed_what_still_is(own: dict[str, Any], said: str) -> None:
    source = found(with_metadata(**{"inspector.preprocessing": json.dumps(own)})).source
    assert ("assumed" in source) == bool(said)
    assert source.endswith(f"the rest: layout, dtype, size: the input's shape{said}")
