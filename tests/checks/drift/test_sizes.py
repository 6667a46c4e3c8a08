"""Models that leave the size of their images free, beside those that do not, and sizes that differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from inspector.checks.measures.drift import both
from inspector.types.results.report import Report
from tests.checks.drift.pairs import SIDE, change, network, report, sized

COMPARING = ["layers-drift", "outputs-drift", "top-drift", "inputs-differ", "saliency-drift"]


def photographs(*sizes: tuple[int, int]) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [
        rng.integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)
        for height, width in sizes or ((40, 60), (24, 28), (52, 32))
    ]


def free(**weights: Any) -> onnx.ModelProto:
    made = sized(network(), "rows", "columns")
    for name, by in weights.items():
        change(made, name, lambda w, factor=by: w * factor)  # type: ignore[misc]
    return made


def fixed(side: int = SIDE) -> onnx.ModelProto:
    return sized(network(), side, side)


def check(folder: Path, one: onnx.ModelProto, two: onnx.ModelProto, images: Sequence[np.ndarray]) -> Report:
    return report(folder, one, two, images=list(images), select=COMPARING)


@pytest.mark.parametrize("swapped", [False, True])
def test_where_one_size_is_free_both_run_at_the_other(tmp_path: Path, swapped: bool) -> None:
    for spoil in (1.0, 1.5):
        pair = (fixed(), free(w2=spoil)) if swapped else (free(w2=spoil), fixed())
        found = check(tmp_path, *pair, photographs())
        assert {one.outcome for one in found.verdicts if one.id != "inputs-differ"} <= {"passed", "found"}
        layers = [one.subject for one in found.findings if one.id == "layers-drift"]
        assert layers == (["conv2"] if spoil != 1 else [])
        if spoil == 1:
            assert found.findings == ()


@pytest.mark.parametrize("batch", [1, 3, "n"])
def test_batches_may_differ(tmp_path: Path, batch: int | str) -> None:
    other = sized(network(), SIDE, SIDE, batch=batch)
    assert check(tmp_path, fixed(), other, photographs()).findings == ()
    assert check(tmp_path, other, fixed(), photographs()).findings == ()


@pytest.mark.parametrize("of_arrays", [False, True])
def test_fixed_sizes_that_differ_are_found(tmp_path: Path, of_arrays: bool) -> None:
    images = [np.zeros((3, SIDE, SIDE), np.float32)] * 2 if of_arrays else photographs()
    found = check(tmp_path, fixed(), fixed(16), images)
    (finding,) = [one for one in found.findings if one.id == "inputs-differ"]
    assert (finding.severity, finding.kind) == ("error", "input")
    assert "height 12 instead of 16, width 12 instead of 16" in finding.message
    assert (finding.measured, finding.allowed) == ("3×12×12 (NCHW)", "3×16×16 (NCHW)")


def test_arrays_that_the_baseline_does_not_take_are_found(tmp_path: Path) -> None:
    found = check(tmp_path, free(), fixed(), [np.zeros((3, 20, 20), np.float32)] * 2)
    assert [one.id for one in found.findings] == ["inputs-differ"]
    assert "Nothing is compared: the baseline does not take these images" in found.findings[0].message


def test_what_says_no_size_has_any(tmp_path: Path) -> None:
    (found,) = report(
        tmp_path, free(), fixed(), images=photographs(), select=["preprocessing-differs"]
    ).findings
    assert "height is any, the baseline's 12" in found.message


def test_pictures_of_several_sizes_are_compared_where_both_are_free(tmp_path: Path) -> None:
    found = check(tmp_path, free(w2=1.5), free(), photographs())
    assert [one.subject for one in found.findings if one.id == "layers-drift"] == ["conv2"]
    assert found.facts["matched_layers"] == len(network().graph.node) + 1


def test_large_pictures_are_made_smaller_where_both_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(both, "MOST_PLACES", 40 * 40)
    small = check(tmp_path, free(), free(), photographs((40, 40)))
    assert "compared_smaller" not in {one.id for one in small.notes}
    large = check(tmp_path, free(), free(), photographs((40, 40), (44, 40)))
    assert "compared_smaller" in {one.id for one in large.notes}
    assert large.findings == ()
