"""The figures of the paper by number and name, and what each of ours shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import inspector
from inspector.errors import InspectorError
from inspector.methods.paper import FIGURES, paper_figure
from inspector.types.requests.top import TopRequest
from inspector.types.results.figure import Figure
from inspector.types.results.images import Examples, Images
from inspector.types.results.sweep import Sweep
from inspector.types.results.table import Table
from tests.support.toys import SIDE, toy_cnn, toy_image

SET = [toy_image(seed) for seed in range(6)]


@pytest.fixture(scope="module")
def toy() -> inspector.Model:
    return inspector.load(toy_cnn(), device="cpu")


def test_a_figure_is_found_by_number_and_by_name(toy: inspector.Model) -> None:
    for given in (2, "2", "top"):
        found = toy.figure(SET, figure=given, layer="relu2", rows=2)
        assert isinstance(found.panels[0].result, Examples)
        assert len(found.panels[0].result.rows) == 2
    direct = toy.top(SET, layer="relu2", rows=2)
    same = toy.figure(SET, figure=2, layer="relu2", rows=2).panels[0].result
    assert same.table() == direct.table()


def test_texts_are_read_as_in_the_shell(toy: inspector.Model) -> None:
    found = toy.figure(SET, figure="top", layer="relu2", channels="1,4", projections="false", count="2")
    rows = found.panels[0].result
    assert isinstance(rows, Examples)
    assert [row.channel for row in rows.rows] == [1, 4]
    assert all(len(row.examples) == 2 and row.examples[0].projection is None for row in rows.rows)


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"figure": 9}, "figure", "There is no figure '9'"),
        ({"figure": 2.5}, "figure", "figure is 2.5"),
        ({"figure": "top", "rowz": 3}, "options[rowz]", "has no option 'rowz'"),
        ({"figure": "top", "count": "many"}, "options[count]", "count is 'many'"),
        ({"figure": "top", "layer": "relu9"}, "options[layer]", "relu9"),
        ({"figure": "top", "target": 3}, "targets", "takes no target"),
        ({"figure": 7, "target": [1, 2]}, "targets", "takes one target"),
        ({"figure": 3, "layer": "conv1"}, "layer", "has no option 'layer'"),
        ({"figure": 2, "images": ()}, "images", "at least one"),
    ],
)
def test_what_is_wrong_is_named(toy: inspector.Model, given: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InspectorError, match=words.replace("[", r"\[")) as caught:
        toy.figure(**{"images": SET, **given})
    assert caught.value.field == field


def test_ours_are_registered() -> None:
    ours = {"1": "unit", "2": "top", "3": "architecture", "4": "evolution", "7": "occlusion"}
    for number, name in ours.items():
        assert FIGURES.get(number) == FIGURES.get(name)
        assert FIGURES.get(number) is not None
    with pytest.raises(ValueError, match="registered twice"):
        paper_figure("2", request=TopRequest, title="")(lambda run, request: Figure(panels=()))


def test_the_occlusion_figure_has_all_columns(toy: inspector.Model) -> None:
    found = toy.figure([*SET[:1], *SET], figure=7, target=3, size=5, stride=5, count=2)
    assert [panel.title for panel in found.panels] == ["(a)", "(c)", "(b, d, e)"]
    sweep, row = found["(b, d, e)"], found["(c)"]
    assert isinstance(sweep, Sweep)
    assert isinstance(row, Examples)
    alone = toy.occlude(SET[0], target=3, size=5, stride=5)
    np.testing.assert_array_equal(sweep.probability, alone.probability)
    examples = row.rows[0].examples
    assert row.rows[0].channel == sweep.channel
    assert examples[0].caption == "this image"
    assert len(examples) == 3
    maps = toy.activations(np.stack(SET), layers=[sweep.layer])[sweep.layer][:, sweep.channel]
    others = sorted(range(1, 6), key=lambda index: -maps[index].max())
    assert [int(one.image) - 1 for one in examples[1:]] == others[:2]
    occluded = found["(a)"]
    assert isinstance(occluded, Images)
    values = occluded.images[0].values
    assert values is not None
    hidden = toy.activations(values[None], layers=["scores"])["scores"][0].astype(np.float64)
    probability = np.exp(hidden[3]) / np.exp(hidden).sum()
    least = float(np.nanmin(sweep.probability))
    assert occluded.images[0].value == pytest.approx(least)
    assert least in (pytest.approx(float(hidden[3]), abs=1e-4), pytest.approx(float(probability), abs=1e-4))
    changed = np.any(values != SET[0], axis=0)
    rows, columns = np.nonzero(changed)
    assert rows.max() - rows.min() < 5
    assert columns.max() - columns.min() < 5


def test_without_others_the_occlusion_figure_says_so(toy: inspector.Model) -> None:
    found = toy.occlusion(SET[0], size=8, stride=8)
    assert "no_other_images" in {note.id for note in found.notes}
    assert len(found["(c)"].rows[0].examples) == 1  # type: ignore[attr-defined]
    assert toy.occlusion(np.stack(SET[:3]), size=8, stride=8, count=1).panels


def test_one_unit_is_shown_where_it_is(toy: inspector.Model) -> None:
    found = toy.unit(SET[0], layer="conv2", channel=3, position=(2, 4))
    row = found["What the unit projects to, and what it sees"]
    assert isinstance(row, Examples)
    field = toy.layer("conv2").receptive_field
    assert field is not None
    example = row.rows[0].examples[0]
    assert example.window == field.window(2, 4, height=SIDE, width=SIDE)
    maps = toy.activations(SET[0], layers=["conv2"])["conv2"]
    assert example.value == pytest.approx(float(maps[0, 3, 2, 4]))
    way = found["The way back"]
    assert isinstance(way, Table)
    assert [row.cells[0] for row in way.rows] == ["conv2", "pool1", "relu1", "conv1"]
    assert "switches" in str(way.rows[1].cells[3])
    strongest = toy.figure(SET[0], figure=1, layer="conv2").panels
    assert [panel.title for panel in strongest] == [panel.title for panel in found.panels]


def test_the_architecture_is_a_table(toy: inspector.Model) -> None:
    columns, rows = toy.figure(figure=3)["Layers"].table()
    assert columns[0] == "layer"
    assert [row[0] for row in rows] == ["x", "conv1", "pool1", "conv2", "scores"]
    conv2 = dict(zip(columns, rows[3], strict=True))
    assert conv2 == {
        "layer": "conv2", "operator": "Conv", "filters": "8×6×3×3", "groups": None, "weights": 432, "gives": "8×6×6",
        "sees": "8×8", "every": "2",
    }  # fmt: skip
    assert dict(zip(columns, rows[4], strict=True))["sees"] == "all"
    assert len(toy.architecture(whole=True)["Layers"].table()[1]) == 8
