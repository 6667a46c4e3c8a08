"""Work by several threads: in order, bounded, and ended with whoever asked."""

from __future__ import annotations

import threading
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from inspector.errors import CancelledError, InvalidInputError
from inspector.model.preprocessing import prepare as preparing
from inspector.model.preprocessing.images import decode_image
from inspector.model.preprocessing.ordered import in_order
from inspector.model.preprocessing.prepare import prepare, preparing_threads
from inspector.model.read import read_model
from inspector.types.control import Cancellation
from tests.support.small_cnn import small_cnn


def png(seed: int, side: int = 40) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("at_once", [1, 4])
def test_results_come_in_the_order_of_the_things(at_once: int) -> None:
    def work(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return number

    assert list(in_order(work, range(40), at_once=at_once, ahead=6)) == list(range(40))


def test_no_more_is_made_than_is_soon_taken() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number

    for done, _ in enumerate(in_order(work, range(50), at_once=4, ahead=5)):
        assert len(begun) <= done + 5


def test_an_error_is_raised_in_its_turn_and_ends_the_work() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    made = in_order(work, range(1000), at_once=4, ahead=8)
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(made)
    assert len(begun) < 20


def test_who_stops_leaves_no_thread() -> None:
    before = threading.active_count()
    made = in_order(lambda number: number, range(1000), at_once=4, ahead=8)
    assert next(made) == 0
    made.close()  # type: ignore[attr-defined]
    assert threading.active_count() <= before


def test_pictures_that_are_decoded_in_parallel_are_those_decoded_one_by_one() -> None:
    model = read_model(small_cnn())
    pictures = [png(seed) for seed in range(23)]

    together = prepare(model, pictures).values

    assert np.array_equal(together, np.concatenate([prepare(model, one).values for one in pictures]))


def test_the_first_picture_that_cannot_be_read_is_named() -> None:
    model = read_model(small_cnn())
    pictures = [png(seed) for seed in range(12)]
    pictures[5] = pictures[5][:60]
    pictures[9] = pictures[9][:60]

    with pytest.raises(InvalidInputError) as error:
        prepare(model, pictures)
    assert error.value.field == "images[5]"


def test_a_cancelled_caller_waits_for_no_further_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    token, begun, decode = Cancellation(), list[int](), decode_image

    def cancelling(*given: object, **named: object) -> object:
        begun.append(1)
        if len(begun) == 3:
            token.cancel()
        return decode(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(preparing, "decode_image", cancelling)
    with pytest.raises(CancelledError):
        prepare(read_model(small_cnn()), [png(seed) for seed in range(60)], cancellation=token)
    assert len(begun) < 12


def test_an_opened_picture_that_is_listed_twice_is_decoded_by_one_thread() -> None:
    """It is decoded when its pixels are first asked for, which two threads would both do."""
    opened = Image.open(BytesIO(png(1, side=300)))

    assert preparing_threads([opened, opened]) == 1
    assert preparing_threads([png(1), [png(2), [opened]]]) == 1
    assert preparing_threads([png(1), png(2)]) > 1
    values = prepare(read_model(small_cnn()), [opened] * 8).values
    assert all(np.array_equal(one, values[0]) for one in values)
