"""Why a layer's values differ, as far as its sums tell."""

from __future__ import annotations

from inspector.checks.measures.drift.sums import Sums

_UNRELATED = 0.3
"""A correlation below which values have nothing to do with each other."""
_RELATED = 0.99
"""A correlation above which they are the same but for scale and offset."""
_EXPLAINED = 0.1
"""The share of the squared error that a scale and an offset leave, where they are what is wrong."""
_NARROW = 0.7
"""The share of the baseline's range that values reach, where they are cut off."""


def reason_of(sums: Sums) -> str:
    """Return in a clause what is wrong with the values; empty where nothing stands out."""
    if sums.broken:
        own, other = str(sums.own_broken), str(sums.other_broken)
        told = [f"of its values {own}"] if own else []
        told += [f"of the baseline's {other}"] if other else []
        return ", ".join(told) + ", where the other's are not"
    slope, offset, left = sums.fit
    low, high = sums.own_range
    least, most = sums.other_range
    if left < _EXPLAINED and sums.correlation > _RELATED:
        scaled = f"its values are {slope:.3g} times the baseline's"
        return scaled if abs(offset) <= 0.02 * (most - least) else f"{scaled} and {offset:+.3g}"
    if sums.correlation < _UNRELATED:
        return (
            f"its values have nothing to do with the baseline's (correlation {sums.correlation:.2f}): its weights are "
            "others, or their order is"
        )
    if most > least and (high - low) < _NARROW * (most - least):
        return f"its values reach only from {low:.3g} to {high:.3g}, the baseline's from {least:.3g} to {most:.3g}"
    channels, share = sums.worst_channels
    if channels:
        named = ", ".join(map(str, sorted(channels)[:8])) + (", …" if len(channels) > 8 else "")
        return f"{share:.0%} of the squared error is in {len(channels)} channels ({named})"
    return ""
