"""Whose models are whose."""

from __future__ import annotations

import contextvars
from collections.abc import Callable

import pytest

from inspector.errors import LimitExceededError, PermissionDeniedError
from inspector.service.security.access import (
    may_change,
    may_see,
    owner_for,
    require_few_owned,
    require_may_change,
    require_may_name,
)
from inspector.service.security.caller import NOBODY, OPEN, Caller, Role, set_caller

ANN = Caller(name="ann", role=Role.INSPECT, models=("a*", "shared"))
BOB = Caller(name="bob", role=Role.INSPECT)
ADMIN = Caller(name="root", role=Role.ADMIN)
ADMIN_OF_A = Caller(name="chief", role=Role.ADMIN, models=("a*",))


def called_by(caller: Caller, work: Callable[[], object]) -> object:
    def run() -> object:
        set_caller(caller)
        return work()

    return contextvars.copy_context().run(run)


@pytest.mark.parametrize(
    ("caller", "model", "owner", "seen", "changed"),
    [
        (ANN, "a1", "ann", True, True),
        (ANN, "a1", "", True, False),
        (ANN, "a1", "bob", False, False),
        (ANN, "b1", "ann", False, False),  # her patterns were changed since
        (ANN, "b1", "", False, False),
        (BOB, "b1", "bob", True, True),
        (BOB, "a1", "ann", False, False),
        (BOB, "a1", "", True, False),
        (ADMIN, "a1", "ann", True, True),
        (ADMIN, "a1", "", True, True),
        (ADMIN_OF_A, "a1", "ann", True, True),
        (ADMIN_OF_A, "b1", "bob", False, False),
        (OPEN, "a1", "ann", True, True),
        (NOBODY, "a1", "ann", False, False),
        (NOBODY, "a1", "", False, False),
    ],
)
def test_what_a_caller_sees_and_changes(
    caller: Caller, model: str, owner: str, seen: bool, changed: bool
) -> None:
    assert called_by(caller, lambda: may_see(model, owner)) == seen
    assert called_by(caller, lambda: may_change(model, owner)) == changed
    if changed:
        called_by(caller, lambda: require_may_change(model, owner, what="delete it"))
    else:
        with pytest.raises(PermissionDeniedError, match="may delete it"):
            called_by(caller, lambda: require_may_change(model, owner, what="delete it"))


def test_what_an_admin_makes_is_the_services() -> None:
    assert [owner_for(one) for one in (ANN, ADMIN, OPEN)] == ["ann", "", ""]


def test_a_caller_has_models_within_its_patterns() -> None:
    called_by(ANN, lambda: require_may_name("a7", field="header.model_id"))
    with pytest.raises(PermissionDeniedError, match="match 'a\\*', 'shared'"):
        called_by(ANN, lambda: require_may_name("b7", field="header.model_id"))


def test_a_caller_has_so_many_models_at_most() -> None:
    owners = ["ann", "bob", "ann", "", ""]
    for caller, most in ((ANN, 3), (BOB, 2), (ADMIN, 1), (OPEN, 1)):
        called_by(caller, lambda most=most: require_few_owned(owners, most=most))  # type: ignore[misc]
    with pytest.raises(LimitExceededError, match="You have 2 models"):
        called_by(ANN, lambda: require_few_owned(owners, most=2))
