"""What is known of one tensor's axes: which holds the images, which channels, and what of the input its units see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from inspector.model.receptive.track import Track, union
from inspector.types.receptive_field import ReceptiveField

BATCH, CHANNEL, ROW, COLUMN, UNKNOWN = "N", "C", "H", "W", "?"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A tensor's axes by role, and the windows along the input's batch and along each of the image's axes of space.

    The keys of `tracks` are BATCH and the roles of axes of space, in the image's order ("H", "W"). Where no axis has
    such a role, its track has one unit: all elements see the same images (rows, columns).
    """

    roles: tuple[str, ...]
    tracks: Mapping[str, Track]
    is_ranked: bool = True
    """False where nobody knows how many axes the tensor has: then there are no roles."""

    @property
    def batch(self) -> Track:
        """The track of the input's batch."""
        return self.tracks[BATCH]

    @property
    def channel_axis(self) -> int | None:
        """The only axis that holds channels or units; None where there is none, or channels are split over several."""
        found = [axis for axis, role in enumerate(self.roles) if role == CHANNEL]
        return found[0] if len(found) == 1 else None

    @property
    def space(self) -> tuple[str, ...]:
        """The roles of axes of space, in the image's order."""
        return tuple(role for role in self.tracks if role != BATCH)

    @property
    def spatial_axes(self) -> tuple[int | None, ...]:
        """For each of the image's axes of space, the tensor's axis that runs along it; None where none does."""
        return tuple(self.roles.index(role) if role in self.roles else None for role in self.space)

    def receptive_field(self) -> ReceptiveField | None:
        """Return the public form; None where the input is no image."""
        if not self.space:
            return None
        aside = {self.channel_axis} - {None} | (
            set() if self.roles[:1] and self.roles[0] in self.space else {0}
        )
        places = tuple(
            None if axis is None else axis - sum(other is not None and other < axis for other in aside)
            for axis in self.spatial_axes
        )
        return ReceptiveField(tuple(self.tracks[role].axis_field for role in self.space), places)

    def track(self, role: str) -> Track:
        """Return the track of BATCH or of an axis of space."""
        return self.tracks[role]

    def with_track(self, role: str, track: Track) -> Field:
        """Return a copy with another track for BATCH or an axis of space; other roles have none, and change nothing."""
        return replace(self, tracks={**self.tracks, role: track}) if role in self.tracks else self

    def with_roles(self, roles: Sequence[str]) -> Field:
        """Return a copy with other roles; a track whose axis is gone is collapsed to one unit."""
        field = replace(self, roles=tuple(roles))
        for role in self.tracks:
            if roles.count(role) != 1:
                field = field.with_track(role, field.track(role).collapse())
                field = replace(field, roles=tuple(UNKNOWN if item == role else item for item in field.roles))
        return field

    def collapse(self, axes: Sequence[int]) -> Field:
        """Return the field after a reduction to size 1 over some axes, which keep their place."""
        field = self
        for axis in axes:
            role = field.roles[axis]
            if role in self.tracks:
                field = field.with_track(role, field.track(role).collapse())
        return field

    def spread(self, axes: Sequence[int]) -> Field:
        """Return the field after an operator whose every output sees all inputs along some axes (Softmax)."""
        field = self
        for axis in axes:
            role = field.roles[axis]
            if role in self.tracks:
                field = field.with_track(role, field.track(role).spread())
        return field

    def opaque(self, rank: int) -> Field:
        """Return the field after an operator that may mix everything."""
        return seeing_all([self], [UNKNOWN] * rank)


def merge(fields: Sequence[Field], rank: int) -> Field:
    """Return the field of an elementwise operator with broadcasting, whose output has `rank` axes."""
    padded = [field.with_roles((UNKNOWN,) * (rank - len(field.roles)) + field.roles) for field in fields]
    roles = [_common_role([field.roles[axis] for field in padded]) for axis in range(rank)]
    tracked = fields[0].tracks
    for role in tracked:
        places = {axis for axis in range(rank) for field in padded if field.roles[axis] == role}
        if len(places) == 1:
            roles[places.pop()] = role
    merged = [field.with_roles(_kept(field.roles, roles, tracked)) for field in padded]
    return Field(
        roles=tuple(roles),
        tracks={role: union([field.tracks[role] for field in merged]) for role in tracked},
    ).with_roles(roles)


def seeing_all(fields: Sequence[Field], roles: Sequence[str]) -> Field:
    """Return the field, with axes of these roles, of what sees all that several fields see together."""
    return Field(
        roles=tuple(roles),
        tracks={
            role: union([field.tracks[role].collapse() for field in fields]) for role in fields[0].tracks
        },
    )


def _kept(own: Sequence[str], common: Sequence[str], tracked: Collection[str]) -> list[str]:
    return [
        role if role == agreed or role not in tracked else UNKNOWN
        for role, agreed in zip(own, common, strict=True)
    ]


def _common_role(roles: Sequence[str]) -> str:
    known = {role for role in roles if role != UNKNOWN}
    return known.pop() if len(known) == 1 else UNKNOWN
