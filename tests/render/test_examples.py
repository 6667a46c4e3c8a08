"""Examples as blocks and strips, filters as tiles, grids and matrices, figures with tables."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.examples import OUTSIDE
from inspector.types.results.activations import Activation, Activations
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.filters import Filters
from inspector.types.results.images import Example, ExampleRow, Examples
from inspector.types.results.table import Row, Table

RED, BLUE = (255, 0, 0), (0, 0, 255)


def flat(color: tuple[int, int, int], size: int = 20) -> np.ndarray:
    return np.full((size, size, 3), color, np.uint8)


def row(count: int, *, caption: str = "", projected: bool = True) -> ExampleRow:
    return ExampleRow(
        title="conv1, channel 3",
        examples=tuple(
            Example(
                image=str(index), value=9.0 - index, window=(0, 0, 20, 20), pixels=flat(RED),
                projection=flat(BLUE) if projected else None, caption=caption,
            )
            for index in range(count)
        ),
    )  # fmt: skip


def where(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return np.argwhere((picture == color).all(axis=2))


def test_a_block_of_projections_stands_beside_a_block_of_patches() -> None:
    picture = np.asarray(Examples(rows=(row(9),)).to_pil().convert("RGB"))
    patches, projections = where(picture, RED), where(picture, BLUE)
    assert projections[:, 1].max() < patches[:, 1].min()
    assert projections[:, 0].min() == patches[:, 0].min()
    assert len(patches) == len(projections)
    two = Examples(rows=(row(9), row(9))).to_pil()
    four = Examples(rows=(row(9),) * 4).to_pil()
    assert two.width == four.width > 1.9 * picture.shape[1]
    assert four.height > 1.9 * two.height


def test_with_captions_they_are_a_strip_projections_above() -> None:
    picture = np.asarray(Examples(rows=(row(4, caption="epoch 1"),)).to_pil().convert("RGB"))
    patches, projections = where(picture, RED), where(picture, BLUE)
    assert projections[:, 0].max() < patches[:, 0].min()
    assert picture.shape[1] > picture.shape[0]


def test_a_reduced_projection_is_brought_to_full_contrast_and_its_padding_stays() -> None:
    faint = np.full((400, 400, 3), 128, np.uint8)
    faint[100:300, 100:300] += 4
    faint[:60] = OUTSIDE
    one = Example(image="0", value=1, window=(0, 0, 400, 400), pixels=flat(RED, 400), projection=faint)
    shown = Examples(rows=(ExampleRow(title="a", examples=(one,) * 9),)).to_pil()
    picture = np.asarray(shown.convert("L"))[:, : shown.width // 2]
    assert picture[60:80].max() == 255
    assert OUTSIDE in np.unique(picture)


@pytest.mark.parametrize(("color", "wanted"), [("RGB", (255, 128, 128)), ("BGR", (128, 128, 255))])
def test_filters_over_colors_are_tiles_in_those_colors(color: str, wanted: tuple[int, ...]) -> None:
    weights = np.zeros((4, 3, 2, 2), np.float32)
    weights[:, 0] = 1
    found = Filters(layer="a", weights=weights, numbers=(0, 1, 2, 3), color=color)
    picture = np.asarray(found.to_pil().convert("RGB"))
    assert len(where(picture, wanted)) > picture.shape[0] * picture.shape[1] / 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "shape", [(5, 7, 3, 3), (5, 7), (5, 7, 1, 1), (6, 1, 3, 3), (3, 4, 5), (2, 3, 2, 2, 2), (200, 80, 3, 3)]
)
def test_weights_of_any_shape_have_a_picture_in_which_nan_is_marked(shape: tuple[int, ...]) -> None:
    weights = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    numbers = tuple(range(shape[0]))
    picture = Filters(layer="a", weights=weights, numbers=numbers).to_pil()
    assert 30 < picture.width < 2000
    assert picture.height < 2600
    weights.reshape(-1)[0] = np.nan
    marked = np.asarray(Filters(layer="a", weights=weights, numbers=numbers).to_pil().convert("RGB"))
    assert len(where(marked, (255, 0, 255)))


def test_a_filter_that_dominates_shows_on_a_common_scale() -> None:
    weights = np.ones((2, 1, 2, 2), np.float32)
    weights[1] = 0.1
    each, common = (
        np.asarray(
            Filters(layer="a", weights=weights, numbers=(0, 1), color="GRAY", scale=scale)
            .to_pil()
            .convert("L")
        )
        for scale in ("filter", "layer")
    )
    assert (each[30:, each.shape[1] // 2 + 8 :] == 255).any()
    assert not (common[20:, common.shape[1] // 2 + 8 : -2] == 255).all()
    assert 140 in np.unique(common)  # half of 1 + 0.1, of 255


def test_maps_are_numbered_and_the_strongest_come_first() -> None:
    values = np.zeros((1, 3, 8, 8), np.float32)
    values[0, 0], values[0, 1], values[0, 2] = 1, 4, 2
    one = Activation(layer="a", values=values, channel_axis=1)
    by_strength = np.asarray(
        Activations(activations=(one,), scale="layer", order="strength").to_pil().convert("L")
    )
    by_number = np.asarray(Activations(activations=(one,), scale="layer").to_pil().convert("L"))

    def shades(picture: np.ndarray) -> list[int]:
        middle = picture.shape[0] // 4 + 8, picture.shape[1] // 4
        right = middle[0], 3 * picture.shape[1] // 4
        below = 3 * picture.shape[0] // 4 + 8, picture.shape[1] // 4
        return [int(picture[place]) for place in (middle, right, below)]

    assert shades(by_number) == [64, 255, 128]
    assert shades(by_strength) == [255, 128, 64]


def test_a_table_in_a_figure_is_drawn() -> None:
    table = Table(columns=("a", "b"), rows=(Row(cells=("x", 1.5)), Row(cells=(None, 2))))
    figure = Figure(panels=(Panel(title="t", result=table),), title="f")
    (picture,) = figure.pictures()
    assert np.asarray(picture.convert("L")).min() < 100
    longer = Table(columns=("a",), rows=tuple(Row(cells=(index,)) for index in range(500)))
    assert Figure(panels=(Panel(title="", result=longer),)).to_pil().height < 4600
