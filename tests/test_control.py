"""What a caller holds in hand: cancellation and progress."""

from __future__ import annotations

import pickle

import pytest

from inspector.errors import CancelledError
from inspector.types.control import Cancellation, Control, Progress
from inspector.types.notes import Note


class LateError(CancelledError):
    """The deadline passed."""

    reason = "LATE"


def raised(token: Cancellation) -> CancelledError:
    with pytest.raises(CancelledError) as caught:
        token.raise_if_cancelled()
    return caught.value


def test_every_raise_is_of_a_fresh_error_with_the_first_reason() -> None:
    token = Cancellation()
    token.raise_if_cancelled()
    token.cancel(LateError("It took too long.", field="timeout"))
    token.cancel("too late to matter")

    first, second = raised(token), raised(token)

    assert first is not second
    for error in (first, second):
        assert type(error) is LateError
        assert (str(error), error.message, error.reason, error.field) == ("It took too long.",) * 2 + (
            "LATE",
            "timeout",
        )
    assert len(_frames(second)) == len(_frames(first))


def _frames(error: BaseException) -> list[object]:
    found: list[object] = []
    trace = error.__traceback__
    while trace is not None:
        found.append(trace)
        trace = trace.tb_next
    return found


def test_cancelling_calls_what_was_to_be_stopped_while_its_block_lasts() -> None:
    token, stopped = Cancellation(), []
    with token.stopping(lambda: stopped.append("early")):
        pass
    with token.stopping(lambda: stopped.append("now")):
        token.cancel()

    assert stopped == ["now"]
    with pytest.raises(CancelledError), token.stopping(lambda: stopped.append("late")):
        stopped.append("started")
    assert stopped == ["now"]


def test_partial_results_are_made_only_where_they_are_wanted() -> None:
    told: list[Progress] = []
    made = []

    def partial() -> str:
        made.append(1)
        return "so far"

    Control().tell(1, 3, partial=partial)
    Control(progress=told.append).tell(1, 3, partial=partial)
    assert not made
    Control(progress=told.append, wants_partial=True).tell(2, 3, partial=partial)

    assert [(step.done, step.total, step.partial) for step in told] == [(1, 3, None), (2, 3, "so far")]
    assert made == [1]


def test_a_note_is_its_sentence_and_keeps_its_id() -> None:
    note = pickle.loads(pickle.dumps(Note("A sentence.", id="one")))  # noqa: S301 (our own)

    assert (note, note.id) == ("A sentence.", "one")


def test_a_branch_ends_with_its_token_and_the_token_outlives_it() -> None:
    token = Cancellation()
    with token.branch() as own:
        own.cancel(LateError("It took too long."))
    assert own.cancelled
    assert not token.cancelled
    with token.branch() as own:
        token.cancel("enough")
        assert "enough" in str(raised(own))
    with pytest.raises(CancelledError, match="enough"), token.branch():
        raise AssertionError
