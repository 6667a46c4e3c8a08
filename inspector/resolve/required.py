"""What a class target names must be there: the class, and the place where it is explained."""

from __future__ import annotations

from inspector.errors import InvalidInputError, NotFoundError
from inspector.model.heads.head import Head
from inspector.model.spec import OnnxModel
from inspector.resolve.names import owner_of_classes


def require_class(model: OnnxModel, head: Head, index: int, *, count: int) -> None:
    """Raise NotFoundError for a class that an output of `count` classes does not have."""
    if not 0 <= index < count:
        raise NotFoundError(
            f"There is no class {index}: {owner_of_classes(model, head)} has {count}, from 0 to {count - 1}.",
            reason="CLASS_NOT_FOUND",
            field="index",
        )


def require_position(position: tuple[int, ...], shape: tuple[int, ...], *, of: str) -> None:
    """Raise InvalidInputError for a position of another rank than the places, NotFoundError for one outside of them.

    `of` says in messages what stands at the places.
    """
    if len(position) != len(shape):
        raise InvalidInputError(
            f"The position {position} of a class has {len(position)} numbers; {of} stand at places of the shape "
            f"{shape}.",
            reason="RANK_MISMATCH",
            field="position",
        )
    if not all(0 <= place < size for place, size in zip(position, shape, strict=True)):
        raise NotFoundError(
            f"There is no position {position}: {of} stand at places of the shape {shape}.",
            reason="POSITION_NOT_FOUND",
            field="position",
        )
