"""The error tree: where an error is about."""

import pytest

from inspector.errors import InvalidInputError, join_fields, within


def field_after(*paths: str, field: str | None, always: bool = False) -> str | None:
    """Raise an error about `field` inside blocks of these paths, outermost first; return the field it ends with."""

    def descend(rest: tuple[str, ...]) -> None:
        if not rest:
            raise InvalidInputError("The layer is off.", field=field)
        with within(rest[0], always=always):
            descend(rest[1:])

    with pytest.raises(InvalidInputError) as caught:
        descend(paths)
    return caught.value.field


@pytest.mark.parametrize(
    ("path", "field", "joined"),
    [
        ("targets[1]", "unit.layer", "targets[1].unit.layer"),
        ("targets", "[1].unit", "targets[1].unit"),
        ("parameters", "seed", "parameters.seed"),
        ("targets", "", "targets"),
        ("", "seed", "seed"),
        ("", "[0]", "[0]"),
    ],
)
def test_path_and_field_join_to_one_path(path: str, field: str, joined: str) -> None:
    assert join_fields(path, field) == joined
    assert field_after(path, field=field) == joined


def test_blocks_nest_from_the_outside_in() -> None:
    assert field_after("request", "targets", "[1]", field="unit.layer") == "request.targets[1].unit.layer"


def test_an_error_without_a_field_gets_one_only_when_asked() -> None:
    assert field_after("targets", "[1]", field=None) is None
    assert field_after("targets", "[1]", field=None, always=True) == "targets[1]"


def test_the_same_error_passes_with_everything_else_as_it_was() -> None:
    raised = InvalidInputError("The seed is negative.", reason="SEED_RANGE", field="seed")
    with pytest.raises(InvalidInputError) as caught, within("parameters"):
        raise raised
    assert caught.value is raised
    assert raised.message == str(raised) == "The seed is negative."
    assert raised.reason == "SEED_RANGE"


def test_other_errors_pass_untouched() -> None:
    raised = KeyError("seed")
    with pytest.raises(KeyError) as caught, within("parameters", always=True):
        raise raised
    assert caught.value is raised
    assert not hasattr(raised, "field")


def test_nothing_happens_without_an_error() -> None:
    with within("parameters"):
        value = 1
    assert value == 1
