"""What units of a map see, joined."""

from __future__ import annotations

from inspector.model.receptive.track import Track, union


def test_a_track_joined_with_itself_is_itself() -> None:
    track = Track.of_image(7)
    assert union([track, track, track]) is track


def test_a_track_joined_with_an_equal_one_sees_the_same() -> None:
    track, other = Track.of_image(7), Track.of_image(7)
    joined = union([track, other])
    assert joined.windows is not None
    assert track.windows is not None
    assert joined.windows.tolist() == track.windows.tolist()
    assert joined.affine == track.affine
