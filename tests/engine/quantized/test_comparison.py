"""Answers of a quantized model stand, or a sentence says what does not."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.engine.quantized.comparison import MOST_STEPS, difference

STEP = 0.125
SCORES = np.linspace(-4, 4, 64, dtype=np.float32).reshape(1, 64)


def compared(found: np.ndarray, *, reference: np.ndarray = SCORES, step: float | None = STEP) -> str | None:
    return difference({"y": reference}, {"y": found}, {"y": step})


def changed(index: int, by: float) -> np.ndarray:
    scores = SCORES.copy()
    scores.flat[index] += by
    return scores


def test_equal_answers_stand() -> None:
    assert compared(SCORES.copy()) is None


def test_values_of_the_next_code_stand() -> None:
    moved = SCORES + STEP * np.where(np.arange(64) % 2, 1, -1).astype(np.float32)
    assert compared(moved) is None


def test_another_winner_is_told() -> None:
    text = compared(changed(62, 2 * STEP))
    assert text is not None
    assert "another place of output 'y' wins" in text


def test_of_places_that_tie_any_may_win() -> None:
    tied = SCORES.copy()
    tied.flat[62] = tied.flat[63]
    found = tied.copy()
    found.flat[63] -= STEP
    assert compared(found, reference=tied) is None


def test_values_that_are_off_on_average_are_told() -> None:
    shifted = SCORES - 1.01 * STEP
    text = compared(shifted)
    assert text is not None
    assert "off by 1.0 steps of its quantizer on average" in text


@pytest.mark.parametrize(("by", "stands"), [(-MOST_STEPS + 0.01, True), (-MOST_STEPS - 0.01, False)])
def test_a_single_value_may_not_be_far_off(by: float, stands: bool) -> None:
    large = np.tile(SCORES, 64)
    found = large.copy()
    found.flat[5] += by * STEP
    assert (compared(found, reference=large) is None) is stands


def test_without_a_quantizer_the_step_is_that_of_eight_bits() -> None:
    assert compared(SCORES - np.float32(8 / 256), step=None) is None
    assert compared(SCORES - np.float32(8 / 200), step=None) is not None


def test_a_constant_output_must_be_equal_where_no_quantizer_says_its_step() -> None:
    constant = np.full((1, 4), 2.0, np.float32)
    assert compared(constant.copy(), reference=constant, step=None) is None
    assert compared(constant + 1, reference=constant, step=None) is not None


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_codes_are_compared_as_numbers_that_do_not_wrap_around(dtype: str) -> None:
    codes = np.array([[0, 10, 100, 127]], dtype)
    assert compared(codes.copy(), reference=codes, step=1.0) is None
    text = compared(np.array([[120, 10, 100, 127]], dtype), reference=codes, step=1.0)
    assert text is not None


def test_whole_numbers_that_are_no_codes_must_be_equal() -> None:
    classes = np.array([3, 5], np.int64)
    assert compared(classes.copy(), reference=classes, step=None) is None
    assert compared(classes + 1, reference=classes, step=None) is not None


def test_shapes_and_places_that_are_not_finite_must_be_the_same() -> None:
    holed = changed(3, np.nan)
    assert compared(holed.copy(), reference=holed) is None
    assert compared(SCORES, reference=holed) is not None
    assert compared(holed) is not None
    assert compared(SCORES[:, :5]) is not None
    assert compared(changed(3, -np.inf), reference=changed(3, np.inf)) is not None
