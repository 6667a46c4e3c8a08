"""What a signature says, on functions made for it; one that the wire could not carry is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pytest

from inspector.methods.signatures import method_info
from inspector.types.options import OptionInfo


def method(
    engine: object,
    *,
    count: int = 3,
    share: float | None = None,
    is_signed: bool = False,
    kind: Literal["a", "b"] = "b",
    names: Sequence[str] = (),
    place: str | Sequence[float] | np.ndarray[Any, np.dtype[Any]] = "here",
    policies: Mapping[str, str] | None = None,
) -> None:
    """Say what it does.

    And more.
    """


def test_the_types_defaults_and_choices_are_read() -> None:
    info = method_info("m", method)
    assert (info.name, info.description) == ("m", "Say what it does.")
    assert (
        info.title
        == "What a signature says, on functions made for it; one that the wire could not carry is refused"
    )
    *others, policies = info.options
    assert others == [
        OptionInfo(name="count", types=("integer",), default=3),
        OptionInfo(name="share", types=("number",), default=None),
        OptionInfo(name="is_signed", types=("flag",), default=False),
        OptionInfo(name="kind", types=("text",), default="b", choices=("a", "b")),
        OptionInfo(name="names", types=("texts",), default=()),
        OptionInfo(name="place", types=("text", "numbers", "tensor"), default="here"),
    ]
    assert (policies.name, policies.types) == ("policies", ("policies",))
    assert "guided" in policies.choices


def test_a_type_that_no_message_holds_is_a_bug() -> None:
    def planted(engine: object, *, names: set[str] | frozenset[str] = frozenset()) -> None: ...

    with pytest.raises(TypeError, match="option 'names' is annotated set"):
        method_info("m", planted)
