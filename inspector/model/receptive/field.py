"""What is known of one tensor's axes: which holds the images, which channels, and what of the input its units see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inspector.model.receptive.track import Track, union
from inspector.types.receptive_field import ReceptiveField

BATCH, CHANNEL, ROW, COLUMN, UNKNOWN = "N", "C", "H", "W", "?"

SPATIAL = (ROW, COLUMN)
"""The roles of the image's two axes."""

TRACKED = (BATCH, *SPATIAL)
"""The roles that have a track."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A tensor's axes by role, and the windows along the input's batch and along the image's two axes.

    Where no axis has the role ROW (or COLUMN, or BATCH), the track has one unit: all elements see the same rows
    (columns, images).
    """

    roles: tuple[str, ...]
    batch: Track
    rows: Track
    columns: Track
    is_ranked: bool = True
    """False where nobody knows how many axes the tensor has: then there are no roles."""

    @property
    def channel_axis(self) -> int | None:
        """The only axis that holds channels or units; None where there is none, or channels are split over several."""
        found = [axis for axis, role in enumerate(self.roles) if role == CHANNEL]
        return found[0] if len(found) == 1 else None

    def receptive_field(self) -> ReceptiveField:
        """Return the public form."""
        return ReceptiveField(self.rows.axis_field, self.columns.axis_field)

    def track(self, role: str) -> Track:
        """Return the track of BATCH, ROW or COLUMN."""
        if role == BATCH:
            return self.batch
        return self.rows if role == ROW else self.columns

    def with_track(self, role: str, track: Track) -> Field:
        """Return a copy with another track for BATCH, ROW or COLUMN; other roles have none, and change nothing."""
        if role == BATCH:
            return replace(self, batch=track)
        if role == ROW:
            return replace(self, rows=track)
        return replace(self, columns=track) if role == COLUMN else self

    def with_roles(self, roles: Sequence[str]) -> Field:
        """Return a copy with other roles; a track whose axis is gone is collapsed to one unit."""
        field = replace(self, roles=tuple(roles))
        for role in TRACKED:
            if roles.count(role) != 1:
                field = field.with_track(role, field.track(role).collapse())
                field = replace(field, roles=tuple(UNKNOWN if item == role else item for item in field.roles))
        return field

    def collapse(self, axes: Sequence[int]) -> Field:
        """Return the field after a reduction to size 1 over some axes, which keep their place."""
        field = self
        for axis in axes:
            role = field.roles[axis]
            if role in TRACKED:
                field = field.with_track(role, field.track(role).collapse())
        return field

    def spread(self, axes: Sequence[int]) -> Field:
        """Return the field after an operator whose every output sees all inputs along some axes (Softmax)."""
        field = self
        for axis in axes:
            role = field.roles[axis]
            if role in TRACKED:
                field = field.with_track(role, field.track(role).spread())
        return field

    def opaque(self, rank: int) -> Field:
        """Return the field after an operator that may mix everything."""
        return seeing_all([self], [UNKNOWN] * rank)


def merge(fields: Sequence[Field], rank: int) -> Field:
    """Return the field of an elementwise operator with broadcasting, whose output has `rank` axes."""
    padded = [field.with_roles((UNKNOWN,) * (rank - len(field.roles)) + field.roles) for field in fields]
    roles = [_common_role([field.roles[axis] for field in padded]) for axis in range(rank)]
    for role in TRACKED:
        places = {axis for axis in range(rank) for field in padded if field.roles[axis] == role}
        if len(places) == 1:
            roles[places.pop()] = role
    merged = [field.with_roles(_kept(field.roles, roles)) for field in padded]
    return Field(
        roles=tuple(roles),
        batch=union([field.batch for field in merged]),
        rows=union([field.rows for field in merged]),
        columns=union([field.columns for field in merged]),
    ).with_roles(roles)


def seeing_all(fields: Sequence[Field], roles: Sequence[str]) -> Field:
    """Return the field, with axes of these roles, of what sees all that several fields see together."""
    return Field(
        roles=tuple(roles),
        batch=union([field.batch.collapse() for field in fields]),
        rows=union([field.rows.collapse() for field in fields]),
        columns=union([field.columns.collapse() for field in fields]),
    )


def _kept(own: Sequence[str], common: Sequence[str]) -> list[str]:
    return [
        role if role == agreed or role not in TRACKED else UNKNOWN
        for role, agreed in zip(own, common, strict=True)
    ]


def _common_role(roles: Sequence[str]) -> str:
    known = {role for role in roles if role != UNKNOWN}
    return known.pop() if len(known) == 1 else UNKNOWN
