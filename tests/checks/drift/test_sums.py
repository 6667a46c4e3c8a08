"""Sums over two tensors, against NumPy on the whole of them."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.checks.measures.drift.reasons import reason_of
from inspector.checks.measures.drift.sums import LEAST, Sums

RNG = np.random.default_rng(0)
A = RNG.standard_normal((5, 8, 6, 7)).astype(np.float32)
B = (A + 0.3 * RNG.standard_normal(A.shape) + 0.1).astype(np.float32)


def summed(a: np.ndarray, b: np.ndarray, *, cut: int = 2) -> Sums:
    sums = Sums()
    for start in range(0, len(a), cut):
        sums.add(a[start : start + cut], b[start : start + cut])
    return sums


def test_sums_are_what_the_whole_tensors_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.checks.measures.drift.sums._AT_ONCE", 100)
    sums, a, b = summed(A, B), A.astype(np.float64), B.astype(np.float64)
    error = np.linalg.norm(a - b) / np.linalg.norm(b)
    assert sums.images == 5
    assert sums.relative_error == pytest.approx(error, rel=1e-12)
    assert sums.signal_to_noise == pytest.approx(
        10 * np.log10((b**2).sum() / ((a - b) ** 2).sum()), rel=1e-12
    )
    assert sums.cosine == pytest.approx((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-12)
    assert sums.correlation == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1], rel=1e-12)
    each = [np.linalg.norm(one - two) / np.linalg.norm(two) for one, two in zip(a, b, strict=True)]
    assert sums.relative_errors == pytest.approx(each, rel=1e-12)
    assert sums.largest == np.abs(a - b).max()
    place = np.unravel_index(np.abs(a - b).argmax(), a.shape)
    assert sums.at == (a[place], b[place])
    assert sums.own_range == (a.min(), a.max())
    slope, offset = np.polyfit(b.ravel(), a.ravel(), 1)
    left = ((a - slope * b - offset) ** 2).sum() / ((a - b) ** 2).sum()
    assert sums.fit == pytest.approx((slope, offset, left), rel=1e-9)


def test_the_same_is_no_drift() -> None:
    sums = summed(A, A)
    assert (sums.relative_error, sums.largest, sums.broken) == (0, 0, 0)
    assert sums.cosine == pytest.approx(1)
    assert sums.signal_to_noise == np.inf


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_broken_in_one_of_both_are_an_infinite_error(odd: float) -> None:
    broken = A.copy()
    broken[1, 2, 3, 4] = odd
    kind = "1 is NaN" if np.isnan(odd) else "1 is infinite"
    for a, b, whose in ((broken, A, "its values"), (A, broken, "the baseline's")):
        sums = summed(a, b)
        assert sums.broken == 1
        assert sums.relative_error == np.inf
        assert reason_of(sums) == f"of {whose} {kind}, where the other's are not"
        assert sums.at == pytest.approx((a[1, 2, 3, 4], b[1, 2, 3, 4]), nan_ok=True)
    assert summed(broken, broken).relative_error == 0


def test_broken_numbers_of_both_are_counted_by_their_kind() -> None:
    a, b = A.copy(), A.copy()
    a[0, 0, 0, :3] = np.nan
    b[0, 0, 0, 2:6] = np.nan, np.nan, np.inf, -np.inf
    a[2, 0, 0, 0], b[2, 0, 0, 0] = np.inf, -np.inf
    sums = summed(a, b)
    assert sums.broken == 6
    assert reason_of(sums) == (
        "of its values 2 are NaN and 1 is infinite, of the baseline's 1 is NaN and 3 are infinite, "
        "where the other's are not"
    )


def test_what_is_zero_but_for_rounding_has_no_large_error() -> None:
    zero = np.zeros((2, 3), np.float32)
    assert summed(zero + np.float32(1e-9), zero).relative_error == pytest.approx(1e-9 / LEAST, rel=1e-6)
    assert summed(zero + 1, zero).relative_error > 1e4


def test_images_may_differ_in_size() -> None:
    sums = Sums()
    for count in (6, 8, 8):
        sums.add(A[:1, :count], B[:1, :count])
    assert sums.images == 3
    assert sums.worst_channels == ([], 0.0)
    flat = [np.concatenate([one[0, :count].ravel() for count in (6, 8, 8)]) for one in (A, B)]
    assert sums.relative_error == pytest.approx(np.linalg.norm(flat[0] - flat[1]) / np.linalg.norm(flat[1]))


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="is not"):
        summed(A, B[:, 1:])


def spoilt(channel: int) -> np.ndarray:
    made = A.copy()
    made[:, channel] += 5
    return made


@pytest.mark.parametrize(
    ("a", "said"),
    [
        (A * 1.5, "1.5 times the baseline's"),
        (A * 1.5 + 2, "1.5 times the baseline's and +2"),
        (RNG.standard_normal(A.shape), "nothing to do with"),
        (np.clip(A, -0.5, 0.5), "reach only from -0.5 to 0.5"),
        (spoilt(3), "in 1 channels (3)"),
        (B, ""),
    ],
)
def test_reasons_are_read_off_the_sums(a: np.ndarray, said: str) -> None:
    assert said in reason_of(summed(a.astype(np.float32), A))
