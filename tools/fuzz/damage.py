"""Bytes that were damaged on their way."""

from __future__ import annotations

from tools.fuzz.draw import Draw

_EDGES = (
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
    b"\0\0\xff\xff",
    b"\x80",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
)
_HEAD = 400
"""Bytes at the front, where most formats keep what matters: half of all damage is done there."""


def damaged(draw: Draw, data: bytes, *, others: tuple[bytes, ...] = ()) -> bytes:
    """Return bytes with a few bits flipped, pieces cut out, doubled, put in, or taken from `others`."""
    found = bytearray(data)
    for _ in range(draw.pick((1, 1, 1, 2, 3, 8))):
        if not found:
            break
        _damage(draw, found, others)
    return bytes(found)


def _damage(draw: Draw, data: bytearray, others: tuple[bytes, ...]) -> None:
    place = draw.below(min(len(data), _HEAD)) if draw.chance(0.5) else draw.below(len(data))
    match draw.below(8):
        case 0 | 1 | 2:
            data[place] ^= 1 << draw.below(8)
        case 3:
            edge = draw.pick(_EDGES)
            data[place : place + len(edge)] = edge
        case 4:
            del data[place : place + draw.pick((1, 2, 4, 20, 100))]
        case 5:
            data[place:place] = draw.bytes(8)
        case 6:
            source = draw.pick(others) if others and draw.chance(0.5) else bytes(data)
            start = draw.below(len(source))
            data[place:place] = source[start : start + draw.below(200)]
        case _:
            del data[place:]
