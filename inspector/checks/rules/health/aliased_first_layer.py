"""A first layer that folds high frequencies onto low ones."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.filters import Filters, filters
from inspector.checks.rule import Found, rule
from inspector.types.layers import shape_text


@rule(
    "aliased-first-layer",
    family="health",
    severity="warning",
    rationale="A stride sees frequencies up to half its rate; what filters let through above it comes back as patterns "
    "that are not in the image, and answers change when it moves by a pixel.",
    mend="Let the first layer take smaller strides or larger filters, or blur before it (Zeiler & Fergus 2014, §4.1).",
)
def aliased_first_layer(examination: Examination, *, least: float = 0.8) -> Iterator[Found]:
    """Find convolutions over pixels that alias more than if they took single pixels, or skip pixels.

    Of the filters' energy a share lies where the stride can carry it; `least` is how much of it is asked for, as a
    multiple of that of a single weight, which lets all frequencies through alike. Trained layers reach 1.4 and more.
    """
    firsts = [one for one in examination.measured(filters) if one.of_pixels]
    if not firsts:
        raise SkippedError("no convolution with constant filters reads the image's pixels.")
    for one in firsts:
        if max(one.strides) == 1:
            continue
        yield from _skipping(one)
        ratio = one.kept / one.kept_of_impulse
        if ratio < least:
            yield Found(
                subject=one.layer.name,
                kind="layer",
                operator=one.layer.op_type,
                message=f"{1 - one.kept:.0%} of what the {one.count:,} filters of {one.layer.name!r} let through lies "
                f"above what their stride of {shape_text(one.strides)} can carry, and aliases.",
                measured=f"{one.kept:.1%} below it, {ratio:.2g} times a single pixel's",
                allowed=f"at least {least:g} times a single pixel's",
            )


def _skipping(one: Filters) -> Iterator[Found]:
    if any(extent < stride for extent, stride in zip(one.extents, one.strides, strict=True)):
        yield Found(
            subject=one.layer.name,
            kind="layer",
            operator=one.layer.op_type,
            message=f"Filters of {shape_text(one.extents)} pixels at a stride of {shape_text(one.strides)}: "
            f"{one.layer.name!r} never reads some of the pixels.",
            measured=f"a stride of {shape_text(one.strides)}",
            allowed=f"at most {shape_text(one.extents)}",
        )
