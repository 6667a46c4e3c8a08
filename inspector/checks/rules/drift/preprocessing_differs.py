"""Pictures that reach the model otherwise than the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.both import baseline_of
from inspector.checks.rule import Found, rule
from inspector.types.preprocessing import Preprocessing

_KEYS = (
    "color",
    "height",
    "width",
    "resize",
    "resize_size",
    "interpolation",
    "letterbox_fill",
    "letterbox_align",
)


@rule(
    "preprocessing-differs",
    family="drift",
    severity="warning",
    rationale="A model that gets pixels in another range or order than its baseline drifts whatever its weights are; "
    "where the graph itself normalizes, the difference is meant.",
    mend="Write the preprocessing into both files (inspector.preprocessing) or beside them.",
    needs=("baseline",),
)
def preprocessing_differs(examination: Examination) -> Iterator[Found]:
    """Find parts of the preprocessing that differ between the model and its baseline, where both are told."""
    own = examination.model.preprocessing
    other = baseline_of(examination).engine.model.preprocessing
    unsaid = {text.split(" ")[0] for text in (*own.assumed, *other.assumed)}
    differ = [text for key, text in _differing(own, other) if key not in unsaid]
    if differ:
        yield Found(
            message=f"Pictures are prepared otherwise than for the baseline: {'; '.join(differ)}.",
            subject=examination.model.input.name,
            kind="input",
            measured=str(own),
            allowed=str(other),
        )


def _differing(own: Preprocessing, other: Preprocessing) -> Iterator[tuple[str, str]]:
    """Yield (key, what differs)."""
    for key in _KEYS:
        ours, theirs = getattr(own, key), getattr(other, key)
        if ours != theirs and _counts(key, own, other):
            shown = ["any" if value is None else value for value in (ours, theirs)]
            yield key, f"{key} is {shown[0]}, the baseline's {shown[1]}"
    for pixel in (0.0, 255.0):
        ours, theirs = _values(own, pixel), _values(other, pixel)
        if len(ours) != len(theirs) or not all(
            isclose(a, b, rel_tol=1e-3, abs_tol=1e-3 * max(map(abs, theirs)))
            for a, b in zip(ours, theirs, strict=True)
        ):
            shown = [", ".join(f"{value:.4g}" for value in values) for values in (ours, theirs)]
            yield "scale", f"a pixel of {pixel:g} becomes {shown[0]}, and {shown[1]} for the baseline"
            return


def _counts(key: str, own: Preprocessing, other: Preprocessing) -> bool:
    """Return whether a part has a meaning: what happens to pictures that are resized says nothing of others."""
    modes = {own.resize, other.resize}
    if key == "interpolation":
        return modes != {"none"}
    if key == "resize_size":
        return "short_side" in modes
    return "letterbox" in modes or not key.startswith("letterbox")


def _values(given: Preprocessing, pixel: float) -> tuple[float, ...]:
    """Return what a pixel becomes in each channel, in the order red, green, blue."""
    count = given.channels or max(len(given.mean), len(given.std))
    means = given.mean * count if len(given.mean) == 1 else given.mean
    stds = given.std * count if len(given.std) == 1 else given.std
    found = tuple((pixel * given.scale - mean) / std for mean, std in zip(means, stds, strict=True))
    return found[::-1] if given.color == "BGR" else found
