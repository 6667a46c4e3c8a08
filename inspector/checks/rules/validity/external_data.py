"""Weights in other files than the model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed, several
from inspector.model.file_facts import ExternalTensor


@rule(
    "external-data",
    family="validity",
    severity="warning",
    rationale="A model in many files loses one when it is copied or renamed, and bytes that two tensors share, or "
    "whose number nobody says, are read without a word where a file is the wrong one.",
    mend="Save the weights in one file beside the model, or in it below 2 GB: onnx.save(…, "
    "save_as_external_data=True, all_tensors_to_one_file=True).",
)
def external_data(
    examination: Examination, *, files: int = 8, folders: bool = False, checksums: bool = False
) -> Iterator[Found]:
    """Find weights in many files, in folders, of unsaid length, in each other's bytes, or without a checksum."""
    external = examination.model.file.external
    places = sorted({one.location for one in external.values()})
    if len(places) > files:
        yield Found(
            message=f"The weights lie in {len(places):,} other files: {listed(places)}.",
            measured=f"{len(places):,} files",
            allowed=f"{files:,} files",
        )
    nested = [one for one in places if "/" in one.replace("\\", "/").removeprefix("./")]
    if nested and not folders:
        yield Found(
            subject=nested[0],
            message=f"Weights lie in folders below the model's: {listed(nested)}.",
            measured=f"{len(nested)} files",
            allowed="files beside the model",
        )
    yield from several(_unsaid(external))
    yield from several(_shared(external))
    bare = [name for name, one in external.items() if not one.has_checksum]
    if checksums and bare:
        yield Found(
            subject=bare[0],
            kind="tensor",
            message=f"{len(bare):,} of {len(external):,} external tensors have no checksum: {listed(bare)}.",
            measured=f"{len(bare):,}",
            allowed="0",
        )


def _unsaid(external: Mapping[str, ExternalTensor]) -> Iterator[Found]:
    """Find files that several tensors lie in, where one's length is not said: it would reach to the file's end."""
    together: dict[str, list[str]] = defaultdict(list)
    for name, one in external.items():
        together[one.location].append(name)
    for location, names in together.items():
        open_ended = [name for name in names if external[name].length is None]
        if len(names) > 1 and open_ended:
            yield Found(
                subject=open_ended[0],
                kind="tensor",
                message=f"{len(open_ended)} of {len(names)} tensors in {location!r} do not say how many bytes they "
                f"take: {listed(open_ended)}.",
                measured=f"{len(open_ended)} without a length",
                allowed="0",
            )


def _shared(external: Mapping[str, ExternalTensor]) -> Iterator[Found]:
    """Find tensors whose bytes begin within those of another, other than the very same bytes, which ties weights."""
    spans = sorted(
        (one.location, one.offset or 0, (one.offset or 0) + one.length, name)
        for name, one in external.items()
        if one.length
    )
    for before, one in pairwise(spans):
        if before[0] == one[0] and one[1] < before[2] and before[1:3] != one[1:3]:
            yield Found(
                subject=one[3],
                kind="tensor",
                message=f"The bytes of {one[3]!r} in {one[0]!r} begin at {one[1]:,}, within those of {before[3]!r}.",
                measured=f"byte {one[1]:,}",
                allowed=f"byte {before[2]:,} or later",
            )
