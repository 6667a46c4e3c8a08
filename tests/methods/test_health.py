"""Filters with planted faults: each is found, and nothing else; the measures against NumPy by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.errors import InvalidInputError
from inspector.methods.figures.filters import aliased_share, most_alike
from inspector.types.results.figure import Figure
from inspector.types.results.table import Table
from tests.support.graphs import model, node
from tests.support.zoo import Zoo

SIDE, STRIDE, WINDOW, FILTERS = 40, 4, 11, 8
PHOTOS = [
    *(np.full((SIDE, SIDE, 3), level, np.uint8) for level in (0, 255)),
    np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8),
]
"""Each filter answers to black or to white."""
UNIT, GRAY_LEVELS = ({"scale": scale, "mean": [127.5 * scale], "std": [1.0]} for scale in (1 / 255, 1.0))
Weights = dict[str, Any]


def healthy() -> Weights:
    """Return smooth filters of one size that look alike to nobody, and weights that follow."""
    rng = np.random.default_rng(5)
    down, across = np.indices((WINDOW, WINDOW)) - WINDOW // 2
    blob = np.exp(-(down**2 + across**2) / 18)
    waves = [np.cos(0.05 * np.pi * (down * np.cos(t) + across * np.sin(t)) + t) for t in np.arange(FILTERS)]
    w1 = np.stack([rng.standard_normal((3, 1, 1)) * (blob * wave) for wave in waves])
    w1 /= np.sqrt(np.square(w1).mean(axis=(1, 2, 3), keepdims=True)) / 0.02
    return {
        "w1": w1,
        "b1": np.full(FILTERS, 0.1),
        "scale": np.full(FILTERS, 2.0),
        "bias": np.zeros(FILTERS),
        "mean": np.zeros(FILTERS),
        "variance": np.full(FILTERS, 0.25),
        "w2": rng.standard_normal((6, FILTERS, 3, 3)) * 1e-3,
        "b2": np.full(6, 0.3),
    }


def network(weights: Weights, *, rectifier: str = "Relu") -> bytes:
    """Return conv - normalization - rectifier - conv - rectifier - mean."""
    nodes = [
        node(
            "Conv", ["x", "w1", "b1"], "conv1", kernel_shape=[WINDOW] * 2, strides=[STRIDE] * 2, pads=[5] * 4
        ),
        node("BatchNormalization", ["conv1", "scale", "bias", "mean", "variance"], "normal", epsilon=0.0),
        node(rectifier, ["normal"], "act1"),
        node("Conv", ["act1", "w2", "b2"], "conv2", kernel_shape=[3, 3]),
        node("Relu", ["conv2"], "act2"),
        node("GlobalAveragePool", ["act2"], "mean2"),
        node("Flatten", ["mean2"], "flat"),
    ]
    values = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    return model(nodes, shape=("n", 3, SIDE, SIDE), weights=values).SerializeToString()


def marks(found: Figure) -> set[tuple[str, int, str]]:
    """Return (layer, filter, mark) of all marked filters."""
    table = found["filters"]
    assert isinstance(table, Table)
    return {
        (str(row.cells[0]), int(str(row.cells[1])), mark)
        for row in table.rows
        for mark in str(row.cells[2]).split(", ")
        if mark
    }


def examine(weights: Weights, images: Any = PHOTOS, *, preprocessing: Any = UNIT, **options: Any) -> Figure:
    with inspector.load(network(weights), device="cpu", preprocessing=preprocessing) as ours:
        return ours.health(images, **options)


def dead(weights: Weights) -> set[tuple[str, int, str]]:
    weights["b1"][1] = -1e4
    return {("conv1", 1, "dead")}


def dead_by_normalization(weights: Weights) -> set[tuple[str, int, str]]:
    weights["bias"][4] = -1e6
    return {("conv1", 4, "dead")}


def dead_deeper(weights: Weights) -> set[tuple[str, int, str]]:
    weights["b2"][5] = -1e6
    return {("conv2", 5, "dead")}


def dominant(weights: Weights) -> set[tuple[str, int, str]]:
    weights["w1"][3] *= 8
    return {("conv1", 3, "dominant")}


def dominant_by_normalization(weights: Weights) -> set[tuple[str, int, str]]:
    weights["scale"][3] *= 8
    return {("conv1", 3, "dominant")}


def duplicate(weights: Weights) -> set[tuple[str, int, str]]:
    noise = np.random.default_rng(0).standard_normal(weights["w1"][2].shape)
    weights["w1"][5] = 1.5 * weights["w1"][2] + 0.001 * noise
    return {("conv1", 2, "duplicate"), ("conv1", 5, "duplicate")}


def aliased(weights: Weights) -> set[tuple[str, int, str]]:
    checks = np.where(np.indices((WINDOW, WINDOW)).sum(axis=0) % 2, 0.02, -0.02)
    weights["w1"][6] = checks
    return {("conv1", 6, "aliased")}


def none(weights: Weights) -> set[tuple[str, int, str]]:
    return set()


@pytest.mark.parametrize(
    "plant",
    [
        none, dead, dead_by_normalization, dead_deeper, dominant, dominant_by_normalization, duplicate, aliased
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_and_nothing_else(
    plant: Callable[[Weights], set[tuple[str, int, str]]],
) -> None:
    weights = healthy()
    planted = plant(weights)

    assert marks(examine(weights)) == planted


def test_faults_together_are_told_apart() -> None:
    weights = healthy()
    planted = dominant(weights) | duplicate(weights) | aliased(weights) | dead_deeper(weights)

    found = examine(weights)

    assert marks(found) == planted
    assert "1 dead, 1 dominant, 0 too large, 1 aliased, 2 duplicate" in found.title


def test_a_filter_is_too_large_by_gray_levels_whatever_the_preprocessing() -> None:
    """RMS 0.02 on values of 0..1 is far from 0.1 per gray level; on 0..255 times eight it is above."""
    weights = healthy()
    weights["scale"][:] = 0.5  # so that the normalization changes nothing
    weights["w1"] *= 8
    kwargs: dict[str, Any] = {"dominance": 100.0}

    small, large = (examine(weights, preprocessing=one, **kwargs) for one in (UNIT, GRAY_LEVELS))

    assert not marks(small)
    assert marks(large) == {("conv1", index, "too large") for index in range(FILTERS)}
    table = small["layers"]
    assert isinstance(table, Table)
    at = table.columns.index("largest RMS of pixels")
    assert table.rows[0].cells[at] == pytest.approx(0.16 / 255, rel=1e-4)
    assert table.rows[1].cells[at] is None
    assert "0.00392" in next(str(note) for note in small.notes if note.id == "rms_scale")


def test_scales_within_the_graph_count_channel_by_channel() -> None:
    """A graph that divides gray levels by its own deviations, in (N, H, W, C)."""
    deviations = np.array([50.0, 25.0, 100.0], np.float32)
    nodes = [
        node("Sub", ["x", "middle"], "centered"),
        node("Div", ["centered", "deviations"], "scaled"),
        node("Transpose", ["scaled"], "turned", perm=[0, 3, 1, 2]),
        node("Conv", ["turned", "w"], "conv", kernel_shape=[3, 3]),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "mean"),
        node("Flatten", ["mean"], "flat"),
    ]
    w = np.random.default_rng(1).standard_normal((5, 3, 3, 3)).astype(np.float32)
    values: Weights = {"middle": np.float32(120), "deviations": deviations, "w": w}
    data = model(nodes, shape=(1, 16, 16, 3), weights=values).SerializeToString()

    with inspector.load(data, device="cpu", preprocessing="0..255") as ours:
        found = ours.health(layers=["conv"])

    table = found["filters"]
    assert isinstance(table, Table)
    said = [row.cells[table.columns.index("RMS of pixels")] for row in table.rows]
    expected = np.sqrt(np.square(w / deviations[:, None, None]).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(np.array(said, np.float64), expected, rtol=1e-5)


def test_without_images_dead_filters_are_not_known_but_those_of_zeros() -> None:
    weights = healthy()
    dead(weights)
    assert not marks(examine(weights, ()))
    weights["w1"][7] = 0

    found = examine(weights, ())

    assert marks(found) == {("conv1", 7, "dead")}
    assert "dead_unknown" in {note.id for note in found.notes}


def test_a_filter_without_a_rectifier_is_not_judged_dead() -> None:
    weights = healthy()
    dead(weights)
    with inspector.load(network(weights, rectifier="Abs"), device="cpu", preprocessing=UNIT) as ours:
        found = ours.health(PHOTOS)

    assert not any(layer == "conv1" for layer, _, _ in marks(found))
    assert "1 of 2 convolutions" in next(str(note) for note in found.notes if note.id == "dead_unknown")


def test_what_the_filters_do_is_what_numpy_finds() -> None:
    weights = healthy()
    with inspector.load(network(weights), device="cpu", preprocessing=UNIT) as ours:
        found = ours.health(PHOTOS, layers=["conv1"])
        values = ours.activations(PHOTOS, layers=["act1"])["act1"]

    table = found["filters"]
    assert isinstance(table, Table)
    columns = {name: [row.cells[at] for row in table.rows] for at, name in enumerate(table.columns)}
    assert len(table.rows) == FILTERS  # all of a named layer
    np.testing.assert_allclose(
        np.array(columns["highest activation"], float), values.max(axis=(0, 2, 3)), rtol=1e-6
    )
    np.testing.assert_allclose(
        np.array(columns["share active"], float), (values > 0).mean(axis=(0, 2, 3)), rtol=1e-6
    )
    gain = 2 / np.sqrt(0.25)
    np.testing.assert_allclose(np.array(columns["RMS"], float), 0.02 * gain, rtol=1e-5)


@pytest.mark.parametrize(("strides", "dilations"), [((4, 4), (1, 1)), ((2, 1), (1, 1)), ((3, 2), (2, 1))])
def test_the_aliased_share_is_that_of_the_spectrum(
    strides: tuple[int, int], dilations: tuple[int, int]
) -> None:
    """By a fine discrete Fourier transform, whose sum tends to the integral."""
    weights = np.random.default_rng(3).standard_normal((4, 2, 5, 3))
    size = 960
    spread = np.zeros((4, 2, 5 * dilations[0], 3 * dilations[1]))
    spread[:, :, :: dilations[0], :: dilations[1]] = weights
    power = (np.abs(np.fft.fft2(spread, (size, size))) ** 2).sum(axis=1)
    frequency = np.abs(np.fft.fftfreq(size))
    # At the edge between them half of a step belongs to either side.
    below = [
        np.where(np.isclose(frequency, 0.5 / s), 0.5, frequency < 0.5 / s) if s > 1 else np.ones(size)
        for s in strides
    ]
    expected = 1 - (power * below[0][:, None] * below[1]).sum(axis=(1, 2)) / power.sum(axis=(1, 2))

    np.testing.assert_allclose(
        aliased_share(weights, strides=strides, dilations=dilations), expected, atol=1e-3
    )


def test_correlations_are_those_of_numpy_within_groups() -> None:
    weights = np.random.default_rng(4).standard_normal((8, 3, 3, 3))
    weights[6] = weights[1]  # of another group

    best, which = most_alike(weights, groups=2)

    for group in range(2):
        table: Any = np.corrcoef(weights[4 * group : 4 * group + 4].reshape(4, -1))
        np.fill_diagonal(table, -np.inf)
        np.testing.assert_allclose(best[4 * group : 4 * group + 4], table.max(axis=1), atol=1e-12)
        np.testing.assert_array_equal(which[4 * group : 4 * group + 4], 4 * group + table.argmax(axis=1))
    assert np.isnan(most_alike(weights, groups=8)[0]).all()


def test_what_cannot_be_examined_is_refused_by_name() -> None:
    with inspector.load(network(healthy()), device="cpu", preprocessing=UNIT) as ours:
        with pytest.raises(InvalidInputError, match="is no convolution.*conv1, conv2") as error:
            ours.health(layers=["conv1", "act1"])
        assert error.value.field == "layers[1]"
    dense = model(
        [node("Flatten", ["x"], "flat"), node("MatMul", ["flat", "w"], "y")],
        shape=(1, 1, 4, 4),
        weights={"w": np.ones((16, 3), np.float32)},
    )
    with (
        inspector.load(dense.SerializeToString(), device="cpu") as ours,
        pytest.raises(InvalidInputError, match="no convolution"),
    ):
        ours.health()


def test_the_pictures_show_marked_filters() -> None:
    weights = healthy()
    dominant(weights)
    found = examine(weights)

    titles = [panel.title for panel in found.panels]
    assert titles == ["layers", "filters", "by depth", "filters of conv1"]
    clean = examine(healthy())
    marked, plain = (np.asarray(one["filters of conv1"].pictures()[0]) for one in (found, clean))
    orange = np.array([213, 94, 0])
    assert (marked == orange).all(axis=2).any()
    assert not (plain == orange).all(axis=2).any()


@pytest.mark.parametrize(
    ("name", "preprocessing"),
    [
        ("cifar10_tinymobilenet_fp32", None),
        ("cifar10_tinymobilenet_int8", None),
        ("mnist_quantized_connxr", None),
    ],
)
def test_quantized_models_are_examined_as_their_float_twins(zoo: Zoo, name: str, preprocessing: Any) -> None:
    with inspector.load(zoo.model(name), device="cpu") as ours:
        x = (
            np.random.default_rng(0)
            .random((4, *(int(str(s)) for s in ours.info.input.image_shape)))
            .astype(np.float32)
        )
        found = ours.health(x)

    table = found["layers"]
    assert isinstance(table, Table)
    medians = [float(str(row.cells[table.columns.index("median RMS")])) for row in table.rows]
    assert all(value > 0 for value in medians)
    assert sum(row.cells[3] is not None for row in table.rows) == (12 if name.startswith("cifar10") else 2)
    if name.startswith("cifar10"):
        assert medians[0] == pytest.approx(0.26, abs=0.005)
    else:
        assert "weights_are_codes" in {note.id for note in found.notes}


def test_dead_filters_of_a_trained_model(zoo: Zoo) -> None:
    """MobileNetV2 has filters of zeros in its first two layers, which its training put out."""
    images = [zoo.image(name) for name in ("cat_tfexplain.jpg", "zebra_captum.jpg", "swan_captum.jpg")]
    with inspector.load(
        zoo.model("derived_mobilenetv2_fp32_op15"), device="cpu", preprocessing="imagenet"
    ) as ours:
        first = ours.layers()[0].name
        found = marks(ours.health(images, layers=[first]))
        values = ours.activations(images, layers=[ours.layers()[1].name])
        (maps,) = values.values()

    silent = set(np.flatnonzero(maps.max(axis=(0, 2, 3)) <= 0).tolist())
    assert silent <= {index for _, index, mark in found if mark == "dead"}
    assert silent
